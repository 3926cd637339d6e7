/**
 * Every SEC name of packets and sockets: attached by that name, seen to run when packets come, and never again after
 * it was detached. In a network namespace of this test's own. Control groups: cgroup.kernel.test.ts.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { sendDatagrams } from '../../test/support/counting-program.ts';
import { saw, testOfTable } from '../../test/support/kinds-seen.ts';
import {
  addAddress,
  addPair,
  addVeth,
  enterNewNetwork,
  hasInterfaceKind,
  removeInterface,
  secondNetwork,
  up,
} from '../../test/support/network.ts';
import { NetworkObject } from '../../test/support/network-object.ts';
import { connection } from '../../test/support/traffic.ts';
import { waitUntil } from '../../test/support/wait.ts';
import { olderThan } from '../kernel/feature/release.ts';
import { AttachError } from '../kernel/link/errors.ts';
import type { LinkKind } from '../kernel/link/link.ts';
import { attachSockmap } from '../kernel/link/sockmap.ts';
import type { DescriptorMap } from '../kernel/map/descriptors.ts';
import type { KeyedMap } from '../kernel/map/keyed.ts';
import type { CpuTarget, DeviceTarget } from '../kernel/map/redirect.ts';
import type { Fd } from '../sys/fd.ts';
import { inNetwork } from '../sys/namespace.ts';
import { findInterface } from '../sys/route.ts';
import {
  addressBytes,
  bindSocket,
  Family,
  inetAddress,
  listenOn,
  Message,
  openSocket,
  packetAddress,
  SocketLevel,
  SocketOption,
  SocketType,
  sendBytes,
  setSocketOption,
} from '../sys/socket.ts';
import { sysTry } from '../sys/syscall.ts';
import type { AttachOptions } from './attach.ts';

enterNewNetwork();

interface Case {
  readonly program: string;
  readonly kind: LinkKind;
  readonly options?: AttachOptions;
  /** Name of what the kernel needs, and the release that brought it. */
  readonly since?: readonly [string, string];
}

const lo: AttachOptions = { interface: 'lo' };
const tcx: Case['since'] = ['tcx', '6.6'];

const onLoopback: readonly Case[] = [
  { program: 'tcx_ingress', kind: 'tcx', options: lo, since: tcx },
  { program: 'tcx_egress', kind: 'tcx', options: { ...lo, order: 'first' }, since: tcx },
  { program: 'tc_ingress', kind: 'tcx', options: lo, since: tcx },
  { program: 'tc_egress', kind: 'tcx', options: lo, since: tcx },
  { program: 'classifier', kind: 'tc', options: { ...lo, direction: 'ingress' } },
  { program: 'tc', kind: 'tc', options: { ...lo, direction: 'egress', filter: { priority: 3, handle: 7 } } },
  { program: 'xdp', kind: 'xdp', options: { ...lo, mode: 'generic' } },
  { program: 'xdp_frags', kind: 'xdp', options: { ...lo, mode: 'generic' }, since: ['xdp.frags', '5.18'] },
  { program: 'sk_lookup', kind: 'skLookup' },
  {
    program: 'netfilter',
    kind: 'netfilter',
    options: { netfilter: { family: 'ipv4', hook: 'input', priority: 7 } },
    since: ['netfilter', '6.4'],
  },
];

for (const { program, kind, options = {}, since } of onLoopback) {
  test(`${program} sees packets of the loopback interface`, async (t) => {
    if (since !== undefined && olderThan(since[1])) return t.skip(`needs ${since[0]}`);
    using object = new NetworkObject(program);
    await object.fires(kind, options, () => sendDatagrams('127.0.0.1', 9));
  });
}

/** Programs in slots of maps are attached by being put there: with what the slot itself says. */
for (const [program, sender, slots, slot] of [
  ['xdp_devmap', 'to_device', 'devices', () => ({ interface: findInterface('lo')!.index })],
  ['xdp_frags_devmap', 'to_device_frags', 'devices', () => ({ interface: findInterface('lo')!.index })],
  ['xdp_cpumap', 'to_processor', 'processors', () => ({ queueSize: 64 })],
  ['xdp_frags_cpumap', 'to_processor_frags', 'processors', () => ({ queueSize: 64 })],
] as const) {
  test(`${program} sees packets that are sent to its slot of a map`, async (t) => {
    if (program.includes('frags') && olderThan('5.18')) return t.skip('needs xdp.frags');
    using object = new NetworkObject(sender, [program]);
    const inSlot = object.programs[program]!;
    const map = object.maps[slots] as KeyedMap<number, DeviceTarget | CpuTarget>;
    const link = object.programs[sender]!.attach({ ...lo, mode: 'generic' });
    t.after(() => link.close());
    const send = (): void => sendDatagrams('127.0.0.1', 9);
    map.set(0, { ...slot(), program: inSlot.program });
    assert.deepEqual(map.get(0), { ...slot(), program: inSlot.program.info().id });
    await waitUntil(`${program} to run`, () => {
      send();
      return object.runs > 0;
    });
    saw(inSlot.spec.section);
    // The slot goes, and packets sent there are dropped.
    map.delete(0);
    const before = object.runs;
    send();
    assert.equal(object.runs, before, 'nothing runs after its slot is gone');
    assert.throws(() => inSlot.attach(), /used through maps or test runs/);
  });
}

for (const direction of ['ingress', 'egress'] as const) {
  test(`an action has what is done with every packet on ${direction}`, async (t) => {
    using object = new NetworkObject('action');
    try {
      await object.fires('tcAction', { ...lo, direction }, () => sendDatagrams('127.0.0.1', 9));
    } catch (error) {
      if (!(error instanceof AttachError) || error.code !== 'unsupported') throw error;
      t.skip(`needs tc actions: ${error.message}`);
    }
  });
}

test('netkit programs see packets on both sides of a pair', async (t) => {
  if (!hasInterfaceKind('netkit')) return t.skip('needs netkit');
  const other = secondNetwork();
  addPair('netkit', 'nk0', 'nk1', other);
  t.after(() => {
    removeInterface('nk0');
    other.close();
  });
  addAddress('nk0', '10.8.0.1', 24);
  up('nk0');
  inNetwork(other, () => {
    addAddress('nk1', '10.8.0.2', 24);
    up('nk1');
  });
  for (const [program, send] of [
    ['netkit_primary', () => sendDatagrams('10.8.0.2', 9)],
    ['netkit_peer', () => inNetwork(other, () => sendDatagrams('10.8.0.1', 9))],
  ] as const) {
    using object = new NetworkObject(program);
    await object.fires('netkit', { interface: 'nk0' }, send);
  }
});

/** A veth pair to a second namespace that sends what is not for it back to here. */
function veth(t: TestContext): Fd {
  const other = secondNetwork();
  addVeth('here0', 'there0', other);
  addAddress('here0', '10.7.0.1', 24);
  up('here0');
  inNetwork(other, () => {
    addAddress('there0', '10.7.0.2', 24);
    up('there0');
  });
  t.after(() => {
    removeInterface('here0');
    other.close();
  });
  return other;
}

const needsVeth = hasInterfaceKind('veth') ? false : 'needs veth';
const route: AttachOptions = { interface: 'here0', destination: '10.99.0.0/16' };

for (const program of ['lwt_out', 'lwt_xmit']) {
  test(`${program} sees packets that take its route`, { skip: needsVeth }, async (t) => {
    veth(t);
    using object = new NetworkObject(program);
    // Without the route there is nowhere to send to.
    const send = (): void => {
      try {
        sendDatagrams('10.99.1.2', 9);
      } catch (error) {
        assert.match(String(error), /ENETUNREACH/);
      }
    };
    await object.fires('lightweightTunnel', route, send);
  });
}

test('lwt_in sees packets that arrive for its route', { skip: needsVeth }, async (t) => {
  const other = veth(t);
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  writeFileSync('/proc/sys/net/ipv4/conf/here0/proxy_arp', '1');
  inNetwork(other, () => addAddress('there0', '10.99.0.1', 16));
  using object = new NetworkObject('lwt_in');
  addVeth('out0', 'out1');
  t.after(() => removeInterface('out0'));
  up('out0');
  const send = (): void => inNetwork(other, () => sendDatagrams('10.99.1.2', 9));
  await object.fires('lightweightTunnel', { ...route, interface: 'out0' }, send);
});

/** IPv6 with a routing header of segments (RFC 8754): two are left, the first of them is where the packet is going. */
function segmentPacket(from: string, to: string, last: string): Uint8Array {
  const segments = [addressBytes(last), addressBytes(to)];
  // No next header; length in words of 8 after the first; type 4; one segment left; the last entry.
  const routing = [59, 2 * segments.length, 4, 1, segments.length - 1, 0, 0, 0];
  const header = [0x60, 0, 0, 0, 0, 8 + 16 * segments.length, 43, 64];
  return Uint8Array.from([
    ...header,
    ...addressBytes(from),
    ...addressBytes(to),
    ...routing,
    ...segments.flatMap((segment) => [...segment]),
  ]);
}

test('lwt_seg6local sees packets whose segments come to its route', { skip: needsVeth }, async (t) => {
  const other = veth(t);
  addAddress('here0', 'fd07::1', 64);
  for (const place of ['all', 'here0']) {
    writeFileSync(`/proc/sys/net/ipv6/conf/${place}/seg6_enabled`, '1');
  }
  const packet = segmentPacket('fd07::2', 'fd99::5', 'fd07::9');
  // To everybody on the line: nobody is asked who has the segment's address.
  const frame = Uint8Array.from([...Array(6).fill(0xff), 2, 0, 0, 0, 0, 1, 0x86, 0xdd, ...packet]);
  const send = (): void =>
    inNetwork(other, () => {
      const socket = openSocket(Family.packet, SocketType.raw);
      try {
        sendBytes(socket.number, frame, packetAddress(findInterface('there0')!.index));
      } finally {
        socket.close();
      }
    });
  using object = new NetworkObject('lwt_seg6local');
  await object.fires('lightweightTunnel', { interface: 'here0', destination: 'fd99::/64' }, send);
});

/** Hashes of packets by their flow are asked for by a group of packet sockets that share the load. */
test('flow_dissector takes packets apart', async () => {
  const [PACKET_FANOUT, SOL_PACKET, ETH_P_ALL] = [18, 263, 0x0300];
  const sockets = [0, 1].map(() => openSocket(Family.packet, SocketType.raw, ETH_P_ALL));
  try {
    // Group 7, by hash (0), of the first packets of fragments too.
    for (const socket of sockets) setSocketOption(socket.number, SOL_PACKET, PACKET_FANOUT, 7);
    using object = new NetworkObject('flow_dissector');
    await object.fires('flowDissector', {}, () => sendDatagrams('127.0.0.1', 9));
  } finally {
    for (const socket of sockets) socket.close();
  }
});

test('a socket filter sees what its socket gets', async () => {
  const socket = openSocket(Family.ipv4, SocketType.datagram);
  try {
    bindSocket(socket.number, inetAddress('127.0.0.1', 4646));
    using object = new NetworkObject('socket_filter');
    await object.fires('socketFilter', { socket }, () => sendDatagrams('127.0.0.1', 4646));
  } finally {
    socket.close();
  }
});

test('sk_reuseport chooses among sockets that share a port', async () => {
  const socket = openSocket(Family.ipv4, SocketType.datagram);
  try {
    setSocketOption(socket.number, SocketLevel.socket, SocketOption.reusePort, 1);
    bindSocket(socket.number, inetAddress('127.0.0.1', 4747));
    using object = new NetworkObject('sk_reuseport');
    await object.fires('reuseport', { socket }, () => sendDatagrams('127.0.0.1', 4747));
  } finally {
    socket.close();
  }
});

test('sk_reuseport/migrate chooses for connections, and for those of a listener that closes', async (t) => {
  if (olderThan('5.14')) return t.skip('needs sk_reuseport/migrate');
  const listener = openSocket(Family.ipv4, SocketType.stream);
  try {
    setSocketOption(listener.number, SocketLevel.socket, SocketOption.reusePort, 1);
    bindSocket(listener.number, inetAddress('127.0.0.1', 4848));
    listenOn(listener.number);
    using object = new NetworkObject('sk_reuseport_migrate');
    await object.fires('reuseport', { socket: listener }, () => {
      const client = openSocket(Family.ipv4, SocketType.stream);
      const address = inetAddress('127.0.0.1', 4848);
      sysTry('connect', client.number, address, address.length);
      client.close();
    });
  } finally {
    listener.close();
  }
});

/** What has come to a socket of the map, after it was sent by the other end; undefined while nothing has. */
function received(socket: Fd): string | undefined {
  const into = new Uint8Array(64);
  const length = sysTry('recvfrom', socket.number, into, into.length, Message.dontWait);
  return length < 0 ? undefined : Buffer.from(into.subarray(0, length)).toString();
}

for (const [program, others] of [
  ['stream_parser', ['stream_verdict']],
  ['stream_verdict', ['stream_parser']],
  ['verdict', []],
  ['message', []],
] as const) {
  test(`${program} sees what the sockets of its map exchange`, async (t) => {
    if (program === 'verdict' && olderThan('5.13')) return t.skip('needs sk_skb/verdict');
    using object = new NetworkObject(program, others);
    const map = object.maps.sockets as DescriptorMap<number>;
    const links = others.map((other) => object.programs[other]!.attach({ map }));
    const before = object.runs;
    const link = object.programs[program]!.attach({ map });
    assert.equal(link.kind, 'sockmap');
    const { client, peer } = connection('127.0.0.1');
    try {
      map.set(0, program === 'message' ? client : peer);
      sendBytes(client.number, Buffer.from('hello'));
      assert.equal(await waitUntil('the bytes', () => received(peer)), 'hello');
      assert.ok(object.runs > before, `${program} did not run`);
      saw(object.programs[program]!.spec.section);
    } finally {
      map.delete(0);
      for (const one of [link, ...links]) one.close();
      client.close();
      peer.close();
    }
  });
}

test('a program that names no direction of a sockmap is told one by the typed call', async () => {
  using object = new NetworkObject('any_direction');
  const map = object.maps.sockets as DescriptorMap<number>;
  const loaded = object.programs.any_direction!;
  const link = attachSockmap(loaded.program, map, { role: 'streamVerdict' });
  const { client, peer } = connection('127.0.0.1');
  try {
    map.set(0, peer);
    sendBytes(client.number, Buffer.from('hello'));
    assert.equal(await waitUntil('the bytes', () => received(peer)), 'hello');
    assert.ok(object.runs > 0);
    saw(loaded.spec.section);
  } finally {
    map.delete(0);
    link.close();
    client.close();
    peer.close();
  }
});

test('lirc_mode2 asks for a receiver, and says what is none', (t) => {
  let object: NetworkObject;
  try {
    object = new NetworkObject('lirc_mode2');
  } catch (error) {
    assert.match(String(error), /EINVAL.*built without CONFIG_BPF_LIRC_MODE2/);
    return;
  }
  t.after(() => object.close());
  const attach = (options: AttachOptions): unknown => object.programs.lirc_mode2!.attach(options);
  assert.throws(() => attach({}), /the option "receiver" is missing/);
  assert.throws(() => attach({ receiver: '/dev/null' }), /the file is no infrared receiver|EINVAL/);
});

testOfTable('network');
