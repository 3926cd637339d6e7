import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as asm from './build.ts';
import { decode } from './decode.ts';
import { disassemble, instructionText } from './disassemble.ts';
import { encode } from './encode.ts';
import { AsmError } from './errors.ts';
import type { Instruction, Register } from './instruction.ts';
import { LD_IMM64 } from './opcodes.ts';

const register = fc.constantFrom<Register[]>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
const nibble = fc.integer({ min: 0, max: 15 });
const offset = fc.integer({ min: -0x8000, max: 0x7fff });
const imm = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });

const narrow: fc.Arbitrary<Instruction> = fc.record(
  {
    opcode: fc.integer({ min: 0, max: 255 }).filter((opcode) => opcode !== LD_IMM64),
    dst: register,
    src: nibble,
    offset,
    imm,
  },
  { noNullPrototype: true },
);

const wide: fc.Arbitrary<Instruction> = fc
  .record(
    { dst: register, src: nibble, imm64: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }) },
    { noNullPrototype: true },
  )
  .map(({ dst, src, imm64 }) => ({
    opcode: LD_IMM64,
    dst,
    src,
    offset: 0,
    imm: Number(BigInt.asIntN(32, imm64)),
    imm64,
  }));

test('decoding what was encoded gives the same instructions, in both byte orders', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(narrow, wide)), fc.boolean(), (program, littleEndian) => {
      assert.deepEqual(decode(encode(program, { littleEndian }), { littleEndian }), program);
    }),
  );
});

test('random bytes decode to instructions that encode to the same bytes, or to an AsmError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, littleEndian) => {
      let program: Instruction[];
      try {
        program = decode(bytes, { littleEndian });
      } catch (error) {
        assert.ok(error instanceof AsmError);
        return;
      }
      assert.deepEqual([...encode(program, { littleEndian })], [...bytes]);
      assert.equal(typeof disassemble(program), 'string');
    }),
    { numRuns: 2000 },
  );
});

test('any opcode with any fields has a text without throwing', () => {
  fc.assert(
    fc.property(fc.oneof(narrow, wide), (instruction) => {
      assert.match(instructionText(instruction), /^\S.*\S$|^exit$/);
    }),
    { numRuns: 5000 },
  );
});

test('the bytes of known instructions are those of the standard', () => {
  const hex = (instruction: Instruction, littleEndian = true) =>
    Buffer.from(encode([instruction], { littleEndian })).toString('hex');
  assert.equal(hex(asm.mov64(6, 1)), 'bf16000000000000');
  assert.equal(hex(asm.mov64(6, 1), false), 'bf61000000000000');
  assert.equal(hex(asm.alu64Imm('add', 1, -8)), '07010000f8ffffff');
  assert.equal(hex(asm.store(8, 10, -8, 1)), '7b1af8ff00000000');
  assert.equal(hex(asm.callHelper(1)), '8500000001000000');
  assert.equal(hex(asm.ldImm64(1, 0x1122334455667788n)), '18010000887766550000000044332211');
  assert.equal(hex(asm.ldImm64(1, 0x1122334455667788n), false), '18100000556677880000000011223344');
  assert.equal(hex(asm.jumpIfImm('jeq', 0, 0, 5)), '1500050000000000');
  assert.equal(hex(asm.alu32('sdiv', 1, 2)), '3c21010000000000');
  assert.equal(hex(asm.movsx64(1, 2, 32)), 'bf21200000000000');
  assert.equal(hex(asm.loadSigned(4, 1, 2, 4)), '8121040000000000');
  assert.equal(hex(asm.jumpLong(70000)), '0600000070110100');
  assert.equal(hex(asm.atomic('cmpxchg', 8, 1, 0, 2)), 'db210000f1000000');
});

test('each constructor has the text of the kernel', () => {
  const program: [Instruction, string][] = [
    [asm.mov64(6, 1), 'r6 = r1'],
    [asm.mov32(6, 1), 'w6 = w1'],
    [asm.mov64Imm(0, -1), 'r0 = -1'],
    [asm.mov32Imm(0, 0xffffffff), 'w0 = -1'],
    [asm.alu64('arsh', 1, 2), 'r1 s>>= r2'],
    [asm.alu64Imm('lsh', 1, 32), 'r1 <<= 32'],
    [asm.alu32Imm('mod', 1, 7), 'w1 %= 7'],
    [asm.alu64('sdiv', 1, 2), 'r1 s/= r2'],
    [asm.alu32Imm('smod', 1, 3), 'w1 s%= 3'],
    [asm.movsx64(1, 2, 8), 'r1 = (s8)r2'],
    [asm.movsx32(1, 2, 16), 'w1 = (s16)w2'],
    [asm.neg64(3), 'r3 = -r3'],
    [asm.neg32(3), 'w3 = -w3'],
    [asm.toBigEndian(3, 16), 'r3 = be16 r3'],
    [asm.toLittleEndian(3, 64), 'r3 = le64 r3'],
    [asm.bswap(3, 32), 'r3 = bswap32 r3'],
    [asm.load(8, 1, 10, -8), 'r1 = *(u64 *)(r10 -8)'],
    [asm.load(1, 1, 2, 4), 'r1 = *(u8 *)(r2 +4)'],
    [asm.loadSigned(2, 1, 2, 0), 'r1 = *(s16 *)(r2 +0)'],
    [asm.store(4, 10, -4, 7), '*(u32 *)(r10 -4) = r7'],
    [asm.storeImm(2, 10, -4, 3), '*(u16 *)(r10 -4) = 3'],
    [asm.atomic('add', 8, 1, 0, 2), 'lock *(u64 *)(r1 +0) += r2'],
    [asm.atomic('xor', 4, 1, 0, 2), 'lock *(u32 *)(r1 +0) ^= r2'],
    [asm.atomic('fetchOr', 8, 1, 8, 2), 'r2 = atomic64_fetch_or((u64 *)(r1 +8), r2)'],
    [asm.atomic('xchg', 4, 1, 0, 2), 'r2 = atomic_xchg((u32 *)(r1 +0), r2)'],
    [asm.atomic('cmpxchg', 8, 1, 0, 2), 'r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)'],
    [asm.atomic('loadAcquire', 4, 1, 0, 2), 'r1 = load_acquire((u32 *)(r2 +0))'],
    [asm.atomic('storeRelease', 1, 1, 0, 2), 'store_release((u8 *)(r1 +0), r2)'],
    [asm.jump(-3), 'goto -3'],
    [asm.jumpLong(40000), 'gotol +40000'],
    [asm.mayGoto(2), 'may_goto +2'],
    [asm.jumpIf('jsgt', 1, 2, 5), 'if r1 s> r2 goto +5'],
    [asm.jumpIfImm('jeq', 0, 0, 5), 'if r0 == 0x0 goto +5'],
    [asm.jumpIf32('jset', 1, 2, 5), 'if w1 & w2 goto +5'],
    [asm.jumpIf32Imm('jne', 1, -1, 5), 'if w1 != 0xffffffff goto +5'],
    [asm.callHelper(1), 'call bpf_map_lookup_elem#1'],
    [asm.callHelper(9999), 'call unknown#9999'],
    [asm.callFunction('body', 7), 'call +7 <body>'],
    [asm.callKfunc('bpf_iter_num_new'), 'call bpf_iter_num_new#0'],
    [asm.exit(), 'exit'],
    [asm.ldImm64(1, -1n), 'r1 = 0xffffffffffffffff'],
    [asm.ldMap(1, 'counts'), 'r1 = map[counts]'],
    [asm.ldMapValue(1, 'globals', 16), 'r1 = map[globals]+16'],
    [asm.ldFunction(2, 'callback', 12), 'r2 = function +12 <callback>'],
  ];
  const helperName = (id: number) => (id === 1 ? 'bpf_map_lookup_elem' : undefined);
  for (const [instruction, text] of program) assert.equal(instructionText(instruction, { helperName }), text);
  const instructions = program.map(([instruction]) => instruction);
  const bare = instructions.map(({ reference: _, ...rest }) => rest);
  assert.deepEqual(decode(encode(instructions)), bare);
});

test('slot numbers count the second half of a 64-bit load', () => {
  assert.equal(
    disassemble([asm.ldImm64(1, 5n), asm.mov64Imm(0, 0), asm.exit()]),
    '   0: r1 = 0x5\n   2: r0 = 0\n   3: exit\n',
  );
});

test('a field that does not fit is refused with its slot', () => {
  const bad = (instruction: Instruction, code: string, slot: number) =>
    assert.throws(
      () => encode([asm.ldImm64(0, 1n), instruction]),
      (error) => error instanceof AsmError && error.code === code && error.slot === slot,
    );
  bad(asm.jump(40000), 'range', 2);
  bad({ ...asm.exit(), imm: 2 ** 31 }, 'range', 2);
  bad({ ...asm.exit(), opcode: 256 }, 'range', 2);
  bad({ ...asm.exit(), imm64: 0n }, 'invalid', 2);
  bad({ opcode: LD_IMM64, dst: 0, src: 0, offset: 0, imm: 0 }, 'invalid', 2);
  bad({ ...asm.ldImm64(0, 1n), imm: 2 }, 'range', 2);
  assert.throws(() => asm.mov64Imm(0, 2 ** 32), AsmError);
  assert.throws(() => asm.ldImm64(0, 1n << 64n), AsmError);
});

test('cut bytes and an unclean second half are refused', () => {
  const bytes = encode([asm.ldImm64(0, 1n)]);
  assert.throws(() => decode(bytes.subarray(0, 8)), { code: 'truncated', slot: 0 });
  assert.throws(() => decode(bytes.subarray(0, 13)), { code: 'truncated' });
  const unclean = bytes.slice();
  unclean[8] = 1;
  assert.throws(() => decode(unclean), { code: 'invalid' });
  assert.throws(() => decode(Uint8Array.of(0xb7, 0x0b, 0, 0, 0, 0, 0, 0)), { code: 'invalid' });
});
