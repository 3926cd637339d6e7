/** The body that tree, info and lineage share. */
import { OutputClosedError, OutputError } from '../../text/output.ts';
import { TreeError } from '../../tree/errors.ts';
import { planReport, type ReportKind, type ReportPlan, writeReport } from '../../tree/report.ts';
import type { Snapshot } from '../../tree/snapshot.ts';
import { pictures, plainSymbols } from '../../tree/symbols.ts';
import { localUsers } from '../../tree/users.ts';
import type { Call, ExitCode, Io } from '../command.ts';
import { describeFailure } from '../failure.ts';

/** Reads all tasks; the plan says which fields will be looked at. */
export type ReadTasks = (plan: ReportPlan) => Snapshot | Promise<Snapshot>;

async function fromKernel(plan: ReportPlan): Promise<Snapshot> {
  const { readTasks } = await import('../../tree/source.ts');
  return readTasks(plan);
}

/** A value that nothing has is a failure of the search; all else that TreeError says is wrong usage. */
function treeFailure(error: TreeError, mark: string, io: Io): ExitCode {
  io.err.line(`${mark} ${error.message}`);
  if (error.nearest.length > 0) {
    io.err.line(`Did you mean ${error.nearest.map((name) => `'${name}'`).join(', ')}?`);
  } else if (error.code !== 'no-match' && error.code !== 'format-of-files') {
    io.err.line("'bpfkit fields' lists the fields.");
  }
  return error.code === 'no-match' ? 1 : 2;
}

/** Runs a report; `readTasks` is replaced in tests. */
export async function runReport(
  kind: ReportKind,
  call: Call,
  io: Io,
  readTasks: ReadTasks = fromKernel,
): Promise<ExitCode> {
  const { error: mark } = call.has('no-pretty') ? plainSymbols : pictures;
  try {
    const [name = '', value = ''] = call.words;
    const plan = planReport(kind, name, value, {
      format: call.values('format'),
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

/** What all commands of the process tree say when they fail; a sink that is gone is not theirs to report. */
export function reportFailure(error: unknown, mark: string, io: Io): ExitCode {
  if (error instanceof TreeError) return treeFailure(error, mark, io);
  if (error instanceof OutputClosedError || error instanceof OutputError) throw error;
  const { lines, exitCode } = describeFailure(error, io.environment, mark);
  for (const line of lines) io.err.line(line);
  return exitCode;
}
