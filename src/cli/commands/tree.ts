import { type Call, type ExitCode, type Io, UsageError } from '../command.ts';
import { runReport } from './report.ts';

export async function run(call: Call, io: Io): Promise<ExitCode> {
  if (call.has('watch')) {
    if (call.has('capture'))
      throw new UsageError("'--watch' follows this machine: it does not take '-c'", 'tree');
    const { runWatch } = await import('./watch.ts');
    return runWatch(call, io);
  }
  return runReport('tree', call, io);
}
