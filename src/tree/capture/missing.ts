/** What stands for columns that a capture does not have. */
import type { NumberField } from '../fields.ts';
import { type BytesColumn, type NumberColumn, ValueState } from '../snapshot.ts';

const NONE = new Uint8Array();

/** A column in which no row has a value. */
export function absentBytes(count: number): BytesColumn {
  return {
    data: NONE,
    start: new Uint32Array(count),
    length: new Uint32Array(count),
    state: new Uint8Array(count).fill(ValueState.absent),
  };
}

/** What stands for a number that is not in a capture: -1, and for users -2, "not recorded". */
export function missingNumbers(field: NumberField, count: number): NumberColumn {
  return new Int32Array(count).fill(field === 'loginuid' || field === 'euid' ? -2 : -1);
}
