/**
 * The 19 kinds of BTF types as plain data: a closed union by `kind`.
 *
 * Source: include/uapi/linux/btf.h, Documentation/bpf/btf.rst. Type id 0 is `void` and has no record.
 */

export type TypeId = number;

export interface Member {
  readonly name: string;
  readonly type: TypeId;
  /** From the start of the struct or union, in bits. */
  readonly bitOffset: number;
  /** Width of a bitfield in bits; 0 for an ordinary member. */
  readonly bitSize: number;
}

export interface Parameter {
  readonly name: string;
  /** 0 in last place means a variable argument list. */
  readonly type: TypeId;
}

export interface Enumerator {
  readonly name: string;
  readonly value: bigint;
}

export interface SectionVariable {
  readonly type: TypeId;
  readonly offset: number;
  readonly size: number;
}

export const Linkage = { static: 0, global: 1, extern: 2 } as const;
export type Linkage = (typeof Linkage)[keyof typeof Linkage];

export type BtfType =
  | { readonly kind: 'void' }
  | {
      readonly kind: 'int';
      readonly name: string;
      readonly size: number;
      readonly bits: number;
      readonly bitOffset: number;
      readonly encoding: 'unsigned' | 'signed' | 'char' | 'bool';
    }
  | { readonly kind: 'pointer'; readonly target: TypeId }
  | { readonly kind: 'array'; readonly element: TypeId; readonly index: TypeId; readonly length: number }
  | {
      readonly kind: 'struct' | 'union';
      readonly name: string;
      readonly size: number;
      readonly members: readonly Member[];
    }
  | {
      /** ENUM and ENUM64 both: `size` tells, up to 4 or 8. */
      readonly kind: 'enum' | 'enum64';
      readonly name: string;
      readonly size: number;
      readonly signed: boolean;
      readonly values: readonly Enumerator[];
    }
  | { readonly kind: 'forward'; readonly name: string; readonly union: boolean }
  | { readonly kind: 'typedef'; readonly name: string; readonly target: TypeId }
  | { readonly kind: 'volatile' | 'const' | 'restrict'; readonly target: TypeId }
  | {
      readonly kind: 'function';
      readonly name: string;
      readonly prototype: TypeId;
      readonly linkage: Linkage;
    }
  | { readonly kind: 'prototype'; readonly returns: TypeId; readonly parameters: readonly Parameter[] }
  | { readonly kind: 'variable'; readonly name: string; readonly type: TypeId; readonly linkage: Linkage }
  | {
      readonly kind: 'section';
      readonly name: string;
      readonly size: number;
      readonly variables: readonly SectionVariable[];
    }
  | { readonly kind: 'float'; readonly name: string; readonly size: number }
  | { readonly kind: 'declTag'; readonly name: string; readonly target: TypeId; readonly component: number }
  | { readonly kind: 'typeTag'; readonly name: string; readonly target: TypeId };

export type BtfKind = BtfType['kind'];
