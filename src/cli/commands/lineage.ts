import type { Call, ExitCode, Io } from '../command.ts';
import { runReport } from './report.ts';

export function run(call: Call, io: Io): Promise<ExitCode> {
  return runReport('lineage', call, io);
}
