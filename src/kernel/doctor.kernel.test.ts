import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { withFakeSys } from '../sys/syscall.ts';
import { type DoctorCheck, diagnose } from './doctor.ts';
import { privileges } from './feature/privilege.ts';

function check(checks: readonly DoctorCheck[], name: string): DoctorCheck {
  const found = checks.find((one) => one.name === name);
  assert.ok(found, name);
  return found;
}

test('every check has a name of its own and one line that says what was found', () => {
  const checks = diagnose();
  assert.equal(new Set(checks.map(({ name }) => name)).size, checks.length);
  for (const { name, status, detail, fix } of checks) {
    assert.match(detail, /^[^\n]+$/, name);
    assert.ok(['yes', 'no', 'unknown'].includes(status));
    assert.ok(fix === undefined || (status !== 'yes' && /^[^\n]+$/.test(fix)), name);
  }
});

test('root on a kernel that bpfkit is for has what the process tree needs', (t) => {
  const { root, missing } = privileges();
  if (!root || missing.length > 0) return t.skip('needs root with its capabilities');
  const checks = diagnose();
  for (const name of [
    'kernel',
    'native bridge',
    'privileges',
    'kernel types (BTF)',
    'iterators',
    'ring buffer',
  ]) {
    assert.equal(check(checks, name).status, 'yes', `${name}: ${check(checks, name).detail}`);
  }
});

test('a kernel that refuses every bpf(2) is described, not a crash', () => {
  const checks = withFakeSys(
    ({ name }, real) => (name === 'bpf' ? -constants.errno.EPERM : real()),
    () => diagnose(),
  );
  assert.ok(checks.length > 20);
});
