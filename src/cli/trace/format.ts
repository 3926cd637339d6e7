/** `bpfkit trace --fmt`: the script in its usual form, on standard output. */

import { isTerminal } from '../../text/color.ts';
import { escapeText } from '../../text/escape.ts';
import { Diagnostics } from '../../trace/diagnostic.ts';
import { formatProgram } from '../../trace/format/format.ts';
import { bytesOfText } from '../../trace/lex/bytes.ts';
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
    const options = { escape: isTerminal(io.err.fd) };
    io.err.bytes(Buffer.from(renderDiagnostics(diagnostics.list, options)));
    return 1;
  }
  const text = formatProgram(program);
  // Bytes that are no UTF-8 leave as they came, but none of them may act on a terminal.
  if (isTerminal(io.out.fd)) io.out.bytes(Buffer.from(text.split('\n').map(escapeText).join('\n')));
  else io.out.bytes(Buffer.from(bytesOfText(text), 'latin1'));
  return 0;
}
