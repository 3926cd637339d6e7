/**
 * The `format` file of a tracepoint: which bytes of its record are which field. Pure.
 *
 * Written by the kernel in kernel/trace/trace_events.c (f_show), one line a field:
 *
 *     field:unsigned short common_type;  offset:0;  size:2;  signed:0;
 *     field:char prev_comm[16];          offset:8;  size:16; signed:0;
 *     field:__data_loc char[] filename;  offset:8;  size:4;  signed:0;
 *
 * `__data_loc` is a u32 that tells where the data is: offset from the start of the record in the low half,
 * length in the high half. `__rel_loc` is the same, counted from the end of the u32 itself.
 */

export interface TracepointField {
  readonly name: string;
  /** C type as the kernel writes it, without name and array length: `unsigned short`, `const char *`, `char`. */
  readonly type: string;
  /** From the start of the record, in bytes. */
  readonly offset: number;
  /** Bytes in the fixed part of the record. */
  readonly size: number;
  readonly signed: boolean;
  /** Elements of an array; for data of variable length 0. */
  readonly length?: number;
  /** How the field leads to data of variable length. */
  readonly location?: 'record' | 'field';
}

export interface TracepointFormat {
  readonly name: string;
  readonly id: number;
  /** Fields that all tracepoints begin with: type, flags, preempt count, pid. */
  readonly common: readonly TracepointField[];
  readonly fields: readonly TracepointField[];
  /** The kernel's own format string and its arguments, as C text. */
  readonly print: string;
}

/** The text was not what the kernel writes. */
export class TracepointFormatError extends Error {
  override readonly name = 'TracepointFormatError';
  /** Counts from 1. */
  readonly line: number;

  constructor(line: number, text: string, why: string) {
    super(`tracepoint format, line ${line}: ${why}: ${JSON.stringify(text)}`);
    this.line = line;
  }
}

const fieldLine =
  /^\s*field(?: special)?:(?<declaration>[^;]+);\s*offset:(?<offset>\d+);\s*size:(?<size>\d+);(?:\s*signed:(?<signed>[01]);)?\s*$/;

/** Parses the text of a `format` file. Throws TracepointFormatError. */
export function parseTracepointFormat(text: string): TracepointFormat {
  let name: string | undefined;
  let id: number | undefined;
  let print = '';
  const common: TracepointField[] = [];
  const fields: TracepointField[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.startsWith('name: ')) {
      name = line.slice(6).trim();
    } else if (line.startsWith('ID: ')) {
      id = Number(line.slice(4));
    } else if (line.startsWith('print fmt: ')) {
      print = line.slice(11);
    } else if (/^\s*field/.test(line)) {
      const field = parseField(line, index + 1);
      (field.name.startsWith('common_') ? common : fields).push(field);
    }
  }
  if (name === undefined || name === '') throw new TracepointFormatError(1, text.slice(0, 80), 'no name');
  if (id === undefined || !Number.isInteger(id)) {
    throw new TracepointFormatError(1, text.slice(0, 80), 'no numeric ID');
  }
  return { name, id, common, fields, print };
}

function parseField(line: string, number: number): TracepointField {
  const groups = fieldLine.exec(line)?.groups;
  if (groups === undefined) throw new TracepointFormatError(number, line, 'not a field');
  const place = {
    offset: Number(groups.offset),
    size: Number(groups.size),
    signed: groups.signed === '1',
  };
  let declaration = groups.declaration!.trim();
  let location: 'record' | 'field' | undefined;
  const located = /^__(data|rel)_loc /.exec(declaration);
  if (located !== null) {
    location = located[1] === 'data' ? 'record' : 'field';
    declaration = declaration.slice(located[0].length);
  }
  // Variable data puts the brackets before the name (`char[] name`), arrays after it (`char name[16]`).
  const match = /^(?<type>.*?[\s*\]])(?<name>\w+)(?:\[(?<length>[^\]]*)\])?$/s.exec(declaration);
  if (match?.groups === undefined) throw new TracepointFormatError(number, line, 'a field without a type');
  const { name, length } = match.groups;
  const type = match.groups.type!.replace(/\[\]\s*$/, '').trim();
  const field = { name: name!, type, ...place };
  if (location !== undefined) return { ...field, length: 0, location };
  if (length === undefined) return field;
  return { ...field, length: elements(type, length, place.size) };
}

/** Lengths may be given by a kernel constant's name; then the size decides, where the element's is known. */
function elements(type: string, length: string, size: number): number {
  if (/^\d+$/.test(length)) return Number(length);
  const each = elementSizes.get(type.replace(/^(const|volatile) /, ''));
  return each === undefined ? size : size / each;
}

const elementSizes: ReadonlyMap<string, number> = new Map([
  ['char', 1],
  ['unsigned char', 1],
  ['u8', 1],
  ['__u8', 1],
  ['u16', 2],
  ['__u16', 2],
  ['__be16', 2],
  ['unsigned short', 2],
  ['int', 4],
  ['unsigned int', 4],
  ['u32', 4],
  ['__u32', 4],
  ['__be32', 4],
  ['u64', 8],
  ['__u64', 8],
  ['unsigned long', 8],
  ['long', 8],
]);
