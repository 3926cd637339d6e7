import { type DoctorCheck, diagnose } from '../../kernel/doctor.ts';
import { type Colors, colorsFor } from '../../text/color.ts';
import { escapeText } from '../../text/escape.ts';
import { jsonText } from '../../text/json.ts';
import type { Call, ExitCode, Io } from '../command.ts';

const WORDS = { yes: 'yes', no: 'no', unknown: '?' } as const satisfies Record<DoctorCheck['status'], string>;
const STATUS_WIDTH = 5;

function paint(colors: Colors, status: DoctorCheck['status']): string {
  const word = WORDS[status].padEnd(STATUS_WIDTH);
  if (status === 'yes') return colors.green(word);
  return status === 'no' ? colors.red(word) : colors.yellow(word);
}

/** The checks as a table: status, name, what was found, and below it what to do. */
export function doctorLines(checks: readonly DoctorCheck[], colors: Colors): string[] {
  const nameWidth = Math.max(0, ...checks.map(({ name }) => name.length)) + 2;
  return checks.flatMap(({ name, status, detail, fix }) => {
    const first = `${paint(colors, status)}${colors.bold(name.padEnd(nameWidth))}${escapeText(detail)}`;
    if (fix === undefined) return [first];
    return [first, `${' '.repeat(STATUS_WIDTH + nameWidth)}${colors.dim(`to do: ${escapeText(fix)}`)}`];
  });
}

/** One JSON object a check; `fix` only where there is something to do. */
export function doctorJson(checks: readonly DoctorCheck[]): string[] {
  return checks.map(({ name, status, detail, fix }) =>
    jsonText(fix === undefined ? { name, status, detail } : { name, status, detail, fix }),
  );
}

/** What is missing is the answer, not a failure: the exit code is 0 as long as the checks ran. */
export async function run(call: Call, io: Io): Promise<ExitCode> {
  const checks = diagnose();
  const lines = call.has('json')
    ? doctorJson(checks)
    : doctorLines(checks, await colorsFor(io.out.fd, io.environment));
  for (const line of lines) io.out.line(line);
  return 0;
}
