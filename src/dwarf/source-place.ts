/** Where an instruction comes from: its line, and the functions that were inlined around it. */
import { functionAt, functionName, inlinedAt, orUndefined } from './functions.ts';
import type { DebugInfo } from './info.ts';
import type { SourceFile } from './line-header.ts';
import { type LineTable, linesOf } from './lines.ts';

export interface SourcePlace {
  /** `/src/main.c:12` in the function that symbol tables know: where it calls, if something was inlined there. */
  readonly source: string | undefined;
  /** What was inlined, innermost first, by the names that symbol tables would have. */
  readonly inlined: readonly InlinedFunction[];
}

export interface InlinedFunction {
  readonly name: string;
  readonly source: string | undefined;
}

/** Undefined where nothing is known. What is broken is not known; throws ElfError where the file cannot be read. */
export function sourcePlaceAt(info: DebugInfo, address: number): SourcePlace | undefined {
  const unit = orUndefined(() => info.unitAt(address));
  if (!unit) return undefined;
  const table = orUndefined(() => linesOf(unit));
  const calls = orUndefined(() => {
    const copy = functionAt(unit, address);
    return copy && inlinedAt(copy, address);
  });
  // From the outermost in: each is where the next one is called, the last is where the instruction is.
  const places = (calls ?? []).map(({ callFile, callLine }) => placeOf(table, callFile, callLine));
  const own = orUndefined(() => table?.at(address));
  places.push(own && textOf(own.file, own.line));
  const inlined = (calls ?? []).map(({ entry }, index): InlinedFunction => {
    const name = orUndefined(() => functionName(entry)) ?? '?';
    return { name, source: places[index + 1] };
  });
  const [source] = places;
  return source === undefined && inlined.length === 0 ? undefined : { source, inlined: inlined.reverse() };
}

function placeOf(
  table: LineTable | undefined,
  file: number | undefined,
  line: number | undefined,
): string | undefined {
  return file === undefined || line === undefined ? undefined : textOf(table?.files[file], line);
}

function textOf(file: SourceFile | undefined, line: number): string | undefined {
  return file === undefined || line === 0 ? undefined : `${file.path}:${line}`;
}
