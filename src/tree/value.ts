/** How a field's value is shown, compared and written as JSON: one entry for each type of field. */
import { escapeBytes } from '../text/escape.ts';
import { base64, type JsonValue, jsonBytes } from '../text/json.ts';
import { splitArguments } from './argument-list.ts';
import type { Field, FieldType, NumberField } from './fields.ts';
import { type Row, type Snapshot, ValueState } from './snapshot.ts';
import { dateText, durationText, sizeText, stateLetter } from './units.ts';
import type { UserNames } from './users.ts';

/** Whether a row has the value that a condition names. */
export type RowTest = (row: Row) => boolean;

export type JsonMembers = readonly [name: string, value: JsonValue][];

/** Made once for a column, called for many rows. */
export type RowText = (row: Row) => string;
export type RowJson = (row: Row) => JsonMembers;

interface TypeRules {
  /** As `-f` shows it, without the name; safe to print. */
  text(snapshot: Snapshot, field: Field, users: UserNames): RowText;
  /** The members that stand for it in a JSON object; the first has the field's long name. */
  json(snapshot: Snapshot, field: Field, users: UserNames): RowJson;
  /** Rows whose value is `wanted`, as it is shown. */
  equals(snapshot: Snapshot, field: Field, wanted: string): RowTest;
}

const numberName = (field: Field): NumberField => field.long as NumberField;
const never: RowTest = () => false;

/** What is shown for a value that is not there, and for one that was too long to be kept at all. */
const NOT_AVAILABLE = 'NA';
const TOO_LONG = 'TL';
const CUT_MARK = '…';
const COMMA = 0x2c;

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

function bytesText(snapshot: Snapshot, field: Field): RowText {
  const { data, start, length, state } = snapshot.bytesColumn(field.long);
  return (row) => {
    if (state[row] === ValueState.absent) return NOT_AVAILABLE;
    const from = start[row]!;
    let bytes = data.subarray(from, from + length[row]!);
    if (state[row] === ValueState.cut && bytes.length === 0) return TOO_LONG;
    if (field.type === 'arguments') {
      // A copy: `slice` of a Buffer is none.
      bytes = new Uint8Array(bytes.subarray(0, trimmedLength(bytes)));
      for (let i = 0; i < bytes.length; i++) if (bytes[i] === 0) bytes[i] = COMMA;
    }
    return escapeBytes(bytes) + (state[row] === ValueState.cut ? CUT_MARK : '');
  };
}

/**
 * Compares the exact bytes, and where the shown text can differ from them (escapes, NA, TL, a cut value) that
 * text too: what was printed can be typed back.
 */
function equalsBytes(snapshot: Snapshot, field: Field, wanted: string): RowTest {
  const { data, start, length, state } = snapshot.bytesColumn(field.long);
  const shown = bytesText(snapshot, field);
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
          if ((isList && byte === 0 ? COMMA : byte) !== bytes[i]) break;
        }
        if (i === size) return true;
      }
    }
    return mayBeShown && shown(row) === wanted;
  };
}

function bytesJson(snapshot: Snapshot, field: Field): RowJson {
  const name = field.long;
  return (row) => {
    const state = snapshot.state(name, row);
    if (state === ValueState.absent) return [[field.long, null]];
    const bytes = snapshot.bytes(name, row);
    const members: [string, JsonValue][] = [];
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
  };
}

const integer: TypeRules = {
  text(snapshot, field) {
    const column = snapshot.numbers(numberName(field));
    return (row) => String(column[row]);
  },
  json(snapshot, field) {
    const column = snapshot.numbers(numberName(field));
    return (row) => [[field.long, column[row]!]];
  },
  equals: equalsNumber,
};

const bytes: TypeRules = { text: bytesText, json: bytesJson, equals: equalsBytes };

const boolean: TypeRules = {
  text(snapshot, field) {
    const column = snapshot.numbers(numberName(field));
    return (row) => String(column[row] !== 0);
  },
  json(snapshot, field) {
    const column = snapshot.numbers(numberName(field));
    return (row) => [[field.long, column[row] !== 0]];
  },
  equals(snapshot, field, wanted) {
    if (wanted !== 'true' && wanted !== 'false') return never;
    const column = snapshot.numbers(numberName(field));
    return (row) => (column[row] !== 0) === (wanted === 'true');
  },
};

const user: TypeRules = {
  text(snapshot, field, users) {
    const column = snapshot.numbers(numberName(field));
    return (row) => `${column[row]}(${users.nameOf(column[row]!) ?? ''})`;
  },
  json(snapshot, field, users) {
    const column = snapshot.numbers(numberName(field));
    return (row) => {
      const uid = column[row]!;
      const name = users.nameOf(uid);
      return name === undefined
        ? [[field.long, uid]]
        : [
            [field.long, uid],
            [`${field.long}_name`, name],
          ];
    };
  },
  equals: equalsNumber,
};

/** Numbers that may be absent, shown in their own way; `shown` is what a condition compares with. */
function longRules(
  shown: (snapshot: Snapshot, field: Field, users: UserNames) => (value: bigint) => string,
): TypeRules {
  return {
    text(snapshot, field, users) {
      const { values, absent } = snapshot.longs(field.long);
      const show = shown(snapshot, field, users);
      return (row) => (absent[row] === 1 ? NOT_AVAILABLE : show(values[row]!));
    },
    json(snapshot, field) {
      const { values, absent } = snapshot.longs(field.long);
      return (row) => [[field.long, absent[row] === 1 ? null : values[row]!]];
    },
    equals(snapshot, field, wanted) {
      const { values, absent } = snapshot.longs(field.long);
      if (wanted === NOT_AVAILABLE) return (row) => absent[row] === 1;
      if (/^(0|-?[1-9]\d{0,19})$/.test(wanted)) {
        const number = BigInt(wanted);
        return (row) => absent[row] !== 1 && values[row] === number;
      }
      const show = shown(snapshot, field, NO_USERS);
      return (row) => absent[row] !== 1 && show(values[row]!) === wanted;
    },
  };
}

const NO_USERS: UserNames = { nameOf: () => undefined };

const long = longRules(() => String);
const address = longRules(() => (value) => `0x${BigInt.asUintN(64, value).toString(16)}`);
const time = longRules(({ host: { time: now, uptime } }) => {
  if (now === undefined || uptime === undefined) return String;
  const boot = now - uptime;
  return (value) => dateText(boot + value);
});
const duration = longRules(() => durationText);
const size = longRules(() => sizeText);
const ownerText = longRules((_, _field, users) => (uid) => `${uid}(${users.nameOf(Number(uid)) ?? ''})`);

const owner: TypeRules = {
  ...ownerText,
  json(snapshot, field, users) {
    const { values, absent } = snapshot.longs(field.long);
    return (row) => {
      if (absent[row] === 1) return [[field.long, null]];
      const name = users.nameOf(Number(values[row]));
      const members: [string, JsonValue][] = [[field.long, values[row]!]];
      if (name !== undefined) members.push([`${field.long}_name`, name]);
      return members;
    };
  },
};

const letters = longRules(() => stateLetter);
const state: TypeRules = {
  ...letters,
  json(snapshot, field, users) {
    const text = letters.text(snapshot, field, users);
    const { absent } = snapshot.longs(field.long);
    return (row) => [[field.long, absent[row] === 1 ? null : text(row)]];
  },
};

const rules = {
  long,
  address,
  time,
  duration,
  size,
  owner,
  state,
  integer,
  boolean,
  user,
  bytes,
  arguments: bytes,
} satisfies Record<FieldType, TypeRules>;

/** Shows a field's values as `-f` does, without the name; safe to print. */
export function valueText(snapshot: Snapshot, field: Field, users: UserNames): RowText {
  return rules[field.type].text(snapshot, field, users);
}

/**
 * The JSON members of a field's values. Values that are not there are null; a cut one is marked by a second
 * member NAME_truncated; users' names are in NAME_name; for bytes that are not UTF-8 see text/json.ts.
 */
export function valueJson(snapshot: Snapshot, field: Field, users: UserNames): RowJson {
  return rules[field.type].json(snapshot, field, users);
}

/** Tests rows for the value that is shown as `wanted`: exact, numbers in decimal. */
export function valueEquals(snapshot: Snapshot, field: Field, wanted: string): RowTest {
  return rules[field.type].equals(snapshot, field, wanted);
}
