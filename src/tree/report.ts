/** The commands of the process tree: functions from a snapshot to lines of text or of JSON. */
import { escapeText } from '../text/escape.ts';
import { type JsonValue, jsonText } from '../text/json.ts';
import { lineageCycle, lineageParentMissing, parentMissing } from './errors.ts';
import { type Field, fields } from './fields.ts';
import { parseFormat, requireField } from './format.ts';
import type { Row, Snapshot } from './snapshot.ts';
import { pictures, plainSymbols, type Symbols } from './symbols.ts';
import type { UserNames } from './users.ts';
import { valueJson, valueText } from './value.ts';
import { type Family, familyOf, type ViewKind } from './view.ts';
import {
  type Condition,
  conditionFields,
  conditionText,
  lineage,
  nothingMatches,
  select,
  walkTree,
} from './walk.ts';
import { type ConditionOptions, planCondition } from './where/plan.ts';

export type ReportKind = 'info' | 'lineage' | 'tree';

export interface ReportOptions extends ConditionOptions {
  /** Fields by long or short name, as `-f` takes them; default: the few that the command shows by itself. */
  readonly format?: readonly string[];
  /** Pictures in front of lines; default true. */
  readonly pretty?: boolean;
  /** JSON lines instead of text; default false. */
  readonly json?: boolean;
  /** Who hangs below whom; default `tasks`. */
  readonly view?: ViewKind;
}

/** Where lines go, each without its end. Warnings are not data. */
export interface ReportSinks {
  out(line: string): void;
  warn(line: string): void;
}

/** A request that was checked before any task is read. */
export interface ReportPlan {
  readonly kind: ReportKind;
  readonly condition: Condition;
  readonly view: ViewKind;
  /** Empty: the command's own. */
  readonly format: readonly Field[];
  readonly symbols: Symbols;
  readonly json: boolean;
}

/** The fields that a report shows or tests. */
export function planFields({ kind, json, format, condition }: ReportPlan): readonly Field[] {
  const shown = format.length > 0 ? format : json ? fields : DEFAULT_FIELDS[kind].map(requireField);
  return [...shown, ...conditionFields(condition)];
}

/**
 * Checks what the user asked for. Throws TreeError for an unknown field in the condition, then for one in the
 * format.
 */
export function planReport(
  kind: ReportKind,
  fieldName: string,
  value: string,
  options: ReportOptions = {},
): ReportPlan {
  const { kernelField } = options;
  const condition = planCondition(fieldName, value, options);
  const format = parseFormat(options.format ?? [], kernelField);
  return {
    kind,
    condition,
    format,
    symbols: options.pretty === false ? plainSymbols : pictures,
    json: options.json ?? false,
    view: options.view ?? 'tasks',
  };
}

interface View extends ReportPlan {
  readonly snapshot: Snapshot;
  readonly family: Family;
  readonly sinks: ReportSinks;
  readonly text: (row: Row) => string;
  readonly jsonLine: (row: Row, depth?: number) => string;
}

const DEFAULT_FIELDS = {
  info: ['tid', 'pid', 'rptid', 'rppid'],
  lineage: ['tid', 'pid', 'rptid', 'rppid'],
  tree: ['tid', 'pid'],
} as const satisfies Record<ReportKind, readonly string[]>;

/** `[comm]` for a process, `{comm}` for another thread, the reaper's mark, then the fields. */
function taskText(plan: ReportPlan, snapshot: Snapshot, users: UserNames): (row: Row) => string {
  const shown =
    plan.format.length === 0
      ? DEFAULT_FIELDS[plan.kind].map((long) => ({ name: long, field: requireField(long) }))
      : plan.format.map((field) => ({ name: field.short, field }));
  const values = shown.map(({ name, field }) => ({ name, text: valueText(snapshot, field, users) }));
  const comm = valueText(snapshot, requireField('comm'), users);
  const [tid, pid, reaper] = [snapshot.numbers('tid'), snapshot.numbers('pid'), snapshot.numbers('reaper')];
  return (row) => {
    let line = tid[row] === pid[row] ? `[${comm(row)}]` : `{${comm(row)}}`;
    if (reaper[row] !== 0) line += plan.symbols.reaper;
    let separator = ' ';
    for (const { name, text } of values) {
      line += `${separator}${name}: ${text(row)}`;
      separator = ', ';
    }
    return line;
  };
}

function taskJson(
  plan: ReportPlan,
  snapshot: Snapshot,
  users: UserNames,
): (row: Row, depth?: number) => string {
  const values = (plan.format.length === 0 ? fields : plan.format).map((field) =>
    valueJson(snapshot, field, users),
  );
  return (row, depth) => {
    // A Map, so that a field that was asked for twice is one member.
    const members = new Map<string, JsonValue>();
    if (depth !== undefined) members.set('depth', depth);
    for (const value of values) for (const [name, json] of value(row)) members.set(name, json);
    return jsonText(members);
  };
}

function warn(view: View, message: string): void {
  view.sinks.warn(`${view.symbols.warning} ${message}`);
}

function infoReport(view: View, row: Row): void {
  view.sinks.out(view.json ? view.jsonLine(row) : `${view.symbols.infoLine} ${view.text(row)}`);
}

function lineageReport(view: View, start: Row): void {
  const { snapshot, sinks, symbols } = view;
  const { rows, end } = lineage(snapshot, start, view.family);
  for (const [depth, row] of rows.entries()) {
    sinks.out(view.json ? view.jsonLine(row, depth) : `${symbols.lineageLine} ${view.text(row)}`);
  }
  if (end.kind === 'cycle') warn(view, lineageCycle(snapshot.number('tid', start)));
  if (end.kind === 'missing' && !snapshot.isNamespaceInit(end.row)) {
    warn(view, lineageParentMissing(end.tid));
  }
  if (!view.json) sinks.out('');
}

function treeReport(view: View, root: Row): void {
  const { snapshot, sinks } = view;
  if (view.json) {
    walkTree(snapshot, root, (row, depth) => sinks.out(view.jsonLine(row, depth)), view.family);
    return;
  }
  /** What stands left of the connector at each depth. */
  const indents = ['', ''];
  walkTree(
    snapshot,
    root,
    (row, depth, isLast) => {
      const text = view.text(row);
      if (depth === 0) {
        sinks.out(text);
        return;
      }
      const indent = indents[depth]!;
      sinks.out(`${indent}${isLast ? '└─ ' : '├─ '}${text}`);
      indents[depth + 1] = indent + (isLast ? '   ' : '│  ');
    },
    view.family,
  );
  sinks.out('');
}

const reports = {
  info: { header: 'infoHeader', title: 'Task Info', one: infoReport },
  lineage: { header: 'lineageHeader', title: 'Task Lineage', one: lineageReport },
  tree: { header: 'treeHeader', title: 'Task Tree', one: treeReport },
} as const satisfies Record<
  ReportKind,
  { header: keyof Symbols; title: string; one: (view: View, row: Row) => void }
>;

/**
 * Writes the report of a snapshot. Warnings about parents that are missing come first, as bpftree has them. Throws
 * TreeError when no task matches.
 */
export function writeReport(
  plan: ReportPlan,
  snapshot: Snapshot,
  users: UserNames,
  sinks: ReportSinks,
): void {
  const view: View = {
    ...plan,
    snapshot,
    family: familyOf(snapshot, plan.view),
    sinks,
    text: taskText(plan, snapshot, users),
    jsonLine: taskJson(plan, snapshot, users),
  };
  if (!snapshot.partial)
    for (const row of snapshot.orphans()) warn(view, parentMissing(snapshot.number('rptid', row)));
  const asked = conditionText(plan.condition);
  const rows = select(snapshot, plan.condition).filter((row) => view.family.includes(row));
  if (rows.length === 0) throw nothingMatches(snapshot, plan.condition);
  const { header, title, one } = reports[plan.kind];
  if (!plan.json) sinks.out(`${plan.symbols[header]} ${title} for '${escapeText(asked)}'`);
  for (const row of rows) one(view, row);
}

/** The table of fields, as Markdown or as JSON lines. */
export function writeFields(out: (line: string) => void, options: { readonly json?: boolean } = {}): void {
  if (options.json) {
    for (const { long, short, description, type } of fields) {
      out(jsonText({ name: long, short, description, type }));
    }
    return;
  }
  out('| Fields | Description |');
  out('| ------ | ----------- |');
  for (const { long, short, description } of fields) out(`| ${long},${short} | ${description} |`);
}
