import type { TypeId } from './types.ts';

export type BtfErrorCode =
  /** Not BTF, or a version or kind that this reader does not know. */
  | 'format'
  /** A record, section, string or type id that lies outside of the data. */
  | 'bounds'
  /** Types that contain themselves by value, or chains deeper than the kernel accepts. */
  | 'cycle'
  /** A type without a size (void, function, forward declaration), or one too large to handle. */
  | 'size'
  /** The type cannot do what was asked of it: members of an int, a decoder of a function. */
  | 'kind'
  /** The data read or written is shorter than the type. */
  | 'short'
  /** A JavaScript value that the type cannot hold. */
  | 'value'
  /** A builder was used in a wrong order. */
  | 'builder';

export class BtfError extends Error {
  override readonly name: string = 'BtfError';
  readonly code: BtfErrorCode;
  /** The type it is about, where there is one. */
  readonly type: TypeId | undefined;

  constructor(code: BtfErrorCode, message: string, type?: TypeId) {
    super(message);
    this.code = code;
    this.type = type;
  }
}

/** A value that does not fit its type. `path` leads to it, outermost first. */
export class BtfValueError extends BtfError {
  override readonly name = 'BtfValueError';
  readonly path: readonly (string | number)[];

  constructor(label: string, path: readonly (string | number)[], problem: string) {
    super('value', `${pathText(label, path)}: ${problem}`);
    this.path = path;
  }
}

function pathText(label: string, path: readonly (string | number)[]): string {
  let text = label;
  for (const step of path) text += typeof step === 'number' ? `[${step}]` : `.${step}`;
  return text;
}

export const tooShortForHeader = (length: number): BtfError =>
  new BtfError('bounds', `parse BTF: ${length} bytes are too few for a header of 24`);

export const badMagic = (magic: number): BtfError =>
  new BtfError('format', `parse BTF: the first bytes are 0x${magic.toString(16)}, not 0xeb9f`);

export const badVersion = (version: number): BtfError =>
  new BtfError('format', `parse BTF: version ${version} is not known, only 1`);

export const badHeaderLength = (headerLength: number, length: number): BtfError =>
  new BtfError('bounds', `parse BTF: a header of ${headerLength} bytes in ${length} bytes`);

export const badSection = (which: string, offset: number, size: number, available: number): BtfError =>
  new BtfError(
    'bounds',
    `parse BTF: the ${which} section (offset ${offset}, ${size} bytes) is misaligned or passes the end (${available} bytes after the header)`,
  );

export const unterminatedStrings = (): BtfError =>
  new BtfError('format', 'parse BTF: the string section does not end with a zero byte');

export const unknownKind = (kind: number, id: TypeId): BtfError =>
  new BtfError('format', `parse BTF: type ${id} has the unknown kind ${kind}`, id);

export const recordPastEnd = (id: TypeId): BtfError =>
  new BtfError('bounds', `parse BTF: the record of type ${id} passes the end of the type section`, id);

export const badBase = (what: string): BtfError =>
  new BtfError('format', `parse BTF: the base of split BTF ${what}`);

export const stringPastEnd = (offset: number, size: number, id?: TypeId): BtfError =>
  new BtfError(
    'bounds',
    `${id === undefined ? 'BTF' : `BTF type ${id}`}: string offset ${offset} is outside of the ${size} bytes of strings`,
    id,
  );

export const noSuchType = (id: number, count: number): BtfError =>
  new BtfError('bounds', `BTF type ${id} does not exist: ids run from 0 to ${count - 1}`, id);

export const invalidInt = (id: TypeId): BtfError =>
  new BtfError('format', `BTF type ${id}: an int of unknown encoding or impossible width`, id);

export const invalidRecord = (id: TypeId, kind: string, what: string): BtfError =>
  new BtfError('format', `BTF type ${id}: ${kind} ${what}`, id);

export const tooDeep = (id: TypeId): BtfError =>
  new BtfError(
    'cycle',
    `BTF type ${id}: typedefs, arrays or structs are nested without end or too deeply`,
    id,
  );

export const noSize = (id: TypeId, kind: string): BtfError =>
  new BtfError('size', `BTF type ${id}: a ${kind} has no size`, id);

export const tooLarge = (id: TypeId): BtfError =>
  new BtfError('size', `BTF type ${id}: larger than 4 GiB`, id);

export const tooManyValues = (id: TypeId): BtfError =>
  new BtfError('size', `BTF type ${id}: one value would consist of more than 16 million fields`, id);

export const memberOutside = (id: TypeId, member: string): BtfError =>
  new BtfError('bounds', `BTF type ${id}: member "${member}" lies outside of its struct`, id);

export const badBitfield = (id: TypeId, member: string): BtfError =>
  new BtfError(
    'format',
    `BTF type ${id}: member "${member}" is a bitfield of an impossible type or width`,
    id,
  );

export const noDecoder = (id: TypeId, kind: string): BtfError =>
  new BtfError('kind', `BTF type ${id}: a ${kind} cannot be read or written as a value`, id);

export const shortView = (id: TypeId, size: number, offset: number, available: number): BtfError =>
  new BtfError(
    'short',
    `BTF type ${id}: ${size} bytes at offset ${offset} do not fit in a buffer of ${available} bytes`,
    id,
  );

export const notReserved = (id: TypeId): BtfError =>
  new BtfError('builder', `build BTF: type ${id} was not reserved, or is defined already`, id);

export const notDefined = (id: TypeId): BtfError =>
  new BtfError('builder', `build BTF: type ${id} was reserved and never defined`, id);

export const outOfField = (id: TypeId, what: string, value: number | bigint): BtfError =>
  new BtfError('builder', `build BTF: type ${id}: ${what} ${value} does not fit in its field`, id);

export const badName = (name: string): BtfError =>
  new BtfError(
    'builder',
    `build BTF: the name ${JSON.stringify(name)} has characters that are not one byte, or a zero`,
  );

export const notFound = (name: string, near: readonly string[]): BtfError =>
  new BtfError(
    'kind',
    `BTF has no type or function "${name}"${near.length > 0 ? ` (nearest: ${near.join(', ')})` : ''}`,
  );
