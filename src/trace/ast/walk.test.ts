import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { programs } from '../../../test/support/trace-program.ts';
import { exprText, itemText } from '../../../test/support/trace-text.ts';
import { Diagnostics } from '../diagnostic.ts';
import { parseExpression, parseProgram } from '../parse/parse.ts';
import type { Expr, Node } from './nodes.ts';
import { childrenOf, mapChildren, rewrite, walk } from './walk.ts';

function parse(text: string): Expr {
  const expr = parseExpression({ name: 's', text }, new Diagnostics());
  assert.ok(expr, text);
  return expr;
}

const kinds = (text: string): string[] => childrenOf(parse(text)).map(({ kind }) => kind);

for (const [text, ...children] of [
  ['1'],
  ['@m[1]', 'integer'],
  ['f(1, $x)', 'integer', 'variable'],
  ['a + "b"', 'identifier', 'string'],
  ['a ? 1 : $x', 'identifier', 'integer', 'variable'],
  ['a ?: $x', 'identifier', 'variable'],
  ['(uint8)$x', 'namedType', 'variable'],
  ['$x.a', 'variable'],
  ['$x[1]', 'variable', 'integer'],
  ['(1, "a")', 'integer', 'string'],
  ['(a = 1, b = "a")', 'integer', 'string'],
  ['if 1 { } else { }', 'integer', 'block', 'block'],
  ['sizeof(int8)', 'namedType'],
  ['offsetof($x, a)', 'variable'],
  ['comptime 1', 'integer'],
  ['{ $x = 1; $y }', 'assign', 'variable'],
] as const) {
  test(`the children of ${text}`, () => assert.deepEqual(kinds(text), children));
}

test('a tree that nothing changes in is the same tree', () => {
  fc.assert(
    fc.property(programs, (program) => {
      assert.equal(
        rewrite(program, (node) => node),
        program,
      );
    }),
    { numRuns: 200 },
  );
});

test('walking meets what rewriting meets', () => {
  fc.assert(
    fc.property(programs, (program) => {
      const walked = new Map<string, number>();
      const rewritten = new Map<string, number>();
      const count = (into: Map<string, number>, node: Node): void => {
        into.set(node.kind, (into.get(node.kind) ?? 0) + 1);
      };
      walk(program, (node) => count(walked, node));
      rewrite(program, (node) => {
        count(rewritten, node);
        return node;
      });
      assert.deepEqual([...walked].sort(), [...rewritten].sort());
    }),
    { numRuns: 200 },
  );
});

test('what is not changed keeps its identity', () => {
  const tree = parse('f($a + 1, @m[2])');
  const changed = rewrite(tree, (node) => (node.kind === 'variable' ? { ...node, name: '$b' } : node));
  assert.ok(tree.kind === 'call' && changed.kind === 'call');
  assert.equal(exprText(changed), 'f(($b + 1) @m[2])');
  assert.equal(exprText(tree), 'f(($a + 1) @m[2])');
  assert.equal(changed.args[1], tree.args[1]);
});

test('rewriting goes from the leaves up', () => {
  const order: string[] = [];
  rewrite(parse('a + b * c'), (node) => {
    order.push(node.kind === 'identifier' ? node.name : node.kind);
    return node;
  });
  assert.deepEqual(order, ['a', 'b', 'c', 'binary', 'binary']);
});

test('mapChildren changes one level', () => {
  const tree = parse('-(-1)');
  const seen: string[] = [];
  mapChildren(tree, (child) => {
    seen.push(child.kind);
    return child;
  });
  assert.deepEqual(seen, ['unary']);
});

test('a walk can leave out what is below a node', () => {
  const seen: string[] = [];
  walk(parse('f(1) + 2'), (node) => {
    seen.push(node.kind);
    return node.kind !== 'call';
  });
  assert.deepEqual(seen, ['binary', 'call', 'integer']);
});

test('statements, types and items are reached', () => {
  const text =
    'fn f($a : int8[4]) : struct x* { } kprobe:f /$p/ { let $x : uint8 = 1; for $i : $a..$b { _ = $c; } return $d; }';
  const program = parseProgram({ name: 's', text }, new Diagnostics());
  const names: string[] = [];
  walk(program, (node) => {
    if (node.kind === 'variable' || node.kind === 'namedType') names.push(node.name);
  });
  assert.deepEqual(names, ['int8', 'x', '$p', '$x', 'uint8', '$i', '$a', '$b', '$c', '$d']);
  const renamed = rewrite(program, (node) => (node.kind === 'variable' ? { ...node, name: '$z' } : node));
  assert.equal(
    renamed.items.map(itemText).join(' '),
    'fn f($a: int8[4]): struct:x* {} [kprobe:f] /$z/ {let $z: uint8 = 1; for $z in $z..$z {_ = $z}; return $z}',
  );
});
