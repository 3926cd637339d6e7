/**
 * What stands in for kinds of types that a kernel does not know, and how to find out which it knows.
 *
 * Types of programs are a comfort for people, and sizes for the kernel, so a stand-in has the same size and the
 * same id, and names stay where the kernel allows them. The list is libbpf's, with the kernel release that brought each.
 */
import { encodeBtf } from '../../btf/encode.ts';
import type { BtfType, TypeId } from '../../btf/types.ts';
import { bpfTry } from '../../sys/bpf.ts';
import { Fd } from '../../sys/fd.ts';
import { littleEndian } from '../../sys/layout.ts';

export type BtfFeature =
  /** FUNC and FUNC_PROTO, Linux 5.0. */
  | 'functions'
  /** VAR and DATASEC, Linux 5.2. */
  | 'sections'
  /** FUNC with the linkage `global`, Linux 5.6. */
  | 'globalFunctions'
  /** Linux 5.13. */
  | 'floats'
  /** Linux 5.16. */
  | 'declarationTags'
  /** Linux 5.17. */
  | 'typeTags'
  /** Linux 6.0, with signed enums of 32 bits. */
  | 'enums64'
  /** DATASEC with a `?` in its name, Linux 6.9. */
  | 'questionMarks';

const int: BtfType = { kind: 'int', name: 'int', size: 4, bits: 32, bitOffset: 0, encoding: 'signed' };
const prototype: BtfType = { kind: 'prototype', returns: 0, parameters: [{ name: 'a', type: 1 }] };
const variable: BtfType = { kind: 'variable', name: 'x', type: 1, linkage: 0 };

function section(name: string): BtfType {
  return { kind: 'section', name, size: 4, variables: [{ type: 2, offset: 0, size: 4 }] };
}

/** The smallest BTF that has each. */
const samples: Readonly<Record<BtfFeature, readonly BtfType[]>> = {
  functions: [int, prototype, { kind: 'function', name: 'x', prototype: 2, linkage: 0 }],
  sections: [int, variable, section('.data')],
  globalFunctions: [int, prototype, { kind: 'function', name: 'x', prototype: 2, linkage: 1 }],
  floats: [{ kind: 'float', name: 'float', size: 4 }],
  declarationTags: [int, variable, { kind: 'declTag', name: 'tag', target: 2, component: -1 }],
  typeTags: [int, { kind: 'typeTag', name: 'tag', target: 1 }, { kind: 'pointer', target: 2 }],
  enums64: [{ kind: 'enum64', name: 'x', size: 8, signed: false, values: [{ name: 'a', value: 1n }] }],
  questionMarks: [int, variable, section('?.data')],
};

const answers = new Map<BtfFeature, boolean>();

/** Whether the running kernel takes such types; asked once. Without the privilege to ask, it is said to know. */
export function kernelKnows(feature: BtfFeature): boolean {
  const known = answers.get(feature);
  if (known !== undefined) return known;
  const btf = encodeBtf(samples[feature], littleEndian);
  const { result } = bpfTry('btfLoad', { btf, btfSize: btf.length });
  if (result >= 0) Fd.own(result, 'a probe').close();
  // EPERM says nothing about the types.
  const knows = result >= 0 || result === -1;
  if (result !== -1) answers.set(feature, knows);
  return knows;
}

/** The record itself, or what stands in for it. `byteType` is the id of an integer of one byte. */
export function standIn(
  type: BtfType,
  knows: (feature: BtfFeature) => boolean,
  byteType: () => TypeId,
): BtfType {
  switch (type.kind) {
    case 'variable':
      return knows('sections') ? type : byte(type.name);
    case 'declTag':
      return knows('declarationTags') ? type : byte(type.name);
    case 'section': {
      if (!knows('sections')) {
        const members = type.variables.map((one) => ({
          name: '',
          type: one.type,
          bitOffset: one.offset * 8,
          bitSize: 0,
        }));
        // The variables are bytes now, so they still lie inside.
        return { kind: 'struct', name: type.name.replace(/[.?]/g, '_'), size: type.size, members };
      }
      if (type.name.startsWith('?') && !knows('questionMarks'))
        return { ...type, name: type.name.replace('?', '_') };
      return type;
    }
    case 'prototype':
      if (knows('functions')) return type;
      return {
        kind: 'enum',
        name: '',
        size: 4,
        signed: false,
        values: type.parameters.map(({ name }, i) => ({
          name: name === '' ? `arg${i}` : name,
          value: BigInt(i),
        })),
      };
    case 'function':
      if (!knows('functions')) return { kind: 'typedef', name: type.name, target: type.prototype };
      return type.linkage === 0 || knows('globalFunctions') ? type : { ...type, linkage: 0 };
    case 'float':
      return knows('floats') ? type : { kind: 'struct', name: '', size: type.size, members: [] };
    case 'typeTag':
      return knows('typeTags') ? type : { kind: 'const', target: type.target };
    case 'enum':
      return type.signed && !knows('enums64')
        ? {
            ...type,
            signed: false,
            values: type.values.map(({ name, value }) => ({ name, value: BigInt.asUintN(32, value) })),
          }
        : type;
    case 'enum64':
      if (knows('enums64')) return type;
      return {
        kind: 'union',
        name: type.name,
        size: type.size,
        members: type.values.map(({ name }) => ({ name, type: byteType(), bitOffset: 0, bitSize: 0 })),
      };
    default:
      return type;
  }
}

function byte(name: string): BtfType {
  return { kind: 'int', name, size: 1, bits: 8, bitOffset: 0, encoding: 'unsigned' };
}
