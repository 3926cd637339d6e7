import assert from 'node:assert/strict';
import { test } from 'node:test';
import { disassemble } from '../../asm/disassemble.ts';
import { FunctionBuilder } from '../builder.ts';
import { compileModule } from '../compile.ts';
import { type HelperName, helper } from '../helpers.ts';
import type { IrModule, Value } from '../ir.ts';

type Write = (b: FunctionBuilder) => void;

function code(write: Write, options: Partial<IrModule> = {}): string[] {
  const b = new FunctionBuilder('f', 'entry', [
    { name: 'ctx', type: { kind: 'pointer', provenance: 'context', nullable: false } },
  ]);
  write(b);
  if (b.open) b.return(b.constant(0));
  const { instructions } = compileModule({ name: 'f', functions: [b.finish()], ...options });
  return disassemble(instructions)
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^ *\d+: /, ''));
}

function call(b: FunctionBuilder, name: HelperName, ...args: readonly Value[]): Value {
  return b.call(helper(name), args);
}

const ignored = { resultIgnored: true };

test('a result that nobody looks at is not set where r0 holds something', () => {
  const lines = code((b) => void call(b, 'get_prandom_u32'), ignored);
  assert.deepEqual(lines.slice(1), ['exit']);
  assert.equal(lines.length, 2);
});

test('a result that the kernel looks at is set', () => {
  const lines = code((b) => void call(b, 'get_prandom_u32'));
  assert.deepEqual(lines.slice(1), ['r0 = 0', 'exit']);
});

test('an empty program sets its result all the same: r0 must hold something', () => {
  assert.deepEqual(
    code(() => {}, ignored),
    ['r0 = 0', 'exit'],
  );
});

test('a helper that returns nothing leaves no result', () => {
  const lines = code((b) => {
    const record = call(b, 'ringbuf_reserve', b.mapAddress('events'), b.constant(8), b.constant(0));
    call(b, 'ringbuf_submit', record, b.constant(0));
  }, ignored);
  assert.deepEqual(lines.slice(-2), ['r0 = 0', 'exit']);
});

test('one way on which r0 is never written is enough for the result to be set', () => {
  const lines = code((b) => {
    const [odd, after] = [b.block('odd'), b.block('after')];
    b.branch('ne', b.parameter(0), b.constant(0), odd, after);
    b.begin(odd);
    b.store(8, b.slotAddress(b.slot('s', 8)), 0, call(b, 'get_prandom_u32'));
    b.jump(after);
    b.begin(after);
  }, ignored);
  assert.ok(lines.includes('r0 = 0'), lines.join('\n'));
});

test('an address of the frame that three calls take is computed once', () => {
  const lines = code((b) => {
    const key = b.slotAddress(b.slot('key', 16));
    call(b, 'get_current_comm', key, b.constant(16));
    call(b, 'map_delete_elem', b.mapAddress('m'), key);
    call(b, 'map_delete_elem', b.mapAddress('n'), key);
  });
  assert.equal(lines.filter((line) => / = r10$/.test(line)).length, 1);
});

test('with two uses nothing would be won', () => {
  const lines = code((b) => {
    const key = b.slotAddress(b.slot('key', 16));
    call(b, 'get_current_comm', key, b.constant(16));
    call(b, 'map_delete_elem', b.mapAddress('m'), key);
  });
  assert.equal(lines.filter((line) => / = r10$/.test(line)).length, 2);
});

test('an address that is needed on both sides of a branch, and not before, stays where it is needed', () => {
  const lines = code((b) => {
    const key = b.slot('key', 16);
    const [then, otherwise, after] = [b.block('then'), b.block('otherwise'), b.block('after')];
    b.branch('eq', b.load(8, b.parameter(0), 0), b.constant(0), then, otherwise);
    b.begin(then);
    call(b, 'get_current_comm', b.slotAddress(key), b.constant(16));
    call(b, 'map_delete_elem', b.mapAddress('m'), b.slotAddress(key));
    b.jump(after);
    b.begin(otherwise);
    call(b, 'get_current_comm', b.slotAddress(key), b.constant(16));
    call(b, 'map_delete_elem', b.mapAddress('n'), b.slotAddress(key));
    b.jump(after);
    b.begin(after);
  });
  assert.equal(lines.filter((line) => / = r10$/.test(line)).length, 4, lines.join('\n'));
});
