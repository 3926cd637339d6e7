/** Functions that a stripped file lost, out of its debug file, at their places in the stripped one. */
import { fileOffset } from '../../elf/address.ts';
import { SymbolType } from '../../elf/constants.ts';
import { ElfError } from '../../elf/errors.ts';
import type { ElfFile } from '../../elf/file.ts';
import { openDebugFile } from './debug-files.ts';

export interface DebugFunction {
  readonly name: string;
  /** In the stripped file. */
  readonly fileOffset: number;
  readonly size: number;
}

/**
 * All functions, or those of one name. None where there is no debug file, or a broken one.
 * @param path where `elf` is
 */
export function functionsOfDebugFile(elf: ElfFile, path: string, name?: string): readonly DebugFunction[] {
  const debug = openDebugFile(elf, path);
  if (!debug) return [];
  const found: DebugFunction[] = [];
  try {
    const table = debug.elf.symbols('static');
    const indices = table && (name === undefined ? [...Array(table.count).keys()] : table.find(name));
    for (const index of indices ?? []) {
      if (table!.type(index) !== SymbolType.function || !table!.isDefined(index)) continue;
      const symbol = table!.symbol(index);
      const at = fileOffset(elf, symbol.value, { executable: true });
      if (at !== undefined) found.push({ name: symbol.name, fileOffset: at, size: symbol.size });
    }
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
  } finally {
    debug.close();
  }
  return found;
}
