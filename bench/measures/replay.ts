/** Captures of many tasks: what a tree of them costs, and whether that grows as their number does. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeCapture } from '../../src/tree/capture/write.ts';
import { FileTable } from '../../src/tree/files/model.ts';
import { readFileRecords } from '../../src/tree/files/record.ts';
import { type PlainTask, snapshotOf } from '../../src/tree/plain.ts';
import { root, wholeRun } from '../children.ts';
import { median, type Row } from '../report.ts';
import { type Measure, type Options, rounds } from './measure.ts';

const command = join(root, 'dist', 'bpfkit.cjs');

/** A machine on which every process has eight children. */
function captureOf(count: number): Uint8Array {
  const tasks: PlainTask[] = Array.from({ length: count }, (_, i) => {
    const parent = i === 0 ? 0 : Math.floor((i - 1) / 8) + 1;
    return {
      ...{ tid: i + 1, pid: i + 1, vtid: i + 1, pgid: i + 1, sid: 1, ptid: parent, ppid: parent },
      ...{ rptid: parent, rppid: parent, comm: `worker-${i % 97}`, exepath: `/usr/bin/worker-${i % 97}` },
      ...{ cmdline: `worker-${i % 97}\0--number=${i}\0`, start_time: BigInt(i) * 1_000_003n, rss: 4096 * i },
    };
  });
  return encodeCapture(snapshotOf(tasks), new FileTable(readFileRecords(new Uint8Array())));
}

async function run(options: Options): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bpfkit-bench-'));
  try {
    const [few, many] = options.quick ? [1000, 10_000] : [10_000, 100_000];
    const times = [few, many].map((count) => {
      const file = join(folder, String(count));
      writeFileSync(file, captureOf(count));
      return rounds(options, 5).map(() =>
        wholeRun(process.execPath, [command, 'tree', 'pid', '1', '-f', 'pid,cmdline', '-c', file]),
      );
    }) as [number[], number[]];
    const tenfold = times[0].map((ms) => ms * 10);
    return [
      { what: `bpfkit tree of a capture of ${few} tasks`, unit: 'ms', ours: times[0] },
      {
        what: `bpfkit tree of a capture of ${many} tasks`,
        unit: 'ms',
        ours: times[1],
        original: tenfold,
        against: 'ten times that',
        // Starting is in both, so a cost that is linear is less than ten times as much.
        goal: { text: 'no more than linear', reached: (ours) => ours <= median(tenfold) },
      },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const replay: Measure = { name: 'replay', compares: [], run };
