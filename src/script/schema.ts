/**
 * Declared data: the types of map keys, map values, events and parameters.
 *
 * A schema is plain data (`shape`) that carries two TypeScript types: what user space sees (`User`:
 * u64 is a bigint, text is a KernelString) and what the body of a kernel program sees (`Kernel`: every
 * integer is a `number` to the editor and 64 bits wide in the kernel).
 */
import type { KernelString } from '../text/kernel-string.ts';

export type Shape =
  | { readonly kind: 'int'; readonly name: string; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }
  | { readonly kind: 'bool' }
  /** Text that ends at the first NUL or fills the array. */
  | { readonly kind: 'chars'; readonly length: number }
  /** Raw bytes: an address, a hash. */
  | { readonly kind: 'bytes'; readonly length: number }
  | { readonly kind: 'array'; readonly element: Shape; readonly length: number }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: readonly Field[] };

export interface Field {
  readonly name: string;
  readonly shape: Shape;
}

declare const user: unique symbol;
declare const kernel: unique symbol;

export interface Schema<User, Kernel> {
  readonly shape: Shape;
  /** Only for the type checker. */
  readonly [user]?: User;
  readonly [kernel]?: Kernel;
}

export type UserOf<S> = S extends Schema<infer U, unknown> ? U : never;
export type KernelOf<S> = S extends Schema<unknown, infer K> ? K : never;

/** A read-only constant of a program with its default: `u64(0)`. Set before loading, free at run time. */
export interface Parameter<User, Kernel> {
  readonly schema: Schema<User, Kernel>;
  readonly initial: User;
}

/** An integer type; called with a value it declares a parameter. */
export interface IntegerSchema<User extends number | bigint> extends Schema<User, number> {
  (initial: number | bigint): Parameter<User, number>;
}

export interface BooleanSchema extends Schema<boolean, boolean> {
  (initial: boolean): Parameter<boolean, boolean>;
}

/**
 * As types, the same names say what kernel memory holds: numbers of 64 bits in the kernel, `number` to the
 * editor. vmlinux.d.ts, which `bpfkit types` writes, is made of them.
 */
export type u8 = number;
export type u16 = number;
export type u32 = number;
export type u64 = number;
export type i8 = number;
export type i16 = number;
export type i32 = number;
export type i64 = number;

export const u8: IntegerSchema<number> = integer('u8', 8, false);
export const u16: IntegerSchema<number> = integer('u16', 16, false);
export const u32: IntegerSchema<number> = integer('u32', 32, false);
export const u64: IntegerSchema<bigint> = integer('u64', 64, false);
export const i8: IntegerSchema<number> = integer('i8', 8, true);
export const i16: IntegerSchema<number> = integer('i16', 16, true);
export const i32: IntegerSchema<number> = integer('i32', 32, true);
export const i64: IntegerSchema<bigint> = integer('i64', 64, true);
export const bool: BooleanSchema = callable({ kind: 'bool' });

/** Text of at most `length` bytes, as the kernel keeps names. */
export function chars(length: number): Schema<KernelString, string> {
  return { shape: { kind: 'chars', length: positive('chars', length) } };
}

/** `length` raw bytes. */
export function bytes(length: number): Schema<Uint8Array, Uint8Array> {
  return { shape: { kind: 'bytes', length: positive('bytes', length) } };
}

export function array<U, K>(element: Schema<U, K>, length: number): Schema<U[], KernelArray<K>> {
  return { shape: { kind: 'array', element: element.shape, length: positive('array', length) } };
}

/** An array inside kernel memory: indexed, never resized. */
export interface KernelArray<T> {
  [index: number]: T;
  readonly length: number;
}

type Fields = Readonly<Record<string, Schema<unknown, unknown>>>;
// `& unknown` makes editors show the fields instead of the name of the alias.
export type StructUser<F extends Fields> = { -readonly [N in keyof F]: UserOf<F[N]> } & unknown;
export type StructKernel<F extends Fields> = { -readonly [N in keyof F]: KernelOf<F[N]> } & unknown;

/**
 * A C struct: fields in the given order, each aligned to its own size, as a C compiler lays them out.
 * Padding bytes are always zero.
 */
export function struct<const F extends Fields>(
  name: string,
  fields: F,
): Schema<StructUser<F>, StructKernel<F>> {
  // The kernel takes no other names in BTF.
  const identifier = /^[A-Za-z_]\w*$/;
  if (!identifier.test(name)) throw new TypeError(`struct "${name}": the name must be a C identifier`);
  const list = Object.entries(fields).map(([field, schema]) => ({ name: field, shape: schema.shape }));
  const odd = list.find((field) => !identifier.test(field.name));
  if (odd) throw new TypeError(`struct "${name}": the field "${odd.name}" must be a C identifier`);
  if (list.length === 0) throw new TypeError(`struct "${name}": at least one field is needed`);
  return { shape: { kind: 'struct', name, fields: list } };
}

/** Bytes that a shape takes and its alignment, by the rules of the C ABI of 64-bit Linux. */
export function layoutOf(shape: Shape): { size: number; align: 1 | 2 | 4 | 8 } {
  switch (shape.kind) {
    case 'int':
      return { size: shape.bits / 8, align: (shape.bits / 8) as 1 | 2 | 4 | 8 };
    case 'bool':
      return { size: 1, align: 1 };
    case 'chars':
    case 'bytes':
      return { size: shape.length, align: 1 };
    case 'array': {
      const element = layoutOf(shape.element);
      return { size: element.size * shape.length, align: element.align };
    }
    case 'struct': {
      const { size, align } = structLayout(shape.fields);
      return { size, align };
    }
  }
}

/** Offsets of the fields in bytes, and the size of the whole with its tail padding. */
export function structLayout(fields: readonly Field[]): {
  offsets: number[];
  size: number;
  align: 1 | 2 | 4 | 8;
} {
  const offsets: number[] = [];
  let end = 0;
  let align: 1 | 2 | 4 | 8 = 1;
  for (const field of fields) {
    const layout = layoutOf(field.shape);
    if (layout.align > align) align = layout.align;
    const offset = roundUp(end, layout.align);
    offsets.push(offset);
    end = offset + layout.size;
  }
  return { offsets, size: roundUp(end, align), align };
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

function integer<U extends number | bigint>(
  name: string,
  bits: 8 | 16 | 32 | 64,
  signed: boolean,
): IntegerSchema<U> {
  return callable({ kind: 'int', name, bits, signed }, (initial: number | bigint) => {
    const exact = BigInt(initial);
    const [least, most] = signed
      ? [-(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n]
      : [0n, (1n << BigInt(bits)) - 1n];
    if (exact < least || exact > most)
      throw new RangeError(`${name}(${exact}): the value must be from ${least} to ${most}`);
    return bits === 64 ? exact : Number(exact);
  });
}

function callable<S>(shape: Shape, check: (value: never) => unknown = (value) => value): S {
  const schema: object = Object.assign((initial: never) => ({ schema, initial: check(initial) }), { shape });
  return schema as S;
}

function positive(what: string, length: number): number {
  if (!Number.isSafeInteger(length) || length < 1 || length > 1 << 20) {
    throw new RangeError(`${what}(${length}): the length must be a whole number from 1 to 1048576`);
  }
  return length;
}
