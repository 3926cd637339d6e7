/** `bpfkit trace --fmt`: the script in its usual form, on standard output. */

import { Diagnostics } from '../../trace/diagnostic.ts';
import { formatProgram } from '../../trace/format/format.ts';
import { parseProgram } from '../../trace/parse/parse.ts';
import { renderDiagnostics } from '../../trace/render.ts';
import type { ExitCode, Io } from '../command.ts';
import type { TraceSettings } from './settings.ts';
import { scriptOf } from './source.ts';

export function format(settings: TraceSettings, io: Io): ExitCode {
  const { source } = scriptOf(settings);
  const diagnostics = new Diagnostics();
  const program = parseProgram(source, diagnostics);
  if (diagnostics.failed) {
    io.err.bytes(Buffer.from(renderDiagnostics(diagnostics.list)));
    return 1;
  }
  io.out.bytes(Buffer.from(formatProgram(program)));
  return 0;
}
