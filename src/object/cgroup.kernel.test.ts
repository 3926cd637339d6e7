/** Every SEC name of control groups: attached by that name to a group that this process is in, and seen to run there. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { saw, testOfTable } from '../../test/support/kinds-seen.ts';
import { enterNewNetwork } from '../../test/support/network.ts';
import { NetworkObject } from '../../test/support/network-object.ts';
import { converse, datagram, tcp, unixConversation } from '../../test/support/traffic.ts';
import { waitUntil } from '../../test/support/wait.ts';
import { feature } from '../kernel/feature/features.ts';
import { olderThan } from '../kernel/feature/release.ts';
import { attachCgroup } from '../kernel/link/cgroup.ts';
import { cgroup2 } from '../kernel/mounts.ts';
import { AttachType } from '../kernel/spec.ts';
import { SocketLevel, setSocketOption, socketCookie } from '../sys/socket.ts';

const root = cgroup2();
const skip = root === undefined ? 'needs cgroup2: not mounted' : false;
const group = `${root}/bpfkit-object-${process.pid}`;
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

const v4 = (): void => converse('127.0.0.1');
const v6 = (): void => converse('::1');
const datagram4 = (): void => datagram('127.0.0.1');
const datagram6 = (): void => datagram('::1');
const unixHooks = ['cgroup unix hooks', '6.7'] as const;

function onSocket(use: (socket: number) => void): () => void {
  return () => {
    const socket = tcp();
    use(socket.number);
    socket.close();
  };
}

const programs: readonly (readonly [string, () => void, (readonly [string, string])?])[] = [
  ['sockops', v4],
  ['cgroup_ingress', v4],
  ['cgroup_egress', v4],
  ['sock', v4],
  ['sock_create', v4],
  ['sock_release', v4],
  ['post_bind4', v4],
  ['post_bind6', v6],
  ['bind4', v4],
  ['bind6', v6],
  ['connect4', v4],
  ['connect6', v6],
  ['connect_unix', unixConversation, unixHooks],
  ['sendmsg4', datagram4],
  ['sendmsg6', datagram6],
  ['sendmsg_unix', unixConversation, unixHooks],
  ['recvmsg4', datagram4],
  ['recvmsg6', datagram6],
  ['recvmsg_unix', unixConversation, unixHooks],
  ['getpeername4', v4],
  ['getpeername6', v6],
  ['getpeername_unix', unixConversation, unixHooks],
  ['getsockname4', v4],
  ['getsockname6', v6],
  ['getsockname_unix', unixConversation, unixHooks],
  ['sysctl', () => void readFileSync('/proc/sys/kernel/ostype')],
  ['getsockopt', onSocket((socket) => void socketCookie(socket))],
  // SO_REUSEADDR
  ['setsockopt', onSocket((socket) => setSocketOption(socket, SocketLevel.socket, 2, 1))],
  ['device', () => void readFileSync('/dev/null')],
];

for (const [program, act, since] of programs) {
  test(`${program} sees what a process of its group does`, { skip }, async (t) => {
    if (since !== undefined && olderThan(since[1])) return t.skip(`needs ${since[0]}`);
    using object = new NetworkObject(program);
    await object.fires('cgroup', { cgroup: group }, act);
  });
}

test('a program that names no direction is told one by the typed call', { skip }, async () => {
  using object = new NetworkObject('any_packet');
  const loaded = object.programs.any_packet!;
  assert.throws(() => loaded.attach({ cgroup: group }), /not attached by themselves/);
  const link = attachCgroup(loaded.program, group, { attachType: AttachType.cgroupInetIngress });
  await waitUntil('the program to run', () => {
    v4();
    return object.runs > 0;
  });
  saw(loaded.spec.section);
  link.close();
  const before = object.runs;
  v4();
  assert.equal(object.runs, before);
});

test('lsm_cgroup sees what a process of its group does', { skip }, async (t) => {
  if (olderThan('6.0')) return t.skip('needs lsm_cgroup');
  if (feature('lsm').answer !== 'yes') return t.skip('needs lsm');
  using object = new NetworkObject('lsm_cgroup');
  await object.fires('lsmCgroup', { cgroup: group }, v4);
});

test('what belongs to no group is refused by name', { skip }, () => {
  using object = new NetworkObject('connect4');
  assert.throws(
    () => object.programs.connect4!.attach({ cgroup: '/tmp' }),
    /no directory of a cgroup2 file system/,
  );
});

if (root !== undefined) testOfTable('cgroup');
