/** A checked condition over the columns of a snapshot: what each row needs is made once. */
import { type Field, type NumberField, storageOf } from '../fields.ts';
import { type Row, type Snapshot, ValueState } from '../snapshot.ts';
import type { UserNames } from '../users.ts';
import { type RowTest, valueEquals, valueText } from '../value.ts';
import type { NumberOperand, Test } from './check.ts';
import type { Comparison } from './parse.ts';

/** Undefined where the task has no such value. `<` and `>` compare numbers and big integers exactly. */
type RowNumber = (row: Row) => number | bigint | undefined;

const COMPARE = {
  '==': (a, b) => !(a < b) && !(a > b),
  '!=': (a, b) => a < b || a > b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
} as const satisfies Record<Comparison, (a: number | bigint, b: number | bigint) => boolean>;

const COMMA = 0x2c;
const NO_USERS: UserNames = { nameOf: () => undefined };

/** The rows for which the condition holds. */
export function rowTest(test: Test, snapshot: Snapshot): RowTest {
  switch (test.kind) {
    case 'and': {
      const terms = test.terms.map((term) => rowTest(term, snapshot));
      return (row) => terms.every((term) => term(row));
    }
    case 'or': {
      const terms = test.terms.map((term) => rowTest(term, snapshot));
      return (row) => terms.some((term) => term(row));
    }
    case 'not': {
      const operand = rowTest(test.operand, snapshot);
      return (row) => !operand(row);
    }
    case 'compare': {
      const [left, right] = [test.left, test.right].map((side) => numberOf(side, snapshot));
      const compare = COMPARE[test.operator];
      return (row) => {
        const [a, b] = [left!(row), right!(row)];
        return a !== undefined && b !== undefined && compare(a, b);
      };
    }
    case 'boolean': {
      const column = snapshot.numbers(test.field.long as NumberField);
      return (row) => (column[row] !== 0) === test.wanted;
    }
    case 'text':
      return textTest(test.field, test.bytes, test.negated, snapshot);
    case 'match': {
      const bytes = bytesOf(test.field, snapshot);
      const { matcher, negated } = test;
      return (row) => {
        const value = bytes(row);
        return value !== undefined && matcher(value) !== negated;
      };
    }
  }
}

function numberOf(operand: NumberOperand, snapshot: Snapshot): RowNumber {
  switch (operand.kind) {
    case 'number':
      return () => operand.value;
    case 'date': {
      const { time, uptime } = snapshot.host;
      const value = time === undefined || uptime === undefined ? undefined : operand.value - (time - uptime);
      return () => value;
    }
    case 'field': {
      const { field } = operand;
      if (storageOf(field) === 'number') {
        const column = snapshot.numbers(field.long as NumberField);
        return (row) => column[row];
      }
      const { values, absent } = snapshot.longs(field.long);
      return (row) => (absent[row] === 1 ? undefined : values[row]);
    }
  }
}

/** As it is shown, but unescaped: arguments are separated by commas. */
function bytesOf(field: Field, snapshot: Snapshot): (row: Row) => Uint8Array | undefined {
  if (field.type === 'state') {
    const { absent } = snapshot.longs(field.long);
    const text = valueText(snapshot, field, NO_USERS);
    return (row) => (absent[row] === 1 ? undefined : Buffer.from(text(row)));
  }
  return (row) => {
    if (snapshot.state(field.long, row) === ValueState.absent) return undefined;
    const bytes = snapshot.bytes(field.long, row);
    if (field.type !== 'arguments') return bytes;
    let length = bytes.length;
    while (length > 0 && bytes[length - 1] === 0) length -= 1;
    return bytes.slice(0, length).map((byte) => (byte === 0 ? COMMA : byte));
  };
}

function textTest(field: Field, wanted: Uint8Array, negated: boolean, snapshot: Snapshot): RowTest {
  const text = Buffer.from(wanted).toString('utf8');
  // What was printed can be typed back, unless it is a string that only \xNN can say.
  const typed = Buffer.from(text).equals(wanted) ? valueEquals(snapshot, field, text) : undefined;
  const bytes = bytesOf(field, snapshot);
  return (row) => {
    const value = bytes(row);
    if (value === undefined) return false;
    const equal = typed === undefined ? Buffer.compare(value, wanted) === 0 : typed(row);
    return equal !== negated;
  };
}
