/** What one kernel program is made of while it is compiled: declarations, facts of the kernel, sub-programs. */
import type { Node } from 'acorn';
import { nearestNames } from '../text/nearest.ts';
import { recordOperation } from './builtin/map-ring.ts';
import type { Losses } from './emit/losses.ts';
import type { Environment } from './environment.ts';
import { contextNamespace } from './lower/context.ts';
import type { Namespace, Operand } from './lower/operand.ts';
import type { Lowering } from './lower/state.ts';
import type { MapDeclaration, MapKind } from './maps.ts';
import { messages } from './messages.ts';
import type { FunctionSource } from './source.ts';

export interface Declarations {
  readonly maps: ReadonlyMap<string, MapDeclaration<MapKind, unknown>>;
  readonly params: ReadonlyMap<string, bigint | number | boolean>;
  readonly functions: ReadonlyMap<string, FunctionSource>;
  readonly losses: Losses;
}

export class ProgramState {
  readonly environment: Environment;
  readonly maps: Declarations['maps'];
  readonly params: Declarations['params'];
  readonly functions: Declarations['functions'];
  /** Functions that the body calls, in the order of the first call: each becomes a sub-program. */
  readonly used: string[] = [];
  /** Who calls whom, to refuse recursion. */
  readonly #calls = new Map<string, Set<string>>();
  /** Set by what waits for user pages. */
  sleeps = false;
  readonly losses: Losses;

  constructor(environment: Environment, declarations: Declarations) {
    this.environment = environment;
    this.maps = declarations.maps;
    this.params = declarations.params;
    this.functions = declarations.functions;
    this.losses = declarations.losses;
  }

  declaredNames(): string[] {
    return [...this.maps.keys(), ...this.params.keys(), ...this.functions.keys()];
  }

  nearest(name: string, known: readonly string[]): string[] {
    return nearestNames(name, known);
  }

  /** Numbers of a user function: its parameters without the context. */
  parametersOf(name: string): number {
    return Math.max(0, (this.functions.get(name)?.node.params.length ?? 1) - 1);
  }

  /** Notes a call; the symbol is the name of the sub-program. */
  useFunction(l: Lowering, name: string, node: Node): string {
    const caller = l.source.name;
    if (caller === name || this.#reaches(name, caller)) l.fail(node, messages.recursion(name));
    const callees = this.#calls.get(caller) ?? new Set();
    this.#calls.set(caller, callees.add(name));
    if (!this.used.includes(name)) this.used.push(name);
    return name;
  }

  #reaches(from: string, to: string): boolean {
    return [...(this.#calls.get(from) ?? [])].some((next) => next === to || this.#reaches(next, to));
  }

  /** What `k` is. Looked up here and not by the lowering, whose built-ins are made of the lowering itself. */
  contextOf(l: Lowering): Namespace {
    return contextNamespace(l);
  }

  recordOperation(l: Lowering, object: Operand, name: string): Operand | undefined {
    return recordOperation(l, object, name);
  }
}
