/** A snapshot without the secrets of command lines: what every command shows and saves unless it is told otherwise. */
import { redactCommandLine, suspectLines } from '../text/secrets.ts';
import { type BytesColumn, type Row, replaceValues, Snapshot, ValueState } from './snapshot.ts';

/** Lines are looked at in portions of about this many bytes. */
const PORTION = 1024 * 1024;

/** The command lines among different texts that may have a secret. */
function suspects(lines: Iterable<string>): ReadonlySet<string> {
  const found = new Set<string>();
  let portion: string[] = [];
  let size = 0;
  const look = (): void => {
    const ends: number[] = [];
    let end = 0;
    for (const line of portion) ends.push((end += line.length + 1));
    for (const at of suspectLines(`${portion.join('\0')}\0`, ends)) found.add(portion[at]!);
    portion = [];
    size = 0;
  };
  for (const line of lines) {
    portion.push(line);
    size += line.length + 1;
    if (size >= PORTION) look();
  }
  if (portion.length > 0) look();
  return found;
}

/** Itself where no value has a secret. Of equal lines, and most processes of a machine have some, one is looked at. */
function redactColumn(column: BytesColumn): BytesColumn {
  const { data, start, length, state } = column;
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const rowsOf = new Map<string, Row[]>();
  let [before, rows]: [Row, Row[]] = [-1, []];
  for (let row = 0; row < state.length; row++) {
    const size = length[row]!;
    if (state[row] === ValueState.absent || size === 0) continue;
    const [from, other] = [start[row]!, start[before] ?? 0];
    // Neighbours have the same more often than not.
    if (size !== length[before] || text.compare(text, from, from + size, other, other + size) !== 0) {
      const line = text.toString('latin1', from, from + size);
      rows = rowsOf.get(line) ?? [];
      if (rows.length === 0) rowsOf.set(line, rows);
    }
    rows.push(row);
    before = row;
  }
  const redacted = new Map<Row, Uint8Array>();
  for (const line of suspects(rowsOf.keys())) {
    const without = redactCommandLine(line);
    if (without === undefined) continue;
    const bytes = Buffer.from(without, 'latin1');
    for (const row of rowsOf.get(line)!) redacted.set(row, bytes);
  }
  return redacted.size === 0 ? column : replaceValues(column, redacted);
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
