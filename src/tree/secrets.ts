/** A snapshot without the secrets of command lines: what every command shows and saves unless it is told otherwise. */
import { redactCommandLine, suspectLines } from '../text/secrets.ts';
import { type BytesColumn, type Row, replaceValues, Snapshot, ValueState } from './snapshot.ts';

/** Lines are looked at in portions of about this many bytes. */
const PORTION = 1024 * 1024;

/** Where the values start that may have a secret. Of equal values, a capture has just one. */
function suspectStarts({ data, start, length, state }: BytesColumn): ReadonlySet<number> {
  const suspects = new Set<number>();
  const seen = new Set<number>();
  let rows: Row[] = [];
  let size = 0;
  const look = (): void => {
    const lines = Buffer.alloc(size);
    const ends: number[] = [];
    let at = 0;
    for (const row of rows) {
      const from = start[row]!;
      lines.set(data.subarray(from, from + length[row]!), at);
      at += length[row]! + 1;
      ends.push(at);
    }
    for (const line of suspectLines(lines.toString('latin1'), ends)) suspects.add(start[rows[line]!]!);
    rows = [];
    size = 0;
  };
  for (let row = 0; row < state.length; row++) {
    if (state[row] === ValueState.absent || length[row] === 0 || seen.has(start[row]!)) continue;
    seen.add(start[row]!);
    rows.push(row);
    size += length[row]! + 1;
    if (size >= PORTION) look();
  }
  look();
  return suspects;
}

/** Itself where no value has a secret. */
function redactColumn(column: BytesColumn): BytesColumn {
  const { data, start, length, state } = column;
  const suspects = suspectStarts(column);
  if (suspects.size === 0) return column;
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const byStart = new Map<number, Uint8Array | undefined>();
  const redacted = new Map<Row, Uint8Array>();
  for (let row = 0; row < state.length; row++) {
    const from = start[row]!;
    if (state[row] === ValueState.absent || !suspects.has(from)) continue;
    if (!byStart.has(from)) {
      const line = redactCommandLine(text.toString('latin1', from, from + length[row]!));
      byStart.set(from, line === undefined ? undefined : Buffer.from(line, 'latin1'));
    }
    const line = byStart.get(from);
    if (line !== undefined) redacted.set(row, line);
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
