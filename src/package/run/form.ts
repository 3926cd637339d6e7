/** What a record is made of, as columns and as JSON: a type of the object, or members that an annotation places. */
import type { Btf } from '../../btf/btf.ts';
import { decoder } from '../../btf/decode.ts';
import type { TypeId } from '../../btf/types.ts';
import type { JsonValue } from '../../text/json.ts';
import { type Column, cellOf, columnsOf, jsonDecoder, jsonOf } from './columns.ts';

export interface RecordForm {
  readonly size: number;
  /** Undefined for members that an annotation places. */
  readonly type: TypeId | undefined;
  readonly columns: readonly Column[];
  json(view: DataView, offset: number): JsonValue;
}

export interface PlacedMember {
  readonly name: string;
  readonly offset: number;
  readonly type: TypeId;
}

/** Throws BtfError for a type that no record can have. */
export function typeForm(types: Btf, id: TypeId): RecordForm {
  return { size: types.sizeOf(id), type: id, columns: columnsOf(types, id), json: jsonDecoder(types, id) };
}

/** `custom_members` of `export_config`. */
export function membersForm(types: Btf, members: readonly PlacedMember[]): RecordForm {
  const readers = members.map(({ name, offset, type }) => {
    const read = decoder(types, type);
    return { name, read: (view: DataView, at: number): JsonValue => jsonOf(read(view, at + offset)) };
  });
  return {
    size: Math.max(...members.map(({ offset, type }) => offset + types.sizeOf(type))),
    type: undefined,
    columns: members.map(({ name, offset, type }) => ({ name, text: cellOf(types, type, offset) })),
    json: (view, offset) => new Map(readers.map(({ name, read }) => [name, read(view, offset)])),
  };
}
