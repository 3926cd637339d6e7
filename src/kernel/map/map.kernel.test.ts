import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { Btf } from '../../btf/btf.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { SysError } from '../../sys/errors.ts';
import { unmount } from '../../sys/file.ts';
import { withFakeSys } from '../../sys/syscall.ts';
import { loadCollection } from '../collection.ts';
import { possibleCpus } from '../cpus.ts';
import { KernelError, MapError, type MapFault } from '../errors.ts';
import { mapTypeFeature } from '../feature/features.ts';
import { bpffs, findMount } from '../mounts.ts';
import { type MapSpec, MapType } from '../spec.ts';
import { type Codec, u32Codec, u64Codec } from './codec.ts';
import { createMap } from './create.ts';
import { DescriptorMap } from './descriptors.ts';
import { handleOf, openMap, openPinnedMap } from './handle.ts';
import { KeyedMap } from './keyed.ts';
import { MapFlag } from './kind.ts';
import type { BpfMap } from './map.ts';
import { QueueMap } from './queue.ts';
import { StackMap } from './stacks.ts';

function open(spec: Partial<MapSpec> & { readonly type: MapType }): BpfMap {
  const { fd, shape } = createMap({ name: 'test', keySize: 4, valueSize: 8, maxEntries: 16, ...spec });
  return handleOf(fd, shape);
}

function keyed(type: MapType, maxEntries = 16): KeyedMap<number, bigint> {
  const map = open({ type, maxEntries });
  assert.ok(map instanceof KeyedMap);
  return map.withCodecs(u32Codec, u64Codec);
}

function fault(expected: MapFault): (error: unknown) => boolean {
  return (error) => error instanceof MapError && error.fault === expected;
}

/** Makes every batch command fail as in a kernel without them. */
function withoutBatches<T>(run: () => T): T {
  return withFakeSys((call, real) => (call.bpf?.command.endsWith('Batch') === true ? -22 : real()), run);
}

test('a hash: set, insert, replace, get, has, delete, take', () => {
  using map = keyed(MapType.hash);
  assert.equal(map.get(1), undefined);
  map.set(1, 10n);
  assert.equal(map.insert(1, 11n), false);
  assert.equal(map.replace(1, 12n), true);
  assert.equal(map.replace(2, 12n), false);
  assert.equal(map.insert(2, 2n ** 64n - 1n), true);
  assert.equal(map.get(1), 12n);
  assert.equal(map.get(2), 2n ** 64n - 1n);
  assert.equal(map.has(3), false);
  assert.equal(map.take(2), 2n ** 64n - 1n);
  assert.equal(map.take(2), undefined);
  assert.equal(map.delete(1), true);
  assert.equal(map.delete(1), false);
});

test('a full hash says so, with its size', () => {
  using map = keyed(MapType.hash, 2);
  map.set(1, 1n);
  map.set(2, 2n);
  assert.throws(() => map.set(3, 3n), fault('full'));
  assert.throws(() => map.setAll([[4, 4n]]), fault('full'));
  assert.throws(() => map.set(3, 3n), /map "test": set: it is full \(2 entries\) \(E2BIG\)/);
});

test('an array: indexes below its size only, and nothing is deleted', () => {
  using map = keyed(MapType.array, 3);
  assert.equal(map.get(2), 0n);
  assert.equal(map.get(3), undefined);
  assert.throws(() => map.set(3, 1n), fault('range'));
  assert.equal(map.insert(0, 1n), false);
  assert.throws(() => map.delete(0), MapError);
  map.set(1, 5n);
  assert.deepEqual(
    [...map],
    [
      [0, 0n],
      [1, 5n],
      [2, 0n],
    ],
  );
});

test('keys and values of the wrong size never reach the kernel', () => {
  using map = open({ type: MapType.hash, keySize: 6, valueSize: 3 });
  assert.ok(map instanceof KeyedMap);
  assert.throws(() => map.get(new Uint8Array(5)), fault('size'));
  assert.throws(() => map.set(new Uint8Array(6), new Uint8Array(4)), fault('size'));
  map.set(new Uint8Array(6).fill(7), new Uint8Array([1, 2, 3]));
  assert.deepEqual([...map], [[new Uint8Array(6).fill(7), new Uint8Array([1, 2, 3])]]);
});

for (const [name, run] of [
  ['with batches', <T>(body: () => T) => body()],
  ['without batches', withoutBatches],
] as const) {
  test(`a thousand elements are each read once, counted, taken and cleared, ${name}`, () => {
    using map = keyed(MapType.hash, 2000);
    const wanted = Array.from({ length: 1000 }, (_, i): [number, bigint] => [i * 7, BigInt(i)]);
    run(() => {
      map.setAll(wanted);
      const seen = [...map].sort(([a], [b]) => a - b);
      assert.deepEqual(seen, wanted);
      assert.equal(map.count(), 1000);
      map.deleteAll(wanted.slice(0, 500).map(([key]) => key));
      map.deleteAll([0, 7 * 600, 14]);
      assert.equal(map.count(), 499);
      assert.equal([...map.takeAll()].length, 499);
      assert.equal(map.count(), 0);
      map.setAll(wanted);
      map.clear();
      assert.deepEqual([...map.keys()], []);
    });
  });

  test(`iteration ends although every element is deleted as it is seen, ${name}`, () => {
    using map = keyed(MapType.hash, 512);
    map.setAll(Array.from({ length: 300 }, (_, i): [number, bigint] => [i, 1n]));
    run(() => {
      const seen = new Set<number>();
      for (const key of map.keys()) {
        seen.add(key);
        map.delete(key);
      }
      assert.equal(seen.size, 300);
    });
  });

  test(`iteration ends although others delete and add all the time, ${name}`, () => {
    using map = keyed(MapType.hash, 64);
    map.setAll(Array.from({ length: 64 }, (_, i): [number, bigint] => [i, 1n]));
    let next = 64;
    let steps = 0;
    run(() => {
      for (const key of map.keys()) {
        steps++;
        map.delete(key);
        map.delete(next - 40);
        map.insert(next++, 2n);
        assert.ok(steps <= 64 * 4);
      }
    });
    assert.ok(steps > 0);
  });
}

test('a per-CPU value has one entry for each possible CPU', () => {
  for (const type of [MapType.perCpuHash, MapType.perCpuArray, MapType.lruPerCpuHash]) {
    const { fd, shape } = createMap({ name: 'percpu', type, keySize: 4, valueSize: 4, maxEntries: 4 });
    using map = handleOf(fd, shape, { key: u32Codec as Codec<unknown>, value: u32Codec as Codec<unknown> });
    assert.ok(map instanceof KeyedMap);
    const cpus = possibleCpus();
    const values = Array.from({ length: cpus }, (_, cpu) => cpu + 100);
    map.set(1, values);
    assert.deepEqual(map.get(1), values);
    assert.throws(() => map.set(1, [...values, 1]), fault('size'));
    const found = [...map].find(([key]) => key === 1);
    assert.deepEqual(found?.[1], values);
  }
});

test('an LRU hash never fills up', () => {
  using map = keyed(MapType.lruHash, 64);
  for (let i = 0; i < 1000; i++) map.set(i, 1n);
  assert.ok(map.count() <= 64);
});

test('an LPM trie finds the longest prefix, and needs no flag from the spec', () => {
  using map = open({ type: MapType.lpmTrie, keySize: 8, valueSize: 8 });
  assert.ok(map instanceof KeyedMap);
  const trie = map.withCodecs(map.keyCodec as Codec<Uint8Array>, u64Codec);
  const key = (bits: number, ...address: number[]): Uint8Array => {
    const bytes = new Uint8Array(8);
    new Uint32Array(bytes.buffer)[0] = bits;
    bytes.set(address, 4);
    return bytes;
  };
  trie.set(key(8, 10, 0, 0, 0), 8n);
  trie.set(key(16, 10, 1, 0, 0), 16n);
  assert.equal(trie.get(key(32, 10, 1, 2, 3)), 16n);
  assert.equal(trie.get(key(32, 10, 2, 2, 3)), 8n);
  assert.equal(trie.get(key(32, 11, 2, 2, 3)), undefined);
  assert.equal(trie.count(), 2);
});

test('queues and stacks give values in their order', () => {
  for (const [type, first] of [
    [MapType.queue, 1n],
    [MapType.stack, 2n],
  ] as const) {
    const { fd, shape } = createMap({ name: 'q', type, keySize: 0, valueSize: 8, maxEntries: 2 });
    using map = handleOf(fd, shape, { value: u64Codec as Codec<unknown> });
    assert.ok(map instanceof QueueMap);
    assert.equal(map.pop(), undefined);
    assert.equal(map.push(1n), true);
    assert.equal(map.push(2n), true);
    assert.equal(map.push(3n), false);
    assert.equal(map.peek(), first);
    assert.equal(map.pop(), first);
    map.push(3n);
    assert.equal(map.push(4n, { makeRoom: true }), true);
  }
});

test('maps of maps take handles and give ids', () => {
  using inner = open({ type: MapType.array, maxEntries: 1 });
  for (const type of [MapType.arrayOfMaps, MapType.hashOfMaps]) {
    using outer = open({
      type,
      valueSize: 4,
      maxEntries: 2,
      inner: { name: 'inner', type: MapType.array, keySize: 4, valueSize: 8, maxEntries: 1 },
    });
    assert.ok(outer instanceof DescriptorMap);
    const map = new DescriptorMap<number>(outer.fd, outer, u32Codec);
    assert.equal(map.getId(0), undefined);
    map.set(0, inner);
    assert.equal(map.getId(0), inner.info().id);
    assert.equal(map.delete(0), true);
    assert.equal(map.getId(0), undefined);
  }
});

test('a stack trace map gives undefined for an id that is not there', () => {
  using map = open({ type: MapType.stackTrace, valueSize: 127 * 8 });
  assert.ok(map instanceof StackMap);
  assert.equal(map.get(3), undefined);
  assert.equal(map.delete(3), false);
});

test('ring buffers are rounded up to what the kernel takes', () => {
  if (mapTypeFeature(MapType.ringBuffer).answer !== 'yes') return;
  using map = open({ type: MapType.ringBuffer, keySize: 8, valueSize: 8, maxEntries: 5000 });
  assert.equal(map.maxEntries, 8192);
  assert.equal(map.info().maxEntries, 8192);
});

test('an array mapped into memory and the same array by calls are one', () => {
  using map = open({ type: MapType.array, valueSize: 4, flags: MapFlag.mmapable });
  assert.ok(map instanceof KeyedMap);
  using mapping = map.mmap({ write: true });
  // Elements stand 8 bytes apart.
  new Uint32Array(mapping.buffer)[2] = 99;
  assert.deepEqual(map.get(1), new Uint8Array(new Uint32Array([99]).buffer));
  using plain = open({ type: MapType.array });
  assert.throws(() => plain.mmap(), fault('unsupported'));
});

test('a frozen map is read, not written', () => {
  using map = keyed(MapType.array);
  map.set(1, 7n);
  map.freeze();
  assert.equal(map.get(1), 7n);
  assert.throws(() => map.set(1, 8n), fault('readOnly'));
});

test('types of the collection make objects of keys and values', () => {
  const builder = new BtfBuilder();
  const u32 = builder.int('u32', 4, 'unsigned');
  const u64 = builder.int('u64', 8, 'unsigned');
  const key = builder.struct('key', 8, [
    { name: 'pid', type: u32, bitOffset: 0 },
    { name: 'tid', type: u32, bitOffset: 32 },
  ]);
  const btf = builder.encode();
  assert.ok(Btf.parse(btf).count > 3);
  using collection = loadCollection({
    btf,
    maps: [
      {
        name: 'm',
        type: MapType.hash,
        keySize: 8,
        valueSize: 8,
        maxEntries: 4,
        keyType: key,
        valueType: u64,
      },
    ],
    programs: [],
  });
  const map = collection.map('m');
  assert.ok(map instanceof KeyedMap);
  map.set({ pid: 1, tid: 2 }, 3n);
  assert.deepEqual([...map], [[{ pid: 1, tid: 2 }, 3n]]);
  assert.throws(() => map.set({ pid: 2 ** 32, tid: 2 }, 3n), /map "m" key\.pid/);
});

test('a pinned map is found again by its path and by its id', (t) => {
  const mountedBefore = findMount('bpf') !== undefined;
  let root: string;
  try {
    root = bpffs();
  } catch (error) {
    return t.skip(`needs a bpf file system: ${String(error)}`);
  }
  const path = `${root}/bpfkit-test-${process.pid}`;
  using map = keyed(MapType.hash);
  map.set(1, 42n);
  map.pin(path);
  try {
    using again = openPinnedMap(path);
    assert.ok(again instanceof KeyedMap);
    assert.equal(again.withCodecs(u32Codec, u64Codec).get(1), 42n);
    using byId = openMap(map.info().id);
    assert.equal(byId.name, 'test');
  } finally {
    rmSync(path);
  }
  assert.ok(!existsSync(path));
  if (!mountedBefore) {
    try {
      unmount(root);
    } catch (error) {
      // Somebody else has begun to use it.
      assert.ok(error instanceof SysError && error.code === 'EBUSY');
    }
  }
});

test('a spec that no kernel takes is explained before the kernel sees it', () => {
  const bad = (spec: Partial<MapSpec> & { readonly type: MapType }, message: RegExp): void => {
    const calls: string[] = [];
    withFakeSys(
      (call) => {
        calls.push(call.name);
        return -22;
      },
      () =>
        assert.throws(
          () => open(spec),
          (error: unknown) =>
            error instanceof KernelError && error.code === 'badSpec' && message.test(error.message),
        ),
    );
    assert.deepEqual(calls, []);
  };
  bad({ type: MapType.hash, maxEntries: 0 }, /maxEntries is 0/);
  bad({ type: MapType.array, keySize: 8 }, /index of 4 bytes/);
  bad({ type: MapType.ringBuffer, maxEntries: 0 }, /size in bytes/);
  bad({ type: MapType.queue, keySize: 4 }, /no keys/);
  bad({ type: MapType.hash, valueSize: 0 }, /no size/);
  bad({ type: MapType.arrayOfMaps, valueSize: 4 }, /inner map/);
  bad({ type: MapType.hash, contents: new Uint8Array(8) }, /only arrays/);
  bad({ type: MapType.hash, maxEntries: -1 }, /32 bits/);
});

test('a refused map says what the kernel lacks or what is missing', () => {
  const refuse = (errno: number, run: () => void): void =>
    withFakeSys((call, real) => (call.name === 'bpf' ? -errno : real()), run);
  assert.throws(
    () => refuse(1, () => open({ type: MapType.hash })),
    (error: unknown) =>
      error instanceof KernelError && error.errno === 1 && /make map "test" \(hash\)/.test(error.message),
  );
  assert.throws(
    () => refuse(7, () => open({ type: MapType.hash, maxEntries: 2 ** 31 })),
    /more than the kernel allots/,
  );
});
