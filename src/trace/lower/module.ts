/** One kernel program while it is made: its functions, and what its bodies do with their variables. */
import type { IrFunction } from '../../compiler/ir.ts';
import type { BlockExpr, VariableExpr } from '../ast/nodes.ts';
import type { ExprFacts, ScriptVariable } from '../checked.ts';
import type { Hook } from './hook.ts';
import type { ScriptState } from './script.ts';
import { walk } from './walk.ts';

export class ModuleState {
  readonly script: ScriptState;
  readonly hook: Hook;
  /** In `CompiledScript.probes`: user addresses and stacks carry it. */
  readonly probeIndex: number;
  /** The entry function first. */
  readonly functions: IrFunction[];
  /** Sub-programs of the script that are called, in the order of the first call. */
  readonly calls: Set<string>;
  /** Functions that built-ins share within the program: their names by what they do. */
  readonly shared: Map<string, string>;
  readonly #names: Map<string, number>;
  readonly #bodies: readonly { readonly facts: ExprFacts; readonly body: BlockExpr }[];
  readonly #use = new Map<ExprFacts, Use>();

  constructor(
    script: ScriptState,
    hook: Hook,
    probeIndex: number,
    bodies: readonly { readonly facts: ExprFacts; readonly body: BlockExpr }[],
    /** Another probe in the same kernel program. Default none. */
    beside?: ModuleState,
  ) {
    this.script = script;
    this.hook = hook;
    this.probeIndex = probeIndex;
    this.#bodies = bodies;
    this.functions = beside?.functions ?? [];
    this.calls = beside?.calls ?? new Set();
    this.shared = beside?.shared ?? new Map();
    this.#names = beside === undefined ? new Map() : beside.#names;
  }

  add(fn: IrFunction): void {
    this.functions.push(fn);
  }

  /** A name for a function of this program that no other has. */
  functionName(name: string): string {
    const before = this.#names.get(name) ?? 0;
    this.#names.set(name, before + 1);
    return `${name}_${before}`;
  }

  /** The script takes the address of the variable. */
  addressed(facts: ExprFacts, variable: ScriptVariable): boolean {
    return this.#useOf(facts).addressed.has(variable);
  }

  /** One place alone gives the variable its value. */
  assignedOnce(facts: ExprFacts, variable: ScriptVariable): boolean {
    return (this.#useOf(facts).assigned.get(variable) ?? 0) <= 1;
  }

  /** How often each variable is assigned below. */
  assignments(facts: ExprFacts, body: BlockExpr): ReadonlyMap<ScriptVariable, number> {
    return useIn(facts, body).assigned;
  }

  /** The variable that a parameter's name stands for in the body; undefined if the body never names it. */
  parameter(facts: ExprFacts, body: BlockExpr, name: string): ScriptVariable | undefined {
    let found: ScriptVariable | undefined;
    walk(body, (node) => {
      if (node.kind === 'variable' && node.name === name) found ??= facts.variableOf(node);
    });
    return found;
  }

  #useOf(facts: ExprFacts): Use {
    let use = this.#use.get(facts);
    if (!use) {
      const body = this.#bodies.find((each) => each.facts === facts)?.body;
      use = body ? useIn(facts, body) : { addressed: new Set(), assigned: new Map() };
      this.#use.set(facts, use);
    }
    return use;
  }
}

interface Use {
  readonly addressed: ReadonlySet<ScriptVariable>;
  readonly assigned: ReadonlyMap<ScriptVariable, number>;
}

function useIn(facts: ExprFacts, body: BlockExpr): Use {
  const addressed = new Set<ScriptVariable>();
  const assigned = new Map<ScriptVariable, number>();
  const assign = (expr: VariableExpr): void => {
    const variable = facts.variableOf(expr);
    assigned.set(variable, (assigned.get(variable) ?? 0) + 1);
  };
  walk(body, (node) => {
    if (node.kind === 'assign' && node.target.kind === 'variable') assign(node.target);
    else if (node.kind === 'let' && node.value) assign(node.variable);
    else if (node.kind === 'unary' && node.operand.kind === 'variable') {
      if (node.operator === '&') addressed.add(facts.variableOf(node.operand));
      else if (node.operator === '++' || node.operator === '--') assign(node.operand);
    } else if (node.kind === 'call' && node.name === 'find') {
      const [, , into] = node.args;
      if (into?.kind === 'variable') assign(into);
    }
  });
  return { addressed, assigned };
}
