import assert from 'node:assert/strict';
import { test } from 'node:test';
import { helperSince } from './helpers.ts';
import { lockdownOf, type Privileges, whyNotPermitted } from './privilege.ts';
import { isOlder, versionOf } from './release.ts';

const able: Privileges = {
  root: true,
  missing: [],
  initialUserNamespace: true,
  lockdown: 'none',
  unprivilegedBpfDisabled: 2,
  seccomp: false,
  memoryLock: undefined,
};

test('EPERM without capabilities names them and the way to get them', () => {
  const sentence = whyNotPermitted({ ...able, root: false, missing: ['bpf', 'perfmon'] });
  assert.equal(sentence, 'the process lacks CAP_BPF and CAP_PERFMON: run it as root (sudo)');
  assert.match(whyNotPermitted({ ...able, missing: ['bpf'], seccomp: true }), /give its container/);
});

test('EPERM in a user namespace is not blamed on capabilities', () => {
  assert.match(whyNotPermitted({ ...able, initialUserNamespace: false }), /user namespace/);
});

test('the memory lock is named only where it counts', () => {
  assert.match(whyNotPermitted({ ...able, memoryLock: 65536n }), /65536 bytes/);
  for (const lockdown of ['none', 'integrity', 'confidentiality', undefined] as const) {
    assert.doesNotMatch(whyNotPermitted({ ...able, lockdown }), /MEMLOCK/);
  }
});

test('EPERM with everything that is needed is the kernel’s own refusal, with its lockdown state', () => {
  assert.match(whyNotPermitted({ ...able, lockdown: 'integrity' }), /lockdown: integrity\), so this kernel/);
  assert.match(whyNotPermitted({ ...able, lockdown: 'confidentiality' }), /forbids programs to read/);
});

test('the lockdown state is the word in brackets', () => {
  assert.equal(lockdownOf('none [integrity] confidentiality\n'), 'integrity');
  assert.equal(lockdownOf('nonsense'), undefined);
});

test('versions compare as numbers', () => {
  assert.deepEqual(versionOf('6.18.44-cloud-amd64'), [6, 18]);
  assert.equal(isOlder('5.4.0', '5.10'), true);
  assert.equal(isOlder('5.10.1', '5.10'), false);
  assert.equal(isOlder('6.1', '5.19'), false);
});

test('a helper’s number tells its release', () => {
  assert.equal(helperSince(1), '3.19');
  assert.equal(helperSince(130), '5.8');
  assert.equal(helperSince(181), '5.17');
  assert.equal(helperSince(212), undefined);
  assert.equal(helperSince(0), undefined);
});
