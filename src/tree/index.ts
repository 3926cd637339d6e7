/**
 * bpfkit/tree: the tasks of a machine as data, and the reports that `bpfkit tree`, `info`, `lineage` and `fields`
 * print.
 */
export { TaskRecordError, TreeError } from './errors.ts';
export {
  type BytesField,
  type Field,
  type FieldName,
  type FieldSource,
  type FieldType,
  fields,
  findField,
  type NumberField,
} from './fields.ts';
export { parseFormat, requireField } from './format.ts';
export { type PlainBytes, type PlainTask, snapshotOf } from './plain.ts';
export {
  LENGTH_ABSENT,
  LENGTH_CUT,
  type RecordLayout,
  type RecordSlot,
  readRecords,
  recordLayout,
} from './record.ts';
export {
  planReport,
  type ReportKind,
  type ReportOptions,
  type ReportPlan,
  type ReportSinks,
  writeFields,
  writeReport,
} from './report.ts';
export {
  type BytesColumn,
  type NumberColumn,
  type Row,
  Snapshot,
  type SnapshotHost,
  type TaskColumns,
  ValueState,
} from './snapshot.ts';
export { pictures, plainSymbols, type Symbols } from './symbols.ts';
export { localUsers, type UserNames } from './users.ts';
export {
  type JsonMembers,
  type RowJson,
  type RowTest,
  type RowText,
  valueEquals,
  valueJson,
  valueText,
} from './value.ts';
export {
  type Condition,
  type LineageEnd,
  lineage,
  select,
  type TreeVisitor,
  walkTree,
} from './walk.ts';
