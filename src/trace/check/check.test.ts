/** What lowering is handed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Expr, Node } from '../ast/nodes.ts';
import { walk } from '../ast/walk.ts';
import type { CheckedProgram } from '../checked.ts';
import { typeText } from '../types/text.ts';
import { int64 } from '../types/type.ts';
import { check, saidOf, testEnvironment } from './testing.ts';

function checked(text: string, changes: Parameters<typeof check>[1] = {}): CheckedProgram {
  const result = check(text, changes);
  assert.ok(result.checked, JSON.stringify(result.diagnostics.list.map(({ message }) => message)));
  return result.checked;
}

function nodesOf<K extends Node['kind']>(body: Expr, kind: K): Extract<Node, { kind: K }>[] {
  const found: Node[] = [];
  walk(body, (node) => {
    if (node.kind === kind) found.push(node);
  });
  return found as Extract<Node, { kind: K }>[];
}

for (const [what, script, names] of [
  ['one program serves all places of a wildcard', 'kprobe:f*g { @ = count() }', ['kprobe:f']],
  [
    'a body that asks for the probe is made for each',
    'kprobe:f*g { @[probe] = 1 }',
    ['kprobe:f', 'kprobe:g'],
  ],
  ['a body that asks in a predicate too', 'kprobe:f*g /probe == "x"/ { }', ['kprobe:f', 'kprobe:g']],
  [
    'so is one that reads arguments',
    'tracepoint:a:b*c { _ = args.dfd }',
    ['tracepoint:a:b', 'tracepoint:a:c'],
  ],
  ['and one that a macro makes so', 'macro m() { probe } kprobe:f*g { print(m) }', ['kprobe:f', 'kprobe:g']],
  ['tracing programs have one place each', 'fentry:f*g { @ = count() }', ['fentry:f', 'fentry:g']],
  [
    'attach points have a body each',
    'kprobe:f, tracepoint:a:b { @ = count() }',
    ['kprobe:f', 'tracepoint:a:b'],
  ],
  ['arguments of USDT probes lie elsewhere in each', 'usdt:/b:x*y { _ = arg0 }', ['usdt:/b:x', 'usdt:/b:y']],
] as const) {
  test(what, () => {
    const { probes } = checked(script);
    assert.deepEqual(
      probes.map(({ resolved }) => resolved.name),
      names,
    );
  });
}

test('the same body has types of its own at each place', () => {
  const { probes } = checked('kprobe:f*gg { $p = probe; print($p) }');
  const types = probes.map(({ body, facts }) =>
    typeText(facts.variableOf(nodesOf(body, 'variable')[0]!).type),
  );
  assert.deepEqual(types, ['string[9]', 'string[10]']);
});

test('the predicate is an if around the body', () => {
  const { probes } = checked('kprobe:f /pid == 1/ { print(2) }');
  const [statement] = probes[0]!.body.statements;
  assert.ok(statement?.kind === 'expression' && statement.expression.kind === 'if');
  assert.equal(statement.expression.condition.kind, 'binary');
});

test('a branch that is never taken is gone, whatever is in it', () => {
  const { probes } = checked(
    'begin { if (is_str(pid)) { nonsense($x).y } else { print(1) } print(1 == 2 ? nope() : 7) }',
  );
  const { body } = probes[0]!;
  assert.deepEqual(
    nodesOf(body, 'call').map(({ name }) => name),
    ['print', 'print'],
  );
  assert.equal(nodesOf(body, 'if').length + nodesOf(body, 'ternary').length, 0);
  assert.deepEqual(
    nodesOf(body, 'integer').map(({ value }) => value),
    [1n, 7n],
  );
});

test('questions about types are answered', () => {
  const { probes } = checked(
    'begin { print(sizeof(uint32)); print(is_str("x")); print(offsetof(struct task_struct, comm)) }',
  );
  const { body, facts } = probes[0]!;
  const [size, , offset] = nodesOf(body, 'call').map(({ args }) => args[0]!);
  assert.deepEqual([size!.kind, facts.constantOf(size!)], ['integer', 4n]);
  assert.deepEqual([offset!.kind, facts.constantOf(offset!)], ['integer', 8n]);
  assert.deepEqual(
    nodesOf(body, 'boolean').map(({ value }) => value),
    [true],
  );
});

test('a loop tells which variables it takes from outside', () => {
  const { probes } = checked(
    'begin { $a = 1; $b = 2; $c = 3; @m[1] = 1; for ($kv : @m) { $b += $kv.1; let $own = $b; for ($i : 0..$own) { $a += $i } } print($c) }',
  );
  const { body, facts } = probes[0]!;
  const [outer, inner] = nodesOf(body, 'for');
  assert.deepEqual(
    facts
      .capturedBy(outer!)
      .map(({ name }) => name)
      .sort(),
    ['$a', '$b'],
  );
  assert.deepEqual(
    facts.capturedBy(inner!).map(({ name }) => name),
    ['$a'],
  );
});

test('variables of one name in two blocks are two', () => {
  const { probes } = checked('begin { if (pid) { $a = 1; print($a) } else { $a = "x"; print($a) } }');
  const { body, facts } = probes[0]!;
  const variables = nodesOf(body, 'variable').map((one) => facts.variableOf(one));
  assert.deepEqual(
    variables.map(({ type }) => typeText(type)),
    ['int8', 'int8', 'string[2]', 'string[2]'],
  );
  assert.equal(variables[0], variables[1]);
  assert.notEqual(variables[1], variables[2]);
});

test('a variable is as wide as its widest value, also where it is used before', () => {
  const { probes } = checked('begin { $a = 1; print($a); $a = 70000 }');
  const { body, facts } = probes[0]!;
  for (const one of nodesOf(body, 'variable')) assert.equal(typeText(facts.variableOf(one).type), 'int32');
  const [, printed] = nodesOf(body, 'variable');
  assert.equal(typeText(facts.typeOf(printed!)), 'int32');
});

test('functions have the types that are written', () => {
  const { subprograms } = checked(
    'fn f($a : uint8, $b : bool) : int32 { return 1; } begin { _ = f(1, true) }',
  );
  const [{ parameters, returns, source }] = subprograms as [(typeof subprograms)[number]];
  assert.equal(source.name, 'f');
  assert.deepEqual(
    parameters.map(({ name, type }) => `${name}: ${typeText(type)}`),
    ['$a: uint8', '$b: bool'],
  );
  assert.equal(typeText(returns), 'int32');
});

test('a probe that is missing has no program, and what it puts into maps is known', () => {
  const changes: Parameters<typeof check>[1] = {
    resolve: (attachPoint, config, diagnostics) =>
      attachPoint.text === 'kprobe:gone*' ? [] : testEnvironment.resolve(attachPoint, config, diagnostics),
  };
  const { probes, maps } = checked(
    'config = { missing_probes = warn } kprobe:gone* { @[comm] = sum(arg0); nonsense() } end { print(@); clear(@) }',
    changes,
  );
  assert.deepEqual(
    probes.map(({ resolved }) => resolved.name),
    ['end'],
  );
  assert.equal(typeText(maps.get('@')!.value), 'usum_t');
});

test('too many probes are refused as a whole', () => {
  const said = saidOf('config = { max_probes = 2 } kprobe:f*g { } kprobe:h { }');
  assert.equal(said.length, 1);
  assert.match(said[0]!, /^error: Can't attach to 3 probes because it exceeds the current limit of 2 probes/);
});

test('the settings of the script are those that lowering reads', () => {
  const { config, maps } = checked(
    'config = { max_map_keys = 7; max_strlen = 9 } kprobe:f { @[1] = str(arg0) }',
  );
  assert.equal(config.maxMapKeys, 7);
  assert.equal(maps.get('@')!.maxEntries, 7);
  assert.equal(typeText(maps.get('@')!.value), 'string[9]');
});

test('a scalar map has the key that the kernel sees', () => {
  const { maps } = checked('begin { @a = 1 }');
  assert.equal(maps.get('@a')!.key, int64);
});
