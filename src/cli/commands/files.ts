import { planFiles, selectForFiles, writeFiles } from '../../tree/files/report.ts';
import { planReport } from '../../tree/report.ts';
import { pictures, plainSymbols } from '../../tree/symbols.ts';
import type { Call, ExitCode, Io } from '../command.ts';
import { reportFailure } from './report.ts';

export async function run(call: Call, io: Io): Promise<ExitCode> {
  const pretty = !call.has('no-pretty');
  const { error: mark } = pretty ? pictures : plainSymbols;
  try {
    const [name = '', value = ''] = call.words;
    const plan = planFiles(name, value, {
      format: call.values('format'),
      pretty,
      json: call.has('json'),
      long: call.has('long'),
    });
    const [{ readTasks }, { readFiles }] = await Promise.all([
      import('../../tree/source.ts'),
      import('../../tree/files/source.ts'),
    ]);
    // Of the tasks only the condition's field, the names and the numbers are looked at.
    const snapshot = readTasks(planReport('info', name, value));
    const rows = selectForFiles(plan, snapshot);
    writeFiles(plan, snapshot, rows, readFiles(snapshot, rows), {
      out: (line) => io.out.line(line),
      warn: (line) => io.err.line(line),
    });
    return 0;
  } catch (error) {
    return reportFailure(error, mark, io);
  }
}
