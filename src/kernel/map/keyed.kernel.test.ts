/** Maps that are read and written by key, of each type that is: one by one, all of them, and in batches. */
import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { CountingProgram } from '../../../test/support/counting-program.ts';
import { made } from '../../../test/support/map-kinds.ts';
import * as asm from '../../asm/build.ts';
import { findInterface } from '../../sys/route.ts';
import { possibleCpus } from '../cpus.ts';
import { olderThan } from '../feature/release.ts';
import { attachCgroup } from '../link/cgroup.ts';
import { cgroup2 } from '../mounts.ts';
import { AttachType, type MapType, ProgramType } from '../spec.ts';
import { u64Codec } from './codec.ts';
import type { KeyedMap } from './keyed.ts';
import { type DeviceTarget, type Prefix, prefixCodec } from './redirect.ts';

const kinds = [
  ...['hash', 'lruHash', 'array', 'lpmTrie', 'devmapHash'],
  ...['perCpuHash', 'perCpuArray', 'lruPerCpuHash'],
] as (keyof typeof MapType)[];

for (const name of kinds) {
  test(`${name}: written, read, iterated, emptied, one by one and in batches`, { timeout: 30_000 }, (t) => {
    const map = made<KeyedMap<unknown, unknown>>(t, name, {
      maxEntries: 64,
      keySize: name === 'lpmTrie' ? 8 : 4,
      valueSize: name === 'devmapHash' ? 4 : 8,
    });
    if (map === undefined) return;
    const indexed = map.kind.indexed === true;
    const keyOf = (i: number): unknown =>
      indexed
        ? i
        : name === 'lpmTrie'
          ? Uint8Array.from([32, 0, 0, 0, 10, 0, 0, i])
          : Uint8Array.from([i, 0, 0, 0]);
    const lo = findInterface('lo')!.index;
    const valueAt = (i: number): unknown => {
      if (name === 'devmapHash') return { interface: lo };
      const one = (last: number): Uint8Array => Uint8Array.from([i, 0, 0, 0, 0, 0, 0, last]);
      return map.kind.perCpu === true ? Array.from({ length: possibleCpus() }, (_, cpu) => one(cpu)) : one(1);
    };
    map.set(keyOf(1), valueAt(1));
    assert.deepEqual(map.get(keyOf(1)), valueAt(1));
    map.setAll(Array.from({ length: 10 }, (_, i) => [keyOf(i), valueAt(i)] as const));
    const entries = [...map];
    assert.equal(entries.length, indexed ? 64 : 10);
    for (let i = 0; i < 10; i++) assert.deepEqual(map.get(keyOf(i)), valueAt(i));
    if (indexed) {
      assert.throws(() => map.delete(0), { name: 'MapError' });
      assert.throws(() => map.set(64, valueAt(0)), { fault: 'range' });
      return;
    }
    assert.equal(map.delete(keyOf(3)), true);
    assert.equal(map.delete(keyOf(3)), false);
    assert.equal(map.has(keyOf(3)), false);
    assert.equal(map.insert(keyOf(4), valueAt(4)), false);
    // The kernel does not look at BPF_EXIST there: dev_map_hash_update_elem.
    if (name !== 'devmapHash') assert.equal(map.replace(keyOf(3), valueAt(3)), false);
    map.deleteAll([keyOf(4), keyOf(5), keyOf(3)]);
    assert.equal(map.count(), 7);
    map.clear();
    assert.equal(map.count(), 0);
  });
}

test('the longest prefix of an LPM trie wins, with typed keys', (t) => {
  const raw = made<KeyedMap<Uint8Array, Uint8Array>>(t, 'lpmTrie');
  if (raw === undefined) return;
  const map = raw.withCodecs<Prefix, bigint>(prefixCodec(4), u64Codec);
  const address = (text: string): Uint8Array => Uint8Array.from(text.split('.'), Number);
  map.set({ bits: 8, address: address('10.0.0.0') }, 8n);
  map.set({ bits: 24, address: address('10.1.2.0') }, 24n);
  assert.equal(map.get({ bits: 32, address: address('10.1.2.3') }), 24n);
  assert.equal(map.get({ bits: 32, address: address('10.9.9.9') }), 8n);
  assert.equal(map.get({ bits: 32, address: address('11.0.0.1') }), undefined);
  assert.throws(() => map.set({ bits: 33, address: address('1.1.1.1') }, 1n), RangeError);
});

test('a devmap: slots of interfaces', (t) => {
  const map = made<KeyedMap<number, DeviceTarget>>(t, 'devmap', { valueSize: 4 })!;
  const lo = { interface: findInterface('lo')!.index };
  map.set(2, lo);
  assert.deepEqual(map.get(2), lo);
  assert.equal(map.get(3), undefined);
  assert.deepEqual([...map], [[2, lo]]);
  assert.throws(() => map.set(3, { interface: 0x7fff_fff0 }), { name: 'MapError' });
  assert.equal(map.delete(2), true);
  assert.equal(map.get(2), undefined);
});

for (const name of ['cgroupStorage', 'perCpuCgroupStorage'] as const) {
  test(`${name}: the value of a group is there once its program was attached`, (t) => {
    const root = cgroup2();
    if (root === undefined) return t.skip('needs cgroup2');
    const map = made<KeyedMap<Uint8Array, unknown>>(t, name)!;
    const BPF_GET_LOCAL_STORAGE = 81;
    using program = new CountingProgram(ProgramType.cgroupSkb, {
      attachType: AttachType.cgroupInetEgress,
      maps: { storage: map },
      body: [
        asm.ldMap(1, 'storage'),
        asm.mov64Imm(2, 0),
        asm.callHelper(BPF_GET_LOCAL_STORAGE),
        asm.mov64Imm(0, 1),
      ],
    });
    assert.equal(map.count(), 0);
    const group = `${root}/bpfkit-${name}-${process.pid}`;
    mkdirSync(group);
    t.after(() => rmdirSync(group));
    const link = attachCgroup(program.program, group, { attachType: AttachType.cgroupInetEgress });
    t.after(() => link.close());
    const key = new Uint8Array(16);
    const words = new DataView(key.buffer);
    words.setBigUint64(0, statSync(group, { bigint: true }).ino, true);
    words.setUint32(8, AttachType.cgroupInetEgress, true);
    const one = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
    const value = map.kind.perCpu === true ? Array.from({ length: possibleCpus() }, () => one) : one;
    assert.deepEqual(
      [...map].map(([found]) => Buffer.from(found)),
      [Buffer.from(key)],
    );
    map.set(key, value);
    assert.deepEqual(map.get(key), value);
    assert.throws(() => map.delete(key), { name: 'MapError' });
    link.close();
    if (!olderThan('5.9')) assert.deepEqual(map.get(key), value, 'it stays as long as the group');
  });
}

test('an instruction array: where jumps go', (t) => {
  // Since Linux 6.19: instructions by their place in the source; the kernel says where they went.
  const map = made<KeyedMap<number, Uint8Array>>(t, 'instructionArray');
  if (map === undefined) return;
  const value = new Uint8Array(map.valueSize);
  value[0] = 3;
  map.set(1, value);
  assert.deepEqual(map.get(1), value);
  assert.equal(map.count(), map.maxEntries);
  assert.throws(() => map.delete(1), { name: 'MapError' });
  assert.throws(() => map.set(map.maxEntries, value), { fault: 'range' });
});
