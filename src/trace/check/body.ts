/**
 * One body being checked: a probe at its targets, or a sub-program. A pass goes over it from the first statement to
 * the last; what it finds out about variables and maps is kept for the next pass, until nothing is new.
 */
import type {
  BlockExpr,
  Expr,
  MapExpr,
  PositionalExpr,
  Subprogram,
  TypeExpr,
  TypeQueryExpr,
  VariableExpr,
} from '../ast/nodes.ts';
import type { Config } from '../config.ts';
import type { Diagnostics } from '../diagnostic.ts';
import type { ResolvedProbe } from '../probes/resolved.ts';
import { none, type Type } from '../types/type.ts';
import type { CheckContext, Constant, MapUse } from './context.ts';
import type { CheckEnvironment, TypeNames } from './environment.ts';
import { checkExpression } from './expressions.ts';
import { Facts } from './facts.ts';
import { checkMapEntry, checkMapKey, mapAsWhole } from './map-access.ts';
import type { MapTable } from './map-table.ts';
import * as say from './messages.ts';
import { Scope, type Variable } from './scope.ts';
import { queriedType, resolveType } from './type-expressions.ts';
import { sameType } from './unify.ts';
import { assignVariable } from './variables.ts';

/** What all bodies of a script share. */
export interface ProgramState {
  readonly config: Config;
  readonly environment: CheckEnvironment;
  readonly maps: MapTable;
  readonly functions: ReadonlyMap<string, FunctionSignature>;
  /** Named parameters and what they are for. */
  readonly options: Map<string, string>;
  /** Of this pass. */
  diagnostics: Diagnostics;
  /** Something new in this pass. */
  changed: boolean;
  /** So many passes have been made that what still grows is given its full size. */
  late: boolean;
}

export interface FunctionSignature {
  readonly source: Subprogram;
  readonly parameters: readonly { readonly name: string; readonly type: Type }[];
  readonly returns: Type;
}

/** What was found out about where a pointer points stays, where the type is as it was. */
const samePlace = (before: Type, now: Type): boolean =>
  before.kind === 'pointer' && now.kind === 'pointer' && sameType(before.target, now.target);

export class Body implements CheckContext {
  readonly program: ProgramState;
  readonly probe: ResolvedProbe | undefined;
  readonly block: BlockExpr;
  readonly function: FunctionSignature | undefined;
  /** Of the probe, in `block`. */
  readonly predicate: Expr | undefined;
  facts: Facts = new Facts();
  scope: Scope = new Scope();
  /** Loops around this place: what `break` leaves. */
  loops = 0;
  /** Loops over maps and ranges around this place: functions that the kernel calls back. */
  callbacks = 0;
  /** Variables by the node that declares them, over all passes. */
  readonly #variables = new Map<object, Variable>();
  readonly #noValue = new Set<Expr>();
  #types: TypeNames | undefined;

  constructor(
    program: ProgramState,
    block: BlockExpr,
    of: {
      readonly probe?: ResolvedProbe;
      readonly predicate?: Expr | undefined;
      readonly function?: FunctionSignature;
    },
  ) {
    this.program = program;
    this.block = block;
    this.probe = of.probe;
    this.predicate = of.predicate;
    this.function = of.function;
  }

  /** Ready for another pass. */
  begin(): void {
    this.facts = new Facts();
    this.scope = new Scope();
    this.loops = 0;
    this.callbacks = 0;
    this.#noValue.clear();
    for (const variable of this.#variables.values()) variable.assigned = false;
  }

  get config(): Config {
    return this.program.config;
  }

  get environment(): CheckEnvironment {
    return this.program.environment;
  }

  /** Names of types and constants, those of the program that the probe is in among them. */
  get types(): TypeNames {
    if (!this.#types) {
      const inProgram = this.probe && this.environment.typesAt?.(this.probe);
      this.#types = inProgram ?? this.environment.types;
    }
    return this.#types;
  }

  get diagnostics(): Diagnostics {
    return this.program.diagnostics;
  }

  get inLoop(): boolean {
    return this.loops > 0;
  }

  get inCallback(): boolean {
    return this.callbacks > 0;
  }

  /** Checks an expression and gives its type, with the marks of literals. */
  check(expr: Expr): Type {
    const type = checkExpression(this, expr);
    this.facts.setType(expr, type);
    return type;
  }

  /** As `check`, where a value is needed. */
  value(expr: Expr): Type {
    const type = this.check(expr);
    if (this.isNone(expr)) {
      const message = expr.kind === 'call' ? say.noneValue(expr.name) : say.invalidAssignment(expr.kind);
      this.diagnostics.error(expr.span, message);
    }
    return type;
  }

  checkEntry(expr: MapExpr): Type {
    const type = checkMapEntry(this, expr, 'entry');
    this.facts.setType(expr, type);
    return type;
  }

  typeOf(expr: Expr): Type {
    return this.facts.typeOf(expr);
  }

  markedTypeOf(expr: Expr): Type {
    return this.facts.markedTypeOf(expr);
  }

  constantOf(expr: Expr): Constant | undefined {
    return this.facts.constantOf(expr);
  }

  map(expr: MapExpr): MapUse {
    return mapAsWhole(this, expr);
  }

  checkKey(map: MapExpr, key: Expr): void {
    checkMapKey(this, map, key);
  }

  assign(variable: VariableExpr, type: Type): void {
    this.facts.setType(variable, assignVariable(this, variable, type, undefined, variable.span));
  }

  resolve(type: TypeExpr): Type | undefined {
    return resolveType(this, type);
  }

  typeQueried(query: TypeQueryExpr): Type | undefined {
    return queriedType(this, query.of);
  }

  fold(call: Expr, value: Constant): void {
    this.facts.setConstant(call, value);
  }

  noteParameter({ index, span }: PositionalExpr): void {
    const given = this.environment.positional[index - 1];
    if (given === undefined || given === '') this.diagnostics.warning(span, say.parameterMissing(index));
  }

  noteOption(name: string, description: string): void {
    if (!this.program.options.has(name) || description !== '') this.program.options.set(name, description);
  }

  isNone(expr: Expr): boolean {
    return this.#noValue.has(expr);
  }

  /** The expression has an effect and no value. */
  setNone(expr: Expr): Type {
    this.#noValue.add(expr);
    return none;
  }

  /** Declares a variable in the block that is being checked; `node` stands for it from pass to pass. */
  declare(
    node: object,
    { name, declared, origin }: Pick<Variable, 'name' | 'declared' | 'origin'>,
    type: Type,
    fixed: boolean,
  ): Variable {
    let variable = this.#variables.get(node);
    if (variable === undefined) {
      variable = { name, declared, origin, type, fixed, assigned: false };
      this.#variables.set(node, variable);
      if (type.kind !== 'none') this.program.changed = true;
    } else if (fixed && type.kind !== 'none' && !samePlace(variable.type, type)) {
      variable.type = type;
    }
    this.scope.declare(variable);
    return variable;
  }

  widen(variable: Variable, type: Type): void {
    variable.type = type;
    this.program.changed = true;
  }

  /** Runs in a block of its own. */
  inScope<Result>(run: () => Result, captured?: Set<Variable>): Result {
    const outer = this.scope;
    this.scope = new Scope(outer, captured);
    try {
      return run();
    } finally {
      this.scope = outer;
    }
  }

  /** All that is known of them after the last pass. */
  get variables(): Iterable<Variable> {
    return this.#variables.values();
  }
}
