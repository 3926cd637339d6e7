import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CountingProgram } from '../../../test/support/counting-program.ts';
import { PerfSoftware } from '../../sys/perf.ts';
import { olderThan } from '../feature/release.ts';
import { AttachType, ProgramType } from '../spec.ts';
import type { LinkDescription } from './describe.ts';
import { attachIterator } from './iterator.ts';
import { attachKprobes } from './kprobe-multi.ts';
import type { AttachedLink } from './link.ts';
import { openLink } from './open.ts';
import { attachPerfEvent } from './perf-event.ts';
import { placeText } from './place.ts';
import { attachRawTracepoint } from './raw-tracepoint.ts';
import { attachTracepoint } from './tracepoint.ts';
import { attachTracing } from './tracing.ts';
import { attachUretprobe } from './uprobe.ts';
import { attachUprobes } from './uprobe-multi.ts';

type Details = Omit<LinkDescription, 'id' | 'programId'>;

/** What is said of a link besides its ids, which are compared with the program's own and an opened copy. */
function said(
  program: CountingProgram,
  link: AttachedLink,
): { readonly details: Details; readonly place: string } {
  try {
    const description = link.describe();
    const { id, programId, ...details } = description;
    assert.equal(programId, program.program.info().id);
    const opened = openLink(id);
    assert.deepEqual(opened.describe(), description);
    // Tracepoints by their types are raw tracepoints to the kernel.
    assert.equal(opened.kind, description.type === 'rawTracepoint' ? 'rawTracepoint' : link.kind);
    opened.close();
    return { details, place: placeText(description) };
  } finally {
    link.close();
  }
}

/** Linux 6.6 and 6.9 began to say more about perf events. */
const silent = olderThan('6.6');
const cookieOf = (cookie: bigint): bigint => (olderThan('6.9') ? 0n : cookie);

test('a tracepoint is described by its name and cookie', () => {
  using program = new CountingProgram(ProgramType.tracepoint);
  const link = attachTracepoint(program.program, 'syscalls:sys_enter_getppid', { cookie: 7n });
  if (silent) {
    assert.deepEqual(link.describe().type, 'perfEvent');
    return link.close();
  }
  const { details, place } = said(program, link);
  assert.deepEqual(details, {
    type: 'perfEvent',
    event: { kind: 'tracepoint', name: 'sys_enter_getppid', cookie: cookieOf(7n) },
  });
  assert.equal(place, 'sys_enter_getppid');
});

test('a sampled event is described by its numbers', () => {
  using program = new CountingProgram(ProgramType.perfEvent);
  const options = { event: PerfSoftware.contextSwitches, period: 1_000n, cpus: [0] };
  const link = attachPerfEvent(program.program, options);
  if (silent) return link.close();
  assert.deepEqual(said(program, link).details, {
    type: 'perfEvent',
    event: { kind: 'event', eventType: 1, config: BigInt(PerfSoftware.contextSwitches), cookie: 0n },
  });
});

test('a return probe of a file is described by file and offset', () => {
  using program = new CountingProgram(ProgramType.kprobe);
  const link = attachUretprobe(program.program, { path: process.execPath, offset: 0x1000 });
  if (silent) return link.close();
  const { details, place } = said(program, link);
  assert.deepEqual(details, {
    type: 'perfEvent',
    event: { kind: 'uretprobe', file: process.execPath, offset: 0x1000, cookie: 0n, refCtrOffset: 0n },
  });
  assert.equal(place, `${process.execPath}+0x1000`);
});

test('many places of a file are described by all of them', (t) => {
  if (olderThan('6.8')) return t.skip('needs uprobe.multi: its info');
  using program = new CountingProgram(ProgramType.kprobe, { attachType: AttachType.traceUprobeMulti });
  const link = attachUprobes(program.program, {
    path: process.execPath,
    places: [
      { offset: 0x2000, cookie: 1n },
      { offset: 0x3000, cookie: 2n },
    ],
  });
  const { details, place } = said(program, link);
  assert.deepEqual(details, {
    type: 'uprobeMulti',
    path: process.execPath,
    offsets: [0x2000n, 0x3000n],
    refCtrOffsets: [0n, 0n],
    cookies: [1n, 2n],
    count: 2,
    return: false,
    pid: 0,
  });
  assert.equal(place, `${process.execPath}, 2 places`);
});

test('many functions of the kernel are described by their addresses', (t) => {
  let program: CountingProgram;
  let link: AttachedLink;
  try {
    program = new CountingProgram(ProgramType.kprobe, { attachType: AttachType.traceKprobeMulti });
    link = attachKprobes(program.program, { symbols: ['vfs_read', 'vfs_write'] });
  } catch (error) {
    return t.skip(`needs kprobe.multi: ${String(error).split('\n')[0]}`);
  }
  const { details, place } = said(program, link);
  assert.ok(details.type === 'kprobeMulti');
  assert.equal(place, '2 functions');
  program.close();
});

test('raw and BTF tracepoints, and iterators, are described by name', () => {
  using raw = new CountingProgram(ProgramType.rawTracepoint);
  const described = said(raw, attachRawTracepoint(raw.program, 'sys_exit'));
  assert.deepEqual(described, {
    details: { type: 'rawTracepoint', tracepoint: 'sys_exit', cookie: 0n },
    place: 'sys_exit',
  });
  using typed = new CountingProgram(ProgramType.tracing, {
    attachType: AttachType.traceRawTp,
    attachTarget: { kind: 'rawTracepoint', name: 'sched_switch' },
  });
  const { details, place } = said(typed, attachTracing(typed.program, { target: 'sched_switch' }));
  assert.equal(place, 'sched_switch');
  assert.deepEqual(details, { type: 'rawTracepoint', tracepoint: 'sched_switch', cookie: 0n });
  using walker = new CountingProgram(ProgramType.tracing, {
    attachType: AttachType.traceIter,
    attachTarget: { kind: 'iterator', name: 'bpf_map' },
  });
  const iterator = said(walker, attachIterator(walker.program, { target: 'bpf_map' }));
  assert.deepEqual(iterator, { details: { type: 'iterator', target: 'bpf_map' }, place: 'bpf_map' });
});
