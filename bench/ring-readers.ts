/** What is done with each record of a full ring: nothing, fields read, an object made, a line written. */
import type { RecordReader } from '../src/kernel/stream/record.ts';

export const ringSize: number = 1 << 24;
export const recordSize = 64;
/** Records that a ring of this size holds, each with its header of 8 bytes. */
export const capacity: number = Math.floor((ringSize - 1) / (recordSize + 8));

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

export type Reading = 'headers only' | 'fields read' | 'objects' | 'lines into bytes';

export const readers: Readonly<Record<Reading, RecordReader>> = {
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
