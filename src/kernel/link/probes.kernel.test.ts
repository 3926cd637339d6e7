/** Links on functions, probes and memory of a program that answers what it did. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { RunCounter } from '../../../test/support/counter.ts';
import { Observed, testPrograms } from '../../../test/support/programs.ts';
import { exit, mov64Imm } from '../../asm/build.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { ElfFile } from '../../elf/file.ts';
import { findFunctions } from '../../elf/functions.ts';
import { type UsdtNote, usdtNotes } from '../../elf/usdt.ts';
import { loadCollection } from '../collection.ts';
import { type FeatureName, feature } from '../feature/features.ts';
import { loadedFunctions, programFunctions } from '../program/functions.ts';
import { AttachType, ProgramType } from '../spec.ts';
import { kernelSymbols } from '../symbol/kernel-symbols.ts';
import { AttachError } from './errors.ts';
import { attachKprobe, attachKprobeAt } from './kprobe.ts';
import { attachKprobes } from './kprobe-multi.ts';
import type { AttachedLink } from './link.ts';
import { attachPerfEvent } from './perf-event.ts';
import { attachTracing } from './tracing.ts';
import { attachUprobe } from './uprobe.ts';
import { attachUprobes } from './uprobe-multi.ts';
import { attachWatchpoint } from './watchpoint.ts';

function lacks(t: TestContext, name: FeatureName, word: string): boolean {
  if (feature(name).answer === 'yes') return false;
  t.skip(`needs ${word}: the kernel has none`);
  return true;
}

const getppid = process.arch === 'x64' ? '__x64_sys_getppid' : '__arm64_sys_getppid';
const getpgid = process.arch === 'x64' ? '__x64_sys_getpgid' : '__arm64_sys_getpgid';

/** Node asks for the parent's number by the system call each time. */
function getppids(count: number): void {
  for (let i = 0; i < count; i++) process.ppid;
}

function refusal(attach: () => unknown): AttachError {
  try {
    attach();
  } catch (error) {
    assert.ok(error instanceof AttachError, String(error));
    return error;
  }
  return assert.fail('it was attached');
}

test('one link is on many kernel functions, with a cookie at each', (t) => {
  if (lacks(t, 'kprobeMulti', 'kprobe.multi')) return;
  using counter = new RunCounter(ProgramType.kprobe, {
    attachType: AttachType.traceKprobeMulti,
    pid: process.pid,
    cookie: true,
  });
  using link = attachKprobes(counter.program, { symbols: [getpgid, getppid], cookies: [7n, 8n] });
  getppids(20);
  assert.equal(counter.taken(), 20);
  assert.equal(counter.cookie, 8n);
  link.close();
  getppids(20);
  assert.equal(counter.taken(), 0);
});

test('at return, and by address', (t) => {
  if (lacks(t, 'kprobeMulti', 'kprobe.multi')) return;
  const [symbol] = kernelSymbols().find(getppid);
  assert.ok(symbol && symbol.address > 0n);
  using counter = new RunCounter(ProgramType.kprobe, {
    attachType: AttachType.traceKprobeMulti,
    pid: process.pid,
  });
  using _ = attachKprobes(counter.program, { addresses: [symbol.address], atReturn: true });
  getppids(20);
  assert.equal(counter.taken(), 20);
});

test('a session runs at entry and at return', (t) => {
  if (lacks(t, 'kprobeSession', 'kprobe.session')) return;
  using counter = new RunCounter(ProgramType.kprobe, {
    attachType: AttachType.traceKprobeSession,
    pid: process.pid,
  });
  using _ = attachKprobes(counter.program, { symbols: [getppid], session: true });
  getppids(20);
  assert.equal(counter.taken(), 40);
});

test('functions that do not exist, and other mistakes, are refused in words', (t) => {
  if (lacks(t, 'kprobeMulti', 'kprobe.multi')) return;
  using counter = new RunCounter(ProgramType.kprobe, { attachType: AttachType.traceKprobeMulti });
  const attach = (target: Parameters<typeof attachKprobes>[1]) =>
    refusal(() => attachKprobes(counter.program, target));
  assert.equal(attach({ symbols: [getppid, 'no_such_function'] }).code, 'notFound');
  assert.equal(attach({ symbols: [] }).code, 'invalid');
  assert.match(attach({ symbols: ['a', 'a'] }).message, /named twice/);
  assert.match(attach({ symbols: ['a\0b'] }).message, /not the name of a function/);
  assert.match(attach({ symbols: ['a'], cookies: [1n, 2n] }).message, /2 cookies for 1 functions/);
});

test('a kprobe at an offset, in a module, and at an address', (t) => {
  if (lacks(t, 'kprobe', 'kprobe')) return;
  using counter = new RunCounter(ProgramType.kprobe, { pid: process.pid });
  const fires = (attach: () => AttachedLink): void => {
    using _ = attach();
    getppids(10);
    assert.equal(counter.taken(), 10);
  };
  const [symbol] = kernelSymbols().find(getppid);
  assert.ok(symbol);
  fires(() => attachKprobe(counter.program, getppid, { module: 'vmlinux' }));
  fires(() => attachKprobeAt(counter.program, symbol.address));
  fires(() => attachBehindStart((offset) => attachKprobe(counter.program, getppid, { offset })));
  const nowhere = refusal(() => attachKprobeAt(counter.program, 0x1000n));
  assert.ok(['notFound', 'invalid'].includes(nowhere.code), nowhere.message);
  const elsewhere = refusal(() => attachKprobe(counter.program, getppid, { module: 'no_such_module' }));
  assert.ok(['notFound', 'invalid'].includes(elsewhere.code), elsewhere.message);
});

/**
 * Functions begin with the call of ftrace, four or five bytes, and before it with a landing place of four where
 * indirect branches are tracked: the first offset that is the start of an instruction is taken.
 */
function attachBehindStart(attach: (offset: number) => AttachedLink): AttachedLink {
  for (const offset of [5, 9, 4, 8]) {
    try {
      return attach(offset);
    } catch (error) {
      assert.ok(error instanceof AttachError && error.errno === 'EILSEQ', String(error));
    }
  }
  return assert.fail('no offset is the start of an instruction');
}

test('a function of a BPF program is entered and left', (t) => {
  if (lacks(t, 'fentry', 'fentry')) return;
  const types = new BtfBuilder();
  const returns = types.int('int', 4, 'signed');
  const parameters = [{ name: 'ctx', type: types.pointer(0) }];
  const prototype = types.add({ kind: 'prototype', returns, parameters });
  const type = types.add({ kind: 'function', name: 'a_watched_program', prototype, linkage: 1 });
  using watched = loadCollection({
    btf: types.encode(),
    maps: [],
    programs: [
      {
        name: 'a_watched_program',
        type: ProgramType.socketFilter,
        instructions: [mov64Imm(0, 0), exit()],
        functions: [{ name: 'a_watched_program', slot: 0, type }],
      },
    ],
  });
  const program = watched.program('a_watched_program');
  const found = programFunctions(program.info().id);
  assert.deepEqual(
    found.map(({ name }) => name),
    ['a_watched_program'],
  );
  assert.ok(loadedFunctions().some(({ programId }) => programId === program.info().id));
  for (const attachType of [AttachType.traceFentry, AttachType.traceFexit]) {
    using counter = new RunCounter(ProgramType.tracing, {
      attachType,
      attachBtfId: found[0]!.btfId,
      targetFd: program.fd.number,
    });
    using _ = attachTracing(counter.program, { target: 'a_watched_program' });
    for (let i = 0; i < 5; i++) program.testRun({ data: new Uint8Array(64) });
    assert.equal(counter.taken(), 5);
  }
});

function offsetOf(path: string, name: string): number {
  const [found] = findFunctions(ElfFile.open(readFileSync(path)), name);
  assert.ok(found, name);
  return found.fileOffset;
}

test('uprobes in one process and in all, on several functions by one link', async (t) => {
  if (lacks(t, 'uprobeMulti', 'uprobe.multi')) return;
  const { probed } = testPrograms();
  using observed = new Observed(probed);
  using other = new Observed(probed);
  using counter = new RunCounter(ProgramType.kprobe, {
    attachType: AttachType.traceUprobeMulti,
    cookie: true,
  });
  const places = ['outer', 'middle', 'leaf'].map((symbol, i) => ({
    offset: offsetOf(probed, symbol),
    symbol,
    cookie: BigInt(i + 1),
  }));
  {
    using _ = attachUprobes(counter.program, { path: probed, places, pid: observed.pid });
    await observed.ask('calls 10');
    await other.ask('calls 10');
    assert.equal(counter.taken(), 30);
    assert.equal(counter.cookie, 3n);
  }
  {
    using _ = attachUprobes(counter.program, { path: probed, places, atReturn: true });
    await observed.ask('calls 10');
    await other.ask('calls 10');
    assert.equal(counter.taken(), 60);
    // Left last.
    assert.equal(counter.cookie, 1n);
  }
});

function noteOf(path: string, name: string): UsdtNote {
  const note = [...usdtNotes(ElfFile.open(readFileSync(path)))].find((each) => each.name === name);
  assert.ok(note?.fileOffset !== undefined, name);
  return note;
}

test('a semaphore is raised while somebody is attached, in one process or in all', async (t) => {
  if (lacks(t, 'uprobe', 'uprobe')) return;
  const { probed } = testPrograms();
  const note = noteOf(probed, 'guarded');
  const target = { path: probed, offset: note.fileOffset!, semaphoreOffset: note.semaphoreOffset! };
  using observed = new Observed(probed);
  using other = new Observed(probed);
  using counter = new RunCounter(ProgramType.kprobe);
  assert.equal(await observed.ask('usdt 5'), '0');
  const check = async (attach: () => AttachedLink, otherOn: boolean): Promise<void> => {
    const link = attach();
    assert.equal(await observed.ask('usdt 5'), '5');
    assert.equal(await other.ask('usdt 5'), otherOn ? '5' : '0');
    link.close();
    assert.equal(await observed.ask('usdt 5'), '0');
  };
  await check(() => attachUprobe(counter.program, target), true);
  assert.equal(counter.taken(), 10);
  await check(() => attachUprobe(counter.program, { ...target, pid: observed.pid }), false);
  assert.equal(counter.taken(), 5);
  if (feature('uprobeMulti').answer !== 'yes') return;
  using many = new RunCounter(ProgramType.kprobe, { attachType: AttachType.traceUprobeMulti });
  const places = [{ offset: target.offset, semaphoreOffset: target.semaphoreOffset }];
  await check(() => attachUprobes(many.program, { path: probed, places }), true);
  await check(() => attachUprobes(many.program, { path: probed, places, pid: observed.pid }), false);
  assert.equal(many.taken(), 15);
});

test('a process that starts later has its semaphore raised', async (t) => {
  if (lacks(t, 'uprobe', 'uprobe')) return;
  const { library, probed } = testPrograms();
  const note = noteOf(library, 'work');
  using counter = new RunCounter(ProgramType.kprobe);
  using _ = attachUprobe(counter.program, {
    path: library,
    offset: note.fileOffset!,
    semaphoreOffset: note.semaphoreOffset!,
  });
  using observed = new Observed(probed);
  // The library doubles what it answers while its semaphore is up.
  assert.equal(await observed.ask('library 2'), '14');
  assert.equal(counter.taken(), 2);
});

test('a watchpoint sees the writes of all threads of a process', async () => {
  const { probed } = testPrograms();
  using observed = new Observed(probed);
  const address = BigInt(await observed.ask('address watched'));
  using counter = new RunCounter(ProgramType.perfEvent);
  let link: AttachedLink;
  try {
    link = attachWatchpoint(counter.program, { address, length: 8, mode: 'w', pid: observed.pid });
  } catch (error) {
    // Emulated machines may have no debug registers; then the kernel says so.
    assert.ok(error instanceof AttachError && error.code === 'unsupported', String(error));
    return;
  }
  await observed.ask('watched 12');
  assert.equal(counter.taken(), 12);
  link.close();
  await observed.ask('watched 12');
  assert.equal(counter.taken(), 0);
});

test('a watchpoint on code fires before it runs', async () => {
  const { probed } = testPrograms();
  using observed = new Observed(probed);
  const address = BigInt(await observed.ask('address leaf'));
  using counter = new RunCounter(ProgramType.perfEvent);
  const attach = () =>
    attachWatchpoint(counter.program, { address, length: 8, mode: 'x', pid: observed.pid });
  let link: AttachedLink;
  try {
    link = attach();
  } catch (error) {
    assert.ok(error instanceof AttachError && error.code === 'unsupported', String(error));
    return;
  }
  await observed.ask('calls 7');
  assert.equal(counter.taken(), 7);
  link.close();
});

test('mistakes about watchpoints are refused in words', () => {
  using counter = new RunCounter(ProgramType.perfEvent);
  const attach = (address: bigint, mode: string, pid?: number) =>
    refusal(() =>
      attachWatchpoint(counter.program, { address, length: 8, mode, ...(pid === undefined ? {} : { pid }) }),
    );
  assert.match(attach(0x1001n, 'w').message, /not a multiple of 8/);
  assert.match(attach(0x1000n, 'q').message, /no combination/);
  assert.equal(attach(0x1000n, 'w', 0x3fffff).code, 'notFound');
});

test('a clock of one process counts in all of its threads', async () => {
  const { probed } = testPrograms();
  using observed = new Observed(probed);
  using counter = new RunCounter(ProgramType.perfEvent);
  using _ = attachPerfEvent(counter.program, { frequency: 500, pid: observed.pid });
  await observed.ask('spin 200');
  const runs = counter.taken();
  assert.ok(runs > 10, `${runs} samples`);
  // Nothing of anybody else.
  const until = performance.now() + 100;
  while (performance.now() < until);
  assert.ok(counter.taken() < 5);
});

test('threads that were there, and those that come, are counted', async () => {
  const { probed } = testPrograms();
  using observed = new Observed(probed);
  // Many, since a busy machine gives each of them little.
  await observed.ask('threads 24');
  using counter = new RunCounter(ProgramType.perfEvent);
  using link = attachPerfEvent(counter.program, { frequency: 500, pid: observed.pid });
  // The first thread only waits for the others.
  await observed.ask('x');
  const there = counter.taken();
  assert.ok(there > 10, `${there} samples`);
  await observed.ask('threads 24');
  await observed.ask('x');
  const later = counter.taken();
  assert.ok(later > 10, `${later} samples`);
  link.close();
});
