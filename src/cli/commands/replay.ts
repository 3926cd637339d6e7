/** `-c`: a capture in the place of this machine, and what has to be said about it. */
import { hostname } from 'node:os';
import {
  captureWithoutFiles,
  fileTaskMissing,
  notRecorded,
  usersOfThisHost,
} from '../../tree/capture/errors.ts';
import type { Capture } from '../../tree/capture/read.ts';
import { storageOf } from '../../tree/fields.ts';
import type { FileTable } from '../../tree/files/model.ts';
import { planFields, type ReportPlan } from '../../tree/report.ts';
import type { Io } from '../command.ts';

/** Warns of what the report looks at and the capture does not have; gives the capture. */
export function replay(capture: Capture, plan: ReportPlan, io: Io): Capture {
  const warn = (message: string): void => io.err.line(`${plan.symbols.warning} ${message}`);
  for (const warning of capture.warnings) warn(warning);
  const shown = planFields(plan);
  // JSON without a format has all fields, and null says enough of those that are not there; -1 does not.
  const all = plan.json && plan.format.length === 0;
  const missing = shown.filter(
    (field) => !capture.has(field.long) && (!all || storageOf(field) === 'number'),
  );
  if (missing.length > 0) warn(notRecorded([...new Set(missing.map(({ long }) => long))]));
  const host = capture.host.hostname;
  if (shown.some(({ type }) => type === 'user' || type === 'owner') && host !== hostname()) {
    warn(usersOfThisHost(host));
  }
  return capture;
}

/** The open files of a capture; warns of those whose task is not in it, as bpftree does. */
export function replayFiles({ snapshot, hasFiles, files }: Capture, plan: ReportPlan, io: Io): FileTable {
  const warn = (message: string): void => io.err.line(`${plan.symbols.warning} ${message}`);
  if (!hasFiles) warn(captureWithoutFiles());
  const table = files();
  for (const tid of new Set(table.columns.numbers('tid'))) {
    if (snapshot.rowOf(tid) === undefined) warn(fileTaskMissing(tid));
  }
  return table;
}
