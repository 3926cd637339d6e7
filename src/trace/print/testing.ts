/** What the tests of printing share: values made by their layout, a context that answers as it is told. */
import { layoutOf, sequence } from '../types/layout.ts';
import type { Type } from '../types/type.ts';
import { ByteBuffer } from './byte-buffer.ts';
import type { PrintContext } from './context.ts';
import { type Memory, memoryOf } from './memory.ts';
import { type Notation, writerOf } from './value-writer.ts';
import { utc } from './zone.ts';

/** A value of a script: text of strings is latin1; a list is an array, a tuple, or the fields of a record. */
export type Sample = number | bigint | boolean | string | Uint8Array | readonly Sample[];

export function testContext(changes: Partial<PrintContext> = {}): PrintContext {
  return {
    trailer: '..',
    zone: utc,
    clockOffset: () => 0n,
    kernelPlace: () => undefined,
    userPlace: () => undefined,
    stack: () => undefined,
    buildIdStack: () => undefined,
    userName: () => undefined,
    cgroupPath: () => '',
    syscallName: () => undefined,
    gfpFlags: () => '',
    ...changes,
  };
}

/** The bytes of a value, as a program of the script would have written them. */
export function encode(type: Type, sample: Sample): Uint8Array {
  const bytes = new Uint8Array(layoutOf(type).size);
  place(type, sample, bytes, 0);
  return bytes;
}

/** Arguments of an action from byte 8 on, with the place of each. */
export function record(args: readonly (readonly [Type, Sample])[]): {
  readonly memory: Memory;
  readonly fields: readonly { readonly offset: number; readonly type: Type }[];
} {
  const types = args.map(([type]) => type);
  const { offsets, layout } = sequence(types, 8);
  const bytes = new Uint8Array(layout.size + 8);
  for (const [i, [type, sample]] of args.entries()) place(type, sample, bytes, offsets[i]!);
  return { memory: memoryOf(bytes), fields: types.map((type, i) => ({ type, offset: offsets[i]! })) };
}

export function shown(
  type: Type,
  sample: Sample,
  notation: Notation = 'text',
  context: PrintContext = testContext(),
): string {
  const out = new ByteBuffer();
  writerOf(type, notation, context)(out, memoryOf(encode(type, sample)), 0);
  return out.latin1();
}

function place(type: Type, sample: Sample, bytes: Uint8Array, at: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (sample instanceof Uint8Array) {
    const start = type.kind === 'buffer' ? at + 4 : at;
    if (type.kind === 'buffer') view.setUint32(at, sample.length, true);
    bytes.set(sample, start);
    return;
  }
  if (typeof sample === 'string') {
    if (type.kind !== 'string') throw new TypeError(`text for ${type.kind}`);
    bytes.set(Buffer.from(sample, 'latin1').subarray(0, type.size), at);
    return;
  }
  if (Array.isArray(sample)) {
    const list = sample as readonly Sample[];
    if (type.kind === 'array') {
      const { size } = layoutOf(type.element);
      for (const [i, one] of list.entries()) place(type.element, one, bytes, at + i * size);
      return;
    }
    if (type.kind === 'tuple' || type.kind === 'record') {
      const types = type.kind === 'tuple' ? type.elements : type.fields.map((field) => field.type);
      const { offsets } = sequence(types);
      for (const [i, one] of list.entries()) place(types[i]!, one, bytes, at + offsets[i]!);
      return;
    }
    // Words of a type that has several: usym, ustack, avg, …
    for (const [i, one] of list.entries()) {
      view.setBigUint64(at + 8 * i, BigInt.asUintN(64, BigInt(one as number | bigint)), true);
    }
    return;
  }
  const value = BigInt(sample as number | bigint | boolean);
  const { size } = layoutOf(type);
  for (let i = 0; i < Math.min(size, 8); i++) bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}
