/** The difference between two snapshots, as lines of text or JSON lines. */
import { type JsonValue, jsonText } from '../../text/json.ts';
import { requireField } from '../format.ts';
import type { Row, Snapshot } from '../snapshot.ts';
import type { UserNames } from '../users.ts';
import { type RowJson, type RowText, valueJson, valueText } from '../value.ts';
import type { Change, Identity, SnapshotDifference } from './diff.ts';

export interface DiffReport {
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly difference: SnapshotDifference;
  readonly users: UserNames;
  readonly json: boolean;
}

const SHOWN = ['pid', 'rppid', 'comm', 'exepath', 'cmdline', 'start_time'] as const;
type Shown = (typeof SHOWN)[number];

interface Side {
  readonly snapshot: Snapshot;
  readonly text: Readonly<Record<Shown, RowText>>;
  readonly json: Readonly<Record<Shown, RowJson>>;
}

function sideOf(snapshot: Snapshot, users: UserNames): Side {
  const each = <T>(make: (name: Shown) => T): Record<Shown, T> =>
    Object.fromEntries(SHOWN.map((name) => [name, make(name)])) as Record<Shown, T>;
  return {
    snapshot,
    text: each((name) => valueText(snapshot, requireField(name), users)),
    json: each((name) => valueJson(snapshot, requireField(name), users)),
  };
}

/** What the reader should know of how processes were recognised; nothing where it is certain. */
export function identityWarning(identity: Identity): string | undefined {
  switch (identity) {
    case 'start':
      return undefined;
    case 'start-of-unknown-boot':
      return 'a capture does not say of which boot it is: processes are compared by number and start only';
    case 'name':
      return 'a capture has no start times: processes are compared by number and name, so an exec looks like another process';
    case 'none':
      return 'the captures are of different boots or machines: no process can be in both';
  }
}

function parentText(side: Side, row: Row): string {
  const number = side.snapshot.number('rppid', row);
  const parent = side.snapshot.rowOf(number);
  return parent === undefined ? String(number) : `${number} [${side.text.comm(parent)}]`;
}

function processText(side: Side, row: Row): string {
  const { text } = side;
  return `[${text.comm(row)}] pid: ${text.pid(row)}, parent: ${parentText(side, row)}, cmd: ${text.cmdline(row)}`;
}

function changeText(change: Change, was: Side, is: Side): string {
  switch (change.kind) {
    case 'came':
      return `+ ${processText(is, change.after)}`;
    case 'went':
      return `- ${processText(was, change.before)}`;
    case 'parent': {
      const { before, after } = change;
      const name = `[${is.text.comm(after)}] pid: ${is.text.pid(after)}`;
      return `^ ${name}, parent: ${parentText(was, before)} -> ${parentText(is, after)}`;
    }
    case 'executed': {
      const { before, after, fields } = change;
      const values = fields.map((field) => {
        const shown = field === 'cmdline' ? 'cmd' : field;
        return `${shown}: ${was.text[field](before)} -> ${is.text[field](after)}`;
      });
      return `! [${is.text.comm(after)}] pid: ${is.text.pid(after)}, ${values.join(', ')}`;
    }
  }
}

function members(side: Side, row: Row, names: readonly Shown[]): Map<string, JsonValue> {
  return new Map(names.flatMap((name) => [...side.json[name](row)]));
}

function changeJson(change: Change, was: Side, is: Side): string {
  const line = new Map<string, JsonValue>([['change', change.kind]]);
  const add = (more: Iterable<readonly [string, JsonValue]>): void => {
    for (const [name, value] of more) line.set(name, value);
  };
  switch (change.kind) {
    case 'came':
      add(members(is, change.after, SHOWN));
      break;
    case 'went':
      add(members(was, change.before, SHOWN));
      break;
    case 'parent':
    case 'executed': {
      const names: readonly Shown[] = change.kind === 'parent' ? ['rppid'] : change.fields;
      add(members(is, change.after, ['pid', 'comm', 'start_time']));
      line.set('before', members(was, change.before, names));
      line.set('after', members(is, change.after, names));
    }
  }
  return jsonText(line);
}

const count = (changes: readonly Change[], kind: Change['kind']): number =>
  changes.filter((change) => change.kind === kind).length;

/** Nothing when nothing differs; else a line a change and, as text, their numbers in the last line. */
export function writeDiff(
  { before, after, difference, users, json }: DiffReport,
  out: (line: string) => void,
): void {
  const { changes } = difference;
  if (changes.length === 0) return;
  const [was, is] = [sideOf(before, users), sideOf(after, users)];
  for (const change of changes) out(json ? changeJson(change, was, is) : changeText(change, was, is));
  if (json) return;
  const [came, went] = [count(changes, 'came'), count(changes, 'went')];
  const [parent, executed] = [count(changes, 'parent'), count(changes, 'executed')];
  out(`${came} came, ${went} went, ${parent} with another parent, ${executed} executed something else`);
}
