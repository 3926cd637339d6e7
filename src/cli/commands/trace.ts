/** `bpfkit trace`: scripts of the tracing language. */
import { closeSync, openSync } from 'node:fs';
import { colorsFor, isTerminal } from '../../text/color.ts';
import { escapeText } from '../../text/escape.ts';
import { Output } from '../../text/output.ts';
import type { Call, ExitCode, Io } from '../command.ts';
import { traceOptions } from '../trace/options.ts';
import { runTrace } from '../trace/run.ts';
import { settingsOf, type TraceSettings } from '../trace/settings.ts';
import { reasonOf } from '../trace/source.ts';
import { TraceUsageError } from '../trace/words.ts';
import { version } from '../version.ts';

/** The version of the language. */
const language = '0.26.1';

export async function run(call: Call, io: Io): Promise<ExitCode> {
  try {
    const settings = settingsOf(call.words);
    explain(settings, io);
    switch (settings.action) {
      case 'help':
        io.out.line(await helpText());
        return 0;
      case 'version':
        io.out.line(`bpftrace v${language} (bpfkit ${version})`);
        return 0;
      case 'info': {
        const { infoText } = await import('../trace/info.ts');
        io.out.line(infoText(version));
        return 0;
      }
      case 'list': {
        const { list } = await import('../trace/list.ts');
        return list(settings, io);
      }
      case 'format': {
        const { format } = await import('../trace/format.ts');
        return format(settings, io);
      }
      case 'lsp': {
        const { serveEditor } = await import('../trace/lsp.ts');
        return await serveEditor(io);
      }
      default:
        return await withOutput(settings, io);
    }
  } catch (error) {
    if (!(error instanceof TraceUsageError)) throw error;
    for (const line of `ERROR: ${error.message}`.split('\n')) io.err.line(escapeText(line));
    return 1;
  }
}

/** The same as `bpfkit help trace`. */
async function helpText(): Promise<string> {
  const { parse } = await import('../parse.ts');
  const parsed = parse(['help', 'trace']);
  return parsed.kind === 'help' ? parsed.text.trimEnd() : '';
}

async function withOutput(settings: TraceSettings, io: Io): Promise<ExitCode> {
  const color = io.environment.BPFTRACE_COLOR;
  if (color !== undefined && !['auto', 'always', 'never'].includes(color)) {
    const values = 'The valid values of `BPFTRACE_COLOR` are [auto|always|never].';
    io.err.line(`WARNING: Invalid env value! ${values} The current value is ${escapeText(color)}!`);
  }
  const colors = await colorsFor(io.err.fd, colorEnvironment(io.environment));
  if (settings.output === undefined) {
    return runTrace({
      settings,
      out: io.out,
      err: io.err,
      colors,
      escaping: isTerminal(io.out.fd),
      environment: io.environment,
    });
  }
  let fd: number;
  try {
    fd = openSync(settings.output, 'w', 0o644);
  } catch (error) {
    throw new TraceUsageError(`Failed to open output file: "${settings.output}": ${reasonOf(error)}`);
  }
  try {
    const out = new Output(fd, settings.output);
    return await runTrace({
      settings,
      out,
      err: io.err,
      colors,
      escaping: isTerminal(fd),
      environment: io.environment,
    });
  } finally {
    closeSync(fd);
  }
}

/** BPFTRACE_COLOR says what NO_COLOR and FORCE_COLOR say to others. */
function colorEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  switch (environment.BPFTRACE_COLOR) {
    case 'always':
      return { ...environment, FORCE_COLOR: '1' };
    case 'never':
      return { ...environment, FORCE_COLOR: '0' };
    default:
      return environment;
  }
}

/** Options that do nothing here say so, unless everything should be quiet. */
function explain({ given, quiet, noWarnings }: TraceSettings, io: Io): void {
  if (quiet || noWarnings) return;
  for (const { long, explained } of traceOptions) {
    if (explained === undefined || !given.options.has(long)) continue;
    io.err.line(`WARNING: --${long} has no effect: ${explained}`);
  }
}
