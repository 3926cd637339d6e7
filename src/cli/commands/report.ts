/** The body that tree, info and lineage share. */
import { OutputClosedError, OutputError } from '../../text/output.ts';
import type { Capture } from '../../tree/capture/read.ts';
import { TreeError } from '../../tree/errors.ts';
import type { KernelFields } from '../../tree/format.ts';
import { isPath } from '../../tree/path.ts';
import { planReport, type ReportKind, type ReportPlan, writeReport } from '../../tree/report.ts';
import { withoutSecrets } from '../../tree/secrets.ts';
import type { Snapshot } from '../../tree/snapshot.ts';
import { pictures, plainSymbols } from '../../tree/symbols.ts';
import { localUsers } from '../../tree/users.ts';
import type { ViewKind } from '../../tree/view.ts';
import type { ConditionOptions } from '../../tree/where/plan.ts';
import { type Call, type ExitCode, type Io, UsageError } from '../command.ts';
import { describeFailure } from '../failure.ts';

/** Reads all tasks; the plan says which fields will be looked at. */
export type ReadTasks = (plan: ReportPlan) => Snapshot | Promise<Snapshot>;

/** The capture that `-c` names, which is opened when it is first looked into; undefined without `-c`. */
export async function givenCapture(call: Call): Promise<(() => Capture) | undefined> {
  const path = call.value('capture');
  if (path === undefined) return undefined;
  const { openCapture } = await import('../../tree/capture/open.ts');
  let capture: Capture | undefined;
  return () => (capture ??= openCapture(path));
}

/** Where `-c` says, or this machine. */
function sourceOf(capture: (() => Capture) | undefined, io: Io): ReadTasks {
  return async (plan) => {
    if (capture === undefined) {
      const { readForReport } = await import('../../tree/source.ts');
      return readForReport(plan);
    }
    const { replay } = await import('./replay.ts');
    return replay(capture(), plan, io).snapshot;
  };
}

/** Tasks as they are shown and compared: without secrets, unless the user wants them. */
export function shownTasks(call: Call, snapshot: Snapshot): Snapshot {
  return call.has('show-secrets') ? snapshot : withoutSecrets(snapshot);
}

/** What says enough without the list of fields. */
const QUIET: ReadonlySet<TreeError['code']> = new Set(['no-match', 'format-of-files', 'condition', 'path']);

/** A value that nothing has is a failure of the search; all else that TreeError says is wrong usage. */
function treeFailure(error: TreeError, mark: string, io: Io): ExitCode {
  for (const [i, line] of error.message.split('\n').entries())
    io.err.line(i === 0 ? `${mark} ${line}` : line);
  if (error.nearest.length > 0) {
    io.err.line(`Did you mean ${error.nearest.map((name) => `'${name}'`).join(', ')}?`);
  } else if (!QUIET.has(error.code)) {
    io.err.line("'bpfkit fields' lists the fields.");
  }
  return error.code === 'no-match' ? 1 : 2;
}

/** Runs a report; `readTasks` is replaced in tests. */
export async function runReport(
  kind: ReportKind,
  call: Call,
  io: Io,
  readTasks?: ReadTasks,
): Promise<ExitCode> {
  const { error: mark } = call.has('no-pretty') ? plainSymbols : pictures;
  try {
    const [name = '', value = ''] = call.words;
    const capture = await givenCapture(call);
    const plan = planReport(kind, name, value, {
      ...(await conditionOptions(kind, call, capture)),
      format: call.values('format'),
      view: viewOf(kind, call),
      pretty: !call.has('no-pretty'),
      json: call.has('json'),
    });
    const snapshot = await (readTasks ?? sourceOf(capture, io))(plan);
    writeReport(plan, shownTasks(call, snapshot), localUsers(), {
      out: (line) => io.out.line(line),
      warn: (line) => io.err.line(line),
    });
    return 0;
  } catch (error) {
    return reportFailure(error, mark, io);
  }
}

/**
 * What the condition of a call needs: its expression, users for names, and what finds fields by path. Throws
 * UsageError when there is no condition.
 */
export async function conditionOptions(
  command: string,
  call: Call,
  capture?: () => Capture,
): Promise<ConditionOptions> {
  const where = call.value('where');
  const { length } = call.words;
  if (length === 1) throw new UsageError("missing required argument 'field-value'", command);
  if (length === 0 && where === undefined) {
    throw new UsageError("missing required argument 'field-name', or --where with a condition", command);
  }
  return {
    users: localUsers(),
    ...(await kernelFields(call, capture)),
    ...(where === undefined ? {} : { where }),
  };
}

/** What finds the kernel's fields that a call names by path; the types, or the capture, are read only for one. */
export async function kernelFields(
  call: Call,
  capture?: () => Capture,
): Promise<{ readonly kernelField?: KernelFields }> {
  if (capture !== undefined) return { kernelField: (path) => capture().kernelField(path) };
  if (![call.words[0] ?? '', call.value('where') ?? '', ...call.values('format')].some(isPath)) return {};
  const [{ vmlinux }, { kernelField }] = await Promise.all([
    import('../../kernel/vmlinux.ts'),
    import('../../tree/path.ts'),
  ]);
  return { kernelField: (path) => kernelField(vmlinux(), path) };
}

function viewOf(command: string, call: Call): ViewKind {
  if (call.has('threads') && call.has('processes')) {
    throw new UsageError("'--threads' and '--processes' exclude each other", command);
  }
  return call.has('processes') ? 'processes' : call.has('threads') ? 'threads' : 'tasks';
}

/** What all commands of the process tree say when they fail; a sink that is gone is not theirs to report. */
export function reportFailure(error: unknown, mark: string, io: Io): ExitCode {
  if (error instanceof TreeError) return treeFailure(error, mark, io);
  if (error instanceof OutputClosedError || error instanceof OutputError) throw error;
  const { lines, exitCode } = describeFailure(error, io.environment, mark);
  for (const line of lines) io.err.line(line);
  return exitCode;
}
