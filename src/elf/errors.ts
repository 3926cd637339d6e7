export type ElfErrorCode =
  /** Not ELF, or a class, byte order, version or entry size that the specification does not know. */
  | 'format'
  /** A table, section, string or index that lies outside of what holds it. */
  | 'bounds'
  /** Larger than this reader takes on; the limits are in limits.ts. */
  | 'limit'
  /** The source gave fewer bytes than it said it has: the file was cut while it was read. */
  | 'short';

/** What is wrong with an ELF file, and where. */
export class ElfError extends Error {
  override readonly name = 'ElfError';
  readonly code: ElfErrorCode;
  /** Bytes from the start of the file. */
  readonly offset: number;

  constructor(code: ElfErrorCode, offset: number, message: string) {
    super(`${message} (ELF, at byte ${offset})`);
    this.code = code;
    this.offset = offset;
  }
}

export function notElf(): ElfError {
  return new ElfError('format', 0, 'the file does not start with 7f 45 4c 46');
}

export function unknownIdent(what: 'class' | 'byte order' | 'version', at: number, value: number): ElfError {
  return new ElfError('format', at, `unknown ${what} ${value}`);
}

export function wrongEntrySize(table: string, at: number, size: number, expected: number): ElfError {
  return new ElfError('format', at, `an entry of ${table} has ${size} bytes instead of ${expected}`);
}

export function outside(what: string, at: number, size: number, holder: string, available: number): ElfError {
  return new ElfError(
    'bounds',
    at,
    `${what} of ${size} bytes ends outside of ${holder}, which has ${available}`,
  );
}

export function noSuchIndex(what: string, index: number, count: number, at: number): ElfError {
  return new ElfError('bounds', at, `${what} ${index} does not exist, there are ${count}`);
}

export function unterminated(at: number, holder: string): ElfError {
  return new ElfError('bounds', at, `a string in ${holder} has no end`);
}

export function tooLarge(what: string, at: number, size: number, limit: number): ElfError {
  return new ElfError('limit', at, `${what} has ${size}, the limit is ${limit}`);
}

export function shortRead(at: number, wanted: number, got: number): ElfError {
  return new ElfError('short', at, `${wanted} bytes were to be read, ${got} came`);
}

export function noSuchMember(member: string, why: string): ElfError {
  return new ElfError('format', 0, `member ${JSON.stringify(member)}: ${why}`);
}
