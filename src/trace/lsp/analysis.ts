/** What is known of one text: its tree, and what the checker says of it. Found out when it is first asked for. */
import type { Expr, Node, Program } from '../ast/nodes.ts';
import { childrenOf, walk } from '../ast/walk.ts';
import { type Checked, type CheckedBody, checkProgram } from '../check/check.ts';
import type { TypeNames } from '../check/environment.ts';
import { type Diagnostic, Diagnostics } from '../diagnostic.ts';
import { resolveImports } from '../imports/resolve.ts';
import { parseProgram } from '../parse/parse.ts';
import type { Source } from '../source.ts';
import { typeText } from '../types/text.ts';
import type { Type } from '../types/type.ts';
import type { LspEnvironment } from './environment.ts';

/** An expression as the checker saw it, in one body: a probe has one for each kind of place that it is attached to. */
export interface Seen {
  readonly expr: Expr;
  readonly body: CheckedBody;
}

interface Meaning {
  /** With imports. */
  readonly program: Program;
  readonly types: TypeNames;
  readonly checked: Checked;
  /** Of imports, definitions, and the checker. */
  readonly diagnostics: readonly Diagnostic[];
}

/** A wildcard has a body for each of its places; they are alike, and nobody reads a hundred types. */
const mostSeen = 16;

export class Analysis {
  readonly source: Source;
  /** Of this text alone; what has errors is not in it. */
  readonly program: Program;
  readonly environment: LspEnvironment;
  readonly #syntax = new Diagnostics();
  #meaning: Meaning | undefined;
  #seen: ReadonlyMap<string, readonly Seen[]> | undefined;

  constructor(source: Source, environment: LspEnvironment) {
    this.source = source;
    this.environment = environment;
    this.program = parseProgram(source, this.#syntax, { tolerant: true });
  }

  get failed(): boolean {
    return this.#syntax.failed;
  }

  /** What is told to the user: after errors of syntax the rest would be about what is missing. */
  get diagnostics(): readonly Diagnostic[] {
    if (this.#syntax.failed) return this.#syntax.list;
    return [...this.#syntax.list, ...this.meaning.diagnostics];
  }

  get meaning(): Meaning {
    return (this.#meaning ??= this.#check());
  }

  #check(): Meaning {
    const before = new Diagnostics();
    const program = resolveImports(this.program, this.environment.files, before);
    const types = this.environment.names(program.definitions, this.source, before);
    const checked = checkProgram(program, this.environment.check(types));
    const said = before.failed ? before.list : [...before.list, ...checked.diagnostics.list];
    return { program, types, checked, diagnostics: said };
  }

  /** What the checker made of an expression of this text; those within macros at every call. */
  seen({ kind, span }: Expr): readonly Seen[] {
    this.#seen ??= this.#index();
    return this.#seen.get(`${kind} ${span.start} ${span.end}`) ?? [];
  }

  #index(): ReadonlyMap<string, readonly Seen[]> {
    const index = new Map<string, Seen[]>();
    for (const body of this.meaning.checked.bodies) {
      walk(body.block, (node) => {
        if (node.span.source !== this.source) return;
        const key = `${node.kind} ${node.span.start} ${node.span.end}`;
        const list = index.get(key);
        if (list === undefined) index.set(key, [{ expr: node as Expr, body }]);
        else if (list.length < mostSeen) list.push({ expr: node as Expr, body });
      });
    }
    return index;
  }

  /** The types that an expression has, each once; none where it is not known. */
  typesOf(expr: Expr): readonly Type[] {
    const types = new Map<string, Type>();
    for (const { expr: seen, body } of this.seen(expr)) {
      const type = body.facts.typeOf(seen);
      if (type.kind !== 'none') types.set(typeText(type), type);
    }
    return [...types.values()];
  }

  /** Its value, where every body agrees on it. */
  constantOf(expr: Expr): bigint | string | boolean | undefined {
    const values = new Set(this.seen(expr).map((one) => one.body.facts.constantOf(one.expr)));
    return values.size === 1 ? [...values][0] : undefined;
  }
}

/** The nodes that a place is in, the outermost first; right behind a word counts as in it. */
export function nodesAt(program: Program, offset: number): readonly Node[] {
  let best: readonly Node[] = [];
  const visit = (node: Node, above: readonly Node[]): void => {
    const path = [...above, node];
    const within = node.span.start <= offset && offset <= node.span.end;
    if (within && path.length > best.length) best = path;
    // The span of a type is that of its last part, the star of a pointer; that of a cast is that of its type.
    if (within || node.kind.endsWith('Type') || node.kind === 'cast')
      for (const child of childrenOf(node)) visit(child, path);
  };
  visit(program, []);
  return best;
}
