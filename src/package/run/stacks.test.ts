import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PackageError } from '../errors.ts';
import { stackMembers } from './stacks.ts';

const place = { what: 'p', path: 'stack_trace' };

test('members have the names of their roles unless the map names others', () => {
  assert.deepEqual(stackMembers({}, place), {
    members: {
      pid: 'pid',
      cpu_id: 'cpu_id',
      comm: 'comm',
      kstack_sz: 'kstack_sz',
      ustack_sz: 'ustack_sz',
      kstack: 'kstack',
      ustack: 'ustack',
    },
    symbols: true,
  });
  const given = stackMembers({ field_map: { pid: 'tgid' }, with_symbols: false }, place);
  assert.equal(given.members.pid, 'tgid');
  assert.equal(given.members.comm, 'comm');
  assert.equal(given.symbols, false);
});

test('what is no description of stacks is refused with its place', () => {
  for (const [value, message] of [
    [7, /^p: stack_trace: an object is wanted/],
    [{ field_map: [] }, /^p: stack_trace\.field_map: an object/],
    [{ field_map: { pid: 1 } }, /^p: stack_trace\.field_map\.pid: a text is wanted/],
    [{ with_symbols: 'yes' }, /^p: stack_trace\.with_symbols: true or false/],
  ] as const) {
    assert.throws(
      () => stackMembers(value, place),
      (error: unknown) => error instanceof PackageError && message.test(error.message),
    );
  }
});
