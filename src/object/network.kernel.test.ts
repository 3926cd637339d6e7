/** Every SEC name of packets, sockets and control groups finds its way; that they fire is tested where links are made. */
import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync } from 'node:fs';
import { test } from 'node:test';
import { addPair, enterNewNetwork, hasInterfaceKind, up } from '../../test/support/network.ts';
import { objectBytes } from '../../test/support/objects.ts';
import { feature } from '../kernel/feature/features.ts';
import { olderThan } from '../kernel/feature/release.ts';
import type { LinkKind } from '../kernel/link/link.ts';
import { cgroup2 } from '../kernel/mounts.ts';
import { Family, openSocket, SocketType } from '../sys/socket.ts';
import type { AttachOptions } from './attach.ts';
import { type BpfObject, loadObject } from './object.ts';

enterNewNetwork();

interface Case {
  readonly program: string;
  readonly kind: LinkKind;
  readonly options?: AttachOptions;
  /** Name of what the kernel needs, and the release that brought it. */
  readonly since?: readonly [string, string];
}

const lo: AttachOptions = { interface: 'lo' };

const onNetwork: readonly Case[] = [
  { program: 'tcx_ingress', kind: 'tcx', options: lo, since: ['tcx', '6.6'] },
  { program: 'tc_egress', kind: 'tcx', options: { ...lo, order: 'first' }, since: ['tcx', '6.6'] },
  { program: 'classifier', kind: 'tc', options: { ...lo, direction: 'ingress' } },
  { program: 'xdp_frags', kind: 'xdp', options: { ...lo, mode: 'generic' }, since: ['xdp.frags', '5.18'] },
  { program: 'sk_lookup', kind: 'skLookup' },
  { program: 'flow_dissector', kind: 'flowDissector' },
  {
    program: 'netfilter',
    kind: 'netfilter',
    options: { netfilter: { family: 'ipv4', hook: 'input', priority: 7 } },
    since: ['netfilter', '6.4'],
  },
];

function load(program: string): BpfObject {
  return loadObject(objectBytes('network'), { file: 'network.bpf.o', programs: [program] });
}

function attaches({ program, kind }: Case, options: AttachOptions): void {
  using object = load(program);
  const link = object.programs[program]!.attach(options);
  assert.equal(link.kind, kind);
  link.close();
  // The place is free again.
  object.programs[program]!.attach(options).close();
}

for (const one of onNetwork) {
  test(`${one.program} attaches to a network`, (t) => {
    if (one.since !== undefined && olderThan(one.since[1])) return t.skip(`needs ${one.since[0]}`);
    attaches(one, one.options ?? {});
  });
}

test('netkit programs attach to both sides of a pair', (t) => {
  if (!hasInterfaceKind('netkit')) return t.skip('needs netkit');
  addPair('netkit', 'nk0', 'nk1');
  up('nk0');
  for (const program of ['netkit_primary', 'netkit_peer']) {
    attaches({ program, kind: 'netkit' }, { interface: 'nk0' });
  }
});

for (const program of ['stream_parser', 'stream_verdict', 'verdict', 'message']) {
  test(`${program} attaches to a sockmap`, (t) => {
    if (program === 'verdict' && olderThan('5.13')) return t.skip('needs sk_skb/verdict');
    using object = load(program);
    const link = object.programs[program]!.attach({ map: object.maps.sockets! });
    assert.equal(link.kind, 'sockmap');
  });
}

test('a socket filter attaches to a socket', () => {
  const socket = openSocket(Family.ipv4, SocketType.datagram);
  try {
    attaches({ program: 'socket_filter', kind: 'socketFilter' }, { socket });
  } finally {
    socket.close();
  }
});

const onGroups: readonly Case[] = [
  ...[
    'sockops',
    'cgroup_ingress',
    'sock_create',
    'sock_release',
    'post_bind4',
    'connect4',
    'getsockname6',
    'sysctl',
    'getsockopt',
    'setsockopt',
    'device',
  ].map((program): Case => ({ program, kind: 'cgroup' })),
  { program: 'connect_unix', kind: 'cgroup', since: ['cgroup unix hooks', '6.7'] },
  { program: 'lsm_cgroup', kind: 'lsmCgroup' },
];

test('programs of control groups attach to a directory', async (t) => {
  const root = cgroup2();
  if (root === undefined) return t.skip('needs cgroup2');
  const cgroup = `${root}/bpfkit-network-${process.pid}`;
  mkdirSync(cgroup);
  try {
    for (const one of onGroups) {
      await t.test(one.program, (inner) => {
        if (one.since !== undefined && olderThan(one.since[1])) return inner.skip(`needs ${one.since[0]}`);
        if (one.kind === 'lsmCgroup' && feature('lsm').answer !== 'yes') return inner.skip('needs lsm');
        attaches(one, { cgroup });
      });
    }
  } finally {
    rmdirSync(cgroup);
  }
});
