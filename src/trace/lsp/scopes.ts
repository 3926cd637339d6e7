/**
 * Where variables are declared and where they can be used, from the tree alone: it also answers in a text that the
 * checker refuses. Blocks nest, a name means the nearest declaration, and an assignment declares what nothing has.
 */
import type { Item, Node, VariableExpr } from '../ast/nodes.ts';
import { childrenOf } from '../ast/walk.ts';
import type { Span } from '../source.ts';

export interface Declaration {
  /** With its `$`. */
  readonly name: string;
  readonly span: Span;
  /** The node that declares it; undefined for a parameter. */
  readonly node: VariableExpr | undefined;
  /** Where it is known, from `from` on: `$x` is not yet in `$x = …`. */
  readonly scope: Span;
  readonly from: number;
}

export class Scopes {
  readonly declarations: Declaration[] = [];
  readonly #uses = new Map<Span, Declaration>();
  #names: Map<string, Declaration>[] = [];

  constructor(item: Item) {
    if (item.kind !== 'probe' && item.kind !== 'macro' && item.kind !== 'subprogram') return;
    this.#within(() => {
      if (item.kind !== 'probe') {
        for (const { name, span } of item.parameters) {
          if (name.startsWith('$'))
            this.#declare({ name, span, node: undefined, scope: item.span, from: span.end });
        }
      }
      this.#visit(item, item.span);
    });
  }

  /** What the variable at this place is declared by. */
  declarationOf(variable: VariableExpr): Declaration | undefined {
    return this.#uses.get(variable.span);
  }

  visibleAt(offset: number): readonly Declaration[] {
    return this.declarations.filter(
      ({ from, scope }) => from <= offset && scope.start <= offset && offset <= scope.end,
    );
  }

  #within(visit: () => void): void {
    this.#names.push(new Map());
    visit();
    this.#names.pop();
  }

  #visit(node: Node, scope: Span): void {
    switch (node.kind) {
      case 'block':
        this.#within(() => {
          for (const child of childrenOf(node)) this.#visit(child, node.span);
        });
        return;
      case 'assign':
        this.#visit(node.value, scope);
        if (node.target.kind === 'discard') return;
        if (node.target.kind === 'variable') this.#declareOrUse(node.target, scope, node.span.end);
        else this.#visit(node.target, scope);
        return;
      case 'let':
        if (node.value !== undefined) this.#visit(node.value, scope);
        this.#declareNode(node.variable, scope, node.span.end);
        return;
      case 'for':
        this.#visit(node.over, scope);
        this.#within(() => {
          this.#declareNode(node.variable, node.body.span, node.body.span.start);
          this.#visit(node.body, scope);
        });
        return;
      case 'call':
        for (const argument of node.args) {
          // find() puts what it found into a variable.
          if (node.name === 'find' && argument.kind === 'variable')
            this.#declareOrUse(argument, scope, node.span.end);
          else this.#visit(argument, scope);
        }
        return;
      case 'variable': {
        const found = this.#find(node.name);
        if (found !== undefined) this.#uses.set(node.span, found);
        return;
      }
      default:
        for (const child of childrenOf(node)) this.#visit(child, scope);
    }
  }

  #find(name: string): Declaration | undefined {
    for (let i = this.#names.length - 1; i >= 0; i--) {
      const found = this.#names[i]!.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #declareOrUse(node: VariableExpr, scope: Span, from: number): void {
    const found = this.#find(node.name);
    if (found === undefined) this.#declareNode(node, scope, from);
    else this.#uses.set(node.span, found);
  }

  #declareNode(node: VariableExpr, scope: Span, from: number): void {
    const declaration = { name: node.name, span: node.span, node, scope, from };
    this.#declare(declaration);
    this.#uses.set(node.span, declaration);
  }

  #declare(declaration: Declaration): void {
    this.declarations.push(declaration);
    this.#names.at(-1)!.set(declaration.name, declaration);
  }
}
