/**
 * Names of variables. Blocks nest, a name means the nearest declaration, and none hides another. What is found out
 * about a variable outlives a pass over the program; which names are there, and which are assigned, does not.
 */
import type { Span } from '../source.ts';
import type { Type } from '../types/type.ts';

export interface Variable {
  readonly name: string;
  readonly declared: Span;
  readonly origin: 'let' | 'assignment' | 'loop' | 'parameter';
  /** So far, over all passes. */
  type: Type;
  /** Written in a `let`, by `for`, or as a parameter: never widened. */
  fixed: boolean;
  /** In this pass. */
  assigned: boolean;
}

export class Scope {
  readonly parent: Scope | undefined;
  /** The body of a `for`: a function of its own. What it takes from outside is noted. */
  readonly captured: Set<Variable> | undefined;
  readonly #names = new Map<string, Variable>();

  constructor(parent?: Scope, captured?: Set<Variable>) {
    this.parent = parent;
    this.captured = captured;
  }

  find(name: string): Variable | undefined {
    const own = this.#names.get(name);
    if (own !== undefined) return own;
    const found = this.parent?.find(name);
    if (found !== undefined) this.captured?.add(found);
    return found;
  }

  declare(variable: Variable): void {
    this.#names.set(variable.name, variable);
  }
}
