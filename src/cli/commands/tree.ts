import { type Call, type ExitCode, type Io, UsageError } from '../command.ts';
import { runReport } from './report.ts';

export async function run(call: Call, io: Io): Promise<ExitCode> {
  if (call.has('watch')) {
    const { runWatch } = await import('./watch.ts');
    return runWatch(call, io);
  }
  if (call.words.length < 2) {
    const missing = call.words.length === 0 ? 'field-name' : 'field-value';
    throw new UsageError(`missing required argument '${missing}'`, 'tree');
  }
  return runReport('tree', call, io);
}
