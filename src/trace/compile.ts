/** From the text of a script to what can be loaded: all phases in a row. */
import { dirname } from 'node:path';
import type { Program } from './ast/nodes.ts';
import { type CScopeOptions, readDefinitions } from './cdefs/scope.ts';
import { checkProgram } from './check/check.ts';
import type { TypeNames } from './check/environment.ts';
import type { CheckedProgram } from './checked.ts';
import type { CompiledScript } from './compiled.ts';
import { type Diagnostic, Diagnostics } from './diagnostic.ts';
import { machineFiles } from './imports/files.ts';
import { resolveImports } from './imports/resolve.ts';
import { LowerError } from './lower/errors.ts';
import { type LowerOptions, lowerProgram } from './lower/program.ts';
import type { Machine } from './machine.ts';
import { parseProgram } from './parse/parse.ts';
import type { Source } from './source.ts';

export interface CompileOptions {
  readonly machine: Machine;
  /** `-I`, `--include`. */
  readonly definitions?: Pick<CScopeOptions, 'includePaths' | 'includeFiles'>;
  readonly lower?: LowerOptions;
  /** Called between the phases, for `-d`; answering false ends there. */
  readonly onProgram?: (program: Program) => boolean;
  readonly onChecked?: (checked: CheckedProgram) => boolean;
}

export interface Compilation {
  /** Undefined after errors, or when it was not wanted. */
  readonly script?: CompiledScript;
  readonly diagnostics: readonly Diagnostic[];
  /** Named parameters that the script knows, and what they are for. */
  readonly options: ReadonlyMap<string, string>;
}

/** A script that is right and has no probes, or none of whose probes is there. */
export const nothingToAttach = 'No probes to attach';

/** Never throws for what is wrong with a script. */
export function compileScript(source: Source, options: CompileOptions): Compilation {
  try {
    return compile(source, options);
  } finally {
    options.machine.debug.release();
  }
}

function compile(source: Source, options: CompileOptions): Compilation {
  const diagnostics = new Diagnostics();
  const none: Compilation = { diagnostics: diagnostics.list, options: new Map() };
  const parsed = parseProgram(source, diagnostics);
  if (diagnostics.failed) return none;
  const program = resolveImports(parsed, machineFiles, diagnostics);
  if (diagnostics.failed) return none;
  if (options.onProgram?.(program) === false) return none;
  const { machine } = options;
  const types = namesOf(program, source, options, diagnostics);
  if (diagnostics.failed) return none;
  const { checked, diagnostics: said, options: named } = checkProgram(program, machine.check(types));
  const list = [...diagnostics.list, ...said.list];
  if (checked === undefined || options.onChecked?.(checked) === false)
    return { diagnostics: list, options: named };
  try {
    const script = lowerProgram(checked, machine.lower(), options.lower);
    return { script, diagnostics: list, options: named };
  } catch (error) {
    if (!(error instanceof LowerError)) throw error;
    return { diagnostics: [...list, diagnosticOf(error)], options: named };
  }
}

/** The names of the script's own definitions and of the kernel. Without definitions nothing is read before it is needed. */
function namesOf(
  program: Program,
  source: Source,
  { machine, definitions }: CompileOptions,
  diagnostics: Diagnostics,
): TypeNames {
  let made: TypeNames | undefined;
  const names = (): TypeNames =>
    (made ??= readDefinitions(
      program.definitions,
      {
        btf: machine.types,
        directory: source.name.includes('/') ? dirname(source.name) : '.',
        ...definitions,
      },
      diagnostics,
    ));
  if (program.definitions.length > 0 || (definitions?.includeFiles?.length ?? 0) > 0) return names();
  return {
    type: (name, tag) => names().type(name, tag),
    constant: (name) => names().constant(name),
    suggest: (name, tag) => names().suggest?.(name, tag) ?? [],
  };
}

function diagnosticOf(error: LowerError): Diagnostic {
  const { message, span, hint } = error;
  return { severity: 'error', message, span, ...(hint === undefined ? {} : { hint }) };
}
