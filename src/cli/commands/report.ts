/** The body that tree, info and lineage share. */
import { OutputClosedError, OutputError } from '../../text/output.ts';
import { TreeError } from '../../tree/errors.ts';
import { isPath } from '../../tree/path.ts';
import { planReport, type ReportKind, type ReportPlan, writeReport } from '../../tree/report.ts';
import type { Snapshot } from '../../tree/snapshot.ts';
import { pictures, plainSymbols } from '../../tree/symbols.ts';
import { localUsers } from '../../tree/users.ts';
import type { ViewKind } from '../../tree/view.ts';
import type { ConditionOptions } from '../../tree/where/plan.ts';
import { type Call, type ExitCode, type Io, UsageError } from '../command.ts';
import { describeFailure } from '../failure.ts';

/** Reads all tasks; the plan says which fields will be looked at. */
export type ReadTasks = (plan: ReportPlan) => Snapshot | Promise<Snapshot>;

async function fromKernel(plan: ReportPlan): Promise<Snapshot> {
  const { readTasks } = await import('../../tree/source.ts');
  return readTasks(plan);
}

/** Where `-c` says, or this machine. */
function sourceOf(call: Call, io: Io): ReadTasks {
  const path = call.value('capture');
  if (path === undefined) return fromKernel;
  return async (plan) => {
    const { replay } = await import('./replay.ts');
    return replay(path, plan, io).snapshot;
  };
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
  readTasks: ReadTasks = sourceOf(call, io),
): Promise<ExitCode> {
  const { error: mark } = call.has('no-pretty') ? plainSymbols : pictures;
  try {
    const [name = '', value = ''] = call.words;
    const plan = planReport(kind, name, value, {
      ...(await conditionOptions(kind, call)),
      format: call.values('format'),
      view: viewOf(kind, call),
      pretty: !call.has('no-pretty'),
      json: call.has('json'),
    });
    writeReport(plan, await readTasks(plan), localUsers(), {
      out: (line) => io.out.line(line),
      warn: (line) => io.err.line(line),
    });
    return 0;
  } catch (error) {
    return reportFailure(error, mark, io);
  }
}

/**
 * What the condition of a call needs: its expression, users for names, and the kernel's types for fields by path,
 * which are read when the first one is asked for. Throws UsageError when there is no condition.
 */
export async function conditionOptions(command: string, call: Call): Promise<ConditionOptions> {
  const where = call.value('where');
  const { length } = call.words;
  if (length === 1) throw new UsageError("missing required argument 'field-value'", command);
  if (length === 0 && where === undefined) {
    throw new UsageError("missing required argument 'field-name', or --where with a condition", command);
  }
  const words = [call.words[0] ?? '', where ?? '', ...call.values('format')];
  // A capture has no fields of the kernel beyond its own.
  if (call.has('capture') || !words.some(isPath))
    return { users: localUsers(), ...(where === undefined ? {} : { where }) };
  const [{ vmlinux }, { kernelField }] = await Promise.all([
    import('../../kernel/vmlinux.ts'),
    import('../../tree/path.ts'),
  ]);
  return {
    users: localUsers(),
    kernelField: (path) => kernelField(vmlinux(), path),
    ...(where === undefined ? {} : { where }),
  };
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
