import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SysError } from '../../sys/errors.ts';
import { Fd } from '../../sys/fd.ts';
import { attribute, concat } from '../../sys/netlink.ts';
import { type FakeSys, type SysCall, withFakeSys } from '../../sys/syscall.ts';
import { AttachError, attachFailed, placeTaken } from './errors.ts';
import type { LinkKind } from './link.ts';
import { attachNetfilter } from './netfilter.ts';
import { attachReuseport, attachSocketFilter } from './socket-filter.ts';
import { attachTcx } from './tcx.ts';
import { attachXdp } from './xdp.ts';

const program = { name: 'p', fd: Fd.own(1000, 'a program that is not there') };

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof AttachError, String(error));
    return error.message;
  }
  throw new Error('nothing was thrown');
}

/** A kernel with one interface, `eth0` of number 3, that refuses bpf(2) with an errno. */
function machine(errno: number): FakeSys {
  let answers: Uint8Array[] = [];
  const message = (type: number, body: Uint8Array, sequence: number): Uint8Array => {
    const bytes = new Uint8Array((16 + body.length + 3) & ~3);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, 16 + body.length, true);
    view.setUint16(4, type, true);
    view.setUint32(8, sequence, true);
    bytes.set(body, 16);
    return bytes;
  };
  return ({ name, args }: SysCall) => {
    switch (name) {
      case 'bpf':
        return -errno;
      case 'socket':
        return 70;
      case 'sendto': {
        const sent = Buffer.from(args[1] as Uint8Array);
        const sequence = sent.readUInt32LE(8);
        const head = new Uint8Array(16);
        new DataView(head.buffer).setInt32(4, 3, true);
        const link = message(16, concat([head, attribute(3, 'eth0')]), sequence);
        const good = sent.length === 32 || sent.includes('eth0\0') || sent.readInt32LE(20) === 3;
        answers = good
          ? [concat([link, message(2, new Uint8Array(20), sequence)])]
          : [
              message(
                2,
                new Uint8Array([...new Uint8Array(Int32Array.of(-19).buffer), ...new Uint8Array(16)]),
                sequence,
              ),
            ];
        return sent.length;
      }
      case 'recvfrom': {
        const [next] = answers;
        if (next === undefined) return -11;
        const into = args[1] as Uint8Array;
        into.set(next.subarray(0, into.length));
        if (into.length > 1) answers = [];
        return next.length;
      }
      default:
        return 0;
    }
  };
}

test('every refusal of a network kind is a sentence', () => {
  const cases: readonly (readonly [number, RegExp])[] = [
    [1, /attach "p" to xdp eth0: EPERM: the process may not; CAP_BPF and CAP_NET_ADMIN are needed/],
    [16, /attach "p" to xdp eth0: EBUSY: the interface has an XDP program/],
    [19, /ENODEV: the interface is gone/],
    [95, /EOPNOTSUPP: its driver cannot do this; generic mode runs on every interface/],
    [34, /ERANGE: packets of this interface do not fit one page: load the program with frags/],
  ];
  for (const [errno, wanted] of cases) {
    assert.match(
      messageOf(() => withFakeSys(machine(errno), () => attachXdp(program, 'eth0'))),
      wanted,
    );
  }
  const tcx = (errno: number): string =>
    messageOf(() => withFakeSys(machine(errno), () => attachTcx(program, 3, { direction: 'egress' })));
  assert.match(tcx(116), /attach "p" to tcx 3 egress: .*the revision is another/);
  assert.match(tcx(2), /not attached there/);
  const options = { family: 'ipv4', hook: 'input', priority: 1 } as const;
  assert.match(
    messageOf(() => withFakeSys(machine(16), () => attachNetfilter(program, options))),
    /netfilter ipv4 input priority 1: EBUSY: another program has this priority there: give another$/,
  );
});

test('an interface that is not there is named with those that are', () => {
  const message = messageOf(() => withFakeSys(machine(0), () => attachXdp(program, 'eth1')));
  assert.equal(
    message,
    'attach "p" to xdp eth1: there is no such interface in this network namespace; did you mean eth0?',
  );
});

test('socket options say what the socket lacks', () => {
  const refuse = (errno: number, run: () => unknown): string =>
    messageOf(() => withFakeSys(() => -errno, run));
  assert.match(
    refuse(88, () => attachSocketFilter(program, 5)),
    /socket 5: .*the descriptor is no socket/,
  );
  assert.match(
    refuse(22, () => attachReuseport(program, 5)),
    /EINVAL: the socket does not share its port/,
  );
});

test('a kernel of before a kind’s time is told by the release that brought it', () => {
  const kinds: readonly LinkKind[] = ['tcx', 'netkit', 'netfilter', 'xdp', 'cgroup', 'skLookup', 'structOps'];
  for (const kind of kinds) {
    const what = { kind, program: 'p', target: 't' };
    const error = attachFailed(what, new SysError('BPF_LINK_CREATE', 22));
    // On this kernel it is new enough, or the sentence names the release.
    if (error.code === 'unsupported') assert.match(error.message, /has no .*: Linux \d+\.\d+ brought them/);
    else assert.equal(error.errno, 'EINVAL');
  }
});

test('who holds a place is part of the sentence, and of it only when it is known', () => {
  const what = { kind: 'xdp', program: 'p', target: 'eth0' } as const;
  const cause = new SysError('BPF_LINK_CREATE', 16);
  assert.equal(
    placeTaken(what, cause, 'it is held by program 7 "lb" (link 3)').message,
    'attach "p" to xdp eth0: EBUSY: the interface has an XDP program; it is held by program 7 "lb" (link 3)',
  );
  assert.equal(placeTaken(what, cause, '').code, 'inUse');
  assert.match(placeTaken(what, cause, '').message, /has an XDP program$/);
});

test('the kernel’s own sentence is kept', () => {
  const error = attachFailed(
    { kind: 'tc', program: 'p', target: 'eth0 ingress' },
    new SysError(
      'netlink RTM_NEWTFILTER',
      22,
      undefined,
      'Specified filter kind does not match existing one',
    ),
  );
  assert.match(
    error.message,
    /of another kind has this priority \("Specified filter kind does not match existing one"\)$/,
  );
});
