/** Ways through a snapshot: what matches, the children below a task, the parents above it. */
import { noTasks, numberOfNamespace, type TreeError } from './errors.ts';
import { type Field, findField } from './fields.ts';
import type { Row, Snapshot } from './snapshot.ts';
import { type RowTest, valueEquals } from './value.ts';
import { type Family, familyOf } from './view.ts';
import { type Test, testFields } from './where/check.ts';
import { rowTest } from './where/evaluate.ts';

/** A field has exactly the value that is shown so. */
export interface EqualsCondition {
  readonly kind: 'equals';
  readonly field: Field;
  readonly value: string;
}

/** An expression, and with it a field's value if both were given. */
export interface WhereCondition {
  readonly kind: 'where';
  readonly text: string;
  readonly test: Test;
  readonly equals?: EqualsCondition;
}

/** What selects tasks. */
export type Condition = EqualsCondition | WhereCondition;

/** The condition as headers and messages name it; not escaped. */
export function conditionText(condition: Condition): string {
  if (condition.kind === 'equals') return `${condition.field.long}=${condition.value}`;
  const { equals, text } = condition;
  return equals === undefined ? text : `${conditionText(equals)} && ${text}`;
}

/** Every field that a condition looks at. */
export function conditionFields(condition: Condition): Field[] {
  if (condition.kind === 'equals') return [condition.field];
  return [...testFields(condition.test), ...(condition.equals ? [condition.equals.field] : [])];
}

function conditionTest(snapshot: Snapshot, condition: Condition): RowTest {
  if (condition.kind === 'equals') return valueEquals(snapshot, condition.field, condition.value);
  const holds = rowTest(condition.test, snapshot);
  if (condition.equals === undefined) return holds;
  const equals = conditionTest(snapshot, condition.equals);
  return (row) => equals(row) && holds(row);
}

/** The fields that have the same number as a task's own pid namespace counts it. */
const ownNumber: ReadonlyMap<string, string> = new Map([
  ['tid', 'vtid'],
  ['pid', 'vpid'],
  ['pgid', 'vpgid'],
  ['sid', 'vsid'],
]);

/** That nothing matches; for a number that a pid namespace knows, the field that has it. */
export function nothingMatches(snapshot: Snapshot, condition: Condition): TreeError {
  const text = conditionText(condition);
  if (condition.kind !== 'equals') return noTasks(text);
  const { field, value } = condition;
  const own = ownNumber.get(field.long);
  if (own === undefined) return noTasks(text);
  const count = select(snapshot, { kind: 'equals', field: findField(own)!, value }).length;
  return noTasks(text, count === 0 ? undefined : numberOfNamespace(field.long, own, value, count));
}

/** The matching rows, by ascending tid. */
export function select(snapshot: Snapshot, condition: Condition): Row[] {
  const matches = conditionTest(snapshot, condition);
  const found: Row[] = [];
  for (const row of snapshot.order) if (matches(row)) found.push(row);
  return found;
}

/**
 * Called for each task of a tree, a parent before its children, these by tid.
 *
 * @param depth 0 for the root.
 * @param isLast no sibling follows.
 */
export type TreeVisitor = (row: Row, depth: number, isLast: boolean) => void;

/**
 * Walks the tree below a task. Without recursion, because a chain of parents may be longer than the call stack.
 *
 * Each task has one parent, so the only task that can be met twice is the root itself (a cycle of parents, or a
 * task that is its own parent, in a damaged capture): leaving it out ends every cycle.
 */
export function walkTree(
  snapshot: Snapshot,
  root: Row,
  visit: TreeVisitor,
  family: Family = familyOf(snapshot, 'tasks'),
): void {
  const notRoot = (row: Row | undefined): Row | undefined => (row === root ? family.nextSibling(row) : row);
  visit(root, 0, true);
  const path: (Row | undefined)[] = [notRoot(family.firstChild(root))];
  while (path.length > 0) {
    const row = path[path.length - 1];
    if (row === undefined) {
      path.pop();
      continue;
    }
    const next = notRoot(family.nextSibling(row));
    visit(row, path.length, next === undefined);
    path[path.length - 1] = next;
    path.push(notRoot(family.firstChild(row)));
  }
}

/** How a lineage ended. */
export type LineageEnd =
  /** At a task without a parent: the first of the machine, or a kernel thread. */
  | { readonly kind: 'top' }
  /** The parent is not in the snapshot. */
  | { readonly kind: 'missing'; readonly tid: number; readonly row: Row }
  /** The parents come back to a task that was already met. */
  | { readonly kind: 'cycle' };

/** The task and its real parents upwards. */
export function lineage(
  snapshot: Snapshot,
  start: Row,
  family: Family = familyOf(snapshot, 'tasks'),
): { readonly rows: Row[]; readonly end: LineageEnd } {
  const seen = new Set<Row>();
  let row = start;
  for (;;) {
    seen.add(row);
    const rptid = snapshot.number('rptid', row);
    const parent = family.parentOf(row);
    if (parent === undefined && rptid === 0) return { rows: [...seen], end: { kind: 'top' } };
    if (parent === undefined) return { rows: [...seen], end: { kind: 'missing', tid: rptid, row } };
    if (seen.has(parent)) return { rows: [...seen], end: { kind: 'cycle' } };
    row = parent;
  }
}
