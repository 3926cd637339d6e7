/** A snapshot without the secrets of command lines: what every command shows and saves unless it is told otherwise. */
import { redactCommandLine } from '../text/secrets.ts';
import { type BytesColumn, type Row, replaceValues, Snapshot, ValueState } from './snapshot.ts';

/** Itself where no value has a secret. */
function redactColumn(column: BytesColumn): BytesColumn {
  const { data, state } = column;
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const redacted = new Map<Row, Uint8Array>();
  for (let row = 0; row < state.length; row++) {
    if (state[row] === ValueState.absent) continue;
    const from = column.start[row]!;
    const line = redactCommandLine(text.toString('latin1', from, from + column.length[row]!));
    if (line !== undefined) redacted.set(row, Buffer.from(line, 'latin1'));
  }
  return replaceValues(column, redacted);
}

/**
 * The snapshot with `***` for the values in command lines that look like secrets (text/secrets.ts has the rules).
 * Conditions on it see what is shown: nobody finds a password out by asking for it.
 */
export function withoutSecrets(snapshot: Snapshot): Snapshot {
  return new Snapshot(
    {
      count: snapshot.count,
      numbers: (field) => snapshot.numbers(field),
      longs: (field) => snapshot.longs(field),
      bytes(field) {
        const column = snapshot.bytesColumn(field);
        return field === 'cmdline' ? redactColumn(column) : column;
      },
    },
    snapshot.host,
    snapshot.partial,
  );
}
