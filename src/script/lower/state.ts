/** What the lowering of one body knows: where it builds, what is in scope, what the program declares. */
import type { Node } from 'acorn';
import type { FunctionBuilder, Variable } from '../../compiler/builder.ts';
import { type HelperName, helper } from '../../compiler/helpers.ts';
import { type Block, scalar64, type Value, type ValueType } from '../../compiler/ir.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { ProbeEmitter } from '../emit/emitter.ts';
import type { Environment } from '../environment.ts';
import type { ProbePlan } from '../probe/plan.ts';
import type { ProgramState } from '../program-state.ts';
import type { FunctionSource } from '../source.ts';
import type { Operand } from './operand.ts';

export type Binding =
  | { readonly kind: 'constant'; readonly operand: Operand }
  /** `shape` is the operand of the first value; reading gives the same with the current value. */
  | { readonly kind: 'variable'; readonly variable: Variable; shape: Operand | undefined };

/** What happens on both sides of the first null check of a pointer. */
export interface NullCheck {
  whenNull?(): void;
  whenSet?(): void;
}

/** Ring buffer memory that is filled field by field: `marker` is where missing bytes get zeroed. */
export interface ReservedRecord {
  readonly record: Value;
  readonly size: number;
  marker: Value | undefined;
}

export class Lowering implements ProbeEmitter {
  readonly b: FunctionBuilder;
  readonly program: ProgramState;
  readonly probe: ProbePlan;
  readonly source: FunctionSource;
  /** The name of the first parameter: `k`. */
  readonly contextName: string;
  readonly scopes: Map<string, Binding>[] = [new Map()];
  readonly loops: {
    readonly label: string | undefined;
    readonly onBreak: Block;
    readonly onContinue: Block | undefined;
  }[] = [];
  readonly checks: Map<Value, NullCheck> = new Map();
  readonly records: ReservedRecord[] = [];
  /** Names that are assigned somewhere in the body: the others are constants however declared. */
  readonly assigned: Set<string>;
  /** Probes return nothing; functions return a number. */
  readonly returns: 'nothing' | 'number';

  constructor(options: {
    builder: FunctionBuilder;
    program: ProgramState;
    probe: ProbePlan;
    source: FunctionSource;
    contextName: string;
    assigned: Set<string>;
    returns: 'nothing' | 'number';
  }) {
    this.b = options.builder;
    this.program = options.program;
    this.probe = options.probe;
    this.source = options.source;
    this.contextName = options.contextName;
    this.assigned = options.assigned;
    this.returns = options.returns;
  }

  fail(node: Node, diagnostic: Diagnostic): never {
    throw this.source.error(node, diagnostic);
  }

  /** Instructions made from now on belong to this place of the source. */
  at(node: Node): void {
    this.b.source = this.source.position(node);
  }

  call(name: HelperName, args: readonly Value[], type: ValueType = scalar64): Value {
    return this.b.call(helper(name), args, type);
  }

  binding(name: string): Binding | undefined {
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const found = this.scopes[i].get(name);
      if (found) return found;
    }
    return undefined;
  }

  get environment(): Environment {
    return this.program.environment;
  }

  /** The program's first argument, as the kernel gave it. */
  get context(): Value {
    return this.b.parameter(0);
  }
}
