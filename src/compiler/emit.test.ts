/** The code that comes out, as text: a change of code generation is a readable difference here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { disassemble } from '../asm/disassemble.ts';
import { slotsOf } from '../asm/instruction.ts';
import type { SourceLine } from '../kernel/spec.ts';
import { FunctionBuilder } from './builder.ts';
import { type CompiledProgram, compileModule, type Target } from './compile.ts';
import { CompileError } from './errors.ts';
import { helper } from './helpers.ts';
import type { IrFunction, Value, ValueType } from './ir.ts';

const context: ValueType = { kind: 'pointer', provenance: 'context', nullable: false };
const scalar: ValueType = { kind: 'scalar', bits: 64, signed: false };
const mapValue: ValueType = { kind: 'pointer', provenance: 'mapValue', nullable: true };
const barrier = helper('ktime_get_ns');

function entry(write: (b: FunctionBuilder, ctx: Value) => Value | undefined): IrFunction {
  const b = new FunctionBuilder('f', 'entry', [{ name: 'ctx', type: context }]);
  const result = write(b, b.parameter(0));
  if (result) b.return(result);
  return b.finish();
}

function compile(write: Parameters<typeof entry>[0], target?: Target): CompiledProgram {
  return compileModule({ name: 'f', functions: [entry(write)] }, target);
}

function code(write: Parameters<typeof entry>[0], target?: Target): string[] {
  return text(compile(write, target));
}

function text(program: CompiledProgram): string[] {
  return disassemble(program.instructions, { helperName: (id) => `helper${id}` })
    .trimEnd()
    .split('\n')
    .map((line) => line.trim());
}

test('counting by command takes 25 slots', () => {
  const lines = code((b) => {
    const key = b.slot('key', 16);
    const one = b.slot('one', 8);
    b.store(8, b.slotAddress(key), 0, b.constant(0));
    b.store(8, b.slotAddress(key), 8, b.constant(0));
    b.call(helper('get_current_comm'), [b.slotAddress(key), b.constant(16)]);
    const found = b.call(helper('map_lookup_elem'), [b.mapAddress('m'), b.slotAddress(key)], mapValue);
    const [hit, miss, done] = [b.block('hit'), b.block('miss'), b.block('done')];
    b.branch('ne', found, b.constant(0), hit, miss);
    b.begin(hit);
    b.atomic('add', 8, found, 0, b.constant(1));
    b.jump(done);
    b.begin(miss);
    b.store(8, b.slotAddress(one), 0, b.constant(1));
    b.call(helper('map_update_elem'), [
      b.mapAddress('m'),
      b.slotAddress(key),
      b.slotAddress(one),
      b.constant(1),
    ]);
    b.jump(done);
    b.begin(done);
    return b.constant(0);
  });
  assert.deepEqual(lines, [
    '0: *(u64 *)(r10 -16) = 0',
    '1: *(u64 *)(r10 -8) = 0',
    '2: r6 = r10',
    '3: r6 += -16',
    '4: r1 = r6',
    '5: r2 = 16',
    '6: call helper16#16',
    '7: r1 = map[m]',
    '9: r2 = r6',
    '10: call helper1#1',
    '11: if r0 == 0x0 goto +3',
    '12: r1 = 1',
    '13: lock *(u64 *)(r0 +0) += r1',
    '14: goto +8',
    '15: *(u64 *)(r10 -24) = 1',
    '16: r1 = map[m]',
    '18: r2 = r6',
    '19: r3 = r10',
    '20: r3 += -24',
    '21: r4 = 1',
    '22: call helper2#2',
    '23: r0 = 0',
    '24: exit',
  ]);
});

test('arguments are computed where the call wants them, and results stay where it leaves them', () => {
  const lines = code((b, ctx) => {
    const y = b.load(4, ctx, 8);
    const x = b.load(8, ctx, 0);
    const r = b.call(helper('trace_printk'), [b.binary('add', x, b.constant(1)), y]);
    return b.binary('add', r, b.constant(2));
  });
  assert.deepEqual(lines, [
    '0: r2 = *(u32 *)(r1 +8)',
    '1: r1 = *(u64 *)(r1 +0)',
    '2: r1 += 1',
    '3: call helper6#6',
    '4: r0 += 2',
    '5: exit',
  ]);
});

test('the context is kept over a call only if it is read behind it', () => {
  const before = code((b, ctx) => {
    const x = b.load(8, ctx, 0);
    b.call(barrier, []);
    return x;
  });
  assert.deepEqual(before, ['0: r6 = *(u64 *)(r1 +0)', '1: call helper5#5', '2: r0 = r6', '3: exit']);
  const behind = code((b, ctx) => {
    b.call(barrier, []);
    return b.load(8, ctx, 0);
  });
  assert.deepEqual(behind, ['0: r6 = r1', '1: call helper5#5', '2: r0 = *(u64 *)(r6 +0)', '3: exit']);
});

test('a loop keeps its variables in one register each', () => {
  const lines = code((b, ctx) => {
    const i = b.variable('i');
    const sum = b.variable('sum');
    b.write(i, b.constant(0));
    b.write(sum, b.constant(0));
    const [head, body, out] = [b.block('head'), b.block('body'), b.block('out')];
    b.jump(head);
    b.enter(head);
    b.branch('ult', b.read(i), b.constant(10), body, out);
    b.begin(body);
    b.write(sum, b.binary('add', b.read(sum), b.load(8, ctx, 0)));
    b.write(i, b.binary('add', b.read(i), b.constant(1)));
    b.jump(head);
    b.seal(head);
    b.begin(out);
    return b.read(sum);
  });
  assert.equal(lines.filter((line) => /: r\d = r\d$/.test(line)).length, 0, lines.join('\n'));
});

test('variables that change places in a loop do so all at once', () => {
  const lines = code((b, ctx) => {
    const variables = [0, 1, 2].map((i) => b.variable(`v${i}`));
    const i = b.variable('i');
    for (const [k, variable] of variables.entries()) b.write(variable, b.load(8, ctx, k * 8));
    b.write(i, b.constant(0));
    const [head, body, out] = [b.block('head'), b.block('body'), b.block('out')];
    b.jump(head);
    b.enter(head);
    b.branch('ult', b.read(i), b.constant(10), body, out);
    b.begin(body);
    const [p, q, r] = variables.map((variable) => b.read(variable));
    b.write(variables[0], q);
    b.write(variables[1], r);
    b.write(variables[2], p);
    b.write(i, b.binary('add', b.read(i), b.constant(1)));
    b.jump(head);
    b.seal(head);
    b.begin(out);
    const [x, y, z] = variables.map((variable) => b.read(variable));
    return b.binary('mul', b.binary('mul', x, b.constant(3)), b.binary('sub', y, z));
  });
  // Three and one: a place to keep the first while the others move.
  assert.equal(lines.filter((line) => /: r\d = r\d$/.test(line)).length, 4, lines.join('\n'));
});

test('a sum takes the register of the operand that is not read again', () => {
  const lines = code((b, ctx) => {
    const x = b.load(8, ctx, 0);
    const y = b.binary('mul', x, b.load(8, ctx, 8));
    return b.binary('xor', b.binary('add', x, y), x);
  });
  assert.equal(lines.filter((line) => /: r\d = r\d$/.test(line)).length, 0, lines.join('\n'));
});

test('constants of 32 bits are one slot, wider ones two, and halves of a slot are stored as such', () => {
  const lines = code((b, ctx) => {
    const x = b.load(8, ctx, 0);
    const slot = b.slot('s', 16);
    b.store(8, b.slotAddress(slot), 0, b.constant(0x1122334455667788n));
    b.call(helper('trace_printk'), [b.slotAddress(slot), b.constant(0xffffffffn)]);
    return b.binary('xor', x, b.constant(0x1122334455667788n));
  });
  assert.deepEqual(lines, [
    '0: r6 = *(u64 *)(r1 +0)',
    '1: *(u32 *)(r10 -16) = 1432778632',
    '2: *(u32 *)(r10 -12) = 287454020',
    '3: r1 = r10',
    '4: r1 += -16',
    '5: w2 = -1',
    '6: call helper6#6',
    '7: r1 = 0x1122334455667788',
    '9: r0 = r6',
    '10: r0 ^= r1',
    '11: exit',
  ]);
});

test('constants stored side by side are stored at once', () => {
  const lines = code((b, ctx) => {
    const slot = b.slot('s', 8);
    b.store(4, b.slotAddress(slot), 0, b.constant(0));
    b.store(4, b.slotAddress(slot), 4, b.constant(0));
    b.call(helper('trace_printk'), [b.slotAddress(slot), ctx]);
    return b.constant(0);
  });
  assert.equal(lines.filter((line) => line.includes('*(u64 *)(r10 -8) = 0')).length, 1, lines.join('\n'));
});

test('slots that are never alive together share memory', () => {
  const program = compile((b) => {
    for (let i = 0; i < 4; i++) {
      const slot = b.slot(`s${i}`, 64);
      b.store(8, b.slotAddress(slot), 0, b.constant(i));
      b.call(helper('trace_printk'), [b.slotAddress(slot), b.constant(64)]);
    }
    return b.constant(0);
  });
  assert.equal(program.frames[0].bytes, 64);
});

test('a slot whose address is stored shares with none', () => {
  const program = compile((b) => {
    const [kept, later, holder] = [b.slot('kept', 96), b.slot('later', 96), b.slot('holder', 8)];
    b.store(8, b.slotAddress(holder), 0, b.slotAddress(kept));
    b.store(8, b.slotAddress(later), 0, b.constant(1));
    b.call(helper('trace_printk'), [b.slotAddress(later), b.constant(32)]);
    return b.call(helper('trace_printk'), [b.slotAddress(holder), b.constant(8)]);
  });
  assert.equal(program.frames[0].bytes, 200);
});

test('a number compared while it lives in memory is stored again behind the comparison', () => {
  // Four busier values take r6 to r9; the index is spilled. Before Linux 6.9 a bound does not reach memory.
  const lines = code((b, ctx) => {
    const busy = [8, 16, 24, 32].map((at) => b.load(8, ctx, at));
    const index = b.load(8, ctx, 0);
    let sum = b.constant(0);
    const mix = () => {
      for (const value of busy)
        sum = b.binary('xor', b.binary('mul', b.binary('add', sum, value), value), value);
      const slot = b.slot('s', 8);
      b.store(8, b.slotAddress(slot), 0, sum);
      b.call(helper('trace_printk'), [b.slotAddress(slot), b.constant(8)]);
    };
    mix();
    const [inside, outside] = [b.block('inside'), b.block('outside')];
    b.branch('ult', index, b.constant(64), inside, outside);
    b.begin(inside);
    mix();
    mix();
    b.return(b.binary('add', sum, index));
    b.begin(outside);
    return b.constant(0);
  });
  const check = lines.findIndex((line) => /if r\d >= 0x40/.test(line));
  const register = /if (r\d)/.exec(lines[check])?.[1];
  assert.match(lines[check - 1], new RegExp(`${register} = \\*\\(u64 \\*\\)\\(r10 `), lines.join('\n'));
  assert.match(
    lines[check + 1],
    new RegExp(`\\*\\(u64 \\*\\)\\(r10 -\\d+\\) = ${register}`),
    lines.join('\n'),
  );
});

test('functions follow one another, and calls and addresses know the distance', () => {
  const main = entry((b) => {
    const r = b.call({ kind: 'function', name: 'twice' }, [b.constant(21)]);
    b.call(helper('loop'), [b.constant(3), b.functionAddress('each'), b.constant(0), b.constant(0)]);
    return r;
  });
  const twice = new FunctionBuilder('twice', 'static', [{ name: 'x', type: scalar }]);
  twice.return(twice.binary('add', twice.parameter(0), twice.parameter(0)));
  const each = new FunctionBuilder('each', 'callback', [
    { name: 'i', type: scalar },
    { name: 'c', type: mapValue },
  ]);
  each.return(each.constant(0));
  const program = compileModule({ name: 'p', functions: [main, twice.finish(), each.finish()] });
  const starts = new Map(program.functions.map((fn) => [fn.name, fn.slot]));
  assert.deepEqual([...starts.keys()], ['f', 'twice', 'each']);
  let slot = 0;
  let found = 0;
  for (const instruction of program.instructions) {
    if (instruction.reference?.kind === 'function') {
      assert.equal(slot + instruction.imm + 1, starts.get(instruction.reference.name));
      found++;
    }
    slot += slotsOf(instruction);
  }
  assert.equal(found, 2);
});

test('a function that nothing calls any more is left out', () => {
  const main = entry((b, ctx) => {
    const [never, done] = [b.block('never'), b.block('done')];
    b.branch('eq', b.constant(0), b.constant(1), never, done);
    b.begin(never);
    b.call({ kind: 'function', name: 'unused' }, [ctx]);
    b.jump(done);
    b.begin(done);
    return b.constant(0);
  });
  const unused = new FunctionBuilder('unused', 'static', [{ name: 'x', type: scalar }]);
  unused.return(unused.parameter(0));
  const program = compileModule({ name: 'p', functions: [main, unused.finish()] });
  assert.deepEqual(
    program.functions.map((fn) => fn.name),
    ['f'],
  );
});

test('lines increase strictly and begin every function', () => {
  const line = (n: number): SourceLine => ({ file: 'a.ts', line: n, column: 1, text: `line ${n}` });
  const b = new FunctionBuilder('f', 'entry', [{ name: 'ctx', type: context }]);
  b.source = line(1);
  const x = b.load(8, b.parameter(0), 0);
  b.source = line(2);
  const y = b.binary('mul', x, b.constant(3));
  b.source = line(3);
  b.return(b.binary('add', y, b.call({ kind: 'function', name: 'g' }, [x])));
  const g = new FunctionBuilder('g', 'static', [{ name: 'x', type: scalar }]);
  g.return(g.parameter(0));
  const program = compileModule({ name: 'p', functions: [b.finish(), g.finish()] });
  const slots = program.lines.map((l) => l.slot);
  assert.deepEqual(
    slots,
    [...new Set(slots)].sort((p, q) => p - q),
  );
  for (const fn of program.functions) assert.ok(slots.includes(fn.slot));
  assert.equal(program.lines[0].source.line, 1);
});

test('a jump over more than 32,767 slots is a long one in v4 and an error before', () => {
  const far = (b: FunctionBuilder, ctx: Value): Value => {
    const [body, out] = [b.block('body'), b.block('out')];
    b.branch('eq', b.load(8, ctx, 0), b.constant(0), out, body);
    b.begin(body);
    const slot = b.slot('s', 8);
    for (let i = 0; i < 33_000; i++) b.store(8, b.slotAddress(slot), 0, b.constant(i));
    b.call(helper('trace_printk'), [b.slotAddress(slot), ctx]);
    b.jump(out);
    b.begin(out);
    return b.constant(0);
  };
  assert.throws(() => compile(far), { name: 'CompileError', code: 'too-large' });
  const lines = code(far, { isa: 'v4' });
  assert.ok(
    lines.some((line) => /gotol \+3[23]\d\d\d/.test(line)),
    lines.slice(0, 6).join('\n'),
  );
});

test('a frame of more than 512 bytes is refused by name, or moved to scratch memory', () => {
  const large = (b: FunctionBuilder): Value => {
    const slots = [b.slot('names', 400), b.slot('path', 300)];
    for (const slot of slots) b.store(8, b.slotAddress(slot), 0, b.constant(1));
    for (const slot of slots) b.call(helper('trace_printk'), [b.slotAddress(slot), b.constant(16)]);
    return b.constant(0);
  };
  assert.throws(
    () => compile(large),
    (error) => {
      assert.ok(error instanceof CompileError);
      assert.equal(error.code, 'stack');
      assert.match(error.message, /704 bytes.*the largest buffer is names with 400 bytes/);
      return true;
    },
  );
  const program = compile(large, { scratch: { map: 'scratch', offset: 8 } });
  assert.equal(program.scratchBytes, 400);
  assert.ok(program.frames[0].bytes <= 512);
});

test('recursion and more than five arguments are refused', () => {
  const again = new FunctionBuilder('again', 'static', [{ name: 'x', type: scalar }]);
  again.return(again.call({ kind: 'function', name: 'again' }, [again.parameter(0)]));
  const main = entry((b, ctx) => b.call({ kind: 'function', name: 'again' }, [ctx]));
  assert.throws(() => compileModule({ name: 'p', functions: [main, again.finish()] }), {
    code: 'unsupported',
    message: /again -> again/,
  });
  assert.throws(() => compile((b, ctx) => b.call(barrier, [ctx, ctx, ctx, ctx, ctx, ctx])), {
    code: 'unsupported',
    message: /6 arguments/,
  });
});
