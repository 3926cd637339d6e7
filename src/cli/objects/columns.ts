/** Rows of text under headings, and one object as a list of its members. */

import { escapeText } from '../../text/escape.ts';
import type { JsonValue } from '../../text/json.ts';
import { jsonText } from '../../text/json.ts';
import { textWidth } from '../../text/width.ts';
import type { Members } from './members.ts';

export interface Column {
  readonly heading: string;
  /** Text that is safe to print. */
  readonly cell: (members: Members) => string;
  /** Default left. */
  readonly right?: boolean;
}

/** Rows under their headings; the last column is as wide as it wants to be. */
export function tableLines(columns: readonly Column[], rows: readonly Members[]): string[] {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const all = [columns.map(({ heading }) => heading), ...cells];
  const widths = columns.map((_, i) => Math.max(...all.map((line) => textWidth(line[i]!))));
  return all.map((line) =>
    line
      .map((text, i) => {
        if (i === columns.length - 1) return text;
        const padding = ' '.repeat(widths[i]! - textWidth(text));
        return columns[i]!.right === true ? padding + text : text + padding;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** A value for people: text as it is, lists with commas, nothing for nothing; a process as `comm(pid)`. */
export function valueText(value: JsonValue | undefined): string {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(valueText).join(', ');
  if (typeof value === 'object' && value !== null) {
    const { pid, comm, ...more } = value as Record<string, JsonValue>;
    if (pid !== undefined && Object.keys(more).length === 0) return `${valueText(comm)}(${valueText(pid)})`;
  }
  return entryText(value);
}

/** The same for what somebody else has put together, such as an entry of a map: every member is shown. */
export function entryText(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return escapeText(value);
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(entryText).join(', ');
  return typeof value === 'object' ? jsonText(value) : String(value);
}

/** One object, a member a line; empty members are left out. */
export function memberLines(members: Members): string[] {
  const shown = Object.entries(members)
    .map(([name, value]) => [name, valueText(value)] as const)
    .filter(([, text]) => text !== '');
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, text]) => `${name.padEnd(width)}  ${text}`);
}

/** A column that shows one member. */
export function column(heading: string, name: string, right = false): Column {
  return { heading, cell: (members) => valueText(members[name]), right };
}
