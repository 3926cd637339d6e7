/** The kernel's types, and a program with its maps once they are there: fresh processes, beside C with libbpf. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asModule, compileC, runForJson } from '../children.ts';
import { below, type Row } from '../report.ts';
import { type Measure, type Options, rounds } from './measure.ts';

async function btf(options: Options, found: ReadonlySet<string>): Promise<Row[]> {
  const script = asModule('bench/children/btf.ts');
  const c = found.has('gcc') ? compileC('btf_index') : undefined;
  const ours = { time: [] as number[], memory: [] as number[] };
  const theirs = { time: [] as number[], memory: [] as number[] };
  for (const _ of rounds(options, 9)) {
    const own = runForJson(process.execPath, [script]);
    ours.time.push(own.milliseconds!);
    ours.memory.push(own.megabytes!);
    if (c === undefined) continue;
    const other = runForJson(c, []);
    if (other.id !== own.id) throw new Error(`libbpf finds type ${other.id}, bpfkit ${own.id}`);
    theirs.time.push(other.milliseconds!);
    theirs.memory.push(other.megabytes!);
  }
  const against = 'libbpf, C';
  return [
    {
      what: "index of the kernel's BTF, task_struct found",
      unit: 'ms',
      ours: ours.time,
      original: c === undefined ? undefined : theirs.time,
      against,
      goal: below(20, 'ms'),
    },
    {
      what: 'its memory beyond the file',
      unit: 'MB',
      ours: ours.memory,
      original: c === undefined ? undefined : theirs.memory,
      against,
      goal: below(15, 'MB'),
    },
  ];
}

async function load(options: Options, found: ReadonlySet<string>): Promise<Row[]> {
  const script = asModule('bench/children/load.ts');
  const c = found.has('gcc') ? compileC('load') : undefined;
  const folder = mkdtempSync(join(tmpdir(), 'bpfkit-bench-'));
  const code = join(folder, 'program');
  const [ours, theirs]: [number[], number[]] = [[], []];
  try {
    for (const _ of rounds(options, 9)) {
      const own = runForJson(process.execPath, [script, code]);
      if (own.instructions !== 100) throw new Error(`the program has ${own.instructions} instructions`);
      ours.push(own.milliseconds!);
      if (c !== undefined) theirs.push(runForJson(c, [code]).milliseconds!);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return [
    {
      what: '100 instructions and two maps loaded',
      unit: 'ms',
      ours,
      original: c === undefined ? undefined : theirs,
      against: 'libbpf, C',
      goal: below(15, 'ms'),
    },
  ];
}

export const btfIndex: Measure = { name: 'btf', compares: ['gcc'], run: btf };
export const programLoad: Measure = { name: 'load', compares: ['gcc'], run: load };
