import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  alu64Imm,
  callHelper,
  exit,
  ldImm64,
  ldMapValue,
  mov32Imm,
  mov64,
  mov64Imm,
  store,
  storeImm,
} from '../../asm/build.ts';
import type { ObjectFunction, ObjectInstruction, ObjectSpec } from '../../object/spec.ts';
import { ownMessages, printkFormats } from './printk-formats.ts';

const tracePrintk = 6;

/** The parts of an object that the formats are read from. */
function object(code: readonly ObjectInstruction[], rodata = '', littleEndian = true): ObjectSpec {
  const entry = { instructions: [...code] } as unknown as ObjectFunction;
  const contents = Buffer.from(rodata, 'latin1');
  return {
    littleEndian,
    functions: new Map([['entry', entry]]),
    maps: [{ name: '.rodata', data: { contents } }],
  } as unknown as ObjectSpec;
}

const isOwn = (format: string | undefined, message: string): boolean =>
  ownMessages([format])(Buffer.from(message, 'latin1'));

test('a format in .rodata is found by the address that the call gets', () => {
  const code = [
    ldMapValue(6, '.rodata', 0),
    mov64(1, 6),
    alu64Imm('add', 1, 3),
    mov32Imm(2, 6),
    callHelper(tracePrintk),
    exit(),
  ] as ObjectInstruction[];
  assert.deepEqual(printkFormats(object(code, 'no\0hi %d\0')), ['hi %d']);
});

test('a format on the stack is found by what was stored there', () => {
  const bytes = Buffer.from('pid %d\n\0');
  for (const littleEndian of [true, false]) {
    const value = littleEndian ? bytes.readBigUInt64LE() : bytes.readBigUInt64BE();
    const code = [
      ldImm64(1, value),
      store(8, 10, -8, 1),
      mov64(1, 10),
      alu64Imm('add', 1, -8),
      mov64Imm(2, 8),
      callHelper(tracePrintk),
    ] as ObjectInstruction[];
    assert.deepEqual(printkFormats(object(code, '', littleEndian)), ['pid %d\n']);
  }
});

test('a format that cannot be told is said to be so, and then every message may be own', () => {
  const stored = [storeImm(1, 10, -8, 65), mov64(1, 10), alu64Imm('add', 1, -8), mov64Imm(2, 8)];
  const code = [...stored, callHelper(tracePrintk)] as ObjectInstruction[];
  assert.deepEqual(printkFormats(object(code)), [undefined]);
  assert.ok(ownMessages(['x', undefined])(Buffer.from('whatever')));
  assert.deepEqual(printkFormats(object([callHelper(5), exit()] as ObjectInstruction[])), []);
  assert.ok(!ownMessages([])(Buffer.from('whatever')));
});

test('what a call leaves in the argument registers is not taken for the next format', () => {
  const code = [
    ldMapValue(1, '.rodata', 0),
    mov64Imm(2, 3),
    callHelper(tracePrintk),
    mov64Imm(2, 3),
    callHelper(tracePrintk),
  ] as ObjectInstruction[];
  assert.deepEqual(printkFormats(object(code, 'hi\0')), ['hi', undefined]);
});

test('messages fit a format by what stands between its conversions', () => {
  assert.ok(isOwn('PID %d (%s) read: %s ', 'PID 7 (b)h) read: ls -l '));
  assert.ok(!isOwn('PID %d (%s) read: %s ', 'PID 7 (bash) wrote: ls '));
  assert.ok(isOwn('Process ID: %d enter sys openat\n', 'Process ID: 12 enter sys openat'));
  assert.ok(isOwn('%5.2f%% of %-5llu, %pI4 %pks', '1.5% of 7    , 1.2.3.4 x'));
  assert.ok(isOwn('no conversion', 'no conversion'));
  assert.ok(!isOwn('no conversion', 'no conversion at all'));
  assert.ok(!isOwn('aba%dba', 'ababa'.slice(0, 4)), 'the last part does not overlap the first');
  assert.ok(isOwn('%s', 'anything'));
});

test('a message that the kernel cut is not refused, and hostile formats take no time', () => {
  assert.ok(isOwn('%s!', 'x'.repeat(1023)));
  const started = performance.now();
  assert.ok(!isOwn(`${'%sa'.repeat(300)}b`, 'a'.repeat(999)));
  assert.ok(performance.now() - started < 1000);
});
