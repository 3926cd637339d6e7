/** The command line as a function: words in, exit code out. */
import { Output, OutputClosedError } from '../text/output.ts';
import { Call, type ExitCode, type Io } from './command.ts';
import { describeFailure } from './failure.ts';
import { version } from './version.ts';

const STDOUT = 1;
const STDERR = 2;

async function dispatch(words: readonly string[], io: Io): Promise<ExitCode> {
  // Its words are its own to read, and a script should start before a parser of commands is there.
  if (words[0] === 'trace') {
    const { run } = await import('./commands/trace.ts');
    return run(new Call(words.slice(1)), io);
  }
  const { parse } = await import('./parse.ts');
  const parsed = parse(words);
  switch (parsed.kind) {
    case 'version':
      io.out.line(`bpfkit ${version}`);
      return 0;
    case 'help':
      io.out.line(parsed.text.trimEnd());
      return 0;
    case 'call': {
      const body = await parsed.command.load();
      return body.run(parsed.call, io);
    }
  }
}

/** Flushes both outputs; standard error may be gone, and there is nobody left to tell. */
function finish(io: Io): void {
  try {
    io.err.flush();
  } catch {
    // Nothing to do: the exit code still says it.
  }
}

/**
 * Runs one call. Whatever happens, the answer is an exit code: 0 done (also when the reader of standard output went
 * away), 1 failed, 2 wrong usage.
 */
export { madeCache } from '../sys/root-cache.ts';

export async function main(
  words: readonly string[],
  io: Io = {
    out: new Output(STDOUT, 'standard output'),
    err: new Output(STDERR, 'standard error'),
    environment: process.env,
  },
): Promise<ExitCode> {
  let code: ExitCode;
  try {
    code = await dispatch(words, io);
    // Data first: on a terminal both go to the same place.
    io.out.flush();
  } catch (error) {
    code = failed(error, io);
  }
  finish(io);
  return code;
}

function failed(error: unknown, io: Io): ExitCode {
  if (error instanceof OutputClosedError) return 0;
  const { lines, exitCode } = describeFailure(error, io.environment);
  try {
    io.out.flush();
  } catch (flushError) {
    if (flushError instanceof OutputClosedError) return exitCode;
  }
  for (const line of lines) io.err.line(line);
  return exitCode;
}
