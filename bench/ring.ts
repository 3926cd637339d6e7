/**
 * How fast one Node thread drains a full ring of 64-byte records, beside a C consumer on libbpf.
 *
 *   node --import tsx bench/ring.ts [--real]
 *
 * Without `--real` the ring lies in plain memory, which needs no privilege. With it a raw tracepoint program fills
 * a kernel ring of 16 MiB, first for C (bench/c/ring_consumer.c, built with gcc and libbpf if they are there), then
 * for us. Numbers are nanoseconds per record: least and median of the rounds.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { attachRawTracepoint } from '../src/kernel/link/raw-tracepoint.ts';
import { Flood, getppidLoop } from '../src/kernel/stream/bare.ts';
import type { RecordReader } from '../src/kernel/stream/record.ts';
import { RingBuffer } from '../src/kernel/stream/ring.ts';
import { RingCore } from '../src/kernel/stream/ring-core.ts';
import { SyntheticRing } from '../src/kernel/stream/synthetic.ts';
import { mapInfoFields, objectInfo } from '../src/sys/bpf-info.ts';

const size = 1 << 24;
const recordSize = 64;
const capacity = Math.floor((size - 1) / (recordSize + 8));

interface Event {
  readonly sequence: number;
  readonly time: number;
  readonly a: number;
  readonly b: number;
}

let sum = 0;
let objects: Event[] = [];
const line = new Uint8Array(1 << 16);
let written = 0;

/** How many digits a number below 2^31 has. */
function digitsOf(value: number): number {
  if (value < 10_000) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : 4;
  if (value < 1_000_000) return value < 100_000 ? 5 : 6;
  return value < 100_000_000 ? (value < 10_000_000 ? 7 : 8) : value < 1_000_000_000 ? 9 : 10;
}

/** The last `digits` digits of a number below 2^31, straight into the buffer. */
function putDigits(value: number, digits: number): void {
  let rest = value | 0;
  for (let at = written + digits - 1; at >= written; at--) {
    const next = (rest / 10) | 0;
    line[at] = 48 + rest - next * 10;
    rest = next;
  }
  written += digits;
}

/** Decimal digits of a number below 2^53. */
function putNumber(value: number): void {
  if (value < 1_000_000_000) {
    putDigits(value, digitsOf(value));
    return;
  }
  const high = Math.floor(value / 1_000_000_000);
  putDigits(high, digitsOf(high));
  putDigits(value - high * 1_000_000_000, 9);
}

const readers: Readonly<Record<string, RecordReader>> = {
  'headers only': () => {
    sum++;
  },
  'fields read': ({ words }, offset) => {
    const at = offset >>> 2;
    sum =
      (sum +
        words[at]! +
        words[at + 1]! +
        words[at + 2]! +
        words[at + 3]! +
        words[at + 4]! +
        words[at + 15]!) |
      0;
  },
  objects: ({ words }, offset) => {
    const at = offset >>> 2;
    objects.push({
      sequence: words[at]! + words[at + 1]! * 0x1_0000_0000,
      time: words[at + 2]! + words[at + 3]! * 0x1_0000_0000,
      a: words[at + 4]!,
      b: words[at + 15]!,
    });
    if (objects.length === 4096) objects = [];
  },
  'lines into bytes': ({ words }, offset) => {
    const at = offset >>> 2;
    putNumber(words[at]! + words[at + 1]! * 0x1_0000_0000);
    line[written++] = 32;
    putNumber(words[at + 2]! + words[at + 3]! * 0x1_0000_0000);
    line[written++] = 10;
    if (written > line.length - 64) {
      written = 0;
    }
  },
};

interface Result {
  readonly least: number;
  readonly median: number;
}

function summary(rounds: readonly number[]): Result {
  const sorted = rounds.toSorted((a, b) => a - b);
  return { least: sorted[0]!, median: sorted[sorted.length >>> 1]! };
}

function show(what: string, { least, median }: Result): void {
  const rate = (1000 / least).toFixed(1).padStart(6);
  console.log(
    `${what.padEnd(34)} ${least.toFixed(1).padStart(7)} ${median.toFixed(1).padStart(7)} ${rate} M/s`,
  );
}

function synthetic(): void {
  const ring = new SyntheticRing(size);
  const record = new Uint8Array(recordSize);
  const view = new DataView(record.buffer);
  for (let i = 0; i < capacity; i++) {
    view.setUint32(0, i, true);
    view.setBigUint64(8, 1_700_000_000_000n + BigInt(i), true);
    ring.output(record);
  }
  for (const plain of [true, false]) {
    for (const [name, reader] of Object.entries(readers)) {
      const rounds: number[] = [];
      for (let round = 0; round < 9; round++) {
        ring.consumer[0] = 0n;
        const core = new RingCore({ ...ring.layout, loadsStayInOrder: plain });
        const start = process.hrtime.bigint();
        const count = core.drain(reader);
        rounds.push(Number(process.hrtime.bigint() - start) / count);
      }
      show(`${name}${plain ? '' : ', headers by Atomics'}`, summary(rounds));
    }
  }
}

async function fill(): Promise<void> {
  const worker = new Worker(getppidLoop(capacity), { eval: true });
  await once(worker, 'exit');
}

function buildConsumer(): { readonly path: string; readonly directory: string } | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'ring-bench-'));
  const path = join(directory, 'ring_consumer');
  const source = fileURLToPath(new URL('c/ring_consumer.c', import.meta.url));
  try {
    execFileSync('gcc', ['-O2', '-o', path, source, '-lbpf'], { stdio: ['ignore', 'ignore', 'pipe'] });
    return { path, directory };
  } catch (error) {
    rmSync(directory, { recursive: true });
    console.log(`C consumer left out: ${String(error).split('\n')[0]}`);
    return undefined;
  }
}

async function real(): Promise<void> {
  const flood = new Flood('ring', size, recordSize);
  const link = attachRawTracepoint(flood.program, 'sys_enter');
  const consumer = buildConsumer();
  try {
    if (consumer !== undefined) {
      const id = objectInfo(flood.events.number, mapInfoFields).number('id');
      for (const mode of ['count', 'fields', 'lines']) {
        const rounds: number[] = [];
        for (let round = 0; round < 3; round++) {
          await fill();
          const [count, nanoseconds] = execFileSync(consumer.path, [String(id), mode], {
            encoding: 'utf8',
          }).split(' ');
          if (Number(count) < capacity * 0.9) throw new Error(`C found ${count} records of ${capacity}`);
          rounds.push(Number(nanoseconds));
        }
        show(`C, libbpf: ${mode}`, summary(rounds));
      }
    }
    const ring = new RingBuffer(flood.events.number, size);
    try {
      for (const [name, reader] of Object.entries(readers)) {
        const rounds: number[] = [];
        for (let round = 0; round < 5; round++) {
          await fill();
          const start = process.hrtime.bigint();
          const count = ring.consume(reader);
          rounds.push(Number(process.hrtime.bigint() - start) / count);
        }
        show(`kernel ring: ${name}`, summary(rounds));
      }
    } finally {
      ring.close();
    }
    await fiveMillion(flood);
  } finally {
    link.close();
    if (consumer !== undefined) rmSync(consumer.directory, { recursive: true });
    flood.close();
  }
}

/** Each of five million system calls makes a record; all are to arrive. */
async function fiveMillion(flood: Flood): Promise<void> {
  const ring = new RingBuffer(flood.events.number, size, { lost: flood.lost.since(0) });
  const before = flood.produced;
  const reading = ring.each(readers['lines into bytes']!);
  const cpu = process.cpuUsage();
  const start = performance.now();
  const worker = new Worker(getppidLoop(5_000_000), { eval: true });
  await once(worker, 'exit');
  const spent = performance.now() - start;
  ring.finish();
  await reading;
  const { user, system } = process.cpuUsage(cpu);
  const { delivered, droppedInKernel } = ring.ledger.read();
  const { edges, ticks } = ring.wakeups;
  ring.close();
  console.log(
    `five million getppid(): ${delivered} delivered, ${droppedInKernel} dropped, ${flood.produced - before} produced; ` +
      `${(spent * 0.2).toFixed(0)} ns a call, ${((user + system) / 1e6).toFixed(2)} s of CPU in both threads, ` +
      `${edges} wake-ups, ${ticks} ticks`,
  );
}

console.log(`${capacity} records of ${recordSize} bytes`.padEnd(34), '  least  median  (ns per record)');
synthetic();
if (process.argv.includes('--real')) await real();
