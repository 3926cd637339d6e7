import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ldImm64, load, mov64Imm, store } from '../../asm/build.ts';
import { Btf } from '../../btf/btf.ts';
import { BtfBuilder, type MemberInput } from '../../btf/build.ts';
import { encodeBtf } from '../../btf/encode.ts';
import { essentialName } from '../../btf/names.ts';
import type { BtfType, TypeId } from '../../btf/types.ts';
import { ObjectError } from '../errors.ts';
import type { CoreKind, CoreRelocation, ObjectFunction, ObjectInstruction } from '../spec.ts';
import { minimisedTypes } from './minimise.ts';
import { POISON } from './patch.ts';
import { type RelocatedFunction, Relocator } from './relocate.ts';

type Build = (builder: BtfBuilder) => void;

function typesOf(build: Build): Btf {
  const builder = new BtfBuilder();
  build(builder);
  return Btf.parse(builder.encode());
}

interface Question {
  readonly kind: CoreKind;
  /** Name of the type in the object. */
  readonly type: string;
  readonly access?: string;
  readonly instruction: ObjectInstruction;
}

function functionOf(local: Btf, questions: readonly Question[]): ObjectFunction {
  let slot = 0;
  const relocations: CoreRelocation[] = questions.map(({ kind, type, access = '0', instruction }) => {
    const at = slot;
    slot += instruction.imm64 === undefined ? 1 : 2;
    return { slot: at, kind, type: local.find(type) ?? assert.fail(`no type ${type}`), access };
  });
  return {
    key: 'f',
    name: 'f',
    section: 'socket',
    start: 0,
    instructions: questions.map(({ instruction }) => instruction),
    relocations,
    lines: [],
    type: undefined,
    linkage: 'global',
    weak: false,
  };
}

function relocate(local: Btf, target: Btf, questions: readonly Question[]): RelocatedFunction {
  return new Relocator(local, { types: target }, { file: 'x.o' }).relocate(functionOf(local, questions));
}

const number = (imm: number): ObjectInstruction => mov64Imm(0, imm) as ObjectInstruction;

/** The answer to one question: the constant that an instruction holds afterwards. */
function answer(
  local: Btf,
  target: Btf,
  kind: CoreKind,
  type: string,
  access: string,
  before: number,
): number {
  const { instructions } = relocate(local, target, [{ kind, type, access, instruction: number(before) }]);
  return instructions[0]!.opcode === 0x85 ? Number.NaN : instructions[0]!.imm;
}

function struct(builder: BtfBuilder, name: string, size: number, members: readonly MemberInput[]): TypeId {
  return builder.struct(name, size, members);
}

const s: Build = (b) => {
  const int = b.int('int', 4, 'signed');
  struct(b, 's', 8, [
    { name: 'a', type: int, bitOffset: 0 },
    { name: 'b', type: int, bitOffset: 32 },
  ]);
};

/** The same members, elsewhere and in an anonymous union. */
const moved: Build = (b) => {
  const int = b.int('int', 4, 'signed');
  const inner = b.union('', [{ name: 'b', type: int }]);
  struct(b, 's', 24, [
    { name: 'other', type: int, bitOffset: 0 },
    { name: '', type: inner, bitOffset: 128 },
    { name: 'a', type: int, bitOffset: 64 },
  ]);
};

test('flavours are cut at the last clean separator', () => {
  assert.equal(essentialName('task_struct___v6'), 'task_struct');
  assert.equal(essentialName('a___b___c'), 'a___b');
  assert.equal(essentialName('a____b'), 'a____b');
  assert.equal(essentialName('___a'), '___a');
  assert.equal(essentialName('a___'), 'a___');
});

test('names with a flavour are found by the name without, in the base and in what continues it', () => {
  const base = typesOf((b) => {
    for (const name of ['x', 'x___one', 'x___two', 'y___x', 'x____z']) b.forward(name);
  });
  assert.deepEqual(
    base.findFlavours('x').map((id) => base.name(id)),
    ['x', 'x___one', 'x___two'],
  );
  assert.deepEqual(base.findFlavours('nothing'), []);
});

test('a member is found wherever it went, through anonymous members too', () => {
  const [local, target] = [typesOf(s), typesOf(moved)];
  assert.equal(answer(local, target, 'fieldOffset', 's', '0:0', 0), 8);
  assert.equal(answer(local, target, 'fieldOffset', 's', '0:1', 4), 16);
  assert.equal(answer(local, target, 'fieldOffset', 's', '1:0', 8), 24 + 8, 'the next whole object');
  assert.equal(answer(local, target, 'fieldSize', 's', '0:1', 4), 4);
  assert.equal(answer(local, target, 'fieldExists', 's', '0:1', 1), 1);
  assert.equal(answer(local, target, 'fieldSigned', 's', '0:1', 1), 1);
  assert.equal(answer(local, target, 'fieldLeftShift', 's', '0:0', 32), 32);
  assert.equal(answer(local, target, 'fieldRightShift', 's', '0:0', 32), 32);
  assert.equal(answer(local, target, 'typeSize', 's', '0', 8), 24);
  assert.equal(answer(local, target, 'typeExists', 's', '0', 1), 1);
  assert.equal(answer(local, target, 'typeIdTarget', 's', '0', 2), target.find('s', 'struct'));
  assert.equal(
    answer(local, target, 'typeMatches', 's', '0', 1),
    0,
    'a member of the object is nested there',
  );
  assert.equal(answer(local, local, 'typeMatches', 's', '0', 1), 1);
});

test('what the kernel lacks is 0, or must not be reached', () => {
  const [local, target] = [typesOf(s), typesOf((b) => void b.int('int', 4, 'signed'))];
  assert.equal(answer(local, target, 'fieldExists', 's', '0:0', 1), 0);
  assert.equal(answer(local, target, 'typeExists', 's', '0', 1), 0);
  assert.equal(answer(local, target, 'typeSize', 's', '0', 8), 0);
  assert.equal(answer(local, target, 'typeIdTarget', 's', '0', 2), 0);
  for (const [kind, before] of [
    ['fieldOffset', 0],
    ['fieldSize', 4],
    ['fieldSigned', 1],
    ['fieldLeftShift', 32],
    ['fieldRightShift', 32],
  ] as const) {
    assert.ok(Number.isNaN(answer(local, target, kind, 's', '0:0', before)), kind);
  }
});

test('a poisoned 64-bit load stays as long as it was, and says why', () => {
  const local = typesOf(s);
  const target = typesOf((b) => {
    const int = b.int('int', 4, 'signed');
    struct(b, 's', 4, [{ name: 'aa', type: int, bitOffset: 0 }]);
  });
  const { instructions, poisoned } = relocate(local, target, [
    { kind: 'fieldOffset', type: 's', access: '0:0', instruction: ldImm64(1, 0n) as ObjectInstruction },
    { kind: 'fieldSize', type: 's', access: '0:0', instruction: number(4) },
  ]);
  assert.deepEqual(
    instructions.map(({ imm }) => imm),
    [POISON, POISON, POISON],
  );
  assert.deepEqual(
    poisoned.map(({ slot }) => slot),
    [0, 2],
  );
  assert.deepEqual(poisoned[0]!.reason(), {
    reason: 'this kernel has no s.a (candidates: struct s)',
    hint: 'did you mean aa?',
  });
});

test('each flavour of a type is matched by itself', () => {
  const local = typesOf((b) => {
    const int = b.int('int', 4, 'signed');
    struct(b, 's___old', 4, [{ name: 'state', type: int, bitOffset: 0 }]);
    struct(b, 's___new', 4, [{ name: '__state', type: int, bitOffset: 0 }]);
  });
  const target = typesOf((b) => {
    const int = b.int('int', 4, 'signed');
    struct(b, 's', 8, [{ name: '__state', type: int, bitOffset: 32 }]);
  });
  assert.equal(answer(local, target, 'fieldExists', 's___old', '0:0', 1), 0);
  assert.equal(answer(local, target, 'fieldOffset', 's___new', '0:0', 0), 4);
});

test('two types of the kernel that answer differently are an error, and equal ones are not', () => {
  const local = typesOf(s);
  const two = (offset: number): Btf =>
    typesOf((b) => {
      const int = b.int('int', 4, 'signed');
      struct(b, 's', 8, [{ name: 'a', type: int, bitOffset: 32 }]);
      struct(b, 's___2', 64, [{ name: 'a', type: int, bitOffset: offset }]);
    });
  assert.equal(answer(local, two(32), 'fieldOffset', 's', '0:0', 0), 4);
  assert.throws(
    () => answer(local, two(64), 'fieldOffset', 's', '0:0', 0),
    (error: unknown) => {
      assert.ok(error instanceof ObjectError);
      assert.equal(error.code, 'core');
      assert.match(
        error.message,
        /section "socket", byte 0: CO-RE relocation \(fieldOffset of s\.a\).*different places/,
      );
      return true;
    },
  );
});

test('one answer narrows the candidates for the next question about the type', () => {
  const local = typesOf(s);
  const target = typesOf((b) => {
    const int = b.int('int', 4, 'signed');
    struct(b, 's', 8, [{ name: 'b', type: int, bitOffset: 0 }]);
    struct(b, 's___2', 16, [
      { name: 'a', type: int, bitOffset: 64 },
      { name: 'b', type: int, bitOffset: 96 },
    ]);
  });
  // Only the second has `a`; then `b` means that one's, although the first has one as well.
  const { instructions } = relocate(local, target, [
    { kind: 'fieldOffset', type: 's', access: '0:0', instruction: number(0) },
    { kind: 'fieldOffset', type: 's', access: '0:1', instruction: number(4) },
  ]);
  assert.deepEqual(
    instructions.map(({ imm }) => imm),
    [8, 12],
  );
});

test('modules are asked only for what the kernel lacks', () => {
  const local = typesOf(s);
  const kernel = typesOf((b) => void b.int('int', 4, 'signed'));
  // Continues the kernel's ids: `int` is 1 there, so the struct is 2.
  const alone = encodeBtf(
    [
      { kind: 'int', name: 'pad', size: 4, bits: 32, bitOffset: 0, encoding: 'signed' },
      { kind: 'struct', name: 's', size: 8, members: [{ name: 'a', type: 1, bitOffset: 32, bitSize: 0 }] },
    ],
    true,
  );
  const module = Btf.parse(shiftedStrings(alone, kernel), { base: kernel });
  const relocator = new Relocator(
    local,
    { types: kernel, modules: () => [{ name: 'mod', types: module }] },
    { file: 'x.o' },
  );
  const question: Question = { kind: 'fieldOffset', type: 's', access: '0:0', instruction: number(0) };
  assert.equal(relocator.relocate(functionOf(local, [question])).instructions[0]?.imm, 4);
});

/** Split BTF has its strings behind those of the base; names of records and members move by its length. */
function shiftedStrings(bytes: Uint8Array, base: Btf): Uint8Array {
  const length = stringsLength(base);
  const moved = bytes.slice();
  const view = new DataView(moved.buffer);
  const shift = (at: number): void => {
    if (view.getUint32(at, true) !== 0) view.setUint32(at, view.getUint32(at, true) + length, true);
  };
  shift(24); // the int
  shift(24 + 16); // the struct, and its member
  shift(24 + 28);
  return moved;
}

function stringsLength(base: Btf): number {
  let length = 0;
  for (;;) {
    try {
      base.string(length + 1);
      length++;
    } catch {
      return length + 1;
    }
  }
}

test('a bitfield is loaded by the smallest aligned word that holds it', () => {
  const fields = (bitOffset: number, bitSize: number): Btf =>
    typesOf((b) => {
      const int = b.int('unsigned int', 4, 'unsigned');
      struct(b, 's', 16, [{ name: 'f', type: int, bitOffset, bitSize }]);
    });
  const local = fields(0, 3);
  const ask = (target: Btf, kind: CoreKind, before: number): number =>
    answer(local, target, kind, 's', '0:0', before);
  const target = fields(37, 5);
  assert.equal(ask(target, 'fieldOffset', 0), 4);
  assert.equal(ask(target, 'fieldSize', 4), 4);
  assert.equal(ask(target, 'fieldLeftShift', 61), 64 - (37 + 5 - 32));
  assert.equal(ask(target, 'fieldRightShift', 61), 59);
  assert.equal(ask(target, 'fieldSigned', 0), 0);
  const across = fields(30, 4);
  assert.equal(ask(across, 'fieldSize', 4), 8, 'doubled where it passes the end of its int');
  assert.equal(ask(across, 'fieldOffset', 0), 0);
  // An ordinary member in the object may be a bitfield in the kernel.
  const plain = typesOf((b) => {
    const int = b.int('unsigned int', 4, 'unsigned');
    struct(b, 's', 4, [{ name: 'f', type: int, bitOffset: 0 }]);
  });
  assert.equal(answer(plain, target, 'fieldRightShift', 's', '0:0', 32), 59);
});

test('a bitfield that no load of 8 bytes holds is refused, not truncated', () => {
  const build = (bitOffset: number): Btf =>
    typesOf((b) => {
      const long = b.int('unsigned long', 8, 'unsigned');
      struct(b, 's', 24, [{ name: 'f', type: long, bitOffset, bitSize: 8 }]);
    });
  assert.throws(() => answer(build(0), build(60), 'fieldSize', 's', '0:0', 8), /no load of 8 bytes holds/);
});

test('bitfields of the other byte order are counted from the other end', () => {
  const build = (bitOffset: number, bitSize: number): Btf => {
    const types: BtfType[] = [
      { kind: 'int', name: 'unsigned int', size: 4, bits: 32, bitOffset: 0, encoding: 'unsigned' },
      { kind: 'struct', name: 's', size: 8, members: [{ name: 'f', type: 1, bitOffset, bitSize }] },
    ];
    return Btf.parse(encodeBtf(types, false));
  };
  assert.equal(answer(build(0, 3), build(37, 5), 'fieldLeftShift', 's', '0:0', 32), (8 - 4) * 8 + (37 - 32));
});

const widths =
  (name: 'u' | 'i', size: 1 | 2 | 4 | 8): Build =>
  (b) => {
    const type = b.int(`${name}${size}`, size, name === 'u' ? 'unsigned' : 'signed');
    struct(b, 's', 16, [{ name: 'f', type, bitOffset: 64 }]);
  };

test('loads and stores of unsigned members take the width of the kernel', () => {
  const local = typesOf(widths('u', 8));
  const target = typesOf(widths('u', 2));
  const { instructions } = relocate(local, target, [
    { kind: 'fieldOffset', type: 's', access: '0:0', instruction: load(8, 0, 1, 8) as ObjectInstruction },
    { kind: 'fieldOffset', type: 's', access: '0:0', instruction: store(8, 1, 8, 0) as ObjectInstruction },
  ]);
  assert.deepEqual(instructions[0], load(2, 0, 1, 8));
  assert.deepEqual(instructions[1], store(2, 1, 8, 0));
});

test('loads of signed members of another width must not be reached', () => {
  const question: Question = {
    kind: 'fieldOffset',
    type: 's',
    access: '0:0',
    instruction: load(4, 0, 1, 8) as ObjectInstruction,
  };
  const { instructions, poisoned } = relocate(typesOf(widths('i', 4)), typesOf(widths('i', 8)), [question]);
  assert.equal(instructions[0]?.imm, POISON);
  assert.match(poisoned[0]!.reason().reason, /s\.f has 8 bytes in this kernel and 4 in the object/);
});

test('an element of a member that is an array is loaded by its own width', () => {
  const build: Build = (b) => {
    const array = b.array(b.int('unsigned char', 1, 'unsigned'), 16);
    struct(b, 's', 32, [{ name: 'f', type: array, bitOffset: 64 }]);
  };
  const { poisoned } = relocate(typesOf(build), typesOf(build), [
    { kind: 'fieldOffset', type: 's', access: '0:0', instruction: load(1, 0, 1, 8) as ObjectInstruction },
  ]);
  assert.deepEqual(poisoned, []);
});

test('elements of arrays: inside, past the end, and of a flexible one', () => {
  const build =
    (length: number): Build =>
    (b) => {
      const array = b.array(b.int('int', 4, 'signed'), length);
      struct(b, 's', 8 + length * 4, [{ name: 'f', type: array, bitOffset: 64 }]);
    };
  const local = typesOf(build(8));
  assert.equal(answer(local, local, 'fieldOffset', 's', '0:0:5', 28), 28);
  assert.equal(answer(local, local, 'fieldSize', 's', '0:0:5', 4), 4);
  assert.ok(Number.isNaN(answer(local, typesOf(build(4)), 'fieldOffset', 's', '0:0:5', 28)), 'shorter there');
  assert.equal(answer(local, typesOf(build(0)), 'fieldOffset', 's', '0:0:5', 28), 28, 'flexible there');
  assert.throws(() => answer(local, local, 'fieldOffset', 's', '0:0:9', 44), /element 9 of an array of 8/);
  assert.throws(
    () => answer(local, local, 'fieldSigned', 's', '0:0:1', 1),
    /only be asked for its offset and size/,
  );
});

const values = (size: 4 | 8, list: Readonly<Record<string, bigint>>, signed = false): Btf =>
  Btf.parse(
    encodeBtf(
      [
        {
          kind: size === 8 ? 'enum64' : 'enum',
          name: 'e',
          size,
          signed,
          values: Object.entries(list).map(([name, value]) => ({ name, value })),
        },
      ],
      true,
    ),
  );

test('enumerators are found by name, in enums of 32 and of 64 bits alike', () => {
  const local = values(4, { A: 1n, B___mine: 2n });
  const wide = values(8, { B: 7n, A: 0x1_0000_0001n });
  assert.equal(answer(local, wide, 'enumValueExists', 'e', '0', 1), 1);
  assert.equal(answer(local, wide, 'enumValue', 'e', '1', 2), 7, 'without its flavour');
  const { instructions } = relocate(local, wide, [
    { kind: 'enumValue', type: 'e', access: '0', instruction: ldImm64(1, 1n) as ObjectInstruction },
  ]);
  assert.equal(instructions[0]?.imm64, 0x1_0000_0001n);
  const other = values(4, { C: 1n });
  assert.equal(answer(local, other, 'enumValueExists', 'e', '0', 1), 0);
  assert.ok(Number.isNaN(answer(local, other, 'enumValue', 'e', '0', 1)));
  assert.throws(() => answer(local, other, 'enumValue', 'e', '2', 1), /enumerator "2" does not exist/);
});

test('an unsigned enumerator above 2^31 is not taken for a negative one (T4)', () => {
  const local = values(4, { A: 0xaaaa_aaaan });
  const target = values(4, { A: 0xbbbb_bbbbn });
  const { instructions } = relocate(local, target, [
    { kind: 'enumValue', type: 'e', access: '0', instruction: ldImm64(1, 0xaaaa_aaaan) as ObjectInstruction },
    { kind: 'enumValue', type: 'e', access: '0', instruction: number(0xaaaaaaaa | 0) },
  ]);
  assert.equal(instructions[0]?.imm64, 0xbbbb_bbbbn);
  assert.equal(instructions[1]?.imm, 0xbbbbbbbb | 0);
  const negative = values(4, { A: -5n }, true);
  const after = relocate(negative, values(4, { A: -6n }, true), [
    { kind: 'enumValue', type: 'e', access: '0', instruction: ldImm64(1, -5n) as ObjectInstruction },
  ]);
  assert.equal(BigInt.asIntN(64, after.instructions[0]!.imm64!), -6n);
});

test('an instruction that does not hold what the types say is not touched', () => {
  const local = typesOf(s);
  assert.throws(
    () => answer(local, local, 'fieldOffset', 's', '0:1', 99),
    /holds 99, where the object's own types say 4/,
  );
});

test('access strings that make no sense are errors with a place', () => {
  const local = typesOf(s);
  for (const access of [
    '',
    '0:',
    ':0',
    'a',
    '0:2',
    '0:0:0',
    '-1',
    '0:99999999999',
    Array(70).fill('0').join(':'),
  ]) {
    assert.throws(
      () => answer(local, local, 'fieldOffset', 's', access, 0),
      (error: unknown) => error instanceof ObjectError && error.code === 'core',
      access,
    );
  }
  assert.throws(() => answer(local, local, 'typeSize', 's', '1', 8), ObjectError);
});

test('nameless types have no candidates', () => {
  const local = typesOf((b) => {
    const anonymous = struct(b, '', 4, [{ name: 'a', type: b.int('int', 4, 'signed'), bitOffset: 0 }]);
    b.typedef('t', anonymous);
  });
  const code = functionOf(local, [{ kind: 'fieldOffset', type: 't', access: '0:0', instruction: number(0) }]);
  const anonymous = local.strip(local.find('t')!);
  const relocations = [{ ...code.relocations[0]!, type: anonymous }];
  const relocator = new Relocator(local, { types: local }, { file: 'x.o' });
  assert.throws(() => relocator.relocate({ ...code, relocations }), /no name to look for/);
});

test('local type ids wait for the ids that the kernel gets', () => {
  const local = typesOf(s);
  const { localTypes, instructions } = relocate(local, local, [
    { kind: 'typeIdLocal', type: 's', instruction: number(2) },
  ]);
  assert.deepEqual([...localTypes], [[0, local.find('s')]]);
  assert.equal(instructions[0]?.imm, 2);
});

test('any member is found after any shuffle of a struct, also in minimised types', () => {
  const member = fc.record({
    size: fc.constantFrom<1 | 2 | 4 | 8>(1, 2, 4, 8),
    order: fc.double({ noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(member, { minLength: 1, maxLength: 20 }), (members) => {
      const build = (shuffled: boolean): Btf =>
        typesOf((b) => {
          const all = members.map((one, i) => ({ ...one, name: `m${i}` }));
          if (shuffled) all.sort((x, y) => x.order - y.order);
          let end = shuffled ? 64 : 0;
          const laid = all.map(({ name, size }) => {
            end = Math.ceil(end / (size * 8)) * size * 8;
            const at = { name, type: b.int(`u${size}`, size, 'unsigned'), bitOffset: end };
            end += size * 8;
            return at;
          });
          struct(b, 's', Math.ceil(end / 64) * 8, laid);
        });
      const [local, target] = [build(false), build(true)];
      const questions: Question[] = members.map((_, i) => ({
        kind: 'fieldOffset',
        type: 's',
        access: `0:${i}`,
        instruction: number(local.member(local.find('s')!, `m${i}`)!.bitOffset / 8),
      }));
      const expected = members.map((_, i) => target.member(target.find('s')!, `m${i}`)!.bitOffset / 8);
      const imms = ({ instructions }: RelocatedFunction): number[] => instructions.map(({ imm }) => imm);
      assert.deepEqual(imms(relocate(local, target, questions)), expected);
      const code = functionOf(local, questions);
      const spec = { types: local, file: 'x.o', functions: new Map([['f', code]]) } as never;
      const small = Btf.parse(minimisedTypes([spec], target));
      assert.deepEqual(imms(relocate(local, small, questions)), expected);
    }),
    { numRuns: 60 },
  );
});
