/** Global functions with `__arg_ctx`: on every kernel, whether it reads the tag (Linux 6.8) or not. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { objectBytes } from '../../test/support/objects.ts';
import { loadObject } from './object.ts';

const load = (...programs: string[]) =>
  loadObject(objectBytes('context'), { file: 'context.bpf.o', programs });

test('one function takes the contexts of programs of two types', () => {
  using object = load('traced', 'called');
  using _ = object.programs.traced!.attach();
  spawnSync('true');
  assert.ok(Number(object.variables.hits) > 0);
});

test('what is read through such a context is the packet', () => {
  using object = load('received');
  const data = new Uint8Array(64);
  assert.equal(object.programs.received!.testRun({ data }).result, 1);
  // What a socket filter sees begins behind the Ethernet header.
  assert.equal(object.variables.length, BigInt(data.length - 14));
});
