import { planFiles, selectForFiles, writeFiles } from '../../tree/files/report.ts';
import { pictures, plainSymbols } from '../../tree/symbols.ts';
import type { Call, ExitCode, Io } from '../command.ts';
import { conditionOptions, givenCapture, reportFailure, shownTasks } from './report.ts';

export async function run(call: Call, io: Io): Promise<ExitCode> {
  const pretty = !call.has('no-pretty');
  const { error: mark } = pretty ? pictures : plainSymbols;
  try {
    const [name = '', value = ''] = call.words;
    const capture = await givenCapture(call);
    const condition = await conditionOptions('files', call, capture);
    const plan = planFiles(name, value, {
      ...condition,
      format: call.values('format'),
      pretty,
      json: call.has('json'),
      long: call.has('long'),
    });
    const sinks = {
      out: (line: string) => io.out.line(line),
      warn: (line: string) => io.err.line(line),
    };
    const { tasks } = plan;
    if (capture !== undefined) {
      const { replay, replayFiles } = await import('./replay.ts');
      const replayed = replay(capture(), tasks, io);
      const snapshot = shownTasks(call, replayed.snapshot);
      const rows = selectForFiles(plan, snapshot);
      writeFiles(plan, snapshot, rows, replayFiles(replayed, tasks, io), sinks);
      return 0;
    }
    const [{ readForReport }, { readFiles }] = await Promise.all([
      import('../../tree/source.ts'),
      import('../../tree/files/source.ts'),
    ]);
    const snapshot = shownTasks(call, readForReport(tasks));
    const rows = selectForFiles(plan, snapshot);
    writeFiles(plan, snapshot, rows, readFiles(snapshot, rows), sinks);
    return 0;
  } catch (error) {
    return reportFailure(error, mark, io);
  }
}
