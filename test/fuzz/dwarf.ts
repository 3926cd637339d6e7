/**
 * Debug information changed by chance: every question ends, in an answer or in the errors that the readers promise.
 *
 *     node --import tsx test/fuzz/dwarf.ts [ITERATIONS [SEED]]
 */
import { pathToFileURL } from 'node:url';
import { argumentsAt } from '../../src/dwarf/arguments.ts';
import { At, Encoding, Form, Op, Tag } from '../../src/dwarf/constants.ts';
import type { Entry } from '../../src/dwarf/entry.ts';
import { DwarfError } from '../../src/dwarf/errors.ts';
import { declarationText } from '../../src/dwarf/format.ts';
import { functionAt, functionName, inlinedAt } from '../../src/dwarf/functions.ts';
import { DebugInfo } from '../../src/dwarf/info.ts';
import { linesOf } from '../../src/dwarf/lines.ts';
import { definitionOf, findEnumeratorIn, findType, typeNamesIn } from '../../src/dwarf/names.ts';
import { findSourceLine } from '../../src/dwarf/source-lines.ts';
import { alignOf, enumOf, isStruct, membersOf, sizeOf } from '../../src/dwarf/types.ts';
import type { Unit } from '../../src/dwarf/unit.ts';
import { ElfError } from '../../src/elf/errors.ts';
import { ElfFile } from '../../src/elf/file.ts';
import { typeOfEntry } from '../../src/trace/types/dwarf-types.ts';
import { layoutOf } from '../../src/trace/types/layout.ts';
import {
  CODE,
  type Die,
  type DwarfShape,
  dwarfImage,
  lineProgram,
  sleb,
  uleb,
} from '../support/dwarf-image.ts';
import { Bytes } from '../support/elf-image.ts';
import { type FuzzReport, fuzz, fuzzFromCommandLine } from './mutate.ts';

const name = (text: string) => [At.name, Form.strp, text] as const;
const to = (label: string) => [At.type, Form.ref4, { to: label }] as const;

/** A unit with something of everything. */
function image(shape: DwarfShape): Uint8Array {
  const member = (text: string, type: string, at: number): Die => ({
    tag: Tag.member,
    attributes: [name(text), to(type), [At.dataMemberLocation, Form.data1, at]],
  });
  const parameter = (text: string, type: string, location: readonly number[]): Die => ({
    tag: Tag.formalParameter,
    attributes: [name(text), to(type), [At.location, Form.exprloc, location]],
  });
  const isNew = shape.version >= 5;
  const list = isNew
    ? new Bytes(shape).raw([5]).word(CODE).raw([4, 0x10, 0x20, 4, 0x28, 0x30, 0])
    : new Bytes(shape).word(0x10).word(0x20).word(0).word(0);
  const locations = isNew
    ? new Bytes(shape).raw([4, 0, 0x40, 1, Op.reg0 + 5, 0])
    : new Bytes(shape)
        .word(0)
        .word(0x40)
        .u16(1)
        .u8(Op.reg0 + 5)
        .word(0)
        .word(0);
  const root: Die = {
    tag: Tag.compileUnit,
    attributes: [
      name('main.c'),
      [At.compDir, Form.string, '/src'],
      [At.lowPc, Form.addr, CODE],
      [At.highPc, Form.addr, CODE + 0x100],
      [At.stmtList, Form.secOffset, 0],
    ],
    children: [
      {
        tag: Tag.baseType,
        label: 'int',
        attributes: [name('int'), [At.encoding, Form.data1, Encoding.signed], [At.byteSize, Form.data1, 4]],
      },
      {
        tag: Tag.baseType,
        label: 'double',
        attributes: [name('double'), [At.encoding, Form.data1, Encoding.float], [At.byteSize, Form.data1, 8]],
      },
      { tag: Tag.pointerType, label: 'pointer', attributes: [to('struct'), [At.byteSize, Form.data1, 8]] },
      { tag: Tag.constType, label: 'const', attributes: [to('int')] },
      { tag: Tag.typedef, label: 'typedef', attributes: [name('t'), to('const')] },
      {
        tag: Tag.arrayType,
        label: 'array',
        attributes: [to('typedef')],
        children: [{ tag: Tag.subrangeType, attributes: [[At.upperBound, Form.data1, 3]] }],
      },
      {
        tag: Tag.enumerationType,
        label: 'enum',
        attributes: [name('e'), [At.byteSize, Form.data1, 4], to('int')],
        children: [{ tag: Tag.enumerator, attributes: [name('ONE'), [At.constValue, Form.sdata, -1]] }],
      },
      {
        tag: Tag.structureType,
        label: 'struct',
        attributes: [
          name('s'),
          [At.byteSize, Form.data1, 40],
          [At.sibling, Form.ref4, { to: 'function type' }],
        ],
        children: [
          member('number', 'int', 0),
          member('next', 'pointer', 8),
          member('list', 'array', 16),
          {
            tag: Tag.member,
            attributes: [
              name('bits'),
              to('int'),
              [At.bitSize, Form.data1, 3],
              [At.dataBitOffset, Form.udata, 33],
            ],
          },
          { tag: Tag.member, attributes: [to('union'), [At.dataMemberLocation, Form.udata, 32]] },
        ],
      },
      {
        tag: Tag.subroutineType,
        label: 'function type',
        attributes: [to('int')],
        children: [
          { tag: Tag.formalParameter, attributes: [to('pointer')] },
          { tag: Tag.unspecifiedParameters },
        ],
      },
      {
        tag: Tag.unionType,
        label: 'union',
        attributes: [[At.byteSize, Form.data1, 8]],
        children: [member('whole', 'double', 0)],
      },
      {
        tag: Tag.structureType,
        label: 'declared',
        attributes: [name('elsewhere'), [At.declaration, Form.flagPresent]],
      },
      {
        tag: Tag.subprogram,
        label: 'helper',
        attributes: [name('helper'), to('int')],
        children: [{ tag: Tag.formalParameter, label: 'x', attributes: [name('x'), to('int')] }],
      },
      {
        tag: Tag.subprogram,
        attributes: [
          name('work'),
          to('enum'),
          [At.lowPc, Form.addr, CODE],
          [At.highPc, Form.addr, CODE + 0x40],
          [At.frameBase, Form.exprloc, [Op.callFrameCfa]],
        ],
        children: [
          parameter('a', 'int', [Op.fbreg, ...sleb(-20)]),
          parameter('b', 'struct', [Op.fbreg, ...sleb(0)]),
          parameter('c', 'double', [Op.fbreg, ...sleb(-32)]),
          parameter('d', 'pointer', [Op.lit0, Op.stackValue]),
          {
            tag: Tag.formalParameter,
            attributes: [name('e'), to('declared'), [At.location, Form.secOffset, 0]],
          },
          {
            tag: Tag.inlinedSubroutine,
            attributes: [
              [At.abstractOrigin, Form.ref4, { to: 'helper' }],
              [At.ranges, Form.secOffset, 0],
              [At.callLine, Form.udata, 12],
            ],
            children: [
              { tag: Tag.formalParameter, attributes: [[At.abstractOrigin, Form.ref4, { to: 'x' }]] },
            ],
          },
        ],
      },
      { tag: Tag.typedef, attributes: [name('far'), [At.type, Form.refAddr, { to: 'int' }]] },
      { tag: Tag.typedef, attributes: [name('callback'), to('function type')] },
    ],
  };
  const set = new Bytes(shape).u16(2);
  (shape.wide ? set.raw(new Uint8Array(8)) : set.u32(0)).u8(shape.bits / 8).u8(0);
  const before = set.length + (shape.wide ? 12 : 4);
  const pair = shape.bits / 4;
  set
    .raw(new Uint8Array((pair - (before % pair)) % pair))
    .word(CODE)
    .word(0x100)
    .word(0)
    .word(0);
  const body = set.done();
  const aranges = new Bytes(shape);
  const length = new Bytes(shape).u32(body.length).done();
  if (shape.wide)
    aranges.u32(0xffffffff).raw(shape.littleEndian ? [...length, 0, 0, 0, 0] : [0, 0, 0, 0, ...length]);
  else aranges.raw(length);
  return dwarfImage(shape, {
    units: [root, { tag: Tag.compileUnit, attributes: [[At.name, Form.string, 'other.c']], children: [] }],
    sections: {
      debug_aranges: aranges.raw(body).done(),
      debug_line: lineProgram(shape, [
        [CODE, 1, 10, 0, true],
        [CODE + 0x14, 1, 12, 3, true],
        [CODE + 0x18, 2, 5, 1, false],
      ]),
      [isNew ? 'debug_rnglists' : 'debug_ranges']: list.done(),
      [isNew ? 'debug_loclists' : 'debug_loc']: locations.raw(uleb(0)).done(),
    },
  });
}

function* entries(unit: Unit): Generator<Entry> {
  const walk = function* (parent: Entry, depth: number): Generator<Entry> {
    for (const child of parent.children()) {
      yield child;
      if (depth < 8) yield* walk(child, depth + 1);
    }
  };
  yield* walk(unit.root, 0);
}

/** Each question of its own: one broken part must not hide the others from the fuzz. */
const QUESTIONS: readonly ((info: DebugInfo, unit: Unit) => unknown)[] = [
  (_, unit) => [unit.name, unit.directory, unit.splitName, unit.bases],
  (info) => info.unitAt(CODE + 0x14),
  (_, unit) => functionAt(unit, CODE + 0x14),
  (_, unit) => linesOf(unit)?.at(CODE + 0x14),
  (info) => findSourceLine(info, { file: 'main.c', line: 12, column: undefined }),
  (info) => findSourceLine(info, { file: 'util.h', line: 5, column: 1 }),
  (info, unit) => findType(info, 'struct', 's', unit),
  (_, unit) => findEnumeratorIn(unit, 'ONE'),
  (_, unit) => typeNamesIn(unit, 'typedef'),
  (_, unit) => {
    const copy = functionAt(unit, CODE + 0x14);
    if (!copy) return undefined;
    return [
      functionName(copy),
      inlinedAt(copy, CODE + 0x14),
      argumentsAt(copy, CODE, 'x64', true),
      argumentsAt(copy, CODE + 0x14, 'arm64', false),
    ];
  },
  (_, unit) => {
    for (const entry of entries(unit)) {
      declarationText(entry, 'x');
      sizeOf(entry);
      alignOf(entry);
      if (isStruct(entry)) membersOf(definitionOf(entry));
      if (entry.tag === Tag.enumerationType) enumOf(entry);
      const type = typeOfEntry(entry);
      layoutOf(type);
      if (type.kind === 'struct') for (const each of type.memberNames()) void type.member(each)?.type;
    }
  },
];

function look(bytes: Uint8Array): 'accepted' | 'refused' {
  let answer: 'accepted' | 'refused' = 'accepted';
  const ask = (question: () => unknown): void => {
    try {
      question();
    } catch (error) {
      if (!(error instanceof DwarfError) && !(error instanceof ElfError)) throw error;
      answer = 'refused';
    }
  };
  ask(() => {
    const info = DebugInfo.open(ElfFile.open(bytes));
    for (const unit of info?.units().slice(0, 4) ?? [])
      for (const question of QUESTIONS) ask(() => question(info!, unit));
  });
  return answer;
}

export function fuzzDwarf(iterations: number, seed: number): FuzzReport {
  const seeds = ([4, 5] as const).flatMap((version) =>
    [true, false].map((littleEndian) =>
      image({ bits: littleEndian ? 64 : 32, littleEndian, version, wide: !littleEndian }),
    ),
  );
  for (const bytes of seeds) {
    if (look(bytes) === 'refused')
      throw new Error('the unchanged file is refused: the fuzz would prove nothing');
  }
  return fuzz(seeds, iterations, seed, look);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) fuzzFromCommandLine(fuzzDwarf);
