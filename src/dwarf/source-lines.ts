/**
 * The instructions of a source line, for breakpoints: `file.c:12`.
 *
 * A line has code in several places where its function was inlined, or is a template. Each copy gets one instruction, the
 * one with the lowest address: rows of the same line further on are parts of it, or the line again after others.
 */
import { At } from './constants.ts';
import { functionAt, inlinedAt, orUndefined } from './functions.ts';
import type { DebugInfo } from './info.ts';
import { normalPath, readLineHeader, type SourceFile } from './line-header.ts';
import { type LineRow, linesOf } from './lines.ts';
import type { Unit } from './unit.ts';

export interface SourceLine {
  /** A path, or the end of one: `util.c`, `src/util.c`. */
  readonly file: string;
  readonly line: number;
  /** Undefined: any. */
  readonly column: number | undefined;
}

export type LineAnswer =
  | { readonly kind: 'found'; readonly addresses: readonly number[] }
  /** With the names of the files that there are. */
  | { readonly kind: 'noFile'; readonly files: readonly string[] }
  | { readonly kind: 'ambiguous'; readonly files: readonly string[] }
  /** With lines of the file that have code, in order. */
  | { readonly kind: 'noLine'; readonly lines: readonly number[] }
  /** With the columns that the line has code at. */
  | { readonly kind: 'noColumn'; readonly columns: readonly number[] };

/** Throws DwarfError where line number programs are broken. */
export function findSourceLine(info: DebugInfo, wanted: SourceLine): LineAnswer {
  const fits = matcher(wanted.file);
  const units = info.units();
  // Most files are the main file of their unit, and units' names are read without their lines.
  let candidates = units.filter((unit) => orUndefined(() => isNamed(unit, fits)));
  if (candidates.length === 0) candidates = units.filter((unit) => orUndefined(() => hasFile(unit, fits)));
  const files = new Map<string, SourceFile>();
  const found: { readonly unit: Unit; readonly rows: LineRow[] }[] = [];
  const lines = new Set<number>();
  for (const unit of candidates) {
    const table = linesOf(unit);
    if (!table) continue;
    const matching = new Set<number>();
    for (const [index, file] of table.files.entries()) {
      if (!file || !fits(file)) continue;
      matching.add(index);
      if (!files.has(file.path)) files.set(file.path, file);
    }
    const rows: LineRow[] = [];
    for (const row of table.rowsOf((file) => matching.has(file))) {
      lines.add(row.line);
      if (row.line === wanted.line) rows.push(row);
    }
    found.push({ unit, rows });
  }
  if (files.size === 0) return { kind: 'noFile', files: mainFiles(units) };
  if (files.size > 1) return { kind: 'ambiguous', files: [...files.values()].map(({ written }) => written) };
  const all = found.flatMap(({ rows }) => rows);
  if (wanted.line === 0 || all.length === 0) {
    lines.delete(0);
    return { kind: 'noLine', lines: [...lines].sort((a, b) => a - b) };
  }
  const { column } = wanted;
  const hasColumn = (row: LineRow): boolean => column === undefined || row.column === column;
  if (!all.some(hasColumn)) {
    return { kind: 'noColumn', columns: [...new Set(all.map((row) => row.column))].sort((a, b) => a - b) };
  }
  // Rows that are no good places for breakpoints only where there are no others.
  const good = (row: LineRow): boolean => hasColumn(row) && row.isStatement;
  const accept = all.some(good) ? good : hasColumn;
  const addresses = found.flatMap(({ unit, rows }) => lowestOfEach(unit, rows.filter(accept)));
  return { kind: 'found', addresses: [...new Set(addresses)].sort((a, b) => a - b) };
}

type Fits = (file: SourceFile) => boolean;

/** Whole components from the end; a path from the root is one file's. */
function matcher(wanted: string): Fits {
  const path = normalPath(wanted);
  const ends = (whole: string): boolean =>
    whole === path || (!path.startsWith('/') && whole.endsWith(`/${path}`));
  return ({ written, path: full }) => ends(full) || ends(written);
}

function mainFile(unit: Unit): SourceFile | undefined {
  const name = unit.isCompiled ? unit.name : undefined;
  if (name === undefined) return undefined;
  return { written: name, path: normalPath(name.startsWith('/') ? name : `${unit.directory ?? ''}/${name}`) };
}

function isNamed(unit: Unit, fits: Fits): boolean {
  const file = mainFile(unit);
  return file !== undefined && fits(file);
}

function hasFile(unit: Unit, fits: Fits): boolean {
  const offset = unit.root.number(At.stmtList);
  if (offset === undefined) return false;
  return readLineHeader(unit, offset).files.some((file) => file !== undefined && fits(file));
}

function mainFiles(units: readonly Unit[]): readonly string[] {
  const names = units.map((unit) => orUndefined(() => mainFile(unit)?.written));
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** One address for each function, and for each place that it is inlined into. */
function lowestOfEach(unit: Unit, rows: readonly LineRow[]): readonly number[] {
  const lowest = new Map<string, number>();
  for (const { address } of rows) {
    const key = orUndefined(() => copyAt(unit, address)) ?? '';
    const before = lowest.get(key);
    if (before === undefined || address < before) lowest.set(key, address);
  }
  return [...lowest.values()];
}

function copyAt(unit: Unit, address: number): string | undefined {
  const copy = functionAt(unit, address);
  if (!copy) return undefined;
  const inlined = inlinedAt(copy, address).at(-1);
  return `${copy.offset} ${inlined?.entry.offset ?? ''}`;
}
