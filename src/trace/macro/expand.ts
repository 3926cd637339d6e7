/** Puts macros in where they are called, until no call of one is left. */
import type { BlockExpr, CallExpr, Expr, IdentifierExpr, Item, Macro, Node, Program } from '../ast/nodes.ts';
import { mapChildren } from '../ast/walk.ts';
import { findBuiltin } from '../builtin/table.ts';
import type { Diagnostics } from '../diagnostic.ts';
import { Budget, deepestCalls, TooLarge } from './budget.ts';
import * as say from './messages.ts';
import { choose, collectMacros, type Overloads, whyNot } from './overloads.ts';
import { substitute } from './substitute.ts';

/** The program without macros and their calls. */
export function expandMacros(program: Program, diagnostics: Diagnostics): Program {
  const macros = collectMacros(program, diagnostics);
  if (macros.size === 0) return program;
  const expansion = new Expansion(macros, diagnostics, new Budget());
  const items: Item[] = [];
  for (const item of program.items) {
    if (item.kind === 'macro') continue;
    try {
      items.push(item.kind === 'probe' || item.kind === 'subprogram' ? expansion.expand(item) : item);
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      diagnostics.error(item.kind === 'subprogram' ? item.nameSpan : item.span, say.tooLarge);
      break;
    }
  }
  return { ...program, items };
}

class Expansion {
  readonly #macros: Overloads;
  readonly #diagnostics: Diagnostics;
  readonly #budget: Budget;
  /** Macros that are being put in, the outermost first. */
  readonly #chain: Macro[] = [];
  #count = 0;

  constructor(macros: Overloads, diagnostics: Diagnostics, budget: Budget) {
    this.#budget = budget;
    this.#macros = macros;
    this.#diagnostics = diagnostics;
  }

  expand<N extends Node>(node: N): N {
    return this.#visit(node) as N;
  }

  #visit = (node: Node): Node => {
    const inside = mapChildren(node, this.#visit);
    if (inside.kind === 'call') return this.#call(inside, inside.args);
    return inside.kind === 'identifier' ? this.#call(inside, []) : inside;
  };

  #call(call: CallExpr | IdentifierExpr, args: readonly Expr[]): Expr {
    const candidates = this.#macros.get(call.name);
    if (candidates === undefined) return call;
    const macro = choose(candidates, args);
    if (macro !== undefined) return this.#put(macro, call, args);
    // Another signature of a built-in's name leaves the built-in as it is; a bare name may be anything.
    if (findBuiltin(call.name) !== undefined || call.kind === 'identifier') return call;
    const { message, closest, argument } = whyNot(call.name, candidates, args);
    this.#diagnostics.error(argument?.span ?? call.span, message, {
      related: [{ message: say.original, span: closest.nameSpan }],
    });
    return { kind: 'block', span: call.span, statements: [] };
  }

  #put(macro: Macro, call: CallExpr | IdentifierExpr, args: readonly Expr[]): Expr {
    const nothing: BlockExpr = { kind: 'block', span: call.span, statements: [] };
    if (this.#chain.includes(macro)) {
      const chain = [...this.#chain, macro].map(({ name }) => name);
      this.#diagnostics.error(call.span, say.recursion(chain));
      return nothing;
    }
    if (this.#chain.length >= deepestCalls) {
      this.#diagnostics.error(call.span, say.tooDeep(deepestCalls));
      return nothing;
    }
    const body = substitute(macro, args, { call: call.span, number: ++this.#count, budget: this.#budget });
    this.#chain.push(macro);
    const expanded = this.expand(body);
    this.#chain.pop();
    // A macro that is one expression is that expression.
    return expanded.statements.length === 0 && expanded.value !== undefined ? expanded.value : expanded;
  }
}
