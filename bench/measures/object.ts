/** C objects and packages beside libbpf: opening and loading twenty programs, and a whole tool from start to attached. */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { asModule, compileC, interrupt, peakMemory, root, runForJson, startUntil } from '../children.ts';
import { below, type Row } from '../report.ts';
import { type Measure, type Options, rounds } from './measure.ts';

const command = join(root, 'dist/bpfkit.cjs');
const made = join(root, '.build', 'bench');

const within2: NonNullable<Row['goal']> = {
  text: 'within 2 times',
  reached: (ours, original) => original !== undefined && ours <= 2 * original,
};

function build(source: string, ...more: string[]): string {
  const name = source.replace(/^.*\//, '').replace(/\.bpf\.c$/, '');
  const folder = join(made, `${name}.package`);
  const words = [command, 'build', join(root, source), ...more.map((path) => join(root, path)), '-o', folder];
  execFileSync(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  return join(folder, `${name}.bpf.o`);
}

async function run(options: Options): Promise<Row[]> {
  const twenty = build('bench/c/twenty.bpf.c');
  const inC = compileC('object');
  const child = asModule('bench/children/object.ts');
  const ours = { open: [] as number[], load: [] as number[] };
  const theirs = { open: [] as number[], load: [] as number[] };
  for (const _ of rounds(options, 9)) {
    for (const [times, words] of [
      [ours, [process.execPath, child, twenty]],
      [theirs, [inC, twenty]],
    ] as const) {
      const { open, load } = runForJson(words[0]!, words.slice(1));
      times.open.push(open!);
      times.load.push(load!);
    }
  }
  const object = build('examples/c/exitsnoop.bpf.c', 'examples/c/exitsnoop.h');
  const tool = compileC('exitsnoop');
  const start = { ours: [] as number[], theirs: [] as number[] };
  const memory: number[] = [];
  const packaged = join(object, '..', 'package.json');
  for (const _ of rounds(options, 9)) {
    const own = await startUntil(process.execPath, [command, 'run', packaged], 'TIME');
    start.ours.push(own.milliseconds);
    memory.push(peakMemory(own.pid));
    await interrupt(own.child);
    const other = await startUntil(tool, [object], 'TIME');
    start.theirs.push(other.milliseconds);
    await interrupt(other.child);
  }
  const against = 'libbpf, C';
  return [
    { what: 'object of 20 programs: open', unit: 'ms', ours: ours.open, original: theirs.open, against },
    {
      what: 'object of 20 programs: relocate and load',
      unit: 'ms',
      ours: ours.load,
      original: theirs.load,
      against,
      goal: within2,
    },
    {
      what: 'run package.json: process start to attached',
      unit: 'ms',
      ours: start.ours,
      original: start.theirs,
      against,
      goal: within2,
    },
    { what: 'its resident memory, most (VmHWM)', unit: 'MB', ours: memory, goal: below(75, 'MB') },
    {
      what: 'size of that package',
      unit: 'KB',
      ours: [statSync(packaged).size / 1000],
      goal: below(20, 'KB'),
    },
  ];
}

export const object: Measure = { name: 'object', compares: ['gcc', 'clang-16'], run };
