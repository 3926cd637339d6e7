/** What a built-in sees of lowering. */
import type { FunctionBuilder } from '../../compiler/builder.ts';
import type { Value } from '../../compiler/ir.ts';
import type { Expr } from '../ast/nodes.ts';
import type { Type } from '../types/type.ts';

export interface LowerContext {
  readonly b: FunctionBuilder;
  lower(expr: Expr): Lowered;
}

/** What an expression became: a number in a register, or bytes in memory. */
export type Lowered =
  | { readonly kind: 'scalar'; readonly value: Value; readonly type: Type }
  /** Bytes laid out by types/layout.ts at an address that may be loaded from directly. */
  | { readonly kind: 'memory'; readonly address: Value; readonly offset: number; readonly type: Type }
  | { readonly kind: 'none' };
