/** What is under the cursor: its type, and what the manual says of it. */
import type { ConfigEntry, Expr, FieldExpr, Macro, MapExpr, Node, Subprogram } from '../ast/nodes.ts';
import { findBuiltin } from '../builtin/table.ts';
import { findSetting } from '../check/settings-manual.ts';
import { choose } from '../macro/overloads.ts';
import type { Span } from '../source.ts';
import { typeText } from '../types/text.ts';
import type { Type } from '../types/type.ts';
import { type Analysis, nodesAt } from './analysis.ts';
import { macrosOf } from './definition.ts';
import { aboutAttachPoint } from './describe-probe.ts';
import { aboutBuiltin, aboutSetting, code, markdown, membersOf, shortType, structIn } from './markdown.ts';

export interface HoverText {
  readonly text: string;
  readonly span: Span;
}

export function hoverAt(analysis: Analysis, offset: number): HoverText | undefined {
  const node = nodesAt(analysis.program, offset).at(-1);
  if (node === undefined) return undefined;
  const found = about(analysis, node, offset);
  return found === undefined || found.text === '' ? undefined : found;
}

const inside = (span: Span, offset: number): boolean => span.start <= offset && offset <= span.end;

function about(analysis: Analysis, node: Node, offset: number): HoverText | undefined {
  const { span } = node;
  switch (node.kind) {
    case 'attachPoint': {
      const text = aboutAttachPoint(analysis, node);
      return text === undefined ? undefined : { text, span };
    }
    case 'configEntry':
      return inside(node.keySpan, offset) ? aboutEntry(node) : undefined;
    case 'mapDeclaration':
      return { text: aboutMap(analysis, node.map), span };
    case 'macro':
    case 'subprogram':
      return inside(node.nameSpan, offset)
        ? { text: code(signatureOf(node)), span: node.nameSpan }
        : undefined;
    case 'map':
      if (inside(node.nameSpan, offset)) return { text: mapText(analysis, node), span: node.nameSpan };
      return { text: expressionText(analysis, node), span };
    case 'variable':
      return { text: withTypes(node.name, analysis.typesOf(node)), span };
    case 'field':
      return fieldText(analysis, node, offset);
    case 'call':
      if (!inside(node.nameSpan, offset)) return { text: expressionText(analysis, node), span };
      return { text: nameText(analysis, node), span: node.nameSpan };
    case 'identifier':
      return { text: nameText(analysis, node), span };
    case 'namedType': {
      const type = analysis.meaning.types.type(node.name, node.tag);
      return type === undefined ? undefined : { text: typeDescription(type), span };
    }
    default:
      return isExpression(node) ? { text: expressionText(analysis, node), span } : undefined;
  }
}

function aboutEntry({ key, keySpan }: ConfigEntry): HoverText | undefined {
  const setting = findSetting(key);
  return setting === undefined ? undefined : { text: aboutSetting(setting), span: keySpan };
}

const valued: ReadonlySet<Node['kind']> = new Set<Expr['kind']>([
  ...(['integer', 'boolean', 'string', 'positional', 'positionalCount', 'unary', 'binary'] as const),
  ...(['ternary', 'cast', 'index', 'tupleAccess', 'tuple', 'record', 'if', 'typeQuery'] as const),
  ...(['offsetof', 'comptime'] as const),
]);

const isExpression = (node: Node): node is Expr => valued.has(node.kind);

function withTypes(name: string, types: readonly Type[]): string {
  if (types.length === 0) return '';
  const [only] = types;
  const members = types.length === 1 && structIn(only!) !== undefined ? membersOf(only!) : '';
  return markdown(code(types.map((type) => `${name}: ${shortType(type)}`).join('\n')), members).value;
}

function expressionText(analysis: Analysis, expr: Expr): string {
  const types = analysis.typesOf(expr);
  // What a script will be called with is not known here.
  const given = expr.kind === 'positional' || expr.kind === 'positionalCount';
  const constant = given ? undefined : analysis.constantOf(expr);
  const lines = types.map(shortType);
  if (typeof constant === 'bigint' && expr.kind !== 'integer') lines.push(`= ${constant}`);
  else if (typeof constant === 'bigint') lines.push(`= 0x${BigInt.asUintN(64, constant).toString(16)}`);
  return lines.length === 0 ? '' : code(lines.join(' '));
}

function typeDescription(type: Type): string {
  if (type.kind === 'enum') {
    const values = type.values.slice(0, 60).map(({ name, value }) => `  ${name} = ${value},`);
    return code(`${type.name} {\n${values.join('\n')}\n}`, 'c');
  }
  return structIn(type) === undefined ? code(shortType(type)) : membersOf(type);
}

function mapText(analysis: Analysis, { name }: MapExpr): string {
  return aboutMap(analysis, name);
}

/** `@[uint32, string[16]]: count_t`, and how it is kept. */
export function aboutMap({ meaning }: Analysis, name: string): string {
  const use = meaning.checked.maps.find((one) => one.name === name);
  if (use?.value === undefined) return code(name);
  const { key, scalar, value } = use;
  const keys = scalar === false && key !== undefined ? `[${keyText(key)}]` : '';
  const map = meaning.checked.checked?.maps.get(name);
  const kept = map === undefined ? '' : `A ${map.kind} of up to ${map.maxEntries} entries.`;
  const members = structIn(value) === undefined ? '' : membersOf(value);
  return markdown(code(`${name}${keys}: ${shortType(value)}`), kept, members).value;
}

const keyText = (key: Type): string =>
  key.kind === 'tuple' ? key.elements.map(shortType).join(', ') : shortType(key);

function fieldText(analysis: Analysis, expr: FieldExpr, offset: number): HoverText | undefined {
  if (!inside(expr.nameSpan, offset)) return undefined;
  const lines: string[] = [];
  let members = '';
  for (const base of analysis.typesOf(expr.base)) {
    const struct = structIn(base);
    const member = struct?.member(expr.name);
    if (struct === undefined || member === undefined) continue;
    const bits = member.bitfield === undefined ? '' : `, ${member.bitfield.size} bits`;
    const where = `${struct.name || 'struct'}, offset ${member.offset}${bits}`;
    lines.push(`${expr.name}: ${shortType(member.type)}  // ${where}`);
    members = structIn(member.type) === undefined ? '' : membersOf(member.type);
  }
  if (lines.length === 0) {
    const text = withTypes(expr.name, analysis.typesOf(expr));
    return text === '' ? undefined : { text, span: expr.nameSpan };
  }
  const text = markdown(code([...new Set(lines)].join('\n')), lines.length === 1 ? members : '').value;
  return { text, span: expr.nameSpan };
}

/** A macro, a function of the script, a built-in, or a constant. */
function nameText(analysis: Analysis, node: Extract<Node, { kind: 'call' | 'identifier' }>): string {
  const { meaning } = analysis;
  const macros = macrosOf(meaning.program).filter(({ name }) => name === node.name);
  const chosen = choose(macros, node.kind === 'call' ? node.args : []);
  if (chosen !== undefined) return code(signatureOf(chosen));
  for (const item of meaning.program.items) {
    if (item.kind === 'subprogram' && item.name === node.name) return code(signatureOf(item));
  }
  const builtin = findBuiltin(node.name);
  if (builtin !== undefined) {
    const types = analysis.typesOf(node);
    const struct = types.length === 1 && structIn(types[0]!) !== undefined ? membersOf(types[0]!) : '';
    const here = types.length > 0 ? `Here: \`${types.map(shortType).join('`, `')}\`` : '';
    return markdown(aboutBuiltin(builtin), here, struct).value;
  }
  const constant = meaning.types.constant(node.name);
  if (constant === undefined) return expressionText(analysis, node);
  const { value, type } = constant;
  const text = typeof value === 'bigint' ? String(value) : JSON.stringify(value);
  return code(`${node.name} = ${text}${type === undefined ? '' : `  // ${typeText(type)}`}`, 'c');
}

export function signatureOf(item: Macro | Subprogram): string {
  if (item.kind === 'macro') {
    return `macro ${item.name}(${item.parameters.map(({ name }) => name).join(', ')})`;
  }
  const written = ({ span }: { readonly span: Span }): string => span.source.text.slice(span.start, span.end);
  const parameters = item.parameters.map(({ name, type }) => `${name} : ${written(type)}`);
  return `fn ${item.name}(${parameters.join(', ')}) : ${written(item.returns)}`;
}
