/** What the lowering of one function knows; the script and the program it belongs to are `script` and `module`. */
import type { FunctionBuilder, Variable } from '../../compiler/builder.ts';
import { type HelperName, helper } from '../../compiler/helpers.ts';
import { type Block, scalar64, type Value, type ValueType } from '../../compiler/ir.ts';
import type { Memory, ProbeEmitter } from '../../script/emit/emitter.ts';
import type { Environment } from '../../script/environment.ts';
import type { Expr, MapExpr } from '../ast/nodes.ts';
import type { ExprFacts, ScriptVariable } from '../checked.ts';
import { lineText, positionOf, type Span } from '../source.ts';
import type { Type } from '../types/type.ts';
import { expression } from './expressions.ts';
import type { Hook } from './hook.ts';
import type { Lowered, Place } from './lowered.ts';
import { registerOf } from './memory.ts';
import type { ModuleState } from './module.ts';
import type { ScriptState } from './script.ts';

/** Where a variable of the script lives. */
export type Storage =
  /** `memory`: how what the pointer leads to may be read, where more is known than its type says. */
  | {
      readonly kind: 'register';
      readonly variable: Variable;
      readonly type: Type;
      memory: Memory | undefined;
    }
  | { readonly kind: 'memory'; readonly place: Place }
  /** The pair of a `for` over a map: never put together unless somebody wants the whole. */
  | { readonly kind: 'pair'; readonly key: Lowered; readonly value: Lowered; readonly type: Type };

export interface LoopTargets {
  onBreak(): void;
  onContinue(): void;
}

/** Helpers whose failures `-k` reports: reads of memory that is not there. */
const reported: ReadonlySet<HelperName> = new Set([
  ...(['probe_read', 'probe_read_kernel', 'probe_read_user'] as const),
  ...(['probe_read_str', 'probe_read_kernel_str', 'probe_read_user_str'] as const),
  ...(['d_path', 'probe_write_user', 'send_signal', 'send_signal_thread'] as const),
]);

export class Lowering implements ProbeEmitter {
  readonly b: FunctionBuilder;
  readonly script: ScriptState;
  readonly module: ModuleState;
  readonly facts: ExprFacts;
  readonly variables: Map<ScriptVariable, Storage> = new Map();
  readonly loops: LoopTargets[] = [];
  /** The map entry that an aggregation such as `count()` is assigned to. */
  target: MapExpr | undefined;
  /** Ends the function that the script's `return` ends: the body of the probe, or the sub-program. */
  readonly leave: (l: Lowering, value: Lowered | undefined) => void;
  readonly #context: (() => Value) | undefined;
  /** What is being lowered. */
  #span: Span | undefined;

  constructor(options: {
    builder: FunctionBuilder;
    module: ModuleState;
    facts: ExprFacts;
    leave: (l: Lowering, value: Lowered | undefined) => void;
    context?: () => Value;
  }) {
    this.b = options.builder;
    this.module = options.module;
    this.script = options.module.script;
    this.facts = options.facts;
    this.leave = options.leave;
    this.#context = options.context;
  }

  get hook(): Hook {
    return this.module.hook;
  }

  get environment(): Environment {
    return this.script.environment.kernel;
  }

  get context(): Value {
    return this.#context ? this.#context() : this.b.parameter(0);
  }

  call(name: HelperName, args: readonly Value[], type: ValueType = scalar64): Value {
    const result = this.b.call(helper(name), args, type);
    if (this.#span && reported.has(name)) this.script.actions.helperError(this, name, result, this.#span);
    return result;
  }

  /** Lowers an expression. */
  lower(expr: Expr): Lowered {
    return expression(this, expr);
  }

  /** An expression as a number in a register. */
  number(expr: Expr): Value {
    return registerOf(this, this.lower(expr));
  }

  /** Instructions made from now on belong to this place of the script. */
  at(span: Span): void {
    this.#span = span;
    const { line, column } = positionOf(span.source, span.start);
    this.b.source = { file: span.source.name, line, column, text: lineText(span.source, line) };
  }

  /** `if (left op right) then() else otherwise()`: control goes on behind both. */
  choose(branch: (yes: Block, no: Block) => void, then: () => void, otherwise?: () => void): void {
    const { b } = this;
    const [yes, after] = [b.block('then'), b.block('after')];
    const no = otherwise ? b.block('else') : after;
    branch(yes, no);
    b.begin(yes);
    then();
    if (b.open) b.jump(after);
    if (otherwise) {
      b.begin(no);
      otherwise();
      if (b.open) b.jump(after);
    }
    b.begin(after);
  }
}
