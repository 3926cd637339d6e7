/** What an expression stands for while it is lowered. */
import type { Node } from 'acorn';
import type { Value } from '../../compiler/ir.ts';
import type { Memory } from '../emit/emitter.ts';
import { type DataType, type IntegerType, nameOf } from './data-type.ts';

export interface Place {
  readonly base: Value;
  readonly offset: number;
  readonly type: DataType;
  readonly memory: Memory;
  readonly writable: boolean;
  readonly bitfield?: { readonly shift: number; readonly size: number } | undefined;
  /** A pointer that is read here must not be trusted to have its declared type. */
  readonly inUnion?: boolean;
  /** Nothing writes here while the program runs. */
  readonly invariant?: boolean;
  /** Memory for one run whose content nobody promises: never zeroed as a whole, never sent as a whole. */
  readonly scratch?: boolean;
  /** Other CPUs change it at the same time: additions are atomic. */
  readonly shared?: boolean;
}

export type Operand =
  /** A number whose value is known now; it takes the type of its surroundings. */
  | {
      readonly kind: 'literal';
      readonly value: bigint;
      /** Made of parameters: another load may give another value. */
      readonly varies?: boolean;
    }
  | { readonly kind: 'scalar'; readonly value: Value; readonly type: IntegerType }
  /** 0 or 1. */
  | { readonly kind: 'boolean'; readonly value: Value }
  | { readonly kind: 'text'; readonly bytes: Uint8Array }
  /**
   * Text that is not copied yet: the name of the task, a string behind an address. `fill` writes at most
   * `size` bytes to the address and gives the number of bytes or a negative error.
   */
  | {
      readonly kind: 'fill';
      readonly title: string;
      /** Bytes that comparisons and keys without a size of their own need. */
      readonly length: number;
      /** Every byte of the destination is written, whatever happens. */
      readonly complete: boolean;
      fill(address: Value, size: number): Value;
    }
  /** Memory of a struct, array or text. */
  | { readonly kind: 'place'; readonly place: Place }
  /** An address with what is behind it. */
  | {
      readonly kind: 'pointer';
      readonly value: Value;
      readonly target: DataType | undefined;
      readonly memory: Memory;
      readonly writable: boolean;
      /** Other CPUs change what is there at the same time. */
      readonly shared?: boolean;
    }
  /** `{ a: 1, b: 2 }` before it has a type. */
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, Operand>; readonly node: Node }
  /** `[1, 2]` before it has a type. */
  | { readonly kind: 'list'; readonly elements: readonly Operand[]; readonly node: Node }
  /** A pointer to one scalar: `at` in `const at = k.started.get(k.pid)`, read as `at.value`. */
  | { readonly kind: 'cell'; readonly value: Value; readonly type: DataType; readonly shared: boolean }
  /** Something with named parts that has no bytes of its own: the context, its arguments, a map. */
  | { readonly kind: 'namespace'; readonly namespace: Namespace }
  /** A built-in operation that waits for its call. */
  | { readonly kind: 'operation'; readonly name: string; call(args: readonly Node[], node: Node): Operand }
  /** `for (const i of k.range(a, b))`. */
  | { readonly kind: 'range'; readonly from: Operand; readonly to: Operand }
  | { readonly kind: 'undefined' };

export interface Namespace {
  /** `the context`, `hash "started"`: for messages. */
  readonly title: string;
  member(name: string, node: Node): Operand | undefined;
  names(): string[];
  /** Only maps: their declared name. */
  readonly map?: string;
}

export function describe(operand: Operand): string {
  switch (operand.kind) {
    case 'literal':
      return `the number ${operand.value}`;
    case 'scalar':
      return nameOf(operand.type);
    case 'boolean':
      return 'boolean';
    case 'text':
      return 'a text literal';
    case 'fill':
      return operand.title;
    case 'place':
      return nameOf(operand.place.type);
    case 'pointer':
      return operand.target ? `pointer to ${nameOf(operand.target)}` : 'an address';
    case 'cell':
      return `an entry (use .value for its ${nameOf(operand.type)})`;
    case 'object':
      return 'an object literal';
    case 'list':
      return `a list of ${operand.elements.length}`;
    case 'namespace':
      return operand.namespace.title;
    case 'operation':
      return `the operation ${operand.name} (call it)`;
    case 'range':
      return 'a range';
    case 'undefined':
      return 'nothing';
  }
}
