/** The head of a line number program: how its opcodes are to be read, and the files that they speak of. */
import { Form, LineContent } from './constants.ts';
import { tooMany, unknown } from './errors.ts';
import type { DebugInfo } from './info.ts';
import { MAX_FILES } from './limits.ts';
import type { Reader } from './reader.ts';
import type { Unit } from './unit.ts';

export interface LineHeader {
  /** The program behind the head. */
  readonly program: Reader;
  readonly version: number;
  readonly addressSize: number;
  readonly minimumLength: number;
  readonly maximumOperations: number;
  readonly defaultIsStatement: boolean;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** Operands of the standard opcodes, the first one at 1. */
  readonly operands: readonly number[];
  /** As rows number them: from 0 in version 5, else from 1. */
  readonly files: readonly (SourceFile | undefined)[];
}

export interface SourceFile {
  /** As the compiler was told, behind the directory that it was told. */
  readonly written: string;
  /** Absolute where the compiler's directory is known; without `.` and `..`. */
  readonly path: string;
}

/** The head of the program at an offset of .debug_line. Throws DwarfError. */
export function readLineHeader(unit: Unit, offset: number): LineHeader {
  const { info } = unit;
  const section = info.section('debug_line');
  const head = section.reader(offset, Math.min(12, section.size - offset));
  let length = head.u32();
  const wide = length === 0xffffffff;
  if (wide) length = head.u64();
  const reader = section.reader(head.offset, length);
  const version = reader.u16();
  if (version < 2 || version > 5) throw unknown('debug_line', offset, 'version', version);
  let { addressSize } = unit.header;
  if (version >= 5) {
    addressSize = reader.u8();
    reader.skip(1);
  }
  const headerSize = reader.word(wide);
  const programAt = reader.offset + headerSize;
  const minimumLength = reader.u8();
  const maximumOperations = version >= 4 ? Math.max(1, reader.u8()) : 1;
  const defaultIsStatement = reader.u8() !== 0;
  const lineBase = reader.i8();
  const lineRange = reader.u8();
  if (lineRange === 0) throw unknown('debug_line', offset, 'range of lines', 0);
  const opcodeBase = reader.u8();
  const operands = [0];
  for (let opcode = 1; opcode < opcodeBase; opcode++) operands.push(reader.u8());
  const files = version >= 5 ? newFiles(reader, info, unit, wide) : oldFiles(reader, unit);
  const program = reader.part(programAt, Math.max(0, reader.end - programAt));
  return {
    ...{ program, version, addressSize, minimumLength, maximumOperations, defaultIsStatement },
    ...{ lineBase, lineRange, opcodeBase, operands, files },
  };
}

/** Versions 2 to 4: directories, then files, each list up to an empty name. What is numbered 0 is the unit's own. */
function oldFiles(reader: Reader, unit: Unit): readonly (SourceFile | undefined)[] {
  const home = unit.directory ?? '';
  const directories = [''];
  for (;;) {
    const name = reader.text();
    if (name === '') break;
    checkCount(directories.length, reader);
    directories.push(name);
  }
  const files: (SourceFile | undefined)[] = [undefined];
  for (;;) {
    const name = reader.text();
    if (name === '') return files;
    checkCount(files.length, reader);
    const directory = directories[reader.uleb()] ?? '';
    reader.skipLeb();
    reader.skipLeb();
    files.push(sourceFile(name, directory, home));
  }
}

interface Content {
  readonly kind: number;
  readonly form: number;
}

/** Version 5 says itself what each entry has. Directory 0 is that of the compiler, file 0 that of the unit. */
function newFiles(reader: Reader, info: DebugInfo, unit: Unit, wide: boolean): readonly SourceFile[] {
  const directories = entries(reader, info, unit, wide).map(({ name }) => name);
  const home = directories[0] ?? unit.directory ?? '';
  return entries(reader, info, unit, wide).map(({ name, directory }) =>
    sourceFile(name, directory === 0 ? '' : (directories[directory] ?? ''), home),
  );
}

function entries(
  reader: Reader,
  info: DebugInfo,
  unit: Unit,
  wide: boolean,
): { readonly name: string; readonly directory: number }[] {
  const format: Content[] = [];
  for (let count = reader.u8(); count > 0; count--) format.push({ kind: reader.uleb(), form: reader.uleb() });
  const count = reader.uleb();
  checkCount(count, reader);
  const found: { name: string; directory: number }[] = [];
  for (let i = 0; i < count; i++) {
    let name = '';
    let directory = 0;
    for (const { kind, form } of format) {
      if (kind === LineContent.path) name = textOf(reader, info, unit, form, wide);
      else if (kind === LineContent.directoryIndex) directory = numberOf(reader, form);
      else unit.skip(reader, form);
    }
    found.push({ name, directory });
  }
  return found;
}

function textOf(reader: Reader, info: DebugInfo, unit: Unit, form: number, wide: boolean): string {
  switch (form) {
    case Form.string:
      return reader.text();
    case Form.lineStrp:
      return info.text('debug_line_str', reader.word(wide));
    case Form.strp:
      return info.text('debug_str', reader.word(wide));
    case Form.strx:
      return unit.indexedText(reader.uleb()) ?? '';
    case Form.strx1:
      return unit.indexedText(reader.u8()) ?? '';
    case Form.strx2:
      return unit.indexedText(reader.u16()) ?? '';
    case Form.strx4:
      return unit.indexedText(reader.u32()) ?? '';
    default:
      unit.skip(reader, form);
      return '';
  }
}

function numberOf(reader: Reader, form: number): number {
  switch (form) {
    case Form.data1:
      return reader.u8();
    case Form.data2:
      return reader.u16();
    case Form.udata:
      return reader.uleb();
    default:
      throw unknown('debug_line', reader.offset, 'form of an index', form);
  }
}

function checkCount(count: number, reader: Reader): void {
  if (count > MAX_FILES) throw tooMany('debug_line', reader.offset, 'files', MAX_FILES);
}

function sourceFile(name: string, directory: string, home: string): SourceFile {
  const written = joined(directory, name);
  return { written, path: normalPath(joined(home, written)) };
}

function joined(directory: string, name: string): string {
  if (name.startsWith('/') || directory === '') return name;
  return directory.endsWith('/') ? `${directory}${name}` : `${directory}/${name}`;
}

/** Without `.`, `..` and doubled slashes; a leading `..` of a relative path stays. */
export function normalPath(path: string): string {
  const out: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && out.length > 0 && out.at(-1) !== '..') out.pop();
    else if (part !== '..' || !path.startsWith('/')) out.push(part);
  }
  return `${path.startsWith('/') ? '/' : ''}${out.join('/')}`;
}
