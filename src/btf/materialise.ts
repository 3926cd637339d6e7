import { invalidInt, invalidRecord, noSuchType } from './errors.ts';
import { kindNames } from './records.ts';
import type { Strings } from './strings.ts';
import type { BtfType, Enumerator, Linkage, Member, Parameter, SectionVariable, TypeId } from './types.ts';

/**
 * The record that begins at word `at` as a plain object. The words of the record are known to exist; names and
 * types that it refers to are checked here. Source: Documentation/bpf/btf.rst, "Type Encoding".
 */
export function materialise(
  words: Uint32Array,
  at: number,
  id: TypeId,
  strings: Strings,
  count: number,
): BtfType {
  const info = words[at + 1]!;
  const kind = kindNames[(info >>> 24) & 0x1f]!;
  const vlen = info & 0xffff;
  const flag = info >>> 31 === 1;
  const value = words[at + 2]!;
  const body = at + 3;

  const name = (): string => strings.text(words[at]!);
  const ref = (type: number): TypeId => {
    if (type >= count) throw noSuchType(type, count);
    return type;
  };
  const linkage = (number: number): Linkage => {
    if (number !== 0 && number !== 1 && number !== 2) throw invalidRecord(id, kind, `of linkage ${number}`);
    return number;
  };

  switch (kind) {
    case 'int':
      return int(words[body]!, name(), value, id);
    case 'pointer':
    case 'volatile':
    case 'const':
    case 'restrict':
      return { kind, target: ref(value) };
    case 'typedef':
    case 'typeTag':
      return { kind, name: name(), target: ref(value) };
    case 'array':
      return { kind, element: ref(words[body]!), index: ref(words[body + 1]!), length: words[body + 2]! };
    case 'struct':
    case 'union': {
      const members: Member[] = [];
      for (let i = 0, w = body; i < vlen; i++, w += 3) {
        const offset = words[w + 2]!;
        members.push({
          name: strings.text(words[w]!),
          type: ref(words[w + 1]!),
          bitOffset: flag ? offset & 0xff_ffff : offset,
          bitSize: flag ? offset >>> 24 : 0,
        });
      }
      return { kind, name: name(), size: value, members };
    }
    case 'enum': {
      const values: Enumerator[] = [];
      for (let i = 0, w = body; i < vlen; i++, w += 2) {
        const number = words[w + 1]!;
        values.push({ name: strings.text(words[w]!), value: BigInt(flag ? number | 0 : number) });
      }
      return { kind, name: name(), size: value, signed: flag, values };
    }
    case 'enum64': {
      const values: Enumerator[] = [];
      for (let i = 0, w = body; i < vlen; i++, w += 3) {
        const number = BigInt(words[w + 1]!) | (BigInt(words[w + 2]!) << 32n);
        values.push({ name: strings.text(words[w]!), value: flag ? BigInt.asIntN(64, number) : number });
      }
      return { kind, name: name(), size: value, signed: flag, values };
    }
    case 'forward':
      return { kind, name: name(), union: flag };
    case 'function':
      return { kind, name: name(), prototype: ref(value), linkage: linkage(vlen) };
    case 'prototype': {
      const parameters: Parameter[] = [];
      for (let i = 0, w = body; i < vlen; i++, w += 2) {
        parameters.push({ name: strings.text(words[w]!), type: ref(words[w + 1]!) });
      }
      return { kind, returns: ref(value), parameters };
    }
    case 'variable':
      return { kind, name: name(), type: ref(value), linkage: linkage(words[body]!) };
    case 'section': {
      const variables: SectionVariable[] = [];
      for (let i = 0, w = body; i < vlen; i++, w += 3) {
        variables.push({ type: ref(words[w]!), offset: words[w + 1]!, size: words[w + 2]! });
      }
      return { kind, name: name(), size: value, variables };
    }
    case 'float':
      return { kind, name: name(), size: value };
    case 'declTag':
      return { kind, name: name(), target: ref(value), component: words[body]! | 0 };
    case 'void':
      return { kind };
  }
}

const intEncodings = new Map<number, 'unsigned' | 'signed' | 'char' | 'bool'>([
  [0, 'unsigned'],
  [1, 'signed'],
  [2, 'char'],
  [4, 'bool'],
]);

function int(word: number, name: string, size: number, id: TypeId): BtfType {
  const encoding = intEncodings.get((word >>> 24) & 0x0f);
  const bitOffset = (word >>> 16) & 0xff;
  const bits = word & 0xff;
  const sized = size === 1 || size === 2 || size === 4 || size === 8 || size === 16;
  if (encoding === undefined || !sized || bits === 0 || bits + bitOffset > size * 8) throw invalidInt(id);
  return { kind: 'int', name, size, bits, bitOffset, encoding };
}
