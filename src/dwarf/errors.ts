export type DwarfErrorCode =
  /** A version, form or encoding that the standard does not have. */
  | 'format'
  /** Something that lies outside of its section or unit. */
  | 'bounds'
  /** Larger or deeper than this reader takes on; the limits are in limits.ts. */
  | 'limit'
  /** Correct, and not read by this reader: it says what. */
  | 'unsupported';

/** What is wrong with debug information, and where. */
export class DwarfError extends Error {
  override readonly name = 'DwarfError';
  readonly code: DwarfErrorCode;
  readonly section: string;
  /** Bytes from the start of the section. */
  readonly offset: number;

  constructor(code: DwarfErrorCode, section: string, offset: number, message: string) {
    super(`${message} (.${section}, at byte ${offset})`);
    this.code = code;
    this.section = section;
    this.offset = offset;
  }
}

export function outside(section: string, at: number, size: number, end: number): DwarfError {
  return new DwarfError('bounds', section, at, `${size} bytes end outside of what ends at ${end}`);
}

export function unknown(section: string, at: number, what: string, value: number): DwarfError {
  return new DwarfError('format', section, at, `unknown ${what} ${value}`);
}

export function tooMany(section: string, at: number, what: string, limit: number): DwarfError {
  return new DwarfError('limit', section, at, `more than ${limit} ${what}`);
}

export function noEntry(section: string, at: number): DwarfError {
  return new DwarfError('bounds', section, at, 'there is no entry');
}

export function notRead(section: string, at: number, what: string): DwarfError {
  return new DwarfError('unsupported', section, at, `${what} are not read`);
}

export function noSection(section: string): DwarfError {
  return new DwarfError('bounds', section, 0, 'the section is referred to and missing');
}
