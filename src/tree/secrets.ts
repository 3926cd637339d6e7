/** A snapshot without the secrets of command lines: what every command shows and saves unless it is told otherwise. */
import { redactCommandLine } from '../text/secrets.ts';
import { type BytesColumn, Snapshot, ValueState } from './snapshot.ts';

/** The same column where no value has a secret; otherwise values without are shared with it. */
function redactColumn(column: BytesColumn): BytesColumn {
  const { data, state } = column;
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const redacted = new Map<number, Buffer>();
  let more = 0;
  for (let row = 0; row < state.length; row++) {
    if (state[row] === ValueState.absent) continue;
    const from = column.start[row]!;
    const line = redactCommandLine(text.toString('latin1', from, from + column.length[row]!));
    if (line === undefined) continue;
    const bytes = Buffer.from(line, 'latin1');
    redacted.set(row, bytes);
    more += bytes.length;
  }
  if (redacted.size === 0) return column;
  const all = Buffer.concat([data, ...redacted.values()], data.length + more);
  const [start, length] = [column.start.slice(), column.length.slice()];
  let at = data.length;
  for (const [row, bytes] of redacted) {
    start[row] = at;
    length[row] = bytes.length;
    at += bytes.length;
  }
  return { data: all, start, length, state };
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
