/** Instructions of the loaded programs, as the kernel translated them: ours beside bpftrace's on the same kernel. */
import { openProgram } from '../../src/kernel/program/program.ts';
import { heldPrograms, interrupt, startUntil } from '../children.ts';
import { pairs } from '../pairs.ts';
import { noSlower, type Row } from '../report.ts';
import type { Measure } from './measure.ts';

/** Sum over the programs, in instructions of 8 bytes; the program of BEGIN is left out. */
function instructionsOf(ids: readonly number[]): number {
  let sum = 0;
  for (const id of ids) {
    const program = openProgram(id);
    try {
      const { name, translatedSize } = program.info();
      if (name !== 'BEGIN') sum += translatedSize / 8;
    } finally {
      program.close();
    }
  }
  return sum;
}

async function ofBpftrace(source: string): Promise<number> {
  const words = ['-B', 'none', '-e', `BEGIN { printf("ready\\n"); } ${source}`];
  const { child, pid } = await startUntil('bpftrace', words, 'ready');
  try {
    return instructionsOf(heldPrograms(pid));
  } finally {
    await interrupt(child);
  }
}

async function run(_: unknown, found: ReadonlySet<string>): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { what, bpftrace, ours } of pairs) {
    const loaded = await ours.load();
    let own: number;
    try {
      own = instructionsOf(Object.values(loaded.programs).map(({ id }) => id));
    } finally {
      loaded.close();
    }
    const original = found.has('bpftrace') ? [await ofBpftrace(bpftrace)] : undefined;
    rows.push({ what, unit: 'instructions', ours: [own], original, against: 'bpftrace', goal: noSlower });
  }
  return rows;
}

export const instructions: Measure = { name: 'instructions', compares: ['bpftrace'], run };
