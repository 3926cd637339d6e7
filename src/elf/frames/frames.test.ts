import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Bytes, elfImage, FIRST_DATA, type ImageShape } from '../../../test/support/elf-image.ts';
import { ElfFile } from '../file.ts';
import { decodeRule, encodeRule, RBP_IN_FRAME, RBP_LOST, RuleKind } from './rule.ts';
import { ruleAt, type UnwindTable, unwindTable } from './table.ts';

const shape: ImageShape = { bits: 64, littleEndian: true };
/** DW_EH_PE_pcrel | DW_EH_PE_sdata4 */
const relative = 0x1b;
const codeSize = 0x1000;
const codeAddress = 0x40_0000n + BigInt(FIRST_DATA);

interface Function {
  readonly start: number;
  readonly size: number;
  readonly instructions: readonly number[];
}

/** CFA = rsp + 8, the return address below it: what every function starts with. */
const usual = [0x0c, 7, 8, 0x90, 1];

function entry(id: (at: number) => number, rest: (out: Bytes, at: number) => void, at: number): Uint8Array {
  const body = new Bytes(shape).u32(id(at + 4));
  rest(body, at + 4);
  const padded = body.pad(8).done();
  return new Bytes(shape).u32(padded.length).raw(padded).done();
}

/** `.eh_frame` of functions, in a file whose code is its first section. */
function frames(functions: readonly Function[], common: readonly number[] = usual): Uint8Array {
  const address = Number(codeAddress) + codeSize;
  const out = new Bytes(shape);
  const cie = entry(
    () => 0,
    (body) => body.u8(1).text('zR').u8(1).u8(0x78).u8(16).u8(1).u8(relative).raw(common),
    0,
  );
  out.raw(cie);
  for (const { start, size, instructions } of functions) {
    out.raw(
      entry(
        (at) => at,
        (body, at) => {
          const place = address + at + 4;
          body
            .u32((Number(codeAddress) + start - place) >>> 0)
            .u32(size)
            .u8(0)
            .raw(instructions);
        },
        out.length,
      ),
    );
  }
  return out.u32(0).done();
}

function tableOf(eh: Uint8Array, machine = 62): UnwindTable | undefined {
  const size = codeSize + eh.length;
  const image = elfImage(shape, {
    machine,
    sections: [
      { name: '.text', type: 1, flags: 6, address: codeAddress, data: new Uint8Array(codeSize) },
      { name: '.eh_frame', type: 1, flags: 2, address: codeAddress + BigInt(codeSize), data: eh },
    ],
    segments: [{ type: 1, flags: 5, offset: FIRST_DATA, address: codeAddress, fileSize: size }],
  });
  return unwindTable(ElfFile.open(image));
}

/** Kind, rbp, offset at a byte of the code. */
function at(table: UnwindTable | undefined, position: number): readonly [number, number, number] {
  assert.ok(table);
  const { kind, rbp, offset } = decodeRule(ruleAt(table, FIRST_DATA + position));
  return [kind, rbp, offset];
}

test('a rule is what was put into its 32 bits', () => {
  const rules = fc.record({
    kind: fc.integer({ min: 0, max: 8 }) as fc.Arbitrary<RuleKind>,
    rbp: fc.integer({ min: 0, max: 1023 }),
    offset: fc.integer({ min: -4000, max: 4000 }).map((words) => words * 8),
    plus8: fc.boolean(),
  });
  fc.assert(fc.property(rules, (rule) => assert.deepEqual(decodeRule(encodeRule(rule)), { ...rule })));
});

test('an offset that is too far, or within a word, is not supported', () => {
  for (const offset of [4, 1 << 20, -(1 << 20)]) {
    assert.equal(
      encodeRule({ kind: RuleKind.stackPointer, rbp: 0, offset, plus8: false }),
      RuleKind.unsupported,
    );
  }
});

test('a function that pushes rbp, and one that does without', () => {
  const pushes = [0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6, 0x50, 0x0c, 7, 8];
  const table = tableOf(
    frames([
      { start: 0x10, size: 0x20, instructions: pushes },
      { start: 0x40, size: 0x20, instructions: [0x44, 0x0e, 64] },
    ]),
  );
  assert.deepEqual(at(table, 0x0f), [RuleKind.none, 0, 0]);
  assert.deepEqual(at(table, 0x10), [RuleKind.stackPointer, 0, 8]);
  assert.deepEqual(at(table, 0x11), [RuleKind.stackPointer, 2, 16]);
  assert.deepEqual(at(table, 0x14), [RuleKind.framePointer, 2, 16]);
  assert.deepEqual(at(table, 0x24), [RuleKind.stackPointer, 2, 8]);
  // Between two functions nothing is known.
  assert.deepEqual(at(table, 0x30), [RuleKind.none, 0, 0]);
  assert.deepEqual(at(table, 0x43), [RuleKind.stackPointer, 0, 8]);
  assert.deepEqual(at(table, 0x44), [RuleKind.stackPointer, 0, 64]);
  assert.deepEqual(at(table, 0x60), [RuleKind.none, 0, 0]);
});

test('the outermost frame is told from one that is not described', () => {
  const table = tableOf(
    frames([
      { start: 0, size: 16, instructions: [0x07, 16] },
      { start: 16, size: 16, instructions: [0x0c, 3, 8] },
    ]),
  );
  assert.deepEqual(at(table, 0), [RuleKind.end, 0, 0]);
  assert.deepEqual(at(table, 16), [RuleKind.unsupported, 0, 0]);
});

test('a state that was remembered comes back', () => {
  const instructions = [0x41, 0x0e, 32, 0x0a, 0x41, 0x0e, 8, 0x41, 0x0b];
  const table = tableOf(frames([{ start: 0, size: 16, instructions }]));
  assert.deepEqual(
    [1, 2, 3].map((position) => at(table, position)[2]),
    [32, 8, 32],
  );
});

test('a stub of the procedure linkage table has pushed from a byte on', () => {
  const expression = [0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22];
  const table = tableOf(
    frames([{ start: 0, size: 64, instructions: [0x0f, expression.length, ...expression] }]),
  );
  assert.deepEqual(at(table, 20), [RuleKind.plt, 0, 11]);
});

test('what a handler of signals returns to restores what the kernel saved', () => {
  // As glibc's __restore_rt has it: CFA, rip, rbp in the kernel's frame of signals.
  const instructions = [
    ...[0x0f, 4, 0x77, 0xa0, 1, 0x06],
    ...[0x10, 16, 3, 0x77, 0xa8, 1],
    ...[0x10, 6, 3, 0x77, 0xf8, 0],
  ];
  const table = tableOf(frames([{ start: 0, size: 16, instructions }]));
  assert.deepEqual(at(table, 0), [RuleKind.signal, 0, 160]);
});

test('an aligned frame has the address of the caller in its own', () => {
  const instructions = [0x0f, 3, 0x76, 0x78, 0x06, 0x10, 6, 2, 0x76, 0];
  const table = tableOf(frames([{ start: 0, size: 16, instructions }]));
  assert.deepEqual(at(table, 0), [RuleKind.atFramePointer, RBP_IN_FRAME, -8]);
  const elsewhere = tableOf(frames([{ start: 0, size: 16, instructions: [0x09, 6, 3] }]));
  assert.deepEqual(at(elsewhere, 0), [RuleKind.stackPointer, RBP_LOST, 8]);
});

test('functions outside of the code are left out', () => {
  const table = tableOf(
    frames([
      { start: 0, size: 16, instructions: [] },
      { start: 1 << 20, size: 16, instructions: [] },
      { start: 32, size: 1 << 20, instructions: [] },
    ]),
  );
  assert.deepEqual(at(table, 0), [RuleKind.stackPointer, 0, 8]);
  assert.deepEqual(at(table, 32), [RuleKind.none, 0, 0]);
});

test('a broken function does not hide its neighbours', () => {
  const table = tableOf(
    frames([
      { start: 0, size: 16, instructions: [0x3f] },
      { start: 16, size: 16, instructions: [] },
    ]),
  );
  assert.deepEqual(at(table, 0), [RuleKind.unsupported, 0, 0]);
  assert.deepEqual(at(table, 16), [RuleKind.stackPointer, 0, 8]);
});

test('common instructions of kilobytes are not taken on, for every function would run them', () => {
  assert.equal(
    tableOf(frames([{ start: 0, size: 16, instructions: [] }], new Array(4096).fill(0x41))),
    undefined,
  );
});

test('a file of another machine has no table', () => {
  assert.equal(tableOf(frames([{ start: 0, size: 16, instructions: [] }]), 183), undefined);
});

test('whatever the bytes are, there is a table in order or none', () => {
  const good = frames([
    { start: 0, size: 16, instructions: [0x41, 0x0e, 16, 0x86, 2] },
    { start: 16, size: 16, instructions: [0x0f, 3, 0x77, 8, 0x06] },
  ]);
  const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 12 });
  const cut = fc.nat(good.length);
  fc.assert(
    fc.property(damage, cut, (changes, length) => {
      const bytes = Uint8Array.from(good);
      for (const [place, value] of changes) bytes[place] = value;
      const table = tableOf(bytes.subarray(0, Math.max(length, 1)));
      if (!table) return;
      for (let i = 1; i < table.count; i++) assert.ok(table.positions[i - 1]! < table.positions[i]!);
      assert.equal(table.rules[table.count - 1], RuleKind.none);
    }),
    { numRuns: 2000 },
  );
});
