/** The shape of a built-in part of `k`: where it may be used, what it compiles to, what the manual says. */
import type { Node } from 'acorn';
import type { Diagnostic } from '../diagnostic.ts';
import type { Operand } from '../lower/operand.ts';
import type { Lowering } from '../lower/state.ts';

interface Common {
  /** One line for the manual. */
  readonly doc: string;
  /** Why it cannot be used in this probe or on this kernel; undefined if it can. */
  available?(l: Lowering): Diagnostic | undefined;
}

export type Builtin =
  | (Common & { readonly kind: 'value'; lower(l: Lowering, node: Node): Operand })
  | (Common & {
      readonly kind: 'operation';
      /** Least and most arguments. */
      readonly arity: readonly [number, number];
      lower(l: Lowering, args: readonly Node[], node: Node): Operand;
    });

export type Builtins = Readonly<Record<string, Builtin>>;
