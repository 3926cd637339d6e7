import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TraceableFunctions } from './traceable.ts';

const text = 'vfs_read\nread\nveth_xmit [veth]\nread\t[nfs]\n__ftrace_invalid_address___16\nlast';
const known = new TraceableFunctions(Buffer.from(text));

test('functions are listed with their modules, without places whose function is gone', () => {
  assert.deepEqual(
    [...known].map(({ name, module }) => `${module}:${name}`),
    ['vmlinux:vfs_read', 'vmlinux:read', 'veth:veth_xmit', 'nfs:read', 'vmlinux:last'],
  );
});

test('a name is found whole', () => {
  assert.deepEqual(known.modulesOf('read'), ['vmlinux', 'nfs']);
  assert.deepEqual(known.modulesOf('last'), ['vmlinux']);
  assert.deepEqual(known.modulesOf('rea'), []);
  assert.deepEqual(known.modulesOf('_read'), []);
  assert.deepEqual(known.modulesOf('veth_xmit [veth]'), []);
});
