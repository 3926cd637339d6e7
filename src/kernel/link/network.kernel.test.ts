import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { CountingProgram, sendDatagrams } from '../../../test/support/counting-program.ts';
import {
  addAddress,
  addPair,
  addVeth,
  enterNewNetwork,
  hasInterfaceKind,
  removeInterface,
  secondNetwork,
  up,
} from '../../../test/support/network.ts';
import { waitUntil } from '../../../test/support/wait.ts';
import * as asm from '../../asm/build.ts';
import type { Fd } from '../../sys/fd.ts';
import { inNetwork, networkNamespace } from '../../sys/namespace.ts';
import { addClsact, findInterface, listFilters, removeClsact, TcParent } from '../../sys/route.ts';
import {
  bindSocket,
  Family,
  inetAddress,
  Message,
  openSocket,
  receiveInto,
  SocketLevel,
  SocketOption,
  SocketType,
  setSocketOption,
} from '../../sys/socket.ts';
import { programTypeFeature } from '../feature/features.ts';
import { olderThan } from '../feature/release.ts';
import { bpffs } from '../mounts.ts';
import { networkHooks } from '../objects/hooks.ts';
import { AttachType, ProgramFlag, ProgramType } from '../spec.ts';
import { AttachError } from './errors.ts';
import { type AttachedLink, unpin } from './link.ts';
import { attachLightweightTunnel } from './lwt.ts';
import { attachFlowDissector, attachSkLookup } from './namespace.ts';
import { attachNetfilter } from './netfilter.ts';
import { attachNetkit } from './netkit.ts';
import { linkIds, openLink, openPinnedLink } from './open.ts';
import { PacketSocket } from './packets.ts';
import { namespacePrograms, netkitPrograms, tcFilters, tcxPrograms, xdpPrograms } from './query.ts';
import { attachReuseport } from './socket-filter.ts';
import { attachTc } from './tc.ts';
import { attachTcx } from './tcx.ts';
import { attachXdp } from './xdp.ts';

enterNewNetwork();
const veth = hasInterfaceKind('veth');
const needsVeth = veth ? false : 'needs veth';
const tcxMissing = olderThan('6.6');
const needsTcx = tcxMissing ? 'needs tcx' : needsVeth;
const pass = 2;
const tcOk = 0;
const tcNext = -1;

let pairs = 0;

/** A veth pair to a second namespace, both sides up, with addresses; gone after the test. */
function pair(t: TestContext): {
  readonly name: string;
  readonly peer: string;
  readonly index: number;
  readonly other: Fd;
  ping(): void;
} {
  const number = ++pairs;
  const [name, peer] = [`here${number}`, `there${number}`];
  const other = secondNetwork();
  addVeth(name, peer, other);
  addAddress(name, `10.7.${number}.1`, 24);
  up(name);
  inNetwork(other, () => {
    addAddress(peer, `10.7.${number}.2`, 24);
    up(peer);
  });
  t.after(() => {
    if (findInterface(name) !== undefined) removeInterface(name);
    other.close();
  });
  return {
    name,
    peer,
    index: findInterface(name)!.index,
    other,
    // From the other side, and an answer: a datagram to a closed port gives an ICMP error back.
    ping: () => inNetwork(other, () => sendDatagrams(`10.7.${number}.1`, 9)),
  };
}

function refusal(attach: () => AttachedLink): AttachError {
  try {
    attach().close();
  } catch (error) {
    assert.ok(error instanceof AttachError, String(error));
    return error;
  }
  throw new Error('it was attached');
}

test('what the hooks of this namespace hold is listed', { skip: needsVeth }, (t) => {
  const { name } = pair(t);
  using xdp = new CountingProgram(ProgramType.xdp, { returns: pass, name: 'hook_xdp' });
  using tc = new CountingProgram(ProgramType.schedCls, { returns: tcOk, name: 'hook_tc' });
  using lookup = new CountingProgram(ProgramType.skLookup, {
    returns: 1,
    attachType: AttachType.skLookup,
    name: 'hook_lookup',
  });
  const links = [
    attachXdp(xdp.program, name, { mode: 'generic' }),
    attachTc(tc.program, name, { direction: 'egress' }),
    attachSkLookup(lookup.program),
    ...(tcxMissing ? [] : [attachTcx(tc.program, name, { direction: 'ingress' })]),
  ];
  const found = [...networkHooks()].map(({ place, hook, name }) => [place, hook, name]);
  const wanted = [
    [name, 'xdp generic', 'hook_xdp'],
    ...(tcxMissing ? [] : [[name, 'tcx ingress', 'hook_tc']]),
    [name, 'tc egress', 'hook_tc'],
    ['this network namespace', 'sk_lookup', 'hook_lookup'],
  ];
  assert.deepEqual(found, wanted);
  for (const link of links) link.close();
  assert.deepEqual([...networkHooks()], []);
});

for (const mode of ['native', 'generic'] as const) {
  test(`XDP fires in ${mode} mode, can be updated and detached`, { skip: needsVeth }, (t) => {
    const { name, index, ping } = pair(t);
    using first = new CountingProgram(ProgramType.xdp, { returns: pass, name: 'first' });
    using second = new CountingProgram(ProgramType.xdp, { returns: pass, name: 'second' });
    const link = attachXdp(first.program, name, { mode });
    assert.ok(first.during(ping) > 0);
    assert.deepEqual(xdpPrograms(name), { [mode]: first.program.info().id });
    const { id, programId, ...rest } = link.describe();
    assert.deepEqual(rest, { type: 'xdp', interface: index });
    assert.equal(programId, first.program.info().id);
    assert.ok([...linkIds()].includes(id));

    const taken = refusal(() => attachXdp(second.program, name, { mode }));
    assert.equal(taken.code, 'inUse');
    assert.match(taken.message, new RegExp(`held by program ${programId} "first" \\(link ${id}\\)`));

    link.update(second.program, { expected: first.program });
    assert.ok(second.during(ping) > 0);
    assert.equal(first.during(ping), 0);
    assert.throws(() => link.update(first.program, { expected: first.program }), { name: 'AttachError' });
    link.detach();
    assert.equal(second.during(ping), 0);
    assert.deepEqual(xdpPrograms(name), {});
    link.close();
  });
}

test('XDP by netlink is replaced only by who is meant, and removes only itself', { skip: needsVeth }, (t) => {
  const { name, ping } = pair(t);
  using first = new CountingProgram(ProgramType.xdp, { returns: pass, name: 'first' });
  using second = new CountingProgram(ProgramType.xdp, { returns: pass, name: 'second' });
  const netlink = true;
  const link = attachXdp(first.program, name, { netlink });
  assert.ok(first.during(ping) > 0);
  assert.equal(link.isLink, false);
  assert.throws(() => link.pin('/nowhere'), /needs a link object/);
  assert.throws(() => link.fd, /needs a link object/);
  const taken = refusal(() => attachXdp(second.program, name, { netlink }));
  assert.equal(taken.code, 'inUse');
  assert.match(taken.message, /held by program \d+ "first"/);
  assert.equal(
    refusal(() => attachXdp(first.program, name, { netlink, replace: second.program })).code,
    'inUse',
  );
  const replacing = attachXdp(second.program, name, { netlink, replace: first.program });
  link.close();
  assert.ok(second.during(ping) > 0, 'closing the first took the second off');
  replacing.close();
  assert.equal(second.during(ping), 0);
  assert.deepEqual(xdpPrograms(name), {});
});

test('XDP with frags loads, and runs on packets of several pages', { skip: needsVeth }, (t) => {
  if (olderThan('5.18')) return t.skip('needs XDP frags');
  const { name, ping } = pair(t);
  using frags = new CountingProgram(ProgramType.xdp, {
    returns: pass,
    attachType: AttachType.xdp,
    flags: ProgramFlag.xdpHasFrags,
  });
  const link = attachXdp(frags.program, name, { mode: 'native' });
  assert.ok(frags.during(ping) > 0);
  link.close();
});

test('an interface that does not exist is named, with its neighbours', { skip: needsVeth }, (t) => {
  const { name } = pair(t);
  using program = new CountingProgram(ProgramType.xdp, { returns: pass });
  const error = refusal(() => attachXdp(program.program, `${name}x`));
  assert.equal(error.code, 'notFound');
  assert.equal(
    error.message,
    `attach "counting" to xdp ${name}x: there is no such interface in this network namespace; did you mean ${name}?`,
  );
});

test('a link says when its interface has vanished', { skip: needsVeth }, (t) => {
  const { name } = pair(t);
  using program = new CountingProgram(ProgramType.xdp, { returns: pass });
  const link = attachXdp(program.program, name);
  const without = attachTc(new CountingProgram(ProgramType.schedCls, { returns: tcOk }).program, name, {
    direction: 'ingress',
  });
  removeInterface(name);
  assert.deepEqual(link.describe(), { ...link.describe(), type: 'xdp', interface: 0 });
  assert.throws(
    () => link.update(program.program),
    (error: unknown) => {
      assert.ok(error instanceof AttachError);
      assert.match(error.message, /ENOLINK|the interface is gone/);
      return true;
    },
  );
  link.close();
  without.close();
});

for (const direction of ['ingress', 'egress'] as const) {
  test(`a classifier by netlink fires on ${direction}, and its clsact goes with it`, {
    skip: needsVeth,
  }, (t) => {
    const { name, index, ping } = pair(t);
    using program = new CountingProgram(ProgramType.schedCls, { returns: tcOk });
    using other = new CountingProgram(ProgramType.schedCls, { returns: tcOk, name: 'other' });
    const link = attachTc(program.program, name, { direction, priority: 7, handle: 3 });
    assert.ok(program.during(ping) > 0);
    const filters = tcFilters(index, direction);
    assert.deepEqual(filters, [
      {
        parent: TcParent[direction],
        priority: 7,
        handle: 3,
        name: 'counting',
        programId: program.program.info().id,
      },
    ]);
    const taken = refusal(() => attachTc(other.program, name, { direction, priority: 7, handle: 3 }));
    assert.equal(taken.code, 'inUse');
    assert.match(taken.message, /held by program \d+ "counting"/);
    const chosen = attachTc(other.program, name, { direction });
    assert.equal(tcFilters(index, direction).length, 2);
    chosen.close();
    const replaced = attachTc(other.program, name, { direction, priority: 7, handle: 3, replace: true });
    assert.ok(other.during(ping) > 0);
    assert.equal(program.during(ping), 0);
    replaced.close();
    link.close();
    assert.equal(other.during(ping), 0);
    assert.equal(addClsact(index), true, 'the clsact was left behind');
    removeClsact(index);
  });
}

test('a clsact that others made, or use, stays', { skip: needsVeth }, (t) => {
  const { name, index } = pair(t);
  using program = new CountingProgram(ProgramType.schedCls, { returns: tcOk });
  addClsact(index);
  attachTc(program.program, name, { direction: 'ingress' }).close();
  assert.equal(addClsact(index), false);
  assert.deepEqual(listFilters(index, TcParent.ingress), []);
});

test('tcx programs run in the order that was asked for', { skip: needsTcx }, (t) => {
  const { name, index, ping } = pair(t);
  const direction = 'ingress';
  const make = (name: string): CountingProgram => {
    const program = new CountingProgram(ProgramType.schedCls, { returns: tcNext, name });
    t.after(() => program.close());
    return program;
  };
  const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map(make) as [
    CountingProgram,
    CountingProgram,
    CountingProgram,
    CountingProgram,
    CountingProgram,
  ];
  const { revision } = tcxPrograms(index, direction);
  const linkB = attachTcx(b.program, name, { direction, expectedRevision: revision });
  const linkA = attachTcx(a.program, name, { direction, order: { before: linkB } });
  const linkE = attachTcx(e.program, name, { direction, order: 'last' });
  const linkC = attachTcx(c.program, name, { direction, order: { after: b.program } });
  const linkD = attachTcx(d.program, name, { direction, order: { before: { linkId: linkE.describe().id } } });
  const ids = [a, b, c, d, e].map(({ program }) => program.info().id);
  assert.deepEqual(
    tcxPrograms(index, direction).programs.map(({ programId, linkId }) => [programId, linkId]),
    [linkA, linkB, linkC, linkD, linkE].map((link, i) => [ids[i], link.describe().id]),
  );
  ping();
  for (const program of [a, b, c, d, e]) assert.ok(program.runs > 0);
  assert.deepEqual(linkA.describe(), {
    type: 'tcx',
    interface: index,
    attachType: AttachType.tcxIngress,
    id: linkA.describe().id,
    programId: ids[0],
  });
  const stale = refusal(() => attachTcx(make('g').program, name, { direction, expectedRevision: revision }));
  assert.equal(stale.code, 'inUse');
  assert.match(stale.message, /revision/);
  const unknown = refusal(() =>
    attachTcx(make('f').program, name, { direction, order: { before: { programId: 1 << 30 } } }),
  );
  assert.equal(unknown.errno, 'ENOENT');
  linkA.update(make('h').program);
  assert.equal(a.during(ping), 0);
  for (const link of [linkA, linkB, linkC, linkD, linkE]) link.close();
  assert.deepEqual(tcxPrograms(index, direction).programs, []);
});

test('tcx on a kernel of before its time names the release', (t) => {
  if (!tcxMissing) return;
  if (!veth) return t.skip('needs veth');
  const { name } = pair(t);
  using program = new CountingProgram(ProgramType.schedCls, { returns: tcOk });
  const error = refusal(() => attachTcx(program.program, name, { direction: 'ingress' }));
  assert.equal(error.code, 'unsupported');
  assert.match(error.message, /has no tcx links: Linux 6\.6 brought them/);
});

test('a netkit device runs programs of both sides', async (t) => {
  if (!hasInterfaceKind('netkit')) return t.skip('needs netkit');
  const index = addPair('netkit', 'nk0', 'nk1');
  t.after(() => removeInterface('nk0'));
  using primary = new CountingProgram(ProgramType.schedCls, {
    attachType: AttachType.netkitPrimary,
    returns: 0,
  });
  using peer = new CountingProgram(ProgramType.schedCls, { attachType: AttachType.netkitPeer, returns: 0 });
  const links = [
    attachNetkit(primary.program, 'nk0', { side: 'primary' }),
    attachNetkit(peer.program, 'nk0', { side: 'peer' }),
  ];
  up('nk0');
  addAddress('nk0', '10.8.0.1', 24);
  up('nk1');
  // The device sends nothing before its carrier is up, which the kernel notices a moment later.
  await waitUntil('the program of the primary', () => {
    sendDatagrams('10.8.0.2', 9);
    return primary.runs > 0;
  });
  assert.equal(netkitPrograms(index, 'primary').programs[0]?.programId, primary.program.info().id);
  assert.equal(links[1]!.describe().type, 'netkit');
  for (const link of links) link.close();
});

test('a netfilter program fires at its hook, and its priority is its own', (t) => {
  const probe = programTypeFeature(ProgramType.netfilter);
  if (probe.answer !== 'yes') return t.skip('needs netfilter');
  using program = new CountingProgram(ProgramType.netfilter, {
    returns: 1,
    attachType: AttachType.netfilter,
  });
  using other = new CountingProgram(ProgramType.netfilter, { returns: 1, attachType: AttachType.netfilter });
  const options = { family: 'ipv4', hook: 'input', priority: -128 } as const;
  const link = attachNetfilter(program.program, options);
  assert.ok(program.during(() => sendDatagrams('127.0.0.1', 9)) >= 3);
  const { id, programId, ...rest } = link.describe();
  assert.deepEqual(rest, { type: 'netfilter', family: 2, hook: 1, priority: -128, flags: 0 });
  const taken = refusal(() => attachNetfilter(other.program, options));
  assert.equal(taken.code, 'inUse');
  assert.match(taken.message, new RegExp(`held by program ${programId} "counting" \\(link ${id}\\)`));
  const beside = attachNetfilter(other.program, { ...options, priority: -127 });
  beside.close();
  link.close();
  assert.equal(
    program.during(() => sendDatagrams('127.0.0.1', 9)),
    0,
  );
});

test('a flow dissector holds a namespace for itself', (t) => {
  using program = new CountingProgram(ProgramType.flowDissector, { returns: 0, name: 'dissect' });
  using other = new CountingProgram(ProgramType.flowDissector, { returns: 0 });
  const network = secondNetwork();
  t.after(() => network.close());
  const namespace = `/proc/self/fd/${network.number}`;
  const link = attachFlowDissector(program.program, { namespace });
  const { programs } = namespacePrograms(network, AttachType.flowDissector);
  assert.deepEqual(
    programs.map(({ programId }) => programId),
    [program.program.info().id],
  );
  const taken = refusal(() => attachFlowDissector(other.program, { namespace }));
  assert.equal(taken.code, 'inUse');
  assert.match(taken.message, /held by program \d+ "dissect"/);
  assert.equal(link.describe().type, 'netns');
  link.update(other.program);
  link.close();
  assert.deepEqual(namespacePrograms(network, AttachType.flowDissector).programs, []);
  // Its runs, without traffic that hashes: the same code by a test run.
  const { data } = { data: new Uint8Array(64) };
  data.set([8, 0], 12);
  assert.equal(
    program.during(() => void program.program.testRun({ data })),
    1,
  );
});

test('a program that looks sockets up fires for what arrives', () => {
  // SK_PASS
  using program = new CountingProgram(ProgramType.skLookup, { returns: 1, attachType: AttachType.skLookup });
  const link = attachSkLookup(program.program);
  assert.ok(program.during(() => sendDatagrams('127.0.0.1', 4242)) >= 3);
  const here = networkNamespace();
  const { programs } = namespacePrograms(here, AttachType.skLookup);
  here.close();
  assert.deepEqual(
    programs.map(({ programId }) => programId),
    [program.program.info().id],
  );
  link.close();
  assert.equal(
    program.during(() => sendDatagrams('127.0.0.1', 4242)),
    0,
  );
});

test('a socket filter keeps as much of each packet as it says', async (t) => {
  // The first 20 bytes of datagrams to port 4343, nothing of others: skb loads at fixed offsets.
  const loadHalf = (offset: number) => ({ opcode: 0x28, dst: 0, src: 0, offset: 0, imm: offset }) as const;
  using program = new CountingProgram(ProgramType.socketFilter, {
    body: [
      loadHalf(14 + 22),
      asm.jumpIfImm('jne', 0, 4343, 2),
      asm.mov64Imm(0, 20),
      asm.exit(),
      asm.mov64Imm(0, 0),
    ],
  });
  const packets = new PacketSocket(program.program, { interface: 'lo' });
  t.after(() => packets.close());
  assert.equal(packets.read(), undefined);
  sendDatagrams('127.0.0.1', 4342, 2);
  sendDatagrams('127.0.0.1', 4343, 1);
  const packet = packets.read();
  assert.equal(packet?.bytes.length, 20);
  assert.equal(Buffer.from(packet.bytes.subarray(12, 15)).toString('hex'), '080045');
  const seen: number[] = [];
  packets.onPacket(({ length }) => seen.push(length));
  sendDatagrams('127.0.0.1', 4343, 4);
  await waitUntil('packets from the event loop', () => seen.length >= 4);
  assert.ok(program.runs >= 7);
});

test('a choice among sockets that share a port fires, and needs such a socket', (t) => {
  // SK_DROP would lose them; SK_PASS without a choice lets the kernel choose.
  using program = new CountingProgram(ProgramType.skReuseport, {
    returns: 1,
    attachType: AttachType.skReuseportSelect,
  });
  const socket = openSocket(Family.ipv4, SocketType.datagram);
  t.after(() => socket.close());
  const early = refusal(() => attachReuseport(program.program, socket));
  assert.equal(early.code, 'invalid');
  assert.match(early.message, /SO_REUSEPORT/);
  setSocketOption(socket.number, SocketLevel.socket, SocketOption.reusePort, 1);
  bindSocket(socket.number, inetAddress('127.0.0.1', 4545));
  const link = attachReuseport(program.program, socket);
  assert.ok(program.during(() => sendDatagrams('127.0.0.1', 4545)) >= 3);
  assert.equal(receiveInto(socket.number, new Uint8Array(16), Message.dontWait), 4);
  link.close();
  assert.equal(
    program.during(() => sendDatagrams('127.0.0.1', 4545)),
    0,
  );
});

for (const [direction, type] of [
  ['out', ProgramType.lwtOut],
  ['xmit', ProgramType.lwtXmit],
] as const) {
  test(`a program of a route fires on ${direction}`, { skip: needsVeth }, (t) => {
    const { name } = pair(t);
    using program = new CountingProgram(type, { returns: 0 });
    let link: AttachedLink;
    const options = { destination: '10.99.0.0/16', interface: name, direction };
    try {
      link = attachLightweightTunnel(program.program, options);
    } catch (error) {
      if (error instanceof AttachError && error.code === 'unsupported') return t.skip('needs lwtunnel');
      throw error;
    }
    assert.ok(program.during(() => sendDatagrams('10.99.1.2', 9)) >= 3);
    assert.equal(refusal(() => attachLightweightTunnel(program.program, options)).code, 'inUse');
    link.close();
    assert.throws(() => sendDatagrams('10.99.1.2', 9), /ENETUNREACH/);
    link.close();
  });
}

test('a program of a route fires on what arrives and is passed on', { skip: needsVeth }, async (t) => {
  const [from, to] = [pair(t), pair(t)];
  using program = new CountingProgram(ProgramType.lwtIn, { returns: 0 });
  const destination = '10.99.0.0/16';
  let link: AttachedLink;
  try {
    link = attachLightweightTunnel(program.program, { destination, interface: to.name, direction: 'in' });
  } catch (error) {
    if (error instanceof AttachError && error.code === 'unsupported') return t.skip('needs lwtunnel');
    throw error;
  }
  // This namespace passes on, and answers for the network that lies behind it.
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  writeFileSync(`/proc/sys/net/ipv4/conf/${from.name}/proxy_arp`, '1');
  inNetwork(from.other, () => addAddress(from.peer, '10.99.0.1', 16));
  await waitUntil('the program of the route', () => {
    inNetwork(from.other, () => sendDatagrams('10.99.1.2', 9));
    return program.runs > 0;
  });
  link.close();
});

test('a link is pinned, opened again by path and id, and outlives its handle', {
  skip: needsVeth,
}, async (t) => {
  const { name, ping } = pair(t);
  using program = new CountingProgram(ProgramType.xdp, { returns: pass });
  const folder = `${bpffs()}/bpfkit-test-${process.pid}`;
  mkdirSync(folder);
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const link = attachXdp(program.program, name);
  const { id } = link.describe();
  link.pin(`${folder}/link`);
  link.close();
  assert.ok(program.during(ping) > 0, 'the pin does not hold it');
  const pinned = openPinnedLink(`${folder}/link`);
  assert.equal(pinned.kind, 'xdp');
  assert.equal(pinned.target, name);
  assert.equal(pinned.describe().id, id);
  const byId = openLink(id);
  assert.equal(byId.info().programId, program.program.info().id);
  byId.close();
  pinned.close();
  unpin(`${folder}/link`);
  // The file's last reference is given back a grace period later.
  await waitUntil('the link to be gone', () => program.during(ping) === 0);
  await waitUntil('its id to be gone', () => {
    try {
      openLink(id).close();
      return false;
    } catch (error) {
      assert.match(String(error), /ENOENT/);
      return true;
    }
  });
});
