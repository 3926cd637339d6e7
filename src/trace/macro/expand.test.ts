import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node, Program } from '../ast/nodes.ts';
import { walk } from '../ast/walk.ts';
import { saidOf } from '../check/testing.ts';
import { Diagnostics } from '../diagnostic.ts';
import { parseProgram } from '../parse/parse.ts';
import { positionOf } from '../source.ts';
import { expandMacros } from './expand.ts';

function expand(text: string): Program {
  const diagnostics = new Diagnostics();
  const program = expandMacros(parseProgram({ name: 'stdin', text }, diagnostics), diagnostics);
  assert.deepEqual(diagnostics.list, []);
  return program;
}

function nodesOf<K extends Node['kind']>(program: Program, kind: K): Extract<Node, { kind: K }>[] {
  const found: Node[] = [];
  walk(program, (node) => {
    if (node.kind === kind) found.push(node);
  });
  return found as Extract<Node, { kind: K }>[];
}

test('a program without macros is left as it is', () => {
  const diagnostics = new Diagnostics();
  const program = parseProgram({ name: 'stdin', text: 'begin { print(1) }' }, diagnostics);
  assert.equal(expandMacros(program, diagnostics), program);
});

test('macros and their calls are gone afterwards', () => {
  const program = expand('macro one() { 1 } macro add(x) { x + one } begin { print(add(2)); print(one()) }');
  assert.deepEqual(
    program.items.map(({ kind }) => kind),
    ['probe'],
  );
  assert.deepEqual(
    nodesOf(program, 'call').map(({ name }) => name),
    ['print', 'print'],
  );
  assert.equal(nodesOf(program, 'identifier').length, 0);
});

test('variables of a macro are other ones in each call, those of the caller are the same', () => {
  const program = expand('macro m($v) { let $t = $v; $t } begin { $t = 1; $v = 2; m($t); m($v) }');
  const names = nodesOf(program, 'variable').map(({ name }) => name);
  assert.deepEqual(names, ['$t', '$v', '$t#1', '$t', '$t#1', '$t#2', '$v', '$t#2']);
});

test('an argument that is used twice is two expressions', () => {
  const program = expand('macro twice(x) { x + x } begin { print(twice(pid)) }');
  const [first, second] = nodesOf(program, 'identifier');
  assert.equal(first!.name, 'pid');
  assert.deepEqual(first, second);
  assert.notEqual(first, second);
});

test('text of a macro says which calls it was put in by; an argument stays where it was written', () => {
  const text = 'macro inner(x) { x * 3 } macro outer(x) { inner(x) + 4 } begin { print(outer(5)) }';
  const program = expand(text);
  const [innerCall, outerCall] = [text.indexOf('inner(x) + ') + 1, text.indexOf('outer(5)') + 1];
  const chain = (value: bigint): number[] => {
    const node = nodesOf(program, 'integer').find((one) => one.value === value)!;
    const columns: number[] = [];
    for (let span = node.span.expandedFrom; span; span = span.expandedFrom) {
      columns.push(positionOf(span.source, span.start).column);
    }
    return columns;
  };
  assert.deepEqual(chain(5n), []);
  assert.deepEqual(chain(4n), [outerCall]);
  assert.deepEqual(chain(3n), [innerCall, outerCall]);
});

test('a script that doubles itself is refused before it fills memory', () => {
  const calls = `${'d('.repeat(40)}1${')'.repeat(40)}`;
  const [said] = saidOf(`macro d(x) { x + x } begin { print(${calls}) }`);
  assert.match(said!, /makes it too large: arguments that are used twice double it$/);
});

test('macros that call each other very deep are refused', () => {
  const macros = Array.from({ length: 3000 }, (_, i) => `macro m${i}(x) { m${i + 1}(x) + 1 }`);
  const [said] = saidOf(`${macros.join(' ')} macro m3000(x) { x } begin { print(m0(1)) }`);
  assert.match(said!, /Macros are nested more than 100 deep$/);
});
