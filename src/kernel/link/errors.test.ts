import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SysError } from '../../sys/errors.ts';
import { Fd } from '../../sys/fd.ts';
import { withFakeSys } from '../../sys/syscall.ts';
import { attachFailed } from './errors.ts';
import { attachIterator } from './iterator.ts';
import { AttachedLink, closeAll } from './link.ts';
import { attachPerfEvent } from './perf-event.ts';
import { readProbeType } from './pmu.ts';
import { attachRawTracepoint } from './raw-tracepoint.ts';
import { attachTracing } from './tracing.ts';
import { uprobeName } from './uprobe.ts';

const program = { name: 'p', fd: Fd.own(1000, 'a program that is not there') };

test('an errno becomes the sentence of its kind', () => {
  const say = (kind: Parameters<typeof attachFailed>[0]['kind'], errno: number): string =>
    attachFailed({ kind, program: 'p', target: 'f' }, new SysError('x', errno)).message;
  assert.match(say('kprobe', 2), /ENOENT: the kernel has no function of this name/);
  assert.match(say('kretprobe', 99), /EADDRNOTAVAIL: several functions have this name/);
  assert.match(say('tracing', 524), /ENOTSUPP: the kernel has no trampolines \(524\)/);
  assert.match(say('tracing', 16), /EBUSY: another kind of tracer/);
  assert.match(say('uprobeMulti', 2), /ENOENT: there is no such file/);
  assert.match(say('cgroup', 1), /EPERM: the process may not; CAP_BPF/);
  assert.match(say('xdp', 4711), /errno 4711: the kernel refused/);
});

test('near names are asked for only when a name was not found', () => {
  let asked = 0;
  const suggest = (): string[] => {
    asked++;
    return ['do_exit', 'do_exec'];
  };
  const what = { kind: 'kprobe', program: 'p', target: 'do_exi' } as const;
  const error = attachFailed(what, new SysError('perf_event_open', 2), suggest);
  assert.equal(
    error.message,
    'attach "p" to kprobe do_exi: ENOENT: the kernel has no function of this name, or none that can be probed; ' +
      'did you mean do_exit or do_exec?',
  );
  attachFailed(what, new SysError('perf_event_open', 1), suggest);
  assert.equal(asked, 1);
});

test('attach functions turn what the kernel refuses into AttachError', () => {
  const refuse = (errno: number, run: () => unknown): unknown => withFakeSys(() => -errno, run);
  assert.throws(() => refuse(22, () => attachTracing(program, { target: 'f' })), {
    name: 'AttachError',
    code: 'invalid',
  });
  assert.throws(
    () => refuse(22, () => attachTracing(program, { target: 'f', cookie: { value: 1n, attachType: 23 } })),
    { code: 'unsupported', message: /no cookies/ },
  );
  assert.throws(() => refuse(1, () => attachRawTracepoint(program, 'sys_enter')), { code: 'notPermitted' });
  assert.throws(() => refuse(3, () => attachIterator(program, { target: 'task' })), { code: 'notFound' });
});

test('a profile that cannot be opened on one CPU leaves nothing open on the others', () => {
  const open = new Set<number>();
  let next = 100;
  assert.throws(
    () =>
      withFakeSys(
        ({ name, args, bpf }) => {
          if (name === 'perf_event_open') {
            if (args[2] === 2) return -19;
            open.add(next);
            return next++;
          }
          if (bpf !== undefined) {
            open.add(next);
            return next++;
          }
          if (name === 'close') open.delete(Number(args[0]));
          return 0;
        },
        () => attachPerfEvent(program, { frequency: 99, cpus: [0, 1, 2] }),
      ),
    { name: 'AttachError', errno: 'ENODEV' },
  );
  assert.deepEqual([...open], []);
});

test('a kernel without perf links gets the program by ioctl', () => {
  const calls: string[] = [];
  const link = withFakeSys(
    ({ name, bpf }) => {
      calls.push(bpf?.command ?? name);
      if (name === 'perf_event_open') return 50;
      return bpf === undefined ? 0 : -22;
    },
    () => attachPerfEvent(program, { period: 1n, cpus: [0] }),
  );
  assert.deepEqual(calls, ['perf_event_open', 'linkCreatePerfEvent', 'ioctl', 'ioctl']);
  assert.deepEqual(link.info(), {
    kind: 'perfEvent',
    target: 'cpuClock every 1',
    program: 'p',
    id: 0,
    programId: 0,
  });
  withFakeSys(
    () => 0,
    () => link.close(),
  );
});

test('a frequency and a period together, or neither, are refused before the kernel sees them', () => {
  assert.throws(() => attachPerfEvent(program, {}), { code: 'invalid' });
  assert.throws(() => attachPerfEvent(program, { frequency: 99, period: 1n }), { code: 'invalid' });
  assert.throws(() => attachPerfEvent(program, { frequency: 0.5 }), { code: 'invalid' });
});

test('closing many runs what has to be tidied up, once each', async () => {
  let tidied = 0;
  const link = (slow: boolean): AttachedLink =>
    new AttachedLink({
      kind: 'kprobe',
      target: 'f',
      program: 'p',
      descriptors: [Fd.own(2000, 'a descriptor that is not there')],
      isLink: false,
      slow,
      afterwards: () => tidied++,
    });
  const links = [link(true), link(false), link(true)];
  await withFakeSys(
    () => 0,
    () => closeAll(links),
  );
  await closeAll(links);
  assert.equal(tidied, 3);
  assert.ok(links.every((each) => each.closed));
});

test('paths that are not text are shown escaped', () => {
  assert.equal(uprobeName('/bin/bash', 'readline', 16), '/bin/bash:readline');
  assert.equal(uprobeName(Uint8Array.of(0x2f, 0x1b, 0xff), undefined, 16), '/\\x1b\\xff+0x10');
});

test('a kernel without dynamic probes has no event type for them', () => {
  assert.equal(readProbeType('/sys/bus/event_source/devices/no-such-probe'), undefined);
});
