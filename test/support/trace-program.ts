/** Syntax trees of the tracing language by chance: every kind of node, only such as the parser can make. */
import fc from 'fast-check';
import type {
  BinaryOperator,
  BlockExpr,
  Expr,
  Item,
  Program,
  Statement,
  TypeExpr,
  VariableExpr,
} from '../../src/trace/ast/nodes.ts';
import { ASSIGN_OPERATORS, BINARY_PRECEDENCE } from '../../src/trace/lex/tokens.ts';

const span = { source: { name: '', text: '' }, start: 0, end: 0 };

const name = fc.constantFrom('a', 'cpu', 'retval', '__x1', 'Foo', 'perf', 'uid');
const fieldName = fc.constantFrom('a', 'b1', 'if', 'struct', 'pid', '__sk_common');
const variable: fc.Arbitrary<VariableExpr> = fc
  .constantFrom('$x', '$y2', '$_')
  .map((text) => ({ kind: 'variable', name: text, span }));
const mapName = fc.constantFrom('@', '@m', '@_a1');
const bytes = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 6 })
  .map((codes) => String.fromCharCode(...codes));
const text = fc.oneof(
  bytes,
  fc.constantFrom('hello %d\n', 'a"b\\c', '', Buffer.from('é日😀', 'utf8').toString('latin1')),
);
const integer: fc.Arbitrary<Expr> = fc.oneof(
  fc
    .bigInt({ min: 0n, max: 2n ** 64n - 1n })
    .map((value) => ({ kind: 'integer', value, text: String(value), span }) as const),
  fc.constantFrom(
    { kind: 'integer', value: 255n, text: '0xff', span } as const,
    { kind: 'integer', value: 5000n, text: '5us', unit: 'us', span } as const,
    { kind: 'integer', value: 7n, text: '7ull', suffix: 'ull', span } as const,
    { kind: 'integer', value: 8n, text: '010', span } as const,
    { kind: 'integer', value: 3000n, text: '3e3', span } as const,
  ),
);

const typeName = fc.constantFrom('int32', 'uint64', 'string', 'bool', 'uid_t', 'foo');

interface Nodes {
  expr: Expr;
  block: BlockExpr;
  statement: Statement;
  type: TypeExpr;
}

const { expr, block, statement, type } = fc.letrec<Nodes>((tie: fc.LetrecTypedTie<Nodes>) => {
  const depth = fc.createDepthIdentifier();
  const one = tie('expr');
  const isStep = (operand: Expr): boolean => operand.kind === 'variable' || operand.kind === 'map';
  const place: fc.Arbitrary<Expr> = fc.oneof(
    variable,
    fc
      .record({ map: mapName, key: fc.option(one, { nil: undefined, depthIdentifier: depth }) })
      .map(({ map, key }) => mapExpr(map, key)),
  );
  const typeOrExpr: fc.Arbitrary<TypeExpr | Expr> = fc.oneof(
    tie('type').filter((made) => !isBareName(made)),
    one,
  );
  const exprs: fc.Arbitrary<Expr>[] = [
    integer,
    text.map((made): Expr => ({ kind: 'string', bytes: made, span })),
    fc.boolean().map((value): Expr => ({ kind: 'boolean', value, span })),
    name.map((made): Expr => ({ kind: 'identifier', name: made, span })),
    fc.integer({ min: 1, max: 99 }).map((index): Expr => ({ kind: 'positional', index, span })),
    fc.constant<Expr>({ kind: 'positionalCount', span }),
    place,
    fc
      .record({ name, args: fc.array(one, { maxLength: 3, depthIdentifier: depth }) })
      .map((made): Expr => ({ kind: 'call', ...made, nameSpan: span, span })),
    fc
      .record({
        operator: fc.constantFrom('-', '!', '~', '*', '&', '++', '--'),
        postfix: fc.boolean(),
        operand: one,
        place,
      })
      .map(({ operator, postfix, operand, place: target }): Expr => {
        const step = operator === '++' || operator === '--';
        const chosen = (step || operator === '&') && !isStep(operand) ? target : operand;
        return { kind: 'unary', operator, postfix: step && postfix, operand: chosen, span };
      }),
    fc
      .record({
        operator: fc.constantFrom(...(Object.keys(BINARY_PRECEDENCE) as BinaryOperator[])),
        left: one,
        right: one,
      })
      .map((made): Expr => ({ kind: 'binary', ...made, operatorSpan: span, span })),
    fc
      .record({ condition: one, then: fc.option(one, { nil: undefined }), otherwise: one })
      .map((made): Expr => ({ kind: 'ternary', ...made, span })),
    fc.record({ type: tie('type'), value: one }).map((made): Expr => ({ kind: 'cast', ...made, span })),
    fc
      .record({ base: one, name: fieldName, arrow: fc.boolean() })
      .map((made): Expr => ({ kind: 'field', ...made, nameSpan: span, span })),
    fc.record({ base: one, index: one }).map((made): Expr => ({ kind: 'index', ...made, span })),
    fc
      .record({ base: one, index: fc.nat({ max: 20 }) })
      .map((made): Expr => ({ kind: 'tupleAccess', ...made, span })),
    fc
      .array(one, { maxLength: 3, depthIdentifier: depth })
      .map((elements): Expr => ({ kind: 'tuple', elements, span })),
    fc
      .uniqueArray(fc.record({ name: fc.constantFrom('a', 'b', 'uid'), value: one }), {
        minLength: 1,
        maxLength: 3,
        selector: ({ name }) => name,
      })
      .map((fields): Expr => ({ kind: 'record', fields: fields.map((field) => ({ ...field, span })), span })),
    tie('block'),
    fc
      .record({
        condition: one,
        then: tie('block'),
        otherwise: fc.option(tie('block'), { nil: undefined }),
      })
      .map((made): Expr => ({ kind: 'if', ...made, span })),
    fc
      .record({ query: fc.constantFrom('sizeof', 'typeof', 'typeinfo'), of: typeOrExpr })
      .map((made): Expr => ({ kind: 'typeQuery', ...made, span })),
    fc
      .record({ of: typeOrExpr, path: fc.array(fieldName, { minLength: 1, maxLength: 3 }) })
      .map((made): Expr => ({ kind: 'offsetof', ...made, span })),
    one.map((expression): Expr => ({ kind: 'comptime', expression, span })),
  ];
  const statements: fc.Arbitrary<Statement>[] = [
    one.map((expression): Statement => ({ kind: 'expression', expression, span })),
    fc
      .record({ operator: fc.constantFrom(...ASSIGN_OPERATORS), target: place, value: one })
      .map((made): Statement => ({ kind: 'assign', ...made, operatorSpan: span, span })),
    one.map(
      (value): Statement => ({
        kind: 'assign',
        operator: '=',
        operatorSpan: span,
        target: { kind: 'discard', span },
        value,
        span,
      }),
    ),
    fc
      .record({
        variable,
        type: fc.option(tie('type'), { nil: undefined }),
        value: fc.option(one, { nil: undefined }),
      })
      .map((made): Statement => ({ kind: 'let', ...made, span })),
    fc
      .record({ condition: one, body: tie('block') })
      .map((made): Statement => ({ kind: 'while', ...made, span })),
    fc.record({ count: fc.integer({ min: 1, max: 100 }), body: tie('block') }).map(
      ({ count, body }): Statement => ({
        kind: 'unroll',
        count: { kind: 'integer', value: BigInt(count), text: String(count), span },
        body,
        span,
      }),
    ),
    fc.record({ variable, map: mapName, body: tie('block') }).map(
      ({ map, ...made }): Statement => ({
        kind: 'for',
        ...made,
        over: { kind: 'map', name: map, nameSpan: span, span },
        span,
      }),
    ),
    fc.record({ variable, from: one, to: one, body: tie('block') }).map(
      ({ from, to, ...made }): Statement => ({
        kind: 'for',
        ...made,
        over: { kind: 'range', from, to, span },
        span,
      }),
    ),
    fc.constantFrom<Statement>({ kind: 'break', span }, { kind: 'continue', span }),
    fc.option(one, { nil: undefined }).map((value): Statement => ({ kind: 'return', value, span })),
    text.map((path): Statement => ({ kind: 'importStatement', path, span })),
  ];
  const types: fc.Arbitrary<TypeExpr>[] = [
    typeName.map((made): TypeExpr => ({ kind: 'namedType', tag: undefined, name: made, span })),
    fc
      .record({ tag: fc.constantFrom('struct', 'union', 'enum'), name })
      .map((made): TypeExpr => ({ kind: 'namedType', ...made, span })),
    tie('type').map((target): TypeExpr => ({ kind: 'pointerType', target, span })),
    fc
      .record({
        element: tie('type'),
        length: fc.option(fc.nat({ max: 64 }).map(BigInt), { nil: undefined }),
      })
      .map((made): TypeExpr => ({ kind: 'arrayType', ...made, span })),
    typeOrExpr.map((of): TypeExpr => ({ kind: 'typeofType', of, span })),
  ];
  return {
    expr: fc.oneof({ depthIdentifier: depth, depthSize: 'small', withCrossShrink: true }, ...exprs),
    block: fc
      .record({
        statements: fc.array(tie('statement'), { maxLength: 3, depthIdentifier: depth }),
        value: fc.option(one, { nil: undefined, depthIdentifier: depth }),
      })
      .map((made): BlockExpr => ({ kind: 'block', ...made, span })),
    statement: fc.oneof({ depthIdentifier: depth, depthSize: 'small' }, ...statements),
    type: fc.oneof({ depthIdentifier: depth, depthSize: 'small' }, ...types),
  };
});

/** `sizeof(foo)` is about an identifier, as far as the parser knows; so is what only the checker tells apart. */
function isBareName(made: TypeExpr): boolean {
  if (made.kind === 'typeofType') return true;
  if (made.kind === 'arrayType' && made.length !== undefined) return isBareName(made.element);
  return made.kind === 'namedType' && made.tag === undefined && /^(?:foo|uid_t)$/.test(made.name);
}

function mapExpr(map: string, key: Expr | undefined): Expr {
  return { kind: 'map', name: map, nameSpan: span, key, span };
}

const attachPoint = fc
  .record({
    name: fc.option(fc.constantFrom('first', 'b2'), { nil: undefined }),
    text: fc.constantFrom(
      'begin',
      'kprobe:do_*',
      'uprobe:/bin/bash:readline',
      'usdt:"/a b,{":x',
      'interval:s:$1',
    ),
  })
  .map((made) => ({ kind: 'attachPoint', ...made, span }) as const);

const item: fc.Arbitrary<Item> = fc.oneof(
  fc
    .record({
      attachPoints: fc.array(attachPoint, { minLength: 1, maxLength: 3 }),
      predicate: fc.option(expr, { nil: undefined }),
      body: block,
    })
    .map((made): Item => ({ kind: 'probe', ...made, span })),
  fc
    .record({
      name: fc.constantFrom('m1', 'twice'),
      parameters: fc.array(fc.constantFrom('$x', '@m', 'e'), { maxLength: 3 }),
      body: block,
    })
    .map(
      ({ parameters, ...made }): Item => ({
        kind: 'macro',
        ...made,
        nameSpan: span,
        parameters: parameters.map((parameter) => ({
          kind: parameter[0] === '$' ? 'variable' : parameter[0] === '@' ? 'map' : 'expression',
          name: parameter,
          span,
        })),
        span,
      }),
    ),
  fc.record({ parameters: fc.array(type, { maxLength: 2 }), returns: type, body: block }).map(
    ({ parameters, ...made }): Item => ({
      kind: 'subprogram',
      name: 'f',
      nameSpan: span,
      ...made,
      parameters: parameters.map((of, i) => ({ name: `$p${i}`, type: of, span })),
      span,
    }),
  ),
  fc
    .record({
      map: fc.constantFrom('@a', '@b'),
      type: fc.constantFrom('hash', 'lruhash'),
      size: fc.bigInt({ min: 1n, max: 9999n }),
    })
    .map((made): Item => ({ kind: 'mapDeclaration', ...made, typeSpan: span, span })),
);

const entry = fc
  .oneof(
    fc.record({ value: text as fc.Arbitrary<string | bigint | boolean>, bare: fc.constant(false) }),
    fc.record({ value: fc.boolean(), bare: fc.constant(false) }),
    fc.record({ value: fc.bigInt({ min: 0n, max: 99999n }), bare: fc.constant(false) }),
    fc.record({ value: fc.constantFrom('warn', 'perf'), bare: fc.constant(true) }),
  )
  .map((made) => ({ kind: 'configEntry', key: 'missing_probes', keySpan: span, ...made, span }) as const);

export const programs: fc.Arbitrary<Program> = fc
  .record({
    interpreter: fc.option(fc.constant('#!/usr/bin/env bpftrace'), { nil: undefined }),
    definitions: fc.array(
      fc.constantFrom('#include <linux/sched.h>', '#define N \\\n  4', 'struct x {\n  int a; // one\n};'),
      { maxLength: 2 },
    ),
    config: fc.option(fc.array(entry, { maxLength: 3 }), { nil: undefined }),
    items: fc.array(item, { maxLength: 3 }),
  })
  .map(({ interpreter, definitions, config, items }) => ({
    kind: 'program',
    interpreter,
    definitions: definitions.map((made) => ({ kind: 'definition', text: made, span }) as const),
    config: config && { kind: 'config', entries: config, span },
    items,
    comments: [],
    span,
  }));

/** A tree as text that says everything of it but the places. */
export function withoutSpans(program: Program): string {
  return JSON.stringify(
    program,
    (key, value: unknown) => {
      if (key === 'span' || key.endsWith('Span') || key === 'comments') return undefined;
      if (typeof value === 'bigint') return `${value}n`;
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
      return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
    },
    1,
  );
}

export const expressions: fc.Arbitrary<Expr> = expr;
export const statements: fc.Arbitrary<Statement> = statement;
