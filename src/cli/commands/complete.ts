import type { Call, ExitCode, Io } from '../command.ts';
import { candidates } from '../complete.ts';
import { runningTasks } from '../running.ts';

/** One candidate a line, with a tab and its description where it has one. */
export function run(call: Call, io: Io): ExitCode {
  for (const { word, description } of candidates(call.words, runningTasks)) {
    io.out.line(description === undefined ? word : `${word}\t${description}`);
  }
  return 0;
}
