/** Where a variable, a map, a macro, a function or a type of the script is declared. */
import type { Item, MapExpr, Node, Program } from '../ast/nodes.ts';
import { walk } from '../ast/walk.ts';
import { choose } from '../macro/overloads.ts';
import type { Span } from '../source.ts';
import { type Analysis, nodesAt } from './analysis.ts';
import { Scopes } from './scopes.ts';

export function definitionAt(analysis: Analysis, offset: number): Span | undefined {
  const path = nodesAt(analysis.program, offset);
  const node = path.at(-1);
  const item = path[1] as Item | undefined;
  if (node === undefined || item === undefined) return undefined;
  switch (node.kind) {
    case 'variable':
      return new Scopes(item).declarationOf(node)?.span;
    case 'map':
      return inside(node.nameSpan, offset) ? mapDefinition(analysis, node, item) : undefined;
    case 'call':
    case 'identifier': {
      const name = node.kind === 'call' ? node.nameSpan : node.span;
      return inside(name, offset) ? nameDefinition(analysis, node, item) : undefined;
    }
    case 'namedType':
      return typeDefinition(analysis, node.name);
    default:
      return undefined;
  }
}

const inside = (span: Span, offset: number): boolean => span.start <= offset && offset <= span.end;

/** Its declaration; else the first place that puts something into it; else where it is met first. */
function mapDefinition({ meaning, program }: Analysis, { name }: MapExpr, item: Item): Span | undefined {
  if (item.kind === 'macro') {
    const parameter = item.parameters.find((one) => one.kind === 'map' && one.name === name);
    if (parameter !== undefined) return parameter.span;
  }
  for (const { items } of [program, meaning.program]) {
    const declared = items.find((one) => one.kind === 'mapDeclaration' && one.map === name);
    if (declared !== undefined) return declared.span;
  }
  let first: Span | undefined;
  let written: Span | undefined;
  walk(program, (node) => {
    if (node.kind === 'macro') return false;
    if (node.kind === 'map' && node.name === name) first ??= node.nameSpan;
    const target = targetOf(node);
    if (target?.kind === 'map' && target.name === name) written ??= target.nameSpan;
    return true;
  });
  return written ?? first;
}

function targetOf(node: Node): Node | undefined {
  if (node.kind === 'assign') return node.target.kind === 'discard' ? undefined : node.target;
  return node.kind === 'unary' && (node.operator === '++' || node.operator === '--')
    ? node.operand
    : undefined;
}

type Named = Extract<Node, { kind: 'call' | 'identifier' }>;

function nameDefinition({ meaning }: Analysis, node: Named, item: Item): Span | undefined {
  if (item.kind === 'macro' && node.kind === 'identifier') {
    const parameter = item.parameters.find((one) => one.kind === 'expression' && one.name === node.name);
    if (parameter !== undefined) return parameter.span;
  }
  const macros = macrosOf(meaning.program).filter(({ name }) => name === node.name);
  const macro = choose(macros, node.kind === 'call' ? node.args : []) ?? macros[0];
  if (macro !== undefined) return macro.nameSpan;
  for (const one of meaning.program.items) {
    if (one.kind === 'subprogram' && one.name === node.name) return one.nameSpan;
  }
  return definitionOf(meaning.program, new RegExp(`^[ \\t]*#[ \\t]*define[ \\t]+(${node.name})\\b`, 'm'));
}

export const macrosOf = (program: Program): readonly Extract<Item, { kind: 'macro' }>[] =>
  program.items.filter((item) => item.kind === 'macro');

/** Of the script; those of the kernel have no place. */
function typeDefinition({ meaning }: Analysis, name: string): Span | undefined {
  return definitionOf(meaning.program, new RegExp(`\\b(?:struct|union|enum)\\s+(${name})\\s*\\{`));
}

/** Where the first group of a pattern is, in the C definitions. */
function definitionOf({ definitions }: Program, pattern: RegExp): Span | undefined {
  for (const { span } of definitions) {
    const { source, start } = span;
    const match = pattern.exec(source.text.slice(start, span.end));
    if (match === null) continue;
    const at = start + match.index + match[0].lastIndexOf(match[1]!);
    return { source, start: at, end: at + match[1]!.length };
  }
  return undefined;
}
