/** `bpfkit trace --lsp`: the language server on standard input and output. */
import { machineEnvironment } from '../../trace/lsp/machine.ts';
import { serve } from '../../trace/lsp/serve.ts';
import type { ExitCode, Io } from '../command.ts';
import { version } from '../version.ts';

export function serveEditor(io: Io): Promise<ExitCode> {
  return serve({
    input: process.stdin,
    write: (bytes) => io.out.bytes(bytes),
    log: (line) => io.err.line(line),
    environment: machineEnvironment(),
    version,
  });
}
