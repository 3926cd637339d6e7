/** The live tree as lines of a terminal: a pure function of the model, of what the user chose, and of the size. */
import type { Colors } from '../../text/color.ts';
import { escapeText } from '../../text/escape.ts';
import type { TerminalSize } from '../../text/terminal.ts';
import { cutToWidth, textWidth } from '../../text/width.ts';
import type { Field } from '../fields.ts';
import { requireField } from '../format.ts';
import type { Row, Snapshot } from '../snapshot.ts';
import type { Symbols } from '../symbols.ts';
import type { UserNames } from '../users.ts';
import { valueText } from '../value.ts';
import { type Condition, select, walkTree } from '../walk.ts';
import { type Details, hasDetails, liveFields, liveSnapshot, processFamily } from './columns.ts';
import { endText } from './ending.ts';
import { clampTop, type ViewState } from './keys.ts';
import type { LiveTask, LiveTree } from './model.ts';

export interface PictureOptions {
  /** Whose trees; default all. */
  readonly condition?: Condition | undefined;
  /** Fields to show; empty: tid and pid. */
  readonly format: readonly Field[];
  readonly symbols: Symbols;
  readonly users: UserNames;
  readonly colors: Colors;
}

export interface PictureInput {
  readonly tree: LiveTree;
  readonly details: Details | undefined;
  readonly view: ViewState;
  readonly size: TerminalSize;
  /** Events that found no room. */
  readonly lost: bigint;
}

export interface Picture {
  readonly lines: string[];
  /** Lines of the whole tree, shown or not. */
  readonly total: number;
  /** Lines of the tree that fit. */
  readonly page: number;
  /** The first that is shown: the view's, inside of the tree. */
  readonly top: number;
}

/** A line of the tree before it is drawn. */
interface Entry {
  readonly row: Row;
  readonly depth: number;
  last: boolean;
}

/** Every tree below a match; without a condition below everything that has no parent here. */
function entriesOf(family: Snapshot, roots: readonly Row[]): Entry[] {
  const entries: Entry[] = [];
  const seen = new Set<Row>();
  for (const root of roots) {
    if (seen.has(root)) continue; // Below a match that was shown already.
    walkTree(family, root, (row, depth) => {
      seen.add(row);
      entries.push({ row, depth, last: true });
    });
  }
  return entries;
}

/** The entries that match, and the parents of these. */
function keep(entries: readonly Entry[], matches: (row: Row) => boolean): Entry[] {
  const kept: Entry[] = [];
  let needed = -1;
  for (let i = entries.length - 1; i >= 0; i--) {
    const entry = entries[i]!;
    if (entry.depth !== needed && !matches(entry.row)) continue;
    needed = entry.depth - 1;
    kept.push(entry);
  }
  return kept.reverse();
}

/** Whether another child of the same parent follows, from the last entry to the first. */
function markLast(entries: readonly Entry[]): void {
  const open: boolean[] = [];
  for (let i = entries.length - 1; i >= 0; i--) {
    const entry = entries[i]!;
    entry.last = open[entry.depth] !== true;
    open.length = entry.depth;
    open[entry.depth] = true;
  }
}

/** What stands in front of each entry: `│  ├─ `. */
function connectors(entries: readonly Entry[]): string[] {
  const indents: string[] = ['', ''];
  return entries.map(({ depth, last }) => {
    if (depth === 0) return '';
    const indent = indents[depth] ?? '';
    indents[depth + 1] = indent + (last ? '   ' : '│  ');
    return indent + (last ? '└─ ' : '├─ ');
  });
}

function rowText(
  tasks: readonly LiveTask[],
  snapshot: Snapshot,
  details: Details | undefined,
  options: PictureOptions,
): (row: Row) => string {
  const { format, symbols, users } = options;
  const shown = (format.length === 0 ? [requireField('tid'), requireField('pid')] : format).map((field) => ({
    name: format.length === 0 ? field.long : field.short,
    text: valueText(snapshot, field, users),
    live: liveFields.has(field.long),
  }));
  const comm = valueText(snapshot, requireField('comm'), users);
  return (row) => {
    const task = tasks[row]!;
    const known = shown.every(({ live }) => live) || hasDetails(task, details);
    const values = shown.map(({ name, text, live }) => `${name}: ${live || known ? text(row) : '…'}`);
    const name = task.tid === task.pid ? `[${comm(row)}]` : `{${comm(row)}}`;
    let line = `${name}${task.reaper ? symbols.reaper : ''} ${values.join(', ')}`;
    if (task.state === 'zombie') line += ' zombie';
    if (task.end !== undefined) line += ` ${endText(task.end)}`;
    return line;
  };
}

/** The first that fits of these, the last one cut. */
function fitting(texts: readonly string[], columns: number): string {
  return texts.find((text) => textWidth(text) <= columns) ?? cutToWidth(texts.at(-1) ?? '', columns);
}

function header(
  { tree, lost, view }: PictureInput,
  processes: number,
  tasks: number,
  columns: number,
): string {
  const { forks, execs, exits, missed } = tree.counts;
  const losses = `${lost > 0n ? `, ${lost} events lost` : ''}${missed > 0 ? `, ${missed} ends missed` : ''}`;
  const state = view.paused ? ' [paused]' : '';
  return fitting(
    [
      `${processes} processes, ${tasks} tasks; since start: ${forks} started, ${execs} executed, ${exits} ended${losses}${state}`,
      `${processes} processes, +${forks} x${execs} -${exits}${losses}${state}`,
      `${processes}${lost > 0n ? ` LOST ${lost}` : ''}${state}`,
    ],
    columns,
  );
}

function footer({ view }: PictureInput, first: number, last: number, total: number, columns: number): string {
  if (view.typing) return cutToWidth(`/${escapeText(view.filter)}_`, columns);
  const place = `${first}-${last} of ${total}`;
  const filter = view.filter === '' ? '' : ` /${escapeText(view.filter)}`;
  const threads = view.threads ? 'hide threads' : 'threads';
  return fitting(
    [
      `${place}${filter}  q quit  / filter  t ${threads}  p ${view.paused ? 'go on' : 'pause'}  arrows, pages scroll`,
      `${place}${filter}  q / t p`,
      place,
    ],
    columns,
  );
}

/** Lines for the whole screen: never more than it has, never wider, safe to print. */
export function picture(input: PictureInput, options: PictureOptions): Picture {
  const { tree, details, view, size } = input;
  const { columns, rows } = size;
  const { colors } = options;
  const all = [...tree.tasks()];
  const tasks = view.threads ? all : all.filter((task) => task.tid === task.pid);
  const snapshot = liveSnapshot(tasks, details);
  const family = view.threads ? snapshot : processFamily(tasks);
  const roots =
    options.condition === undefined
      ? [...family.order].filter((row) => family.parentOf(row) === undefined)
      : select(snapshot, options.condition);
  const text = rowText(tasks, snapshot, details, options);
  let entries = entriesOf(family, roots);
  if (view.filter !== '') {
    const wanted = view.filter.toLowerCase();
    entries = keep(entries, (row) => text(row).toLowerCase().includes(wanted));
  }
  markLast(entries);
  const prefixes = connectors(entries);
  const page = Math.max(0, rows - 2);
  const top = clampTop(view.top, page, entries.length);
  const shown = entries.slice(top, top + page);
  const lines: string[] = [];
  const alive = all.filter((task) => task.state !== 'ended');
  const processes = alive.filter((task) => task.tid === task.pid).length;
  if (rows > 1) lines.push(colors.bold(header(input, processes, alive.length, columns)));
  for (const [i, { row }] of shown.entries()) {
    const line = cutToWidth(prefixes[top + i]! + text(row), columns);
    const task = tasks[row]!;
    lines.push(task.state === 'alive' ? line : colors.dim(line));
  }
  while (lines.length < rows - 1) lines.push('');
  const last = top + shown.length;
  lines.push(colors.bold(footer(input, Math.min(top + 1, last), last, entries.length, columns)));
  return { lines, total: entries.length, page, top };
}
