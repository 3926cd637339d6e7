import { writeFields } from '../../tree/report.ts';
import type { Call, ExitCode, Io } from '../command.ts';

export function run(call: Call, io: Io): ExitCode {
  writeFields((line) => io.out.line(line), { json: call.has('json') });
  return 0;
}
