import { encodeBtf } from './encode.ts';
import { noSuchType, notDefined, notReserved } from './errors.ts';
import type { TypeTable } from './layout.ts';
import { sizeOf } from './layout.ts';
import type { BtfType, Enumerator, Linkage, Member, TypeId } from './types.ts';

/** A member of a struct that the builder lays out, or places where it is told. */
export interface MemberInput {
  readonly name: string;
  readonly type: TypeId;
  readonly bitOffset: number;
  /** Default 0: not a bitfield. */
  readonly bitSize?: number;
}

/**
 * BTF in the making: types are added, get ids in that order, and are encoded at the end.
 *
 * A record that was added before is not added again, so composite types may be built without looking for their
 * parts. Types that refer to themselves are reserved first and defined later.
 */
export class BtfBuilder implements TypeTable {
  readonly pointerSize: 4 | 8;
  readonly #types: (BtfType | undefined)[] = [{ kind: 'void' }];
  readonly #ids = new Map<string, TypeId>();

  constructor(options: { readonly pointerSize?: 4 | 8 } = {}) {
    this.pointerSize = options.pointerSize ?? 8;
  }

  /** One more than the highest id. */
  get count(): number {
    return this.#types.length;
  }

  /** The id of the type; the same for an identical record. */
  add(type: BtfType): TypeId {
    if (type.kind === 'void') return 0;
    const key = keyOf(type);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#types.push(type) - 1;
    this.#ids.set(key, id);
    return id;
  }

  /** An id for a type that is defined later: for structs that point to themselves. */
  reserve(): TypeId {
    return this.#types.push(undefined) - 1;
  }

  define(id: TypeId, type: BtfType): void {
    if (id >= this.#types.length || this.#types[id] !== undefined) throw notReserved(id);
    this.#types[id] = type;
    const key = keyOf(type);
    if (!this.#ids.has(key)) this.#ids.set(key, id);
  }

  type(id: TypeId): BtfType {
    if (id < 0 || id >= this.#types.length || !Number.isInteger(id)) throw noSuchType(id, this.#types.length);
    const type = this.#types[id];
    if (type === undefined) throw notDefined(id);
    return type;
  }

  /** `size` in bytes. */
  int(name: string, size: 1 | 2 | 4 | 8 | 16, encoding: 'unsigned' | 'signed' | 'char' | 'bool'): TypeId {
    return this.add({ kind: 'int', name, size, bits: size * 8, bitOffset: 0, encoding });
  }

  pointer(target: TypeId): TypeId {
    return this.add({ kind: 'pointer', target });
  }

  array(element: TypeId, length: number): TypeId {
    const index = this.int('__ARRAY_SIZE_TYPE__', 4, 'unsigned');
    return this.add({ kind: 'array', element, index, length });
  }

  /** `size` in bytes. */
  struct(name: string, size: number, members: readonly MemberInput[]): TypeId {
    return this.add({ kind: 'struct', name, size, members: members.map(memberOf) });
  }

  union(name: string, members: readonly { readonly name: string; readonly type: TypeId }[]): TypeId {
    const size = members.reduce((most, { type }) => Math.max(most, sizeOf(this, type)), 0);
    return this.add({
      kind: 'union',
      name,
      size,
      members: members.map(({ name, type }) => ({ name, type, bitOffset: 0, bitSize: 0 })),
    });
  }

  typedef(name: string, target: TypeId): TypeId {
    return this.add({ kind: 'typedef', name, target });
  }

  const(target: TypeId): TypeId {
    return this.add({ kind: 'const', target });
  }

  volatile(target: TypeId): TypeId {
    return this.add({ kind: 'volatile', target });
  }

  forward(name: string, union = false): TypeId {
    return this.add({ kind: 'forward', name, union });
  }

  /** Of 4 bytes, signed when a value is negative; of 8 bytes (Linux 6.0) when one does not fit in 32 bits. */
  enum(name: string, values: readonly Enumerator[]): TypeId {
    const signed = values.some(({ value }) => value < 0n);
    const fits = ({ value }: Enumerator): boolean =>
      signed ? BigInt.asIntN(32, value) === value : BigInt.asUintN(32, value) === value;
    const small = values.every(fits);
    return this.add({ kind: small ? 'enum' : 'enum64', name, size: small ? 4 : 8, signed, values });
  }

  prototype(
    returns: TypeId,
    parameters: readonly { readonly name: string; readonly type: TypeId }[],
  ): TypeId {
    return this.add({ kind: 'prototype', returns, parameters });
  }

  /** A function and its prototype; linkage default `global` (1). */
  function(
    name: string,
    returns: TypeId,
    parameters: readonly { readonly name: string; readonly type: TypeId }[],
    linkage: Linkage = 1,
  ): TypeId {
    return this.add({ kind: 'function', name, prototype: this.prototype(returns, parameters), linkage });
  }

  /** The bytes that BPF_BTF_LOAD takes; throws when a reserved id was never defined. */
  encode(options: { readonly littleEndian?: boolean } = {}): Uint8Array<ArrayBuffer> {
    const types: BtfType[] = [];
    for (let id = 1; id < this.#types.length; id++) types.push(this.type(id));
    return encodeBtf(types, options.littleEndian ?? true);
  }
}

function memberOf({ name, type, bitOffset, bitSize }: MemberInput): Member {
  return { name, type, bitOffset, bitSize: bitSize ?? 0 };
}

/** Equal for equal records: the parts of a type always come in the order of its declaration. */
function keyOf(type: BtfType): string {
  const ordered = Object.entries(type).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(ordered, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}
