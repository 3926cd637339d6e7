/** Events as lines: for pipes and files, where there is no picture to redraw. */
import { type JsonValue, jsonText } from '../../text/json.ts';
import type { Field } from '../fields.ts';
import { requireField } from '../format.ts';
import type { Snapshot } from '../snapshot.ts';
import type { UserNames } from '../users.ts';
import { valueJson, valueText } from '../value.ts';
import { type Condition, select } from '../walk.ts';
import { liveSnapshot } from './columns.ts';
import { endJson, endText } from './ending.ts';
import type { TaskEvent } from './event.ts';
import type { End, LiveTask, LiveTree } from './model.ts';

export interface LineOptions {
  readonly json: boolean;
  /** Only events of what matches or has a parent, near or far, that does; default all. */
  readonly condition?: Condition | undefined;
  /** More fields, of those that events know (`liveFields`). */
  readonly format: readonly Field[];
  readonly users: UserNames;
  /** Starts and ends of threads too; default processes only. */
  readonly threads: boolean;
  /** What to add to an event's time to get nanoseconds since 1970. */
  readonly clockOffset: bigint;
}

/** The task of an event with all its parents; the task is row 0. */
function familyOf(tree: LiveTree, task: LiveTask): Snapshot {
  const tasks = tree.lineage(task);
  const leader = tree.task(task.pid);
  if (leader !== undefined && !tasks.includes(leader)) tasks.push(leader);
  return liveSnapshot(tasks);
}

function isAboutThread(event: TaskEvent): boolean {
  if (event.kind === 'exit') return !event.processEnded;
  return event.kind === 'fork' && event.tid !== event.pid;
}

/** `2026-11-20T21:55:52.123456789Z` */
function timeText(nanoseconds: bigint): string {
  const date = new Date(Number(nanoseconds / 1_000_000n)).toISOString();
  return `${date.slice(0, 19)}.${String(nanoseconds % 1_000_000_000n).padStart(9, '0')}Z`;
}

function endOf(event: TaskEvent): End | undefined {
  if (event.kind !== 'exit' || !event.processEnded) return undefined;
  const { status, runTime, cpuTime } = event;
  return { status, runTime, cpuTime };
}

const JSON_FIELDS = ['tid', 'pid', 'rptid', 'rppid', 'comm', 'euid'].map((name) => requireField(name));

/** The line of an event that is in the model already, or undefined if it is not asked for. */
export function eventLine(
  event: TaskEvent,
  task: LiveTask,
  tree: LiveTree,
  options: LineOptions,
): string | undefined {
  if (!options.threads && isAboutThread(event)) return undefined;
  const snapshot = familyOf(tree, task);
  if (options.condition !== undefined && select(snapshot, options.condition).length === 0) return undefined;
  const time = event.time + options.clockOffset;
  const end = endOf(event);
  if (!options.json) return textLine(event, snapshot, time, end, options);
  const members = new Map<string, JsonValue>([
    ['event', event.kind],
    ['time', time],
  ]);
  for (const field of [...JSON_FIELDS, ...options.format]) {
    for (const [name, value] of valueJson(snapshot, field, options.users)(0)) members.set(name, value);
  }
  members.set('start_time', event.start);
  if (event.kind === 'exec') members.set('old_tid', event.oldTid);
  if (end !== undefined) for (const [name, value] of endJson(end)) members.set(name, value);
  return jsonText(members);
}

function textLine(
  event: TaskEvent,
  snapshot: Snapshot,
  time: bigint,
  end: End | undefined,
  { format, users }: LineOptions,
): string {
  const show = (field: Field): string => valueText(snapshot, field, users)(0);
  const name = show(requireField('comm'));
  const shown = snapshot.isLeader(0) ? `[${name}]` : `{${name}}`;
  const numbers = [requireField('tid'), requireField('pid'), requireField('rppid')].map(
    (field) => `${field.long}: ${show(field)}`,
  );
  const more = format.map((field) => `${field.short}: ${show(field)}`);
  const line = `${timeText(time).slice(11, 26)} ${event.kind} ${shown} ${[...numbers, ...more].join(', ')}`;
  return end === undefined ? line : `${line}: ${endText(end)}`;
}

/** What is said about events that found no room. */
export function lostLine(more: bigint, total: bigint, json: boolean): string {
  if (json) return jsonText({ event: 'lost', count: more, total });
  return `${more} events were lost, ${total} since the start: the reader was too slow for a moment`;
}
