/**
 * From instructions to source lines and back: the rows that a line number program makes.
 *
 * A program is run once for each unit that is asked about. Its rows come in sequences of rising addresses, each ended by
 * a row that only says where it ends; a row holds up to the next one.
 */
import { At, LineExtended, LineOp } from './constants.ts';
import { tooMany } from './errors.ts';
import { MAX_ROWS } from './limits.ts';
import { type LineHeader, readLineHeader, type SourceFile } from './line-header.ts';
import type { Unit } from './unit.ts';

export interface LinePlace {
  readonly file: SourceFile | undefined;
  /** 0: belongs to no line. */
  readonly line: number;
  /** 0: unknown. */
  readonly column: number;
}

/** A row: the instruction at `address` is the first one of something on this line. */
export interface LineRow extends LinePlace {
  readonly address: number;
  /** A good place for a breakpoint. */
  readonly isStatement: boolean;
}

const IS_STATEMENT = 1;
const END = 2;

interface Sequence {
  readonly first: number;
  /** The row that ends it. */
  readonly last: number;
  readonly low: number;
  readonly high: number;
}

export class LineTable {
  readonly header: LineHeader;
  readonly #addresses: number[] = [];
  readonly #lines: number[] = [];
  readonly #files: number[] = [];
  readonly #columns: number[] = [];
  readonly #flags: number[] = [];
  #sequences: Sequence[] | undefined;

  constructor(header: LineHeader) {
    this.header = header;
  }

  get files(): LineHeader['files'] {
    return this.header.files;
  }

  /** The line that the instruction at an address belongs to. */
  at(address: number): LinePlace | undefined {
    const sequences = this.#run();
    let low = 0;
    let high = sequences.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sequences[middle]!.low <= address) low = middle + 1;
      else high = middle;
    }
    const sequence = sequences[low - 1];
    if (!sequence || address >= sequence.high) return undefined;
    let from = sequence.first;
    let to = sequence.last;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#addresses[middle]! <= address) from = middle + 1;
      else to = middle;
    }
    return this.#row(from - 1);
  }

  /** The rows of one file, in no order of lines. */
  *rowsOf(accept: (file: number) => boolean): Generator<LineRow, void, undefined> {
    for (const { first, last } of this.#run()) {
      for (let i = first; i < last; i++) if (accept(this.#files[i]!)) yield this.#row(i);
    }
  }

  #row(index: number): LineRow {
    return {
      address: this.#addresses[index]!,
      file: this.header.files[this.#files[index]!],
      line: this.#lines[index]!,
      column: this.#columns[index]!,
      isStatement: (this.#flags[index]! & IS_STATEMENT) !== 0,
    };
  }

  #run(): Sequence[] {
    if (this.#sequences) return this.#sequences;
    const found: Sequence[] = [];
    let first = 0;
    for (const [address, file, line, column, flags] of rows(this.header)) {
      const index = this.#addresses.length;
      if (index >= MAX_ROWS) throw tooMany('debug_line', this.header.program.offset, 'rows', MAX_ROWS);
      this.#addresses.push(address);
      this.#files.push(file);
      this.#lines.push(line);
      this.#columns.push(column);
      this.#flags.push(flags);
      if ((flags & END) === 0) continue;
      const low = this.#addresses[first]!;
      // What the linker dropped begins at 0.
      if (low > 0 && address > low) found.push({ first, last: index, low, high: address });
      first = index + 1;
    }
    found.sort((a, b) => a.low - b.low);
    this.#sequences = found;
    return found;
  }
}

type RawRow = readonly [address: number, file: number, line: number, column: number, flags: number];

/** Runs the program (DWARF 5, section 6.2.5). */
function* rows(header: LineHeader): Generator<RawRow, void, undefined> {
  const { program, minimumLength, maximumOperations, lineBase, lineRange, opcodeBase, addressSize } = header;
  program.at = 0;
  const initial = header.defaultIsStatement ? IS_STATEMENT : 0;
  let address = 0;
  let operation = 0;
  let file = 1;
  let line = 1;
  let column = 0;
  let statement = initial;
  const advance = (count: number): void => {
    const total = operation + count;
    address += minimumLength * Math.floor(total / maximumOperations);
    operation = total % maximumOperations;
  };
  while (!program.done) {
    const opcode = program.u8();
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      advance(Math.floor(adjusted / lineRange));
      line += lineBase + (adjusted % lineRange);
      yield [address, file, line, column, statement];
      continue;
    }
    switch (opcode) {
      case LineOp.extended: {
        const length = program.uleb();
        const end = program.at + length;
        const what = length === 0 ? 0 : program.u8();
        if (what === LineExtended.endSequence) {
          yield [address, file, line, column, END];
          [address, operation, file, line, column, statement] = [0, 0, 1, 1, 0, initial];
        } else if (what === LineExtended.setAddress) {
          address = program.sized(length - 1 === 4 || length - 1 === 8 ? length - 1 : addressSize);
          operation = 0;
        }
        program.seek(program.start + end);
        break;
      }
      case LineOp.copy:
        yield [address, file, line, column, statement];
        break;
      case LineOp.advancePc:
        advance(program.uleb());
        break;
      case LineOp.advanceLine:
        line += program.sleb();
        break;
      case LineOp.setFile:
        file = program.uleb();
        break;
      case LineOp.setColumn:
        column = program.uleb();
        break;
      case LineOp.negateStmt:
        statement ^= IS_STATEMENT;
        break;
      case LineOp.constAddPc:
        advance(Math.floor((255 - opcodeBase) / lineRange));
        break;
      case LineOp.fixedAdvancePc:
        address += program.u16();
        operation = 0;
        break;
      default:
        // Known by their number of operands: those that only mark rows, and those to come.
        for (let count = header.operands[opcode] ?? 0; count > 0; count--) program.skipLeb();
    }
  }
}

const tables = new WeakMap<Unit, LineTable | null>();

/** The lines of a unit; undefined for one without. Throws DwarfError where they are broken. */
export function linesOf(unit: Unit): LineTable | undefined {
  let table = tables.get(unit);
  if (table === undefined) {
    const offset = unit.root.number(At.stmtList);
    table = offset === undefined ? null : new LineTable(readLineHeader(unit, offset));
    tables.set(unit, table);
  }
  return table ?? undefined;
}
