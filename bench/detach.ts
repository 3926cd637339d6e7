/**
 * How long leaving takes: twenty links of a kind, closed in turn and by closeAll. Needs root.
 *
 *   node --import tsx bench/detach.ts
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as asm from '../src/asm/build.ts';
import { type AttachableProgram, type AttachedLink, closeAll } from '../src/kernel/link/link.ts';
import { attachPerfEvent } from '../src/kernel/link/perf-event.ts';
import { attachRawTracepoint } from '../src/kernel/link/raw-tracepoint.ts';
import { attachTracepoint } from '../src/kernel/link/tracepoint.ts';
import { attachUprobe } from '../src/kernel/link/uprobe.ts';
import { attachUprobes } from '../src/kernel/link/uprobe-multi.ts';
import { tracefs } from '../src/kernel/mounts.ts';
import { AttachType, ProgramType } from '../src/kernel/spec.ts';
import { makeProgram } from '../src/kernel/stream/bare.ts';
import { listTracepoints } from '../src/kernel/tracepoint/list.ts';

const count = 20;
/** A file that no process runs: probes in a program that runs would hit the middle of its instructions. */
const directory = mkdtempSync(join(tmpdir(), 'detach-bench-'));
const probed = join(directory, 'probed');
writeFileSync(probed, new Uint8Array(65_536));
const nothing = [asm.mov64Imm(0, 0), asm.exit()];
const syscalls = listTracepoints(tracefs()).filter((name) => name.startsWith('syscalls:sys_enter_'));

interface Kind {
  readonly name: string;
  readonly type: number;
  attach(program: AttachableProgram, index: number): AttachedLink;
}

const kinds: readonly Kind[] = [
  {
    name: 'tracepoint',
    type: ProgramType.tracepoint,
    attach: (program, i) => attachTracepoint(program, syscalls[i]!),
  },
  {
    name: 'raw tracepoint sys_enter',
    type: ProgramType.rawTracepoint,
    attach: (program) => attachRawTracepoint(program, 'sys_enter'),
  },
  {
    name: 'perf event',
    type: ProgramType.perfEvent,
    attach: (program) => attachPerfEvent(program, { frequency: 1 }),
  },
  {
    name: 'uprobe',
    type: ProgramType.kprobe,
    attach: (program, i) => attachUprobe(program, { path: probed, offset: 0x1000 + 64 * i }),
  },
];

const milliseconds = (since: number): string => `${(performance.now() - since).toFixed(1)} ms`.padStart(11);

for (const { name, type, attach } of kinds) {
  const program = makeProgram(type, nothing);
  try {
    let start = performance.now();
    const inTurn = Array.from({ length: count }, (_, i) => attach(program, i));
    const attached = milliseconds(start);
    start = performance.now();
    for (const link of inTurn) link.close();
    const closedInTurn = milliseconds(start);
    const together = Array.from({ length: count }, (_, i) => attach(program, i));
    start = performance.now();
    await closeAll(together);
    console.log(
      `${count} x ${name.padEnd(26)} attach ${attached}   in turn ${closedInTurn}   closeAll ${milliseconds(start)}`,
    );
  } catch (error) {
    console.log(`${name}: left out: ${String(error)}`);
  } finally {
    program.close();
  }
}

/** The same places by one link. */
function oneLinkForAll(): void {
  const program = makeProgram(ProgramType.kprobe, nothing, {}, { attachType: AttachType.traceUprobeMulti });
  try {
    const places = Array.from({ length: count }, (_, i) => ({ offset: 0x1000 + 64 * i }));
    let start = performance.now();
    const link = attachUprobes(program, { path: probed, places });
    const attached = milliseconds(start);
    start = performance.now();
    link.close();
    console.log(
      `${count} x ${'uprobe, one link'.padEnd(26)} attach ${attached}   closed  ${milliseconds(start)}`,
    );
  } finally {
    program.close();
  }
}

oneLinkForAll();
rmSync(directory, { recursive: true });
