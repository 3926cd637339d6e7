/**
 * The kernel's ring buffer: a full ring of 64-byte records drained by one thread, beside C with libbpf; then five
 * million system calls that each make a record, and the ledger of them.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { attachRawTracepoint } from '../../src/kernel/link/raw-tracepoint.ts';
import { Flood, getppidLoop } from '../../src/kernel/stream/bare.ts';
import { RingBuffer } from '../../src/kernel/stream/ring.ts';
import { mapInfoFields, objectInfo } from '../../src/sys/bpf-info.ts';
import { compileC } from '../children.ts';
import type { Row } from '../report.ts';
import { capacity, type Reading, readers, recordSize, ringSize } from '../ring-readers.ts';
import { type Measure, type Options, rounds } from './measure.ts';

/** What is measured, what C does for it, and the goal in millions of records a second. */
const readings: readonly { what: Reading; c: 'count' | 'fields' | 'lines'; millions?: number }[] = [
  { what: 'headers only', c: 'count' },
  { what: 'fields read', c: 'fields', millions: 25 },
  { what: 'objects', c: 'fields', millions: 15 },
  { what: 'lines into bytes', c: 'lines', millions: 8 },
];

async function fill(): Promise<void> {
  const worker = new Worker(getppidLoop(capacity), { eval: true });
  await once(worker, 'exit');
}

function drainInC(path: string, mapId: number, mode: string): number {
  const text = execFileSync(path, [String(mapId), mode], { encoding: 'utf8' });
  const [count, nanoseconds] = text.split(' ').map(Number);
  if (count! < capacity * 0.9) throw new Error(`C found ${count} records of ${capacity}`);
  return nanoseconds!;
}

async function drains(flood: Flood, options: Options, c: string | undefined): Promise<Row[]> {
  const id = objectInfo(flood.events.number, mapInfoFields).number('id');
  // C first: a reader keeps its own place, and would not notice that another one read on.
  const inC: number[][] = [];
  for (const { c: mode } of c === undefined ? [] : readings) {
    const times: number[] = [];
    for (const _ of rounds(options, 5)) {
      await fill();
      times.push(drainInC(c as string, id, mode));
    }
    inC.push(times);
  }
  const ring = new RingBuffer(flood.events.number, ringSize);
  try {
    const rows: Row[] = [];
    for (const [i, { what, c: mode, millions }] of readings.entries()) {
      const ours: number[] = [];
      // The first two make V8 compile the reader.
      for (const round of rounds(options, 9)) {
        await fill();
        const start = process.hrtime.bigint();
        const count = ring.consume(readers[what]);
        const spent = Number(process.hrtime.bigint() - start) / count;
        if (round >= 2 || options.quick) ours.push(spent);
      }
      const goal = millions && {
        text: `${millions} million a second (${(1000 / millions).toFixed(0)} ns)`,
        reached: (nanoseconds: number): boolean => nanoseconds <= 1000 / millions,
      };
      rows.push({
        what: `ring, a record of ${recordSize} bytes: ${what}`,
        unit: 'ns',
        ours,
        original: inC[i],
        against: `libbpf, C: ${mode}`,
        ...(goal ? { goal } : {}),
      });
    }
    return rows;
  } finally {
    ring.close();
  }
}

/** Each system call makes a record, as fast as one thread can call; all are to arrive. */
async function allDelivered(flood: Flood, calls: number): Promise<Row[]> {
  const ring = new RingBuffer(flood.events.number, ringSize, { lost: flood.lost.since(0) });
  const before = flood.produced;
  const reading = ring.each(readers['lines into bytes']);
  const start = performance.now();
  const worker = new Worker(getppidLoop(calls), { eval: true });
  await once(worker, 'exit');
  const spent = performance.now() - start;
  ring.finish();
  await reading;
  const { delivered, droppedInKernel } = ring.ledger.read();
  ring.close();
  const produced = Number(flood.produced - before);
  const title = `${calls / 1e6} million getppid(), a line each`;
  const none: Row['goal'] = { text: '0', reached: (count) => count === 0 };
  return [
    { what: `${title}: time of a call`, unit: 'ns', ours: [(spent * 1e6) / calls] },
    { what: `${title}: not delivered`, unit: 'lost', ours: [calls - Number(delivered)], goal: none },
    {
      what: 'its ledger: delivered + dropped - produced',
      unit: 'lost',
      ours: [Number(delivered) + Number(droppedInKernel) - produced],
      goal: none,
    },
  ];
}

async function run(options: Options, found: ReadonlySet<string>): Promise<Row[]> {
  const c = found.has('gcc') ? compileC('ring_consumer') : undefined;
  const flood = new Flood('ring', ringSize, recordSize);
  try {
    const link = attachRawTracepoint(flood.program, 'sys_enter');
    try {
      const rows = await drains(flood, options, c);
      return [...rows, ...(await allDelivered(flood, options.quick ? 100_000 : 5_000_000))];
    } finally {
      link.close();
    }
  } finally {
    flood.close();
  }
}

export const ring: Measure = { name: 'ring', compares: ['gcc'], run };
