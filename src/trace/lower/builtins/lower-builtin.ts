/** The code of a built-in. */
import type { CallExpr, Expr, IdentifierExpr } from '../../ast/nodes.ts';
import type { Lowered } from '../lowered.ts';
import type { Lowering } from '../state.ts';

export type Call = CallExpr | IdentifierExpr;

export type LowerBuiltin = (l: Lowering, call: Call, args: readonly Expr[]) => Lowered;

/** By the name of the built-in. */
export type LowerBuiltins<Name extends string> = Readonly<Record<Name, LowerBuiltin>>;
