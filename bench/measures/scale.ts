/** The tree and the capture of a machine with thousands of tasks, beside `pstree -p` and `ps -ejH`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileC, environment, root, runForJson, wholeRun } from '../children.ts';
import { below, type Row } from '../report.ts';
import { type Measure, type Options, rounds } from './measure.ts';

const command = join(root, 'dist', 'bpfkit.cjs');

const underHalf: NonNullable<Row['goal']> = {
  text: 'under half of the original',
  reached: (ours, original) => original !== undefined && ours < original / 2,
};

/** Runs `measure` while `count` more processes with `descriptors` open files each are there. */
async function among<T>(count: number, descriptors: number, measure: () => T): Promise<T> {
  const program = compileC('sleepers', []);
  const child = spawn(program, [String(count), String(descriptors)], {
    env: environment,
    detached: true, // a process group of its own, which it ends as a whole
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    if (Number.parseInt(line.toString(), 10) !== count) throw new Error(`the machine allows only ${line}`);
    return measure();
  } finally {
    child.stdin.end();
    await once(child, 'exit');
  }
}

async function run(options: Options, found: ReadonlySet<string>): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bpfkit-bench-'));
  const rows: Row[] = [];
  try {
    for (const [tasks, descriptors] of options.quick
      ? [[1000, 10]]
      : [
          [5000, 0],
          [10_000, 7],
        ]) {
      const times = {
        ours: [] as number[],
        pstree: [] as number[],
        ps: [] as number[],
        dump: [] as number[],
      };
      const file = join(folder, 'capture');
      let saved: Record<string, number> = {};
      await among(tasks!, descriptors!, () => {
        for (const _ of rounds(options, 5)) {
          times.ours.push(wholeRun(process.execPath, [command, 'tree', 'pid', '1']));
          if (found.has('pstree')) times.pstree.push(wholeRun('pstree', ['-p']));
          if (found.has('ps')) times.ps.push(wholeRun('ps', ['-ejH']));
          times.dump.push(wholeRun(process.execPath, [command, 'dump', file]));
        }
        saved = runForJson(process.execPath, [command, 'dump', '--json', file]);
      });
      const name = `${tasks} more tasks`;
      const beside = { unit: 'ms', ours: times.ours, goal: underHalf } as const;
      rows.push({
        what: `bpfkit tree pid 1, ${name}`,
        ...beside,
        original: some(times.pstree),
        against: 'pstree -p',
      });
      rows.push({
        what: `bpfkit tree pid 1, ${name}`,
        ...beside,
        original: some(times.ps),
        against: 'ps -ejH',
      });
      const files = descriptors! > 0 ? `, ${tasks! * (descriptors! + 3)} descriptors` : '';
      const limit = tasks === 10_000 ? 1000 : 150;
      rows.push({
        what: `bpfkit dump, ${name}${files}`,
        unit: 'ms',
        ours: times.dump,
        goal: below(limit, 'ms'),
      });
      const { tasks: savedTasks = 0, files: savedFiles = 0, bytes = 0 } = saved;
      rows.push({
        ...{ what: 'its capture', unit: 'MB', ours: [bytes / 1e6], against: "bpftree's format" },
        // A header of 40 bytes and records of fixed size.
        original: [(40 + 1097 * savedTasks + 536 * savedFiles) / 1e6],
        goal: {
          text: 'under a tenth of the original',
          reached: (ours, original) => original !== undefined && ours < original / 10,
        },
      });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return rows;
}

function some(values: readonly number[]): readonly number[] | undefined {
  return values.length > 0 ? values : undefined;
}

export const scale: Measure = { name: 'scale', compares: ['pstree', 'ps'], run };
