/**
 * bpfkit/tree: the tasks of a machine as data, now and as events, and the reports that `bpfkit tree`, `info`,
 * `lineage` and `fields` print.
 */
export * from './capture/index.ts';
export { TaskRecordError, TreeError } from './errors.ts';
export {
  type BytesField,
  type Field,
  type FieldName,
  type FieldSource,
  type FieldType,
  fields,
  findField,
  type LongField,
  type NumberField,
} from './fields.ts';
export { deviceText, filesystemName, fileType, layerNames, openFlagNames } from './files/kind.ts';
export {
  type FileBytes,
  type FileColumnOf,
  type FileColumns,
  FileLayer,
  type FileNumber,
  type FileNumberColumns,
  type FileNumberType,
  FileTable,
  fileBytes,
  fileNumbers,
} from './files/model.ts';
export { encodeFile, type PlainFile, readFileRecords } from './files/record.ts';
export {
  type FilesOptions,
  type FilesPlan,
  planFiles,
  selectForFiles,
  writeFiles,
} from './files/report.ts';
export { internetAddress, Sockets } from './files/socket.ts';
export { parseFormat, requireField } from './format.ts';
export {
  type ReadTasks,
  readFiles,
  readSnapshot,
  readTasks,
  type TaskWatch,
  tasksOf,
  type WatchTasks,
  watchTasks,
} from './machine.ts';
export { isPath, kernelField } from './path.ts';
export { type PlainBytes, type PlainTask, snapshotOf } from './plain.ts';
export {
  type RecordLayout,
  type RecordSlot,
  readRecords,
  recordLayout,
} from './record.ts';
export { LENGTH_ABSENT, LENGTH_CUT } from './records.ts';
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
  type LongColumn,
  type NumberColumn,
  type Row,
  Snapshot,
  type SnapshotHost,
  type TaskColumns,
  ValueState,
} from './snapshot.ts';
export { pictures, plainSymbols, type Symbols } from './symbols.ts';
export type { FieldPath, Task, TaskValue } from './task.ts';
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
export { type Family, familyOf, type ViewKind } from './view.ts';
export {
  type Condition,
  conditionFields,
  conditionText,
  type EqualsCondition,
  type LineageEnd,
  lineage,
  select,
  type TreeVisitor,
  type WhereCondition,
  walkTree,
} from './walk.ts';
export type { ExecEvent, ExitEvent, ForkEvent, TaskEvent, TaskFacts } from './watch/event.ts';
export type { End, LiveCounts, LiveTask, LiveView } from './watch/model.ts';
export { type CheckOptions, checkCondition, type Test, testFields } from './where/check.ts';
export { rowTest } from './where/evaluate.ts';
export { type ConditionOptions, planCondition } from './where/plan.ts';
