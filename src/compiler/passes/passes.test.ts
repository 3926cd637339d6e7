/** What each pass saves: every test fails without the rule that it names. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FunctionBuilder } from '../builder.ts';
import { optimize } from '../compile.ts';
import type { Callee, CompareOp, Value, ValueType } from '../ir.ts';
import { printFunction } from '../print.ts';
import { validateFunction } from '../validate.ts';

const context: ValueType = { kind: 'pointer', provenance: 'context', nullable: false };
const mapValue: ValueType = { kind: 'pointer', provenance: 'mapValue', nullable: true };
const use: Callee = { kind: 'helper', id: 1, name: 'use', pure: false };
const pid: Callee = { kind: 'helper', id: 14, name: 'pid', pure: true };

/** The lines of an optimized function whose body `write` makes; `x` and `y` are unknown 64-bit numbers. */
function optimized(
  write: (b: FunctionBuilder, x: Value, y: Value, ctx: Value) => Value | undefined,
  v4 = false,
): string[] {
  const b = new FunctionBuilder('f', 'entry', [{ name: 'ctx', type: context }]);
  const ctx = b.parameter(0);
  const x = b.load(8, ctx, 0);
  const y = b.load(8, ctx, 8);
  const result = write(b, x, y, ctx);
  if (result) b.return(result);
  const fn = b.finish();
  validateFunction(fn);
  optimize(fn, v4);
  validateFunction(fn);
  return printFunction(fn)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(entry f|slot|b\d+ |%\d+ = (parameter|load\.u64 \[%0))/.test(line))
    .map((line) => line.replace(/%(\d+)/g, (_, id) => (id === '1' ? 'x' : id === '2' ? 'y' : `%${id}`)));
}

/** One expression of x and y: what is left of it, without numbering. */
function expression(write: (b: FunctionBuilder, x: Value, y: Value) => Value, v4 = false): string {
  const names = new Map<string, string>();
  const named = (id: string): string => {
    const name = names.get(id) ?? `%${names.size}`;
    names.set(id, name);
    return name;
  };
  return optimized(write, v4).join('; ').replace(/%\d+/g, named);
}

const table: readonly [string, string, (b: FunctionBuilder, x: Value, y: Value) => Value][] = [
  ['constants are computed', 'return 12', (b) => b.binary('mul', b.constant(3), b.constant(4))],
  ['adding zero is nothing', 'return x', (b, x) => b.binary('add', x, b.constant(0))],
  ['a constant moves to the right', '%0 = add x, 5; return %0', (b, x) => b.binary('add', b.constant(5), x)],
  [
    'constants of a chain are added',
    '%0 = add x, 12; return %0',
    (b, x) => b.binary('add', b.binary('add', x, b.constant(5)), b.constant(7)),
  ],
  [
    'subtracting a constant is adding',
    '%0 = add x, 2; return %0',
    (b, x) => b.binary('sub', b.binary('add', x, b.constant(5)), b.constant(3)),
  ],
  [
    'a product with a power of two is a shift',
    '%0 = shl x, 3; return %0',
    (b, x) => b.binary('mul', x, b.constant(8)),
  ],
  [
    'a quotient by a power of two is a shift',
    '%0 = lshr x, 4; return %0',
    (b, x) => b.binary('div', x, b.constant(16)),
  ],
  [
    'a remainder by a power of two is a mask',
    '%0 = and x, 15; return %0',
    (b, x) => b.binary('mod', x, b.constant(16)),
  ],
  ['a quotient by zero is zero', 'return 0', (b, x) => b.binary('div', x, b.constant(0))],
  ['a remainder by zero is the dividend', 'return x', (b, x) => b.binary('mod', x, b.constant(0))],
  ['x ^ x is zero', 'return 0', (b, x) => b.binary('xor', x, x)],
  [
    'shifts add up',
    '%0 = lshr x, 12; return %0',
    (b, x) => b.binary('lshr', b.binary('lshr', x, b.constant(5)), b.constant(7)),
  ],
  [
    'shifting everything out leaves zero',
    'return 0',
    (b, x) => b.binary('shl', b.binary('shl', x, b.constant(60)), b.constant(7)),
  ],
  [
    'left and back by 32 is an extension',
    '%0 = zext.32 x; return %0',
    (b, x) => b.binary('lshr', b.binary('shl', x, b.constant(32)), b.constant(32)),
  ],
  [
    'a mask of 32 bits is an extension',
    '%0 = zext.32 x; return %0',
    (b, x) => b.binary('and', x, b.constant(0xffffffffn)),
  ],
  [
    'masks are combined',
    '%0 = and x, 12; return %0',
    (b, x) => b.binary('and', b.binary('and', x, b.constant(0xfc)), b.constant(0x0f)),
  ],
  [
    'a mask that removes nothing is dropped',
    '%0 = lshr x, 56; return %0',
    (b, x) => b.binary('and', b.binary('lshr', x, b.constant(56)), b.constant(0xff)),
  ],
  [
    'extending what is zero above already is nothing',
    '%0 = lshr x, 32; return %0',
    (b, x) => b.extend(b.binary('lshr', x, b.constant(32)), 32, false),
  ],
  [
    'a sum that is cut to 32 bits is a 32-bit sum',
    '%0 = add.32 x, y; return %0',
    (b, x, y) => b.extend(b.binary('add', x, y), 32, false),
  ],
  [
    'an operand of a 32-bit operation need not be extended',
    '%0 = mul.32 x, y; return %0',
    (b, x, y) => b.binary('mul', b.extend(x, 32, false), b.extend(y, 32, true), 32),
  ],
  ['two reversals of bytes are none', 'return x', (b, x) => b.byteSwap(b.byteSwap(x, 64), 64)],
  [
    'the negation of a comparison is the opposite comparison',
    '%0 = uge x, y; return %0',
    (b, x, y) => b.compare('eq', b.compare('ult', x, y), b.constant(0)),
  ],
  ['below one is zero', '%0 = eq x, 0; return %0', (b, x) => b.compare('ult', x, b.constant(1))],
  ['nothing is below zero', 'return 0', (b, x) => b.compare('ult', x, b.constant(0))],
  [
    'a comparison that the bits decide is decided',
    'return 1',
    (b, x) => b.compare('ult', b.binary('and', x, b.constant(7)), b.constant(8)),
  ],
  [
    'extended halves are compared as halves',
    '%0 = eq.32 x, y; return %0',
    (b, x, y) => b.compare('eq', b.extend(x, 32, false), b.extend(y, 32, false)),
  ],
  [
    'one extended half against a small number too',
    '%0 = lshr x, 32; %1 = eq.32 %0, x; return %1',
    (b, x) => b.compare('eq', b.binary('lshr', x, b.constant(32)), b.extend(x, 32, false)),
  ],
  [
    'equal expressions are computed once',
    '%0 = mul x, y; %1 = xor %0, 1; %2 = mul %1, %0; return %2',
    (b, x, y) =>
      b.binary('mul', b.binary('xor', b.binary('mul', x, y), b.constant(1)), b.binary('mul', x, y)),
  ],
  [
    'a pure helper is called once',
    '%0 = call pid(); %1 = lshr %0, 32; %2 = mul %1, %0; return %2',
    (b) => b.binary('mul', b.binary('lshr', b.call(pid, []), b.constant(32)), b.call(pid, [])),
  ],
];

for (const [name, expected, write] of table) {
  test(name, () => assert.equal(expression(write), expected));
}

test('a sum that was compared with a bound is not computed anew from what was added to', () => {
  // The verifier knows the bound of the sum's register only.
  const lines = optimized((b, x, _, ctx) => {
    const sum = b.binary('add', x, b.constant(1));
    const inside = b.block('inside');
    const outside = b.block('outside');
    b.branch('ult', sum, b.constant(64), inside, outside);
    b.begin(inside);
    b.call(use, [ctx, b.binary('add', sum, b.constant(2))]);
    b.return(b.constant(0));
    b.begin(outside);
    return b.constant(1);
  });
  assert.deepEqual(lines.slice(0, 3), [
    '%4 = add x, 1',
    'branch ult %4, 64 -> b1 inside, b2 outside',
    '%7 = add %4, 2',
  ]);
});

test('a mask behind a check stays: the verifier has to see it', () => {
  assert.equal(
    expression((b, x) => b.binary('and', b.binary('mod', x, b.constant(10)), b.constant(15))),
    '%0 = mod x, 10; %1 = and %0, 15; return %1',
  );
});

test('a store does not care what is above its bytes', () => {
  const lines = optimized((b, x) => {
    const slot = b.slot('s', 8);
    b.store(4, b.slotAddress(slot), 0, b.extend(x, 32, true));
    b.store(1, b.slotAddress(slot), 4, b.binary('and', x, b.constant(0xff)));
    return b.constant(0);
  });
  assert.deepEqual(lines, ['store.32 [&s], x', 'store.8 [&s + 4], x', 'return 0']);
});

test('a constant distance moves into the access', () => {
  const lines = optimized((b, x, _, ctx) => {
    const p = b.call(use, [ctx], mapValue);
    b.store(8, b.binary('add', p, b.constant(24)), 8, x);
    return b.constant(0);
  });
  assert.deepEqual(lines, ['%3 = call use(%0)', 'store.64 [%3 + 32], x', 'return 0']);
});

test('accesses to one map value share an address', () => {
  const lines = optimized((b, x) => {
    b.store(8, b.mapValueAddress('g', 8), 0, x);
    return b.load(8, b.mapValueAddress('g', 24), 8);
  });
  assert.deepEqual(lines, ['store.64 [map g[0] + 8], x', '%6 = load.u64 [map g[0] + 32]', 'return %6']);
});

test('what nobody reads is not computed', () => {
  assert.deepEqual(
    optimized((b, x, y) => {
      b.binary('mul', x, y);
      b.call(pid, []);
      return b.constant(1);
    }),
    ['return 1'],
  );
});

test('an invariant load is done once, any other each time', () => {
  const lines = optimized((b, _, __, ctx) => {
    const p = b.call(use, [ctx], mapValue);
    const twice = (invariant: boolean, offset: number) =>
      b.binary('mul', b.load(8, p, offset, { invariant }), b.load(8, p, offset, { invariant }));
    return b.binary('add', twice(true, 0), twice(false, 8));
  });
  assert.equal(lines.filter((line) => line.includes('invariant')).length, 1);
  assert.equal(lines.filter((line) => line.includes(' + 8]')).length, 2);
});

test('a question that a dominating branch has answered is not asked again', () => {
  const lines = optimized((b, x, y, ctx) => {
    const yes = b.block('yes');
    const no = b.block('no');
    b.branch('ult', x, y, yes, no);
    b.begin(yes);
    const again = b.block('again');
    b.branch('uge', x, y, no, again);
    b.begin(again);
    b.call(use, [ctx]);
    b.jump(no);
    b.begin(no);
    return b.constant(0);
  });
  assert.equal(lines.filter((line) => line.startsWith('branch')).length, 1);
});

test('a && b becomes two branches and no number', () => {
  const lines = optimized((b, x, y, ctx) => {
    const flag = b.variable('flag');
    const more = b.block('more');
    const ask = b.block('ask');
    const yes = b.block('yes');
    const no = b.block('no');
    b.write(flag, b.constant(0));
    b.branch('ne', b.compare('ult', x, b.constant(10)), b.constant(0), more, ask);
    b.begin(more);
    b.write(flag, b.compare('ugt', y, b.constant(20)));
    b.jump(ask);
    b.begin(ask);
    b.branch('ne', b.read(flag), b.constant(0), yes, no);
    b.begin(yes);
    b.call(use, [ctx]);
    b.jump(no);
    b.begin(no);
    return b.constant(0);
  });
  assert.deepEqual(
    lines.filter((line) => /branch|phi|ugt|ult/.test(line)).map((line) => line.replace(/ ->.*/, '')),
    ['branch ult x, 10', 'branch ugt y, 20'],
  );
});

test('a branch on a masked bit tests the bit', () => {
  for (const [op, first] of [
    ['ne', 'yes'],
    ['eq', 'no'],
  ] as const satisfies readonly [CompareOp, string][]) {
    const lines = optimized((b, x, _, ctx) => {
      const yes = b.block('yes');
      const no = b.block('no');
      b.branch(op, b.binary('and', x, b.constant(4)), b.constant(0), yes, no);
      b.begin(yes);
      b.call(use, [ctx]);
      b.return(b.constant(1));
      b.begin(no);
      return b.constant(0);
    });
    assert.match(lines[0], new RegExp(`^branch test x, 4 -> b\\d ${first}`));
  }
});

test('a branch whose two ways do nothing goes, and so does what it asked', () => {
  const lines = optimized((b, x, y) => {
    const yes = b.block('yes');
    const join = b.block('join');
    b.branch('ult', b.binary('mul', x, y), b.constant(100), yes, join);
    b.begin(yes);
    b.jump(join);
    b.begin(join);
    return x;
  });
  assert.deepEqual(lines, ['return x']);
});

test('returns of one value share a block', () => {
  const lines = optimized((b, x, y, ctx) => {
    for (const value of [x, y]) {
      const out = b.block('out');
      const on = b.block('on');
      b.branch('ult', value, b.constant(10), out, on);
      b.begin(out);
      b.call(use, [ctx]);
      b.return(b.constant(0));
      b.begin(on);
    }
    return b.constant(0);
  });
  assert.equal(lines.filter((line) => line === 'return 0').length, 1);
});

test('before v4 a signed quotient by a power of two is three operations more than an unsigned one', () => {
  assert.equal(
    expression((b, x) => b.binary('sdiv', x, b.constant(8))),
    '%0 = ashr x, 63; %1 = lshr %0, 61; %2 = add x, %1; %3 = ashr %2, 3; return %3',
  );
  assert.equal(
    expression((b, x) => b.binary('sdiv', x, b.constant(8)), true),
    '%0 = sdiv x, 8; return %0',
  );
});

test('a sign extension of a load is a signed load in v4', () => {
  const lines = optimized((b, _, __, ctx) => b.extend(b.load(4, ctx, 16), 32, true), true);
  assert.deepEqual(lines, ['%3 = load.s32 [%0 + 16]', 'return %3']);
});
