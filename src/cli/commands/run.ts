import { existsSync } from 'node:fs';
import { PackageError } from '../../package/errors.ts';
import { openPackage } from '../../package/open.ts';
import { requestLines, requestsOf } from '../../package/requests.ts';
import { runPackage } from '../../package/run/run.ts';
import { escapeText } from '../../text/escape.ts';
import { type Call, type ExitCode, type Io, UsageError } from '../command.ts';
import { guard } from '../guard.ts';
import { attachOptions, packageFormat, registryOptions } from './package-options.ts';

export async function run(call: Call, io: Io): Promise<ExitCode> {
  const [source, ...words] = call.words;
  if (source === undefined || (source.startsWith('-') && source !== '-')) {
    throw new UsageError(
      source === undefined ? 'the package is missing' : `unknown option '${source}'`,
      'run',
    );
  }
  const opened = await openPackage(source, {
    ...registryOptions(call, io.environment),
    format: packageFormat(call),
  });
  // What comes from elsewhere is shown before it runs.
  if (source !== '-' && !existsSync(source)) {
    io.err.line(`${escapeText(opened.name)} asks for:`);
    for (const line of requestLines(requestsOf(opened))) io.err.line(escapeText(line));
    io.err.flush();
  }
  if (opened.kind === 'wasm') {
    if (call.has('trace-pipe')) {
      throw new UsageError('--trace-pipe shows packages and objects, no WebAssembly modules', 'run');
    }
    const { runModule } = await import('../../package/wasm/run.ts');
    // It tells of objects of the guest, with their names.
    const tell = (message: string): void => {
      for (const line of message.split('\n')) io.err.line(escapeText(line));
    };
    const code = await runModule(opened.module, opened.name, words, { say: tell });
    // The guest's own codes beyond ours would not be ours to explain.
    return code === 0 ? 0 : 1;
  }
  const stop = new AbortController();
  const say = (line: string): void => {
    io.err.line(line);
    io.err.flush();
  };
  const end = (): void => stop.abort();
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  // A signal alone does not keep the process: a package that only filters packets has nothing else to wait for.
  const awake = setInterval(() => undefined, 2 ** 30);
  let trouble: unknown;
  let waiting = false;
  /** What one turn of the event loop printed is written together, and at once: events are shown while they are fresh. */
  const print = (line: string): void => {
    io.out.line(line);
    if (waiting) return;
    waiting = true;
    setImmediate(() => {
      waiting = false;
      try {
        io.out.flush();
      } catch (error) {
        trouble = error;
        end();
      }
    });
  };
  try {
    await runPackage(opened.package, opened.name, words, {
      json: call.has('json'),
      tracePipe: call.has('trace-pipe'),
      attach: attachOptions(call),
      signal: stop.signal,
      keeping: guard,
      print,
      say,
    });
    if (trouble !== undefined) throw trouble;
    return 0;
  } catch (error) {
    if (!(error instanceof PackageError) || error.code !== 'badOption') throw error;
    for (const line of [...error.message.split('\n'), `Try 'bpfkit run ${source} --help'.`]) {
      io.err.line(`${escapeText(line)}`);
    }
    return 2;
  } finally {
    clearInterval(awake);
    process.off('SIGINT', end);
    process.off('SIGTERM', end);
  }
}
