/**
 * What is different between two snapshots of a machine: processes that came, went, have another parent, or
 * execute something else.
 *
 * A process is its boot, its number and the time of its start: a number that was used again is another process.
 * Captures without start times (bpftree's) know only number and name; then a process that executed something else
 * looks like one that went and one that came, and a number that was used again by the same program looks the same.
 */
import { type Row, type Snapshot, ValueState } from '../snapshot.ts';

/** What an exec changes. */
export type ExecutedField = 'exepath' | 'cmdline' | 'comm';

export type Change =
  | { readonly kind: 'came'; readonly after: Row }
  | { readonly kind: 'went'; readonly before: Row }
  | { readonly kind: 'parent'; readonly before: Row; readonly after: Row }
  | {
      readonly kind: 'executed';
      readonly before: Row;
      readonly after: Row;
      readonly fields: readonly ExecutedField[];
    };

/** How processes were recognised. */
export type Identity =
  /** By number and start, in the same boot. */
  | 'start'
  /** By number and start; nothing says whether both are of the same boot. */
  | 'start-of-unknown-boot'
  /** By number and name. */
  | 'name'
  /** Not at all: the machine was started anew, or it is another one. */
  | 'none';

export interface SnapshotDifference {
  readonly identity: Identity;
  /** By process number; a process may have several. */
  readonly changes: readonly Change[];
}

/** A snapshot knows starts if one of its processes has one: those that come from /proc may lack it. */
function hasStarts(snapshot: Snapshot): boolean {
  const { absent } = snapshot.longs('start_time');
  return absent.includes(0);
}

function identityOf(before: Snapshot, after: Snapshot): Identity {
  const [one, other] = [before.host.bootId, after.host.bootId];
  if (one !== undefined && other !== undefined && one !== other) return 'none';
  if (!hasStarts(before) || !hasStarts(after)) return 'name';
  return one === undefined || other === undefined ? 'start-of-unknown-boot' : 'start';
}

/** Bytes as a text that is equal for equal bytes only. */
const exact = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

/** The name of each process for good, as far as this kind of identity goes. */
function keyer(snapshot: Snapshot, identity: Identity): (row: Row) => string {
  const pid = snapshot.numbers('pid');
  if (identity === 'name') return (row) => `${pid[row]} ${exact(snapshot.bytes('comm', row))}`;
  const { values, absent } = snapshot.longs('start_time');
  return (row) => `${pid[row]} ${absent[row] === 0 ? values[row] : '?'}`;
}

function processes(snapshot: Snapshot): Row[] {
  return [...snapshot.order].filter((row) => snapshot.isLeader(row));
}

/** The process that is the parent, by its key; where the snapshot does not have it, by its number. */
function parentKey(snapshot: Snapshot, key: (row: Row) => string): (row: Row) => string {
  const parents = snapshot.numbers('rppid');
  return (row) => {
    const parent = snapshot.rowOf(parents[row]!);
    return parent === undefined ? `${parents[row]}` : key(parent);
  };
}

const EXECUTED: readonly ExecutedField[] = ['exepath', 'cmdline', 'comm'];

/** What both have and is not the same. A cut value is compared as far as both have it. */
function executedFields(before: Snapshot, after: Snapshot, was: Row, is: Row): ExecutedField[] {
  return EXECUTED.filter((field) => {
    const states = [before.state(field, was), after.state(field, is)];
    if (states.includes(ValueState.absent)) return false;
    const [one, other] = [before.bytes(field, was), after.bytes(field, is)];
    if (!states.includes(ValueState.cut)) return Buffer.compare(one, other) !== 0;
    const common = Math.min(one.length, other.length);
    return Buffer.compare(one.subarray(0, common), other.subarray(0, common)) !== 0;
  });
}

/** Linear in the number of processes, apart from a sort of the changes. */
export function diffSnapshots(before: Snapshot, after: Snapshot): SnapshotDifference {
  const identity = identityOf(before, after);
  const [wasKey, isKey] = [keyer(before, identity), keyer(after, identity)];
  const [wasParent, isParent] = [parentKey(before, wasKey), parentKey(after, isKey)];
  const known = new Map(processes(before).map((row) => [wasKey(row), row]));
  const changes: { readonly pid: number; readonly change: Change }[] = [];
  for (const is of processes(after)) {
    const pid = after.number('pid', is);
    const key = isKey(is);
    const was = identity === 'none' ? undefined : known.get(key);
    if (was === undefined) {
      changes.push({ pid, change: { kind: 'came', after: is } });
      continue;
    }
    known.delete(key);
    const numbersDiffer = before.number('rppid', was) !== after.number('rppid', is);
    // A parent that only has another name (an exec, known by name) is the same one: the number decides then.
    const parentDiffers = identity === 'name' ? numbersDiffer : wasParent(was) !== isParent(is);
    if (parentDiffers) changes.push({ pid, change: { kind: 'parent', before: was, after: is } });
    const fields = executedFields(before, after, was, is);
    if (fields.length > 0) {
      changes.push({ pid, change: { kind: 'executed', before: was, after: is, fields } });
    }
  }
  for (const was of known.values()) {
    changes.push({ pid: before.number('pid', was), change: { kind: 'went', before: was } });
  }
  const rank = { went: 0, came: 1, parent: 2, executed: 3 } as const;
  changes.sort((a, b) => a.pid - b.pid || rank[a.change.kind] - rank[b.change.kind]);
  return { identity, changes: changes.map(({ change }) => change) };
}
