/** `bpfkit trace -l`. */
import { existsSync } from 'node:fs';
import { escapeText } from '../../text/escape.ts';
import type { CheckedProgram } from '../../trace/checked.ts';
import {
  listFor,
  listOptions,
  listResolved,
  looksLikeFile,
  missingFileWarning,
} from '../../trace/list/index.ts';
import type { ExitCode, Io } from '../command.ts';
import type { TraceSettings } from './settings.ts';
import { scriptOf } from './source.ts';

/** Definitions of types are indented by tabs; everything else is data. */
function shown(line: string): string {
  return line.split('\t').map(escapeText).join('\t');
}

/** A pattern, or the probes of a script. */
export async function list(settings: TraceSettings, io: Io): Promise<ExitCode> {
  const [word] = settings.given.words;
  const request = { pid: settings.pid, verbose: settings.verbose };
  const isScript = settings.program !== undefined || (word !== undefined && word !== '' && existsSync(word));
  if (!isScript || word?.includes(':')) {
    if (settings.program === undefined) {
      const pattern = word ?? '';
      if (looksLikeFile(pattern)) io.err.line(`WARNING: ${escapeText(missingFileWarning(pattern))}`);
      for (const line of listFor(pattern, request)) io.out.line(shown(line));
      return 0;
    }
  }
  // A pattern needs none of it.
  const [{ compileScript }, { Machine }, { renderDiagnostics }] = await Promise.all([
    import('../../trace/compile.ts'),
    import('../../trace/machine.ts'),
    import('../../trace/render.ts'),
  ]);
  const { source, parameters } = scriptOf(settings);
  let checked: CheckedProgram | undefined;
  const { diagnostics } = compileScript(source, {
    machine: new Machine({
      ...{ pid: settings.pid, unsafe: settings.unsafe, positional: parameters, named: settings.given.named },
      variables: io.environment,
    }),
    definitions: { includePaths: settings.includePaths, includeFiles: settings.includeFiles },
    onChecked(program) {
      checked = program;
      return false;
    },
  });
  if (checked === undefined) {
    io.err.bytes(Buffer.from(renderDiagnostics(diagnostics.filter(({ severity }) => severity === 'error'))));
    return 1;
  }
  const probes = checked.probes.map(({ resolved }) => resolved);
  for (const line of listResolved(probes, listOptions(request))) io.out.line(escapeText(line));
  return 0;
}
