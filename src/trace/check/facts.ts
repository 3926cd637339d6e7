/** What is found out about the expressions of one body. */
import type { Expr, Statement, VariableExpr } from '../ast/nodes.ts';
import type { AskedLayout, ExprFacts, ScriptVariable } from '../checked.ts';
import { int64, none, type Type } from '../types/type.ts';
import type { Constant } from './context.ts';
import { settled } from './integers.ts';
import type { Variable } from './scope.ts';

export class Facts implements ExprFacts {
  readonly #types = new Map<Expr, Type>();
  readonly #constants = new Map<Expr, Constant>();
  readonly #asked = new Map<Expr, readonly AskedLayout[]>();
  readonly #records = new Map<Expr, readonly Constant[]>();
  readonly #variables = new Map<Expr, Variable>();
  readonly #captured = new Map<Statement, Set<Variable>>();
  readonly #script = new Map<Variable, ScriptVariable>();

  setType(expr: Expr, type: Type): void {
    this.#types.set(expr, type);
  }

  setConstant(expr: Expr, value: Constant): void {
    this.#constants.set(expr, value);
  }

  setLayouts(expr: Expr, layouts: readonly AskedLayout[]): void {
    this.#asked.set(expr, layouts);
  }

  layoutsIn(expr: Expr): readonly AskedLayout[] {
    return this.#asked.get(expr) ?? [];
  }

  /** The values of the fields of a record that are known. */
  setRecord(expr: Expr, values: readonly Constant[]): void {
    this.#records.set(expr, values);
  }

  recordOf(expr: Expr): readonly Constant[] | undefined {
    return this.#records.get(expr);
  }

  setVariable(expr: VariableExpr, variable: Variable): void {
    this.#variables.set(expr, variable);
  }

  setCaptured(loop: Statement, variables: Set<Variable>): void {
    this.#captured.set(loop, variables);
  }

  /** With the marks of literals. */
  markedTypeOf(expr: Expr): Type {
    return this.#types.get(expr) ?? none;
  }

  typeOf(expr: Expr): Type {
    return settled(this.markedTypeOf(expr));
  }

  constantOf(expr: Expr): Constant | undefined {
    return this.#constants.get(expr);
  }

  variableOf(expr: VariableExpr): ScriptVariable {
    const variable = this.#variables.get(expr);
    if (variable === undefined) throw new Error(`no variable for ${expr.name}`);
    return this.#scriptVariable(variable);
  }

  capturedBy(loop: Statement): readonly ScriptVariable[] {
    return [...(this.#captured.get(loop) ?? [])].map((variable) => this.#scriptVariable(variable));
  }

  /** A rewritten expression is what the old one was. */
  copy(from: Expr, to: Expr): void {
    const type = this.#types.get(from);
    if (type !== undefined) this.#types.set(to, type);
    const constant = this.#constants.get(from);
    if (constant !== undefined) this.#constants.set(to, constant);
    const asked = this.#asked.get(from);
    if (asked !== undefined) this.#asked.set(to, asked);
    const variable = this.#variables.get(from);
    if (variable !== undefined) this.#variables.set(to, variable);
  }

  copyLoop(from: Statement, to: Statement): void {
    const captured = this.#captured.get(from);
    if (captured !== undefined) this.#captured.set(to, captured);
  }

  #scriptVariable(variable: Variable): ScriptVariable {
    let made = this.#script.get(variable);
    if (made === undefined) {
      // Declared and never used: what it is does not matter, but it is something.
      const type = variable.type.kind === 'none' ? int64 : settled(variable.type);
      made = { name: variable.name, type };
      this.#script.set(variable, made);
    }
    return made;
  }
}
