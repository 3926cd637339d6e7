/** Variables that live in an arena: programs and this process share them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectBytes } from '../../test/support/objects.ts';
import { mapTypeFeature } from '../kernel/feature/features.ts';
import { ArenaMap } from '../kernel/map/arena.ts';
import { MapType } from '../kernel/spec.ts';
import { loadObject, openObject } from './object.ts';

interface Shared {
  total: bigint;
  both: { left: bigint; right: bigint };
  many: bigint[];
}

const open = () => openObject(objectBytes('arena'), { file: 'arena.bpf.o' });

test('variables of an arena begin it, and are set before it is loaded', () => {
  const { spec, variables, maps } = open();
  assert.equal(maps.arena?.data?.kind, 'arena');
  assert.equal(maps.arena?.data?.section, '.addr_space.1');
  assert.deepEqual(
    spec.maps.map(({ name }) => name).filter((name) => name !== 'arena.rodata'),
    ['arena'],
  );
  const shared = variables as unknown as Shared;
  assert.equal(Number(shared.total), 7);
  assert.deepEqual({ ...shared.both }, { left: 40n, right: 1n });
});

test('an arena that has no room for its variables is refused before the kernel is asked', () => {
  const object = open();
  object.spec.maps.find(({ name }) => name === 'arena')!.maxEntries = 1;
  assert.throws(
    () => object.load(),
    /map "arena": its variables have \d{4} bytes, more than its pages \(1\)/,
  );
});

test('a program and this process see one variable of an arena', (t) => {
  if (mapTypeFeature(MapType.arena).answer !== 'yes') return t.skip('needs arena: the kernel has none');
  using object = loadObject(objectBytes('arena'), {
    file: 'arena.bpf.o',
    variables: { both: { left: 50n, right: 1n } },
  });
  const shared = object.variables as unknown as Shared;
  assert.equal(Number(shared.total), 7);
  const run = () => object.programs.sum!.testRun({}).result;
  assert.equal(run(), 46);
  assert.equal(Number(shared.total), 57);
  assert.equal(Number(shared.many[699]), 9);
  shared.total = 1000n;
  assert.equal(run(), 47);
  assert.equal(Number(shared.total), 1050);
  const arena = object.maps.arena;
  assert.ok(arena instanceof ArenaMap);
  assert.equal(new DataView(arena.mmap().buffer).getBigInt64(0, true), 1050n);
});
