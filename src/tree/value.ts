/** How a field's value is shown, compared and written as JSON: one entry for each type of field. */
import { escapeBytes } from '../text/escape.ts';
import { base64, type JsonValue, jsonBytes } from '../text/json.ts';
import type { BytesField, Field, FieldType, NumberField } from './fields.ts';
import { type Row, type Snapshot, ValueState } from './snapshot.ts';
import type { UserNames } from './users.ts';

/** Whether a row has the value that a condition names. */
export type RowTest = (row: Row) => boolean;

type JsonMembers = [name: string, value: JsonValue][];

interface TypeRules {
  /** As `-f` shows it, without the name; safe to print. */
  text(snapshot: Snapshot, field: Field, row: Row, users: UserNames): string;
  /** The members that stand for it in a JSON object; the first has the field's long name. */
  json(snapshot: Snapshot, field: Field, row: Row, users: UserNames): JsonMembers;
  /** Rows whose value is `wanted`, as it is shown. */
  equals(snapshot: Snapshot, field: Field, wanted: string): RowTest;
}

const numberName = (field: Field): NumberField => field.long as NumberField;
const bytesName = (field: Field): BytesField => field.long as BytesField;
const never: RowTest = () => false;

/** What is shown for a value that is not there, and for one that was too long to be kept at all. */
const NOT_AVAILABLE = 'NA';
const TOO_LONG = 'TL';
const CUT_MARK = '…';

function equalsNumber(snapshot: Snapshot, field: Field, wanted: string): RowTest {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(wanted)) return never; // Shown numbers have this form only.
  const column = snapshot.numbers(numberName(field));
  const number = Number(wanted);
  return (row) => column[row] === number;
}

/** Arguments without the empty ones at the end: processes that rewrite their title leave many. */
function trimmedLength(bytes: Uint8Array): number {
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0) length -= 1;
  return length;
}

function bytesText(snapshot: Snapshot, field: Field, row: Row): string {
  const name = bytesName(field);
  const state = snapshot.state(name, row);
  if (state === ValueState.absent) return NOT_AVAILABLE;
  let bytes = snapshot.bytes(name, row);
  if (state === ValueState.cut && bytes.length === 0) return TOO_LONG;
  if (field.type === 'arguments') {
    bytes = bytes.slice(0, trimmedLength(bytes));
    for (let i = 0; i < bytes.length; i++) if (bytes[i] === 0) bytes[i] = 0x2c;
  }
  return escapeBytes(bytes) + (state === ValueState.cut ? CUT_MARK : '');
}

/**
 * Compares the exact bytes, and where the shown text can differ from them (escapes, NA, TL, a cut value) that
 * text too: what was printed can be typed back.
 */
function equalsBytes(snapshot: Snapshot, field: Field, wanted: string): RowTest {
  const name = bytesName(field);
  const { data, start, length, state } = snapshot.bytesColumn(name);
  const bytes = Buffer.from(wanted, 'utf8');
  const isList = field.type === 'arguments';
  const mayBeShown =
    wanted.includes('\\') || wanted.endsWith(CUT_MARK) || wanted === NOT_AVAILABLE || wanted === TOO_LONG;
  return (row) => {
    if (state[row] === ValueState.whole) {
      const from = start[row]!;
      let size = length[row]!;
      if (isList) while (size > 0 && data[from + size - 1] === 0) size -= 1;
      if (size === bytes.length) {
        let i = 0;
        for (; i < size; i++) {
          const byte = data[from + i]!;
          if ((isList && byte === 0 ? 0x2c : byte) !== bytes[i]) break;
        }
        if (i === size) return true;
      }
    }
    return mayBeShown && bytesText(snapshot, field, row) === wanted;
  };
}

/** The arguments as they were given: only the last one's own end is taken off. */
function splitArguments(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length === 0) return [];
  const list: Uint8Array[] = [];
  const end = bytes.at(-1) === 0 ? bytes.length - 1 : bytes.length;
  for (let at = 0; ; ) {
    const nul = bytes.indexOf(0, at);
    if (nul < 0 || nul >= end) {
      list.push(bytes.subarray(at, end));
      return list;
    }
    list.push(bytes.subarray(at, nul));
    at = nul + 1;
  }
}

function bytesJson(snapshot: Snapshot, field: Field, row: Row): JsonMembers {
  const name = bytesName(field);
  const state = snapshot.state(name, row);
  if (state === ValueState.absent) return [[field.long, null]];
  const bytes = snapshot.bytes(name, row);
  const members: JsonMembers = [];
  if (field.type === 'arguments') {
    const list = splitArguments(bytes).map(jsonBytes);
    members.push([field.long, list.map((one) => one.text)]);
    if (list.some((one) => one.base64 !== undefined)) {
      members.push([`${field.long}_base64`, base64(bytes)]);
    }
  } else if (state === ValueState.cut && bytes.length === 0) {
    members.push([field.long, null]);
  } else {
    const value = jsonBytes(bytes);
    members.push([field.long, value.text]);
    if (value.base64 !== undefined) members.push([`${field.long}_base64`, value.base64]);
  }
  if (state === ValueState.cut) members.push([`${field.long}_truncated`, true]);
  return members;
}

const integer: TypeRules = {
  text: (snapshot, field, row) => String(snapshot.number(numberName(field), row)),
  json: (snapshot, field, row) => [[field.long, snapshot.number(numberName(field), row)]],
  equals: equalsNumber,
};

const bytes: TypeRules = { text: bytesText, json: bytesJson, equals: equalsBytes };

const rules = {
  integer,
  boolean: {
    text: (snapshot, field, row) => String(snapshot.number(numberName(field), row) !== 0),
    json: (snapshot, field, row) => [[field.long, snapshot.number(numberName(field), row) !== 0]],
    equals(snapshot, field, wanted) {
      if (wanted !== 'true' && wanted !== 'false') return never;
      const column = snapshot.numbers(numberName(field));
      return (row) => (column[row] !== 0) === (wanted === 'true');
    },
  },
  user: {
    text(snapshot, field, row, users) {
      const uid = snapshot.number(numberName(field), row);
      return `${uid}(${users.nameOf(uid) ?? ''})`;
    },
    json(snapshot, field, row, users) {
      const uid = snapshot.number(numberName(field), row);
      const name = users.nameOf(uid);
      const members: JsonMembers = [[field.long, uid]];
      if (name !== undefined) members.push([`${field.long}_name`, name]);
      return members;
    },
    equals: equalsNumber,
  },
  bytes,
  arguments: bytes,
} satisfies Record<FieldType, TypeRules>;

/** A field's value as `-f` shows it, without the name; safe to print. */
export function valueText(snapshot: Snapshot, field: Field, row: Row, users: UserNames): string {
  return rules[field.type].text(snapshot, field, row, users);
}

/**
 * The JSON members of a field's value. Values that are not there are null; a cut one is marked by a second
 * member NAME_truncated; users' names are in NAME_name; for bytes that are not UTF-8 see text/json.ts.
 */
export function valueJson(snapshot: Snapshot, field: Field, row: Row, users: UserNames): JsonMembers {
  return rules[field.type].json(snapshot, field, row, users);
}

/** Tests rows for the value that is shown as `wanted`: exact, numbers in decimal. */
export function valueEquals(snapshot: Snapshot, field: Field, wanted: string): RowTest {
  return rules[field.type].equals(snapshot, field, wanted);
}
