import { badName, noSuchType, outOfField } from './errors.ts';
import { HEADER_LENGTH, kindNames, MAGIC } from './records.ts';
import { isLatin1 } from './strings.ts';
import type { BtfKind, BtfType, Enumerator, TypeId } from './types.ts';

const kindNumbers: ReadonlyMap<BtfKind, number> = new Map(kindNames.map((kind, number) => [kind, number]));

const intEncodings = { unsigned: 0, signed: 1, char: 2, bool: 4 } as const;

/**
 * Types as bytes; the first gets id 1. References must lie among them. Throws `BtfError` for what does not fit
 * in its field. Source: Documentation/bpf/btf.rst.
 */
export function encodeBtf(types: readonly BtfType[], littleEndian: boolean): Uint8Array<ArrayBuffer> {
  const strings = new StringTable();
  const words: number[] = [];
  types.forEach((type, index) => {
    record(type, index + 1, types.length + 1, strings, words);
  });
  const text = strings.bytes();
  const bytes = new Uint8Array(HEADER_LENGTH + words.length * 4 + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, MAGIC, littleEndian);
  view.setUint8(2, 1);
  view.setUint32(4, HEADER_LENGTH, littleEndian);
  view.setUint32(12, words.length * 4, littleEndian);
  view.setUint32(16, words.length * 4, littleEndian);
  view.setUint32(20, text.length, littleEndian);
  for (let i = 0; i < words.length; i++) view.setUint32(HEADER_LENGTH + i * 4, words[i]!, littleEndian);
  bytes.set(text, HEADER_LENGTH + words.length * 4);
  return bytes;
}

/** Each text once; the first is the empty one, as the kernel demands. */
class StringTable {
  readonly #offsets = new Map<string, number>([['', 0]]);
  #length = 1;

  offset(text: string): number {
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    if (text.includes('\0') || !isLatin1(text)) throw badName(text);
    const offset = this.#length;
    this.#offsets.set(text, offset);
    this.#length += text.length + 1;
    return offset;
  }

  bytes(): Uint8Array {
    const bytes = Buffer.alloc(this.#length);
    for (const [text, offset] of this.#offsets) bytes.write(text, offset, 'latin1');
    return bytes;
  }
}

function record(type: BtfType, id: TypeId, count: number, strings: StringTable, words: number[]): void {
  const number = kindNumbers.get(type.kind)!;
  const head = (name: string, vlen: number, flag: boolean, value: number): void => {
    word('element count', vlen, 0xffff);
    words.push(strings.offset(name), ((flag ? 0x8000_0000 : 0) | (number << 24) | vlen) >>> 0);
    word('size', value, 0xffff_ffff);
    words.push(value);
  };
  const word = (what: string, value: number, most: number): number => {
    if (!Number.isInteger(value) || value < 0 || value > most) throw outOfField(id, what, value);
    return value;
  };
  const ref = (target: TypeId): TypeId => {
    if (!Number.isInteger(target) || target < 0 || target >= count) throw noSuchType(target, count);
    return target;
  };

  switch (type.kind) {
    case 'void':
      throw outOfField(id, 'void, which is id 0,', id);
    case 'int': {
      head(type.name, 0, false, type.size);
      word('bits', type.bits, 0xff);
      word('bit offset', type.bitOffset, 0xff);
      words.push((intEncodings[type.encoding] << 24) | (type.bitOffset << 16) | type.bits);
      return;
    }
    case 'pointer':
    case 'volatile':
    case 'const':
    case 'restrict':
      head('', 0, false, ref(type.target));
      return;
    case 'typedef':
    case 'typeTag':
      head(type.name, 0, false, ref(type.target));
      return;
    case 'array':
      head('', 0, false, 0);
      words.push(ref(type.element), ref(type.index), word('length', type.length, 0xffff_ffff));
      return;
    case 'struct':
    case 'union': {
      const flag = type.members.some(({ bitSize }) => bitSize > 0);
      head(type.name, type.members.length, flag, type.size);
      for (const { name, type: member, bitOffset, bitSize } of type.members) {
        word('bit offset', bitOffset, flag ? 0xff_ffff : 0xffff_ffff);
        word('bit width', bitSize, 0xff);
        words.push(strings.offset(name), ref(member), ((bitSize << 24) | bitOffset) >>> 0);
      }
      return;
    }
    case 'enum':
    case 'enum64': {
      const wide = type.kind === 'enum64';
      head(type.name, type.values.length, type.signed, type.size);
      for (const enumerator of type.values) {
        words.push(strings.offset(enumerator.name), ...enumWords(enumerator, type.signed, wide, id));
      }
      return;
    }
    case 'forward':
      head(type.name, 0, type.union, 0);
      return;
    case 'function':
      head(type.name, type.linkage, false, ref(type.prototype));
      return;
    case 'prototype':
      head('', type.parameters.length, false, ref(type.returns));
      for (const { name, type: parameter } of type.parameters) {
        words.push(strings.offset(name), ref(parameter));
      }
      return;
    case 'variable':
      head(type.name, 0, false, ref(type.type));
      words.push(type.linkage);
      return;
    case 'section':
      head(type.name, type.variables.length, false, type.size);
      for (const { type: variable, offset, size } of type.variables) {
        words.push(
          ref(variable),
          word('offset', offset, 0xffff_ffff),
          word('variable size', size, 0xffff_ffff),
        );
      }
      return;
    case 'float':
      head(type.name, 0, false, type.size);
      return;
    case 'declTag':
      head(type.name, 0, false, ref(type.target));
      words.push(type.component >>> 0);
      return;
  }
}

function enumWords({ name, value }: Enumerator, signed: boolean, wide: boolean, id: TypeId): number[] {
  const bits = wide ? 64 : 32;
  const fits = signed ? BigInt.asIntN(bits, value) === value : BigInt.asUintN(bits, value) === value;
  if (!fits) throw outOfField(id, `enumerator "${name}"`, value);
  const low = Number(BigInt.asUintN(32, value));
  return wide ? [low, Number(BigInt.asUintN(32, value >> 32n))] : [low];
}
