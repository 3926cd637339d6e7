import assert from 'node:assert/strict';
import { openSync } from 'node:fs';
import { test } from 'node:test';
import { CountingProgram, sendDatagrams } from '../../../test/support/counting-program.ts';
import { cell, made, smallest, spec } from '../../../test/support/map-kinds.ts';
import {
  addAddress,
  addVeth,
  enterNewNetwork,
  hasInterfaceKind,
  secondNetwork,
  up,
} from '../../../test/support/network.ts';
import * as asm from '../../asm/build.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { Linkage } from '../../btf/types.ts';
import { SysError } from '../../sys/errors.ts';
import { Fd } from '../../sys/fd.ts';
import { pageSize } from '../../sys/memory.ts';
import { inNetwork, openProcess } from '../../sys/namespace.ts';
import { PerfSoftware, PerfType, perfEventOpen } from '../../sys/perf.ts';
import { findInterface } from '../../sys/route.ts';
import {
  bindSocket,
  Family,
  inetAddress,
  listenOn,
  openSocket,
  SocketLevel,
  SocketOption,
  SocketType,
  setSocketOption,
  socketCookie,
} from '../../sys/socket.ts';
import { loadCollection } from '../collection.ts';
import { KernelError } from '../errors.ts';
import { attachXdp } from '../link/xdp.ts';
import { cgroup2 } from '../mounts.ts';
import { AttachType, type MapSpec, MapType, ProgramType } from '../spec.ts';
import { UserRingBuffer } from '../stream/user-ring.ts';
import type { ArenaMap } from './arena.ts';
import type { BloomFilter } from './bloom.ts';
import { u32Codec, u64Codec } from './codec.ts';
import { completed, createMap } from './create.ts';
import type { DescriptorMap } from './descriptors.ts';
import { handleOf } from './handle.ts';
import type { KeyedMap } from './keyed.ts';
import { mapKinds } from './kind.ts';
import type { QueueMap } from './queue.ts';
import type { CpuTarget, DeviceTarget } from './redirect.ts';
import type { StorageMap } from './storage.ts';

enterNewNetwork();

for (const name of Object.keys(smallest) as (keyof typeof MapType)[]) {
  if (name === 'structOps') continue;
  test(`${name}: is made, and the kernel sees what was asked for`, (t) => {
    const map = made(t, name);
    if (map === undefined) return;
    const info = map.info();
    assert.equal(info.type, MapType[name]);
    assert.equal(info.keySize, map.keySize);
    assert.equal(info.valueSize, map.valueSize);
    if (name !== 'arena') assert.equal(info.maxEntries, map.maxEntries);
  });
}

test('every type has a row in the table of kinds', () => {
  const missing = Object.entries(MapType).filter(([, number]) => !mapKinds.has(number));
  assert.deepEqual(missing, []);
});

test('what no kernel would take is refused in a sentence before it is asked', () => {
  const wrong: readonly (readonly [keyof typeof MapType, Partial<MapSpec>, RegExp])[] = [
    ['hash', { maxEntries: 0 }, /maxEntries is 0/],
    ['array', { keySize: 8 }, /index of 4 bytes/],
    ['hash', { valueSize: 0 }, /its values have no size/],
    ['queue', { keySize: 4 }, /has no keys/],
    ['bloomFilter', { keySize: 4 }, /has no keys/],
    ['bloomFilter', { valueSize: 0 }, /its values have no size/],
    ['stackTrace', { valueSize: 12 }, /8 bytes a frame/],
    ['lpmTrie', { keySize: 4 }, /at least one byte/],
    ['programArray', { valueSize: 8 }, /has 4 bytes, not 8/],
    ['sockmap', { valueSize: 16 }, /4 or 8 bytes, not 16/],
    ['devmap', { valueSize: 5 }, /4 or 8 bytes, not 5/],
    ['taskStorage', { keySize: 8 }, /descriptor of 4 bytes/],
    ['cgroupStorage', { keySize: 4 }, /8 bytes \(group\) or 16/],
    ['arrayOfMaps', { inner: undefined as never }, /inner map's shape/],
    ['hash', { inner: cell }, /has no inner maps/],
    ['ringBuffer', { maxEntries: 0 }, /size in bytes/],
    ['arena', { maxEntries: 0 }, /size in pages/],
    ['structOps', { structOps: undefined as never }, /names no structure/],
    ['hash', { contents: new Uint8Array(8) }, /only arrays have contents/],
  ];
  for (const [name, more, message] of wrong) {
    assert.throws(
      () => completed(spec(name, more)),
      (error: unknown) => {
        assert.ok(error instanceof KernelError && error.code === 'badSpec', `${name}: ${String(error)}`);
        assert.match(error.message, message);
        return true;
      },
    );
  }
});

for (const name of ['arrayOfMaps', 'hashOfMaps'] as const) {
  test(`${name}: holds maps, by id`, (t) => {
    const outer = made<DescriptorMap<unknown>>(t, name);
    if (outer === undefined) return;
    const key = (i: number): unknown => (name === 'arrayOfMaps' ? i : Uint8Array.from([i, 0, 0, 0]));
    const inner = createMap(cell);
    const held = handleOf(inner.fd, inner.shape);
    t.after(() => held.close());
    outer.set(key(2), held);
    assert.equal(outer.getId(key(2)), held.info().id);
    assert.equal(outer.getId(key(1)), undefined);
    assert.deepEqual([...outer.entries()], [[key(2), held.info().id]]);
    const other = createMap({ ...cell, valueSize: 16 });
    assert.throws(() => outer.set(key(3), other.fd), { name: 'MapError' });
    other.fd.close();
    assert.equal(outer.delete(key(2)), true);
    assert.deepEqual([...outer.entries()], []);
  });
}

test('a program array holds programs', (t) => {
  const map = made<DescriptorMap<number>>(t, 'programArray')!;
  using program = new CountingProgram(ProgramType.socketFilter);
  map.set(1, program.program);
  assert.deepEqual([...map.entries()], [[1, program.program.info().id]]);
  assert.equal(map.delete(1), true);
});

test('perf event and cgroup arrays take descriptors', (t) => {
  const events = made<DescriptorMap<number>>(t, 'perfEventArray')!;
  const event = perfEventOpen({ type: PerfType.software, config: PerfSoftware.bpfOutput }, -1, 0);
  events.set(0, event);
  assert.equal(events.delete(0), true);
  event.close();
  const root = cgroup2();
  if (root === undefined) return;
  const groups = made<DescriptorMap<number>>(t, 'cgroupArray')!;
  const directory = openSync(root, 'r');
  const group = Fd.own(directory, 'a group');
  groups.set(0, group);
  assert.equal(groups.delete(0), true);
  group.close();
});

for (const name of ['socketStorage', 'inodeStorage', 'taskStorage', 'cgroupLocalStorage'] as const) {
  test(`${name}: a value belongs to the object behind a descriptor`, (t) => {
    const map = made<StorageMap<Uint8Array>>(t, name);
    if (map === undefined) return;
    const root = cgroup2();
    if (name === 'cgroupLocalStorage' && root === undefined) return t.skip('needs cgroup2');
    const object =
      name === 'socketStorage'
        ? openSocket(Family.ipv4, SocketType.datagram)
        : name === 'taskStorage'
          ? openProcess(process.pid)
          : Fd.own(openSync(name === 'inodeStorage' ? process.execPath : root!, 'r'), 'an object');
    t.after(() => object.close());
    const value = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
    try {
      assert.equal(map.get(object), undefined);
    } catch (error) {
      // Inodes keep values only where the BPF LSM was built in and switched on.
      if (name === 'inodeStorage') return t.skip(`needs lsm: ${String(error)}`);
      throw error;
    }
    map.set(object, value);
    assert.deepEqual(map.get(object), value);
    assert.equal(map.insert(object, value), false);
    assert.equal(map.delete(object), true);
    assert.equal(map.delete(object), false);
    assert.throws(() => map.set(0x7fff_fff0, value), { name: 'MapError' });
  });
}

test('a bloom filter never forgets, and knows most of what it never saw', (t) => {
  const map = made<BloomFilter<Uint8Array>>(t, 'bloomFilter', { maxEntries: 100, valueSize: 4 });
  if (map === undefined) return;
  const value = (i: number): Uint8Array => new Uint8Array(Uint32Array.of(i).buffer);
  for (let i = 0; i < 50; i++) map.add(value(i));
  for (let i = 0; i < 50; i++) assert.ok(map.mayHave(value(i)));
  let wrong = 0;
  for (let i = 1000; i < 1200; i++) if (map.mayHave(value(i))) wrong++;
  assert.ok(wrong < 60, `${wrong} of 200`);
  assert.equal(map.info().extra, 3);
});

for (const name of ['queue', 'stack'] as const) {
  test(`${name}: gives values back in its order`, (t) => {
    const map = made<QueueMap<Uint8Array>>(t, name, { maxEntries: 2 })!;
    const value = (i: number): Uint8Array => Uint8Array.from([i, 0, 0, 0, 0, 0, 0, 0]);
    assert.ok(map.push(value(1)) && map.push(value(2)));
    assert.equal(map.push(value(3)), false);
    const order = [map.peek()?.[0], map.pop()?.[0], map.pop()?.[0], map.pop()];
    assert.deepEqual(order, name === 'queue' ? [1, 1, 2, undefined] : [2, 2, 1, undefined]);
  });
}

test('programs take what a user ring buffer was given', (t) => {
  const map = made(t, 'userRingBuffer', { maxEntries: pageSize() });
  if (map === undefined) return;
  // bpf_user_ringbuf_drain(&ring, callback, 0, 0): the callback counts, and goes on.
  const types = new BtfBuilder();
  const long = types.int('long', 8, 'signed');
  const pointer = types.pointer(0);
  const main = types.function('main', long, [{ name: 'context', type: pointer }]);
  const callback = types.function(
    'callback',
    long,
    [
      { name: 'dynptr', type: pointer },
      { name: 'context', type: pointer },
    ],
    Linkage.static,
  );
  const cells = { ...cell, name: 'seen', maxEntries: 1 };
  using collection = loadCollection(
    {
      btf: types.encode(),
      maps: [{ ...spec('userRingBuffer'), name: 'ring' }, cells],
      programs: [
        {
          name: 'main',
          type: ProgramType.syscall,
          sleepable: true,
          instructions: [
            asm.ldMap(1, 'ring'),
            { opcode: 0x18, dst: 2, src: 4, offset: 0, imm: 5, imm64: 5n },
            asm.mov64Imm(3, 0),
            asm.mov64Imm(4, 0),
            asm.callHelper(209),
            asm.exit(),
            asm.ldMapValue(1, 'seen', 0),
            asm.mov64Imm(2, 1),
            asm.atomic('add', 8, 1, 0, 2),
            asm.mov64Imm(0, 0),
            asm.exit(),
          ],
          functions: [
            { slot: 0, name: 'main', type: main },
            { slot: 8, name: 'callback', type: callback },
          ],
        },
      ],
    },
    { maps: new Map([['ring', map]]) },
  );
  const program = collection.program('main');
  const seen = (): bigint | undefined =>
    (collection.map('seen') as KeyedMap<number, Uint8Array>).withCodecs(u32Codec, u64Codec).get(0);
  using ring = new UserRingBuffer<bigint>(map, u64Codec);
  for (let i = 0n; i < 5n; i++) assert.ok(ring.send(i));
  const given = ring.reserve(100);
  given?.discard();
  assert.equal(ring.waiting, 5 * 16 + 112);
  assert.equal(program.testRun().result, 5);
  assert.equal(seen(), 5n);
  assert.equal(ring.waiting, 0);
  let sent = 0;
  while (ring.write(new Uint8Array(56))) sent++;
  assert.equal(sent, pageSize() / 64);
  program.testRun();
  assert.equal(seen(), 5n + BigInt(sent));
  assert.ok(ring.send(1n), 'there is room again');
  assert.throws(() => ring.reserve(pageSize()), /does not fit/);
  ring.close();
  assert.throws(() => ring.send(1n), { name: 'MapError' });
});

test('an arena is memory that a program writes too', (t) => {
  const map = made<ArenaMap>(t, 'arena', { maxEntries: 4 });
  if (map === undefined) return;
  const memory = map.mmap();
  const words = new Uint32Array(memory.buffer);
  assert.equal(words.length * 4, 4 * pageSize());
  words[0] = 41;
  words[1024] = 7;
  assert.equal(map.mmap(), memory);
  // r8 = the address as the program sees it; *(u32 *)r8 += 1.
  const user = BigInt(memory.address);
  using program = new CountingProgram(ProgramType.syscall, {
    sleepable: true,
    maps: { arena: map },
    body: [
      // The verifier knows the arena by its map.
      asm.ldMap(9, 'arena'),
      asm.ldImm64(8, user),
      { opcode: 0xbf, dst: 8, src: 8, offset: 1, imm: 1 },
      asm.load(4, 1, 8, 0),
      asm.alu64Imm('add', 1, 1),
      asm.store(4, 8, 0, 1),
      asm.mov64Imm(0, 0),
    ],
  });
  program.program.testRun();
  assert.equal(words[0], 42);
});

test('sockets that share a port are held by a reuseport array', (t) => {
  const map = made<DescriptorMap<number>>(t, 'reuseportSockarray', { valueSize: 8 })!;
  const socket = openSocket(Family.ipv4, SocketType.stream);
  t.after(() => socket.close());
  assert.throws(() => map.set(0, socket), { name: 'MapError' });
  setSocketOption(socket.number, SocketLevel.socket, SocketOption.reusePort, 1);
  bindSocket(socket.number, inetAddress('127.0.0.1', 0));
  listenOn(socket.number);
  map.set(0, socket);
  assert.equal(map.getCookie(0), socketCookie(socket.number));
  assert.equal(map.delete(0), true);
});

test('an xskmap takes an AF_XDP socket', (t) => {
  const map = made<DescriptorMap<number>>(t, 'xskmap')!;
  let socket: Fd;
  try {
    socket = openSocket(Family.xdp, SocketType.raw);
  } catch (error) {
    assert.ok(error instanceof SysError);
    return t.skip('needs AF_XDP');
  }
  t.after(() => socket.close());
  // XDP_RX_RING: without one the kernel would have nowhere to put packets.
  setSocketOption(socket.number, SocketLevel.xdp, 2, 64);
  map.set(1, socket);
  assert.equal(map.delete(1), true);
});

test('a devmap sends packets to another interface, past its own program', (t) => {
  if (!hasInterfaceKind('veth')) return t.skip('needs veth');
  const map = made<KeyedMap<number, DeviceTarget>>(t, 'devmap', { valueSize: 8 })!;
  const [left, right] = [secondNetwork(), secondNetwork()];
  t.after(() => {
    left.close();
    right.close();
  });
  addVeth('dev0', 'peer0', left);
  addVeth('dev1', 'peer1', right);
  for (const name of ['dev0', 'dev1']) up(name);
  inNetwork(left, () => {
    addAddress('peer0', '10.9.0.1', 24);
    up('peer0');
  });
  inNetwork(right, () => up('peer1'));
  using seen = new CountingProgram(ProgramType.xdp, { returns: 2, attachType: AttachType.xdpDevmap });
  using arrived = new CountingProgram(ProgramType.xdp, { returns: 2 });
  const index = findInterface('dev1')!.index;
  map.set(0, { interface: index, program: seen.program });
  assert.deepEqual(map.get(0), { interface: index, program: seen.program.info().id });
  // return bpf_redirect_map(&devices, 0, XDP_PASS)
  using redirect = new CountingProgram(ProgramType.xdp, {
    maps: { devices: map },
    body: [asm.ldMap(1, 'devices'), asm.mov64Imm(2, 0), asm.mov64Imm(3, 2), asm.callHelper(51)],
  });
  const links = [attachXdp(redirect.program, 'dev0', { mode: 'native' })];
  links.push(inNetwork(right, () => attachXdp(arrived.program, 'peer1', { mode: 'native' })));
  inNetwork(left, () => sendDatagrams('10.9.0.2', 9));
  assert.ok(redirect.runs > 0, 'nothing was received');
  assert.ok(seen.runs > 0, 'the devmap’s program did not run');
  assert.ok(arrived.runs > 0, 'nothing arrived');
  for (const link of links) link.close();
  assert.equal(map.delete(0), true);
});

test('a cpumap moves packets to another CPU, past its own program', async (t) => {
  if (!hasInterfaceKind('veth')) return t.skip('needs veth');
  const map = made<KeyedMap<number, CpuTarget>>(t, 'cpumap', { valueSize: 8, maxEntries: 4 })!;
  const other = secondNetwork();
  t.after(() => other.close());
  addVeth('cpu0', 'cpu1', other);
  up('cpu0');
  inNetwork(other, () => {
    addAddress('cpu1', '10.10.0.2', 24);
    up('cpu1');
  });
  using seen = new CountingProgram(ProgramType.xdp, { returns: 2, attachType: AttachType.xdpCpumap });
  map.set(0, { queueSize: 64, program: seen.program });
  assert.deepEqual(map.get(0), { queueSize: 64, program: seen.program.info().id });
  using redirect = new CountingProgram(ProgramType.xdp, {
    maps: { cpus: map },
    body: [asm.ldMap(1, 'cpus'), asm.mov64Imm(2, 0), asm.mov64Imm(3, 2), asm.callHelper(51)],
  });
  const link = attachXdp(redirect.program, 'cpu0', { mode: 'native' });
  inNetwork(other, () => sendDatagrams('10.10.0.9', 9));
  const { waitUntil } = await import('../../../test/support/wait.ts');
  await waitUntil('the program of the cpumap', () => seen.runs > 0);
  assert.ok(redirect.runs > 0);
  link.close();
  assert.equal(map.delete(0), true);
});
