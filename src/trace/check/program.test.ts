/** Checking as a whole, on scripts that nobody wrote. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { projectRoot } from '../../../test/support/project.ts';
import type { Expr, Node } from '../ast/nodes.ts';
import { walk } from '../ast/walk.ts';
import { builtins } from '../builtin/table.ts';
import type { CheckedProgram, ExprFacts } from '../checked.ts';
import { Diagnostics } from '../diagnostic.ts';
import { parseProgram } from '../parse/parse.ts';
import { checkProgram } from './check.ts';
import type { Checked } from './program.ts';
import { check, testEnvironment } from './testing.ts';

const folder = join(projectRoot, 'src/trace/check/fixtures/said/');
const scripts: readonly string[] = readdirSync(folder).flatMap((file) =>
  readFileSync(folder + file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(' ') && !line.startsWith('#')),
);

/** Undefined where it does not parse. */
function tryCheck(text: string): Checked | undefined {
  const diagnostics = new Diagnostics();
  const program = parseProgram({ name: 'stdin', text }, diagnostics);
  return diagnostics.failed ? undefined : checkProgram(program, { ...testEnvironment, unsafe: true });
}

/** What lowering relies on: every variable is known, and what is a value has a type. */
function assertComplete({ probes, subprograms, maps }: CheckedProgram): void {
  for (const { body, facts } of [...probes, ...subprograms]) {
    walk(body, (node) => {
      if (node.kind === 'variable') assert.notEqual(facts.variableOf(node).type.kind, 'none', node.name);
      if (node.kind === 'map') assert.ok(maps.has(node.name), `${node.name} is no map`);
      if (node.kind === 'for') assert.ok(Array.isArray(facts.capturedBy(node)));
      if (isOperand(node)) assertTyped(facts, node);
      return true;
    });
  }
}

const isOperand = (node: Node): node is Expr =>
  ['integer', 'string', 'boolean', 'binary', 'cast', 'field', 'index', 'tuple', 'record'].includes(node.kind);

const assertTyped = (facts: ExprFacts, expr: Expr): void =>
  assert.notEqual(facts.typeOf(expr).kind, 'none', `${expr.kind} without a type`);

const words = [
  ...[
    '$a',
    '$b',
    '@a',
    '@b',
    '@m[1]',
    '@m[$a, "x"]',
    'pid',
    'comm',
    '"text"',
    '1',
    '-1',
    '300',
    'true',
    'arg0',
  ],
  ...['curtask', 'args', 'nsecs', 'kstack', '$1', '$#', 'BLUE', '(1, "a")', '(x=1, y="b")', 'two', 'inc($a)'],
];
const leaf = fc.constantFrom(...words);
const operators = [
  '+',
  '-',
  '*',
  '/',
  '%',
  '&',
  '|',
  '^',
  '<<',
  '>>',
  '==',
  '!=',
  '<',
  '>',
  '<=',
  '>=',
  '&&',
  '||',
];
const types = [
  'int8',
  'uint64',
  'string[4]',
  'struct task_struct *',
  'int32[2]',
  'int8[]',
  'enum color',
  'bool',
];

const expression: fc.Arbitrary<string> = fc.letrec<{ expr: string }>((tie) => ({
  expr: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc
      .tuple(tie('expr'), fc.constantFrom(...operators), tie('expr'))
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc.tuple(fc.constantFrom('-', '!', '~', '*'), tie('expr')).map(([op, a]) => `${op}(${a})`),
    fc.tuple(tie('expr'), tie('expr'), tie('expr')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    fc.tuple(fc.constantFrom(...types), tie('expr')).map(([type, a]) => `(${type})(${a})`),
    fc
      .tuple(tie('expr'), fc.constantFrom('.pid', '.0', '.comm', '->parent', '[0]', '.x'))
      .map(([a, f]) => `(${a})${f}`),
    fc.tuple(tie('expr'), tie('expr')).map(([a, b]) => `(${a}, ${b})`),
    fc.tuple(tie('expr'), tie('expr')).map(([a, b]) => `(if (${a}) { ${b} } else { ${a} })`),
    fc
      .tuple(fc.constantFrom(...builtins.map(({ name }) => name)), fc.array(tie('expr'), { maxLength: 4 }))
      .map(([name, args]) => `${name}(${args.join(', ')})`),
    tie('expr').map((a) => `sizeof(${a})`),
  ),
})).expr;

const target = fc.constantFrom('$a', '$b', '@a', '@b', '@m[1]', '@m[pid]', '@n["x", 1]');
const assignment = fc.constantFrom('=', '=', '=', '+=', '-=', '/=', '<<=');
const statement: fc.Arbitrary<string> = fc.letrec<{ statement: string }>((tie) => ({
  statement: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(target, assignment, expression).map(([to, op, value]) => `${to} ${op} ${value};`),
    expression.map((value) => `${value};`),
    fc.tuple(fc.constantFrom('$a', '$b', '$c'), expression).map(([name, value]) => `let ${name} = ${value};`),
    fc.tuple(fc.constantFrom(...types), expression).map(([type, value]) => `let $d: ${type} = ${value};`),
    fc.constantFrom(
      '$a++;',
      '--@a;',
      '@m[1]++;',
      'break;',
      'return 1;',
      'two;',
      'delete(@m, 1);',
      'print(@a);',
    ),
    fc.tuple(expression, tie('statement')).map(([value, inner]) => `if (${value}) { ${inner} }`),
    fc
      .tuple(fc.constantFrom('@a', '@m', '0..5'), tie('statement'))
      .map(([over, s]) => `for ($i : ${over}) { ${s} }`),
    tie('statement').map((inner) => `while ($a < 3) { ${inner} }`),
    tie('statement').map((inner) => `{ ${inner} }`),
  ),
})).statement;

const probe = fc
  .tuple(
    fc.constantFrom(
      'begin',
      'kprobe:f',
      'fentry:f*g',
      'tracepoint:a:b*c',
      'kretprobe:x',
      'interval:s:1',
      'usdt:/b:x',
    ),
    fc.option(expression),
    fc.array(statement, { maxLength: 5 }),
  )
  .map(
    ([point, predicate, body]) =>
      `${point} ${predicate === null ? '' : `/${predicate}/ `}{ ${body.join(' ')} }`,
  );

const library = 'macro two() { 2 } macro inc($x) { $x += 1; $x } fn own($p : int64) : int64 { return $p; }';
const program = fc
  .array(probe, { minLength: 1, maxLength: 3 })
  .map((probes) => `${library} ${probes.join(' ')}`);

test('whatever parses is checked without a throw, and what passes is complete', () => {
  let passed = 0;
  fc.assert(
    fc.property(program, (text) => {
      const result = tryCheck(text);
      if (result?.checked !== undefined) {
        passed++;
        assertComplete(result.checked);
      }
    }),
    { numRuns: 1500 },
  );
  // Else it would say nothing about those.
  assert.ok(passed > 20, `only ${passed} scripts were right`);
});

test('scripts of which parts are missing or doubled are checked without a throw', () => {
  const mutation = fc.tuple(
    fc.constantFrom(...scripts),
    fc.constantFrom(...scripts),
    fc.nat(),
    fc.nat(),
    fc.constantFrom('drop', 'double', 'swap'),
  );
  fc.assert(
    fc.property(mutation, ([script, other, at, length, how]) => {
      const tokens = script.match(/[\w$@]+|"[^"]*"|\s+|./g) ?? [];
      const start = at % tokens.length;
      const end = Math.min(tokens.length, start + 1 + (length % 4));
      const middle = tokens.slice(start, end);
      const others = other.match(/[\w$@]+|"[^"]*"|\s+|./g) ?? [];
      const put = how === 'drop' ? [] : how === 'double' ? [...middle, ...middle] : others.slice(start, end);
      const result = tryCheck([...tokens.slice(0, start), ...put, ...tokens.slice(end)].join(''));
      if (result?.checked !== undefined) assertComplete(result.checked);
    }),
    { numRuns: 3000 },
  );
});

test('what is said is the same each time', () => {
  for (const script of scripts) {
    const said = (): string[] | undefined => tryCheck(script)?.diagnostics.list.map(({ message }) => message);
    assert.deepEqual(said(), said(), script);
  }
});

test('what the kernel cannot do is said before anything is compiled, at its place', () => {
  const old = { kernelFunction: () => false };
  const { diagnostics } = check('begin { $a = comm(1); $b = comm(curtask); }', old);
  const [first, ...others] = diagnostics.list.filter(({ severity }) => severity === 'error');
  assert.match(first!.message, /cannot find a task by its pid/);
  assert.match(first!.hint!, /6\.2/);
  assert.equal(first!.span!.start, 'begin { $a = '.length);
  assert.deepEqual(others, []);
});
