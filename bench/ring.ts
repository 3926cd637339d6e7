/**
 * How fast one thread drains a full ring in plain memory: headers by plain loads and by Atomics. No privilege.
 *
 *   node --import tsx bench/ring.ts
 *
 * The ring of the kernel, beside a C consumer, is `npm run bench ring`. Numbers are nanoseconds per record: least and
 * median of the rounds.
 */
import { RingCore } from '../src/kernel/stream/ring-core.ts';
import { SyntheticRing } from '../src/kernel/stream/synthetic.ts';
import { capacity, readers, recordSize, ringSize } from './ring-readers.ts';

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
  const ring = new SyntheticRing(ringSize);
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

console.log(`${capacity} records of ${recordSize} bytes`.padEnd(34), '  least  median  (ns per record)');
synthetic();
