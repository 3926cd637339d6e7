/** What is wrong with an object, and where. Wording is in one place, so that it is reviewed in one place. */

export type ObjectErrorCode =
  /** Not an ELF object for BPF, or a section whose contents make no sense. */
  | 'format'
  /** An offset, index or size that lies outside of what holds it. */
  | 'bounds'
  /** Larger than this reader takes on. */
  | 'limit'
  /** Something that this version does not do. */
  | 'unsupported'
  /** A program whose SEC name is not known. */
  | 'section'
  /** A map definition that no kernel could make. */
  | 'map'
  /** A relocation against something that it cannot refer to. */
  | 'relocation'
  /** A CO-RE relocation that cannot be answered. */
  | 'core'
  /** `.kconfig` or `.ksyms`: nothing on this machine answers to the name. */
  | 'extern'
  /** A variable, map or program that the object does not have, or that cannot be set now. */
  | 'use'
  /** The object was compiled for another byte order than this machine's. */
  | 'byteOrder';

export interface Place {
  /** Name of the file, as the caller gave it. */
  readonly file: string;
  readonly section?: string | undefined;
  /** Bytes from the start of the section, or of the file without one. */
  readonly offset?: number | undefined;
}

/** An object that cannot be read, relocated or loaded for a reason of its own. */
export class ObjectError extends Error {
  override readonly name = 'ObjectError';
  readonly code: ObjectErrorCode;
  readonly file: string;
  readonly section: string | undefined;
  readonly offset: number | undefined;
  readonly hint: string | undefined;

  constructor(
    code: ObjectErrorCode,
    place: Place,
    problem: string,
    more: { readonly hint?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(`${placeText(place)}: ${problem}${more.hint === undefined ? '' : `; ${more.hint}`}`, {
      cause: more.cause,
    });
    this.code = code;
    this.file = place.file;
    this.section = place.section;
    this.offset = place.offset;
    this.hint = more.hint;
  }
}

function placeText({ file, section, offset }: Place): string {
  const inside = section === undefined ? '' : `, section "${section}"`;
  const at = offset === undefined ? '' : `, byte ${offset}`;
  return `${file}${inside}${at}`;
}
