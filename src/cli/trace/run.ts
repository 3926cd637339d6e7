/** One script from its text to its exit code. */

import { accessSync, constants, statSync, writeFileSync } from 'node:fs';
import { possibleCpus } from '../../kernel/cpus.ts';
import { UserSymbols } from '../../kernel/symbol/user-symbols.ts';
import type { UnwindSubjects } from '../../kernel/unwind/tables.ts';
import { vmlinux } from '../../kernel/vmlinux.ts';
import type { Colors } from '../../text/color.ts';
import type { Output } from '../../text/output.ts';
import { OutputClosedError, OutputError } from '../../text/output.ts';
import { type Compilation, compileScript, nothingToAttach } from '../../trace/compile.ts';
import type { CompiledScript } from '../../trace/compiled.ts';
import { Machine } from '../../trace/machine.ts';
import type { PrintContext } from '../../trace/print/context.ts';
import { renderDiagnostics } from '../../trace/render.ts';
import { Child } from '../../trace/runtime/child.ts';
import { ScriptFailure } from '../../trace/runtime/errors.ts';
import { JsonOutput } from '../../trace/runtime/json-output.ts';
import { loadScript, programOf } from '../../trace/runtime/load.ts';
import { machineContext } from '../../trace/runtime/machine-context.ts';
import type { ScriptOutput } from '../../trace/runtime/output.ts';
import { runScript } from '../../trace/runtime/run.ts';
import { Sink } from '../../trace/runtime/sink.ts';
import { machineSurroundings } from '../../trace/runtime/surroundings.ts';
import { TextOutput } from '../../trace/runtime/text-output.ts';
import { describeFailure } from '../failure.ts';
import type { TraceSettings } from './settings.ts';
import { reasonOf, type ScriptSource, scriptOf } from './source.ts';
import { stageHooks } from './stages.ts';
import { TraceUsageError } from './words.ts';

export interface TraceRun {
  readonly settings: TraceSettings;
  readonly out: Output;
  readonly err: Output;
  readonly colors: Colors;
  readonly escaping: boolean;
  readonly environment: NodeJS.ProcessEnv;
}

/** What bpftrace answers when the kernel refuses a script: -1. */
const notStarted = 255;

export async function runTrace(run: TraceRun): Promise<number> {
  const { settings, err } = run;
  const text = scriptOf(settings);
  if (settings.traceableFunctions !== undefined) checkReadable(settings.traceableFunctions);
  if (settings.pid !== undefined && !isProcess(settings.pid)) {
    err.line(`ERROR: Failed to watch process ${settings.pid}: no such process`);
    return 1;
  }
  const child = settings.command === undefined ? undefined : await startChild(settings.command, run);
  if (child === null) return 1;
  try {
    const compilation = compile(run, text, child);
    report(run, compilation);
    const { script } = compilation;
    if (script === undefined) return settings.stages.size > 0 && !failed(compilation) ? 0 : 1;
    if (script.probes.length === 0) {
      run.out.line(nothingToAttach);
      return 1;
    }
    if (settings.action === 'compile') return 0;
    if (settings.object !== undefined) return await writeObject(script, settings.object);
    if (
      script.unwinds &&
      child === undefined &&
      settings.pid === undefined &&
      settings.unwoundPids.length === 0
    ) {
      err.line('ERROR: dw_ustack requires a target process. Use -p, -c, or --dwarf-pid to specify one.');
      return 1;
    }
    return await execute(run, script, child);
  } catch (error) {
    if (error instanceof OutputClosedError) return 0;
    if (error instanceof ScriptFailure && error.said) return notStarted;
    for (const line of describeFailure(error, run.environment, 'ERROR:').lines) err.line(line);
    return error instanceof OutputError ? 1 : notStarted;
  } finally {
    child?.close();
  }
}

function checkReadable(path: string): void {
  try {
    accessSync(path, constants.R_OK);
    if (statSync(path).isFile()) return;
  } catch (error) {
    throw new TraceUsageError(`Could not read functions from ${path}: ${reasonOf(error)}`);
  }
  throw new TraceUsageError(`Could not read functions from ${path}: it is no file`);
}

/** A process that another user owns is one too. */
function isProcess(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

async function startChild(command: string, { err }: TraceRun): Promise<Child | null> {
  try {
    return await Child.start(command);
  } catch (error) {
    if (!(error instanceof ScriptFailure)) throw error;
    err.line(`ERROR: Failed to fork child: ${error.message}`);
    return null;
  }
}

function failed({ diagnostics }: Compilation): boolean {
  return diagnostics.some(({ severity }) => severity === 'error');
}

function compile(run: TraceRun, text: ScriptSource, child: Child | undefined): Compilation {
  const { settings, environment } = run;
  const filter = settings.probeFilter;
  const machine = new Machine({
    pid: settings.pid,
    child: child !== undefined,
    unsafe: settings.unsafe,
    positional: text.parameters,
    named: settings.given.named,
    variables: environment,
    helperWarnings: settings.helperWarnings,
    portable: settings.object !== undefined,
    without: settings.without,
    traceableFunctions: settings.traceableFunctions,
    debugDirectories: settings.debugDirectories,
    ...(filter === undefined ? {} : { probeFilter: probeFilter(filter) }),
  });
  return compileScript(text.source, {
    machine,
    ...(settings.stages.size === 0 ? {} : stageHooks(settings.stages, (part) => run.out.line(part))),
    definitions: { includePaths: settings.includePaths, includeFiles: settings.includeFiles },
  });
}

/** Classes of POSIX, which std::regex knows and RegExp does not. */
const posixClasses: Readonly<Record<string, string>> = {
  '[:alnum:]': 'A-Za-z0-9',
  '[:alpha:]': 'A-Za-z',
  '[:digit:]': '0-9',
  '[:lower:]': 'a-z',
  '[:space:]': '\\s',
  '[:upper:]': 'A-Z',
  '[:xdigit:]': '0-9A-Fa-f',
};

/** Throws ScriptFailure. */
function probeFilter(pattern: string): (name: string) => boolean {
  try {
    const expression = new RegExp(pattern.replace(/\[:[a-z]+:\]/g, (name) => posixClasses[name] ?? name));
    return (name) => expression.test(name);
  } catch (error) {
    // "Invalid regular expression: /a(/: Unterminated group"
    const reason = (error as SyntaxError).message.split(': ').at(-1);
    throw new ScriptFailure(`Invalid --probe-filter regex '${pattern}': ${reason}`);
  }
}

/** Warnings on standard output, errors on standard error, as bpftrace does; but JSON lines stay JSON lines. */
function report(run: TraceRun, { diagnostics }: Compilation): void {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const warnings = run.settings.noWarnings
    ? []
    : diagnostics.filter(({ severity }) => severity === 'warning');
  const options = { colors: run.colors, escape: run.escaping };
  if (errors.length > 0) run.err.bytes(Buffer.from(renderDiagnostics(errors, options)));
  const to = run.settings.json ? run.err : run.out;
  if (warnings.length > 0) to.bytes(Buffer.from(renderDiagnostics(warnings, options)));
}

/** Names of functions of processes, as the settings want them; nothing is read before one is asked for. */
function userSymbols(
  { config, probes }: CompiledScript,
  debugDirectories: readonly string[] | undefined,
): PrintContext['userPlace'] {
  let symbols: UserSymbols | undefined;
  return (address, pid, probe, frame) => {
    symbols ??= new UserSymbols({
      cache: config.cacheUserSymbols,
      demangle: config.cppDemangle,
      sources: config.showDebugInfo,
      ...(debugDirectories === undefined ? {} : { debugDirectories }),
    });
    const fired = probes[probe];
    return symbols.at(pid, address, fired && programOf(fired), frame);
  };
}

/** Whose stacks `dw_ustack` can walk. */
function unwindSubjects({ pid, unwoundPids }: TraceSettings, child: Child | undefined): UnwindSubjects {
  return { pids: [...(pid === undefined ? [] : [pid]), ...unwoundPids], child };
}

function printLog(out: Output, program: string, log: readonly string[]): void {
  out.line(`Verifier log of ${program}`);
  for (const line of log) out.line(line);
}

/** The programs as a file: `--emit-elf`. */
async function writeObject(script: CompiledScript, path: string): Promise<number> {
  const { scriptObject } = await import('../../trace/emit-object.ts');
  const bytes = scriptObject(script, vmlinux);
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    throw new OutputError(path, (error as NodeJS.ErrnoException).code ?? 'unknown error', error);
  }
  return 0;
}

async function execute(run: TraceRun, script: CompiledScript, child: Child | undefined): Promise<number> {
  const { settings, out, err, colors } = run;
  const withLog = settings.stages.has('verifier');
  const loaded = loadScript(script, {
    logLevel: withLog ? 2 : 0,
    unwind: unwindSubjects(settings, child),
    child: child?.pid,
  });
  if (withLog) for (const { name, log } of loaded.collection.programs.values()) printLog(out, name, log);
  try {
    const symbols = userSymbols(script, settings.debugDirectories);
    const context = machineContext({
      trailer: script.config.strTruncTrailer,
      stacks: loaded,
      userPlace: symbols,
    });
    if (child !== undefined) loaded.setGlobal('childPid', BigInt(child.pid));
    const sink = new Sink(out, { escaping: run.escaping, buffering: settings.buffering });
    const { quiet, noWarnings } = settings;
    const output: ScriptOutput = settings.json
      ? new JsonOutput({ sink, err, context, quiet, noWarnings })
      : new TextOutput({ sink, err, context, quiet, noWarnings, colors });
    if (settings.action === 'test' || settings.action === 'bench') {
      const { runTests } = await import('../../trace/runtime/tests.ts');
      return runTests({
        ...{ script, loaded, output, context, sink, err, noWarnings, colors },
        json: settings.json,
        bench: settings.action === 'bench',
      });
    }
    return await runScript({
      ...{ script, loaded, output, context },
      cpus: possibleCpus(),
      surroundings: machineSurroundings({ pid: settings.pid, child }),
      dryRun: settings.dryRun,
      verbose: settings.verbose,
      endsByItself: child === undefined,
    });
  } finally {
    loaded.close();
  }
}
