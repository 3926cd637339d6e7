/** Broken forms are named, not compiled; whole ones print as people read them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FunctionBuilder } from './builder.ts';
import { helper } from './helpers.ts';
import type { IrFunction, ValueOf, ValueType } from './ir.ts';
import { printFunction } from './print.ts';
import { validateFunction } from './validate.ts';

const context: ValueType = { kind: 'pointer', provenance: 'context', nullable: false };

/** A loop that adds up loads: every kind of edge is in it. */
function whole(): IrFunction {
  const b = new FunctionBuilder('sum', 'entry', [{ name: 'ctx', type: context }]);
  const slot = b.slot('buffer', 16);
  const [i, sum] = [b.variable('i'), b.variable('sum')];
  b.write(i, b.constant(0));
  b.write(sum, b.constant(0));
  const [head, body, out] = [b.block('head'), b.block('body'), b.block('out')];
  b.jump(head);
  b.enter(head);
  b.branch('ult', b.read(i), b.constant(4), body, out);
  b.begin(body);
  b.write(sum, b.binary('add', b.read(sum), b.load(4, b.parameter(0), 8, { signed: true, invariant: true })));
  b.write(i, b.binary('add', b.read(i), b.constant(1), 32));
  b.jump(head);
  b.seal(head);
  b.begin(out);
  b.store(8, b.slotAddress(slot), 8, b.byteSwap(b.extend(b.read(sum), 32, false), 64));
  b.call(helper('map_update_elem'), [b.mapAddress('m'), b.slotAddress(slot), b.mapValueAddress('g', 4)]);
  b.return(b.read(sum));
  return b.finish();
}

test('a form prints as it is read', () => {
  const fn = whole();
  validateFunction(fn);
  assert.equal(
    printFunction(fn),
    `entry sum(ctx)
  slot buffer: 16 bytes
b0 entry:
  %0 = parameter 0
  jump b1 head
b1 head:
  %5 = phi b0: 0, b2: %7
  %3 = phi b0: 0, b2: %9
  branch ult %3, 4 -> b2 body, b3 out
b2 body:
  %6 = load.s32 invariant [%0 + 8]
  %7 = add %5, %6
  %9 = add.32 %3, 1
  jump b1 head
b3 out:
  %11 = zext.32 %5
  %12 = bswap.64 %11
  store.64 [&buffer + 8], %12
  %17 = call bpf_map_update_elem(map m, &buffer, map g[0] + 4)
  return %5
`,
  );
});

const broken: readonly [string, RegExp, (fn: IrFunction) => void][] = [
  [
    'a value that is read before it has one',
    /%\d+ uses %\d+ .*not defined on every way/,
    (fn) => fn.blocks[2].values.reverse(),
  ],
  [
    'a value of a block that need not have run',
    /not defined on every way/,
    (fn) => {
      fn.blocks[3].terminator = { kind: 'return', value: fn.blocks[2].values[0] };
    },
  ],
  [
    'a phi without a value for an edge',
    /has 1 operands for 2 edges/,
    (fn) => {
      const phi = fn.blocks[1].values[0] as ValueOf<'phi'>;
      phi.incoming.delete(fn.blocks[0]);
    },
  ],
  [
    'a predecessor that leads elsewhere',
    /names b3 as predecessor/,
    (fn) => void fn.blocks[2].predecessors.push(fn.blocks[3]),
  ],
  [
    'a predecessor that is not known',
    /does not know its predecessor/,
    (fn) => void fn.blocks[2].predecessors.pop(),
  ],
  ['a block without an end', /has no terminator/, (fn) => void delete fn.blocks[3].terminator],
  [
    'two definitions of one value',
    /is defined twice/,
    (fn) => void fn.blocks[3].values.push(fn.blocks[0].values[0]),
  ],
  ['a slot of another function', /names the slot buffer/, (fn) => void fn.slots.pop()],
];

for (const [name, message, breakIt] of broken) {
  test(`${name} is refused`, () => {
    const fn = whole();
    breakIt(fn);
    assert.throws(() => validateFunction(fn), { name: 'CompileError', code: 'invalid', message });
  });
}
