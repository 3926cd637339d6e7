/** A line of a table of symbols or mappings that is not as the kernel writes it. */
export class SymbolFormatError extends Error {
  override readonly name = 'SymbolFormatError';
  /** The file it was read from: `/proc/kallsyms`, `/proc/PID/maps`. */
  readonly table: string;
  /** Bytes from its start. */
  readonly offset: number;

  constructor(table: string, offset: number, expected: string) {
    super(`${table}: the line at byte ${offset} is not "${expected}"`);
    this.table = table;
    this.offset = offset;
  }
}
