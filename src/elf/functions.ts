/** Functions by name, as places for uprobes. */
import { fileOffset } from './address.ts';
import { SymbolBinding, SymbolType } from './constants.ts';
import type { ElfFile, SymbolTableKind } from './file.ts';
import type { ElfSymbol, SymbolTable } from './symbols.ts';
import { readVersions } from './versions.ts';

export interface ElfFunction {
  readonly symbol: ElfSymbol;
  readonly table: SymbolTableKind;
  /** Where a uprobe goes. */
  readonly fileOffset: number;
  /** The symbol is a resolver, run once to choose the function (STT_GNU_IFUNC); libc's memcpy is one. */
  readonly indirect: boolean;
}

/**
 * The functions of this name that are in the file, one for each address; those that a linker would prefer come
 * first: global, then weak, then local. Several of the first binding mean that the name is ambiguous.
 *
 * `name@VERSION` and `name@@VERSION` ask for one version of a library's function (the second only if it is the
 * default) unless a symbol is called so.
 *
 * Throws ElfError where the file's tables are broken.
 */
export function findFunctions(file: ElfFile, name: string): ElfFunction[] {
  const exact = collect(file, name, () => true);
  if (exact.length > 0) return exact;
  const versioned = /^([^@]+)@(@?)([^@]+)$/.exec(name);
  if (!versioned) return [];
  const [, plain = '', onlyDefault, version] = versioned;
  const versions = readVersions(file);
  if (!versions) return [];
  return collect(file, plain, (table, index) => {
    if (table !== 'dynamic') return false;
    const found = versions.of(index);
    return found?.name === version && (onlyDefault === '' || found?.isDefault === true);
  });
}

function collect(
  file: ElfFile,
  name: string,
  accept: (table: SymbolTableKind, index: number) => boolean,
): ElfFunction[] {
  const byOffset = new Map<number, ElfFunction>();
  for (const table of ['dynamic', 'static'] as const) {
    const symbols = file.symbols(table);
    if (!symbols) continue;
    for (const index of symbols.find(name)) {
      if (!accept(table, index)) continue;
      const found = functionAt(file, table, symbols, index);
      const known = found && byOffset.get(found.fileOffset);
      if (found && (!known || rank(found) < rank(known))) byOffset.set(found.fileOffset, found);
    }
  }
  return [...byOffset.values()].sort((a, b) => rank(a) - rank(b));
}

/** Every function of a table that has a place in the file. Made one at a time; names may repeat. */
export function* listFunctions(
  file: ElfFile,
  table: SymbolTableKind,
): Generator<ElfFunction, void, undefined> {
  const symbols = file.symbols(table);
  if (!symbols) return;
  for (let index = 0; index < symbols.count; index++) {
    const found = functionAt(file, table, symbols, index);
    if (found) yield found;
  }
}

function functionAt(
  file: ElfFile,
  table: SymbolTableKind,
  symbols: SymbolTable,
  index: number,
): ElfFunction | undefined {
  const type = symbols.type(index);
  const indirect = type === SymbolType.gnuIfunc;
  if ((type !== SymbolType.function && !indirect) || !symbols.isDefined(index)) return undefined;
  const offset = fileOffset(file, symbols.value(index), { executable: true });
  if (offset === undefined) return undefined;
  return { symbol: symbols.symbol(index), table, fileOffset: offset, indirect };
}

function rank({ symbol }: ElfFunction): number {
  if (symbol.binding === SymbolBinding.local) return 2;
  return symbol.binding === SymbolBinding.weak ? 1 : 0;
}
