import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { type CountingOptions, CountingProgram } from '../../../test/support/counting-program.ts';
import { enterNewNetwork } from '../../../test/support/network.ts';
import { converse, datagram, tcp, unixConversation } from '../../../test/support/traffic.ts';
import * as asm from '../../asm/build.ts';
import { SysError } from '../../sys/errors.ts';
import {
  bindSocket,
  connectSocket,
  Family,
  inetAddress,
  listenOn,
  localPort,
  SocketLevel,
  setSocketOption,
  socketCookie,
} from '../../sys/socket.ts';
import { sys } from '../../sys/syscall.ts';
import { olderThan } from '../feature/release.ts';
import { cgroup2 } from '../mounts.ts';
import { cgroupHooks } from '../objects/hooks.ts';
import { AttachType, ProgramType } from '../spec.ts';
import { attachCgroup, attachLsmCgroup } from './cgroup.ts';
import { AttachError } from './errors.ts';
import { cgroupPrograms } from './query.ts';

const root = cgroup2();
const needsCgroup = root === undefined ? 'needs cgroup2: not mounted' : false;
/** A group of this test's own, with this process in it. */
const group = `${root}/bpfkit-test-${process.pid}`;
const home = `${root}${/^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/'}`;

if (root !== undefined) {
  enterNewNetwork();
  mkdirSync(group);
  writeFileSync(`${group}/cgroup.procs`, String(process.pid));
  after(() => {
    writeFileSync(`${home}/cgroup.procs`, String(process.pid));
    rmdirSync(group);
  });
}

type Kind = readonly [
  name: keyof typeof AttachType,
  type: (typeof ProgramType)[keyof typeof ProgramType],
  act: () => void,
  since?: string,
  options?: CountingOptions,
];

const { cgroupSkb, cgroupSock, cgroupSockAddr, sockOps, cgroupDevice, cgroupSysctl, cgroupSockopt } =
  ProgramType;
const v4 = (): void => converse('127.0.0.1');
const v6 = (): void => converse('::1');
/** A program on getsockopt must not answer with more than it was given room for. */
const noOption: CountingOptions = { body: [asm.mov64Imm(0, 1)] };

const kinds: readonly Kind[] = [
  ['cgroupInetIngress', cgroupSkb, v4],
  ['cgroupInetEgress', cgroupSkb, v4],
  ['cgroupInetSockCreate', cgroupSock, v4],
  ['cgroupInetSockRelease', cgroupSock, v4, '5.9'],
  ['cgroupInet4PostBind', cgroupSock, v4],
  ['cgroupInet6PostBind', cgroupSock, v6],
  ['cgroupInet4Bind', cgroupSockAddr, v4],
  ['cgroupInet6Bind', cgroupSockAddr, v6],
  ['cgroupInet4Connect', cgroupSockAddr, v4],
  ['cgroupInet6Connect', cgroupSockAddr, v6],
  ['cgroupUdp4Sendmsg', cgroupSockAddr, () => datagram('127.0.0.1')],
  ['cgroupUdp6Sendmsg', cgroupSockAddr, () => datagram('::1')],
  ['cgroupUdp4Recvmsg', cgroupSockAddr, () => datagram('127.0.0.1'), '5.2'],
  ['cgroupUdp6Recvmsg', cgroupSockAddr, () => datagram('::1'), '5.2'],
  ['cgroupInet4Getsockname', cgroupSockAddr, v4, '5.8'],
  ['cgroupInet6Getsockname', cgroupSockAddr, v6, '5.8'],
  ['cgroupUnixConnect', cgroupSockAddr, unixConversation, '6.7'],
  ['cgroupUnixSendmsg', cgroupSockAddr, unixConversation, '6.7'],
  ['cgroupUnixRecvmsg', cgroupSockAddr, unixConversation, '6.7'],
  ['cgroupUnixGetsockname', cgroupSockAddr, unixConversation, '6.7'],
  ['cgroupSockOps', sockOps, v4],
  ['cgroupDevice', cgroupDevice, () => void readFileSync('/dev/null')],
  ['cgroupSysctl', cgroupSysctl, () => void readFileSync('/proc/sys/kernel/ostype'), '5.2'],
  [
    'cgroupGetsockopt',
    cgroupSockopt,
    () => {
      const s = tcp();
      socketCookie(s.number);
      s.close();
    },
    '5.3',
    noOption,
  ],
  [
    'cgroupSetsockopt',
    cgroupSockopt,
    () => {
      const s = tcp();
      setSocketOption(s.number, SocketLevel.socket, 2, 1);
      s.close();
    },
    '5.3',
    noOption,
  ],
];

for (const [name, type, act, since = '4.10', options = {}] of kinds) {
  test(`${name} fires in its group`, { skip: needsCgroup }, (t) => {
    if (olderThan(since)) return t.skip(since === '6.7' ? 'needs cgroup unix hooks' : `needs ${name}`);
    const attachType = AttachType[name];
    using program = new CountingProgram(type, { returns: 1, ...options, attachType });
    const link = attachCgroup(program.program, group, { attachType });
    assert.ok(program.during(act) > 0, `${name} did not run`);
    const { cgroupId } = link.describe() as { cgroupId: bigint };
    assert.equal(cgroupId, statSync(group, { bigint: true }).ino);
    assert.deepEqual(
      cgroupPrograms(group, attachType).programs.map(({ programId }) => programId),
      [program.program.info().id],
    );
    link.close();
    assert.equal(program.during(act), 0);
    assert.deepEqual(cgroupPrograms(group, attachType).programs, []);
  });
}

test('programs of groups are listed where they were attached', { skip: needsCgroup }, () => {
  const attachType = AttachType.cgroupInet6Bind;
  using program = new CountingProgram(cgroupSockAddr, { returns: 1, attachType, name: 'listed' });
  const link = attachCgroup(program.program, group, { attachType });
  const place = group.slice(root!.length);
  const mine = [...cgroupHooks()].filter((one) => one.place === place);
  assert.deepEqual(
    mine.map(({ hook, name, programId }) => [hook, name, programId]),
    [['cgroup_inet6_bind', 'listed', program.program.info().id]],
  );
  link.close();
});

test('getpeername is seen, for both families', { skip: needsCgroup }, () => {
  for (const [address, attachType] of [
    ['127.0.0.1', AttachType.cgroupInet4Getpeername],
    ['::1', AttachType.cgroupInet6Getpeername],
  ] as const) {
    using program = new CountingProgram(cgroupSockAddr, { returns: 1, attachType });
    const link = attachCgroup(program.program, group, { attachType });
    const family = address.includes(':') ? Family.ipv6 : Family.ipv4;
    const [server, client] = [tcp(family), tcp(family)];
    bindSocket(server.number, inetAddress(address, 0));
    listenOn(server.number);
    connectSocket(client.number, inetAddress(address, localPort(server.number)));
    const peer = new Uint8Array(28);
    sys('getpeername', [client.number, peer, new Uint32Array([peer.length])]);
    assert.ok(program.runs > 0, address);
    server.close();
    client.close();
    link.close();
  }
});

test('a program that refuses has its way', { skip: needsCgroup }, () => {
  const attachType = AttachType.cgroupInet4Connect;
  using program = new CountingProgram(cgroupSockAddr, { returns: 0, attachType });
  const link = attachCgroup(program.program, group, { attachType });
  assert.throws(v4, (error: unknown) => error instanceof SysError && error.code === 'EPERM');
  link.close();
  v4();
});

test('without a link, the modes stand or refuse each other, and say who is there', {
  skip: needsCgroup,
}, () => {
  const attachType = AttachType.cgroupInetEgress;
  const make = (name: string): CountingProgram =>
    new CountingProgram(cgroupSkb, { returns: 1, attachType, name });
  using first = make('first');
  using second = make('second');
  const exclusive = attachCgroup(first.program, group, { attachType, legacy: 'exclusive' });
  assert.ok(first.during(v4) > 0);
  assert.equal(exclusive.isLink, false);
  assert.throws(
    () => attachCgroup(second.program, group, { attachType, legacy: 'multi' }),
    (error: unknown) => {
      assert.ok(error instanceof AttachError);
      assert.equal(error.code, 'inUse');
      assert.match(error.message, /stands no other; it is held by program \d+ "first"/);
      return true;
    },
  );
  exclusive.close();
  assert.equal(first.during(v4), 0);

  const one = attachCgroup(first.program, group, { attachType, legacy: 'multi' });
  const other = attachCgroup(second.program, group, { attachType });
  assert.ok(first.during(v4) > 0 && second.runs > 0);
  assert.equal(cgroupPrograms(group, attachType).programs.length, 2);
  using third = make('third');
  const replacing = attachCgroup(third.program, group, {
    attachType,
    legacy: 'multi',
    replace: first.program,
  });
  assert.equal(first.during(v4), 0);
  assert.ok(third.runs > 0);
  for (const link of [one, other, replacing]) link.close();
  assert.deepEqual(cgroupPrograms(group, attachType).programs, []);
});

test('a group’s programs stand in the order that was asked for', { skip: needsCgroup }, (t) => {
  if (olderThan('6.17')) return t.skip('needs cgroup order');
  const attachType = AttachType.cgroupInetEgress;
  using a = new CountingProgram(cgroupSkb, { returns: 1, attachType });
  using b = new CountingProgram(cgroupSkb, { returns: 1, attachType });
  const last = attachCgroup(a.program, group, { attachType });
  const first = attachCgroup(b.program, group, { attachType, order: { before: last } });
  assert.deepEqual(
    cgroupPrograms(group, attachType).programs.map(({ programId }) => programId),
    [b.program.info().id, a.program.info().id],
  );
  last.close();
  first.close();
});

test('what is no control group is refused by name', { skip: needsCgroup }, () => {
  const attachType = AttachType.cgroupInetEgress;
  using program = new CountingProgram(cgroupSkb, { returns: 1, attachType });
  for (const [path, words] of [
    ['/tmp', /\/tmp is no directory of a cgroup2 file system/],
    [`${root}/not-there`, /there is no such control group/],
    [`${group}x`, new RegExp(`there is no such control group; did you mean .*${group}`)],
    [`${group}/cgroup.procs`, /ENOTDIR/],
  ] as const) {
    assert.throws(() => attachCgroup(program.program, path, { attachType }), words);
  }
});

test('an LSM hook for one group fires', { skip: needsCgroup }, (t) => {
  let program: CountingProgram;
  try {
    program = new CountingProgram(ProgramType.lsm, {
      returns: 1,
      attachType: AttachType.lsmCgroup,
      attachTarget: { kind: 'lsm', name: 'socket_bind' },
    });
  } catch (error) {
    return t.skip(`needs lsm: ${String(error).split('\n')[0]}`);
  }
  const link = attachLsmCgroup(program.program, group);
  assert.ok(program.during(v4) > 0);
  const { id: _, programId: __, ...rest } = link.describe();
  assert.deepEqual(rest, {
    type: 'cgroup',
    cgroupId: statSync(group, { bigint: true }).ino,
    attachType: AttachType.lsmCgroup,
  });
  link.close();
  assert.equal(program.during(v4), 0);
  program.close();
});
