/** The server on two streams, until the client says `exit` or goes away. */
import type { Readable } from 'node:stream';
import type { LspEnvironment } from './environment.ts';
import { FrameReader, FramingError, frame } from './framing.ts';
import { LanguageServer } from './server.ts';

export interface ServeOptions {
  readonly input: Readable;
  readonly write: (bytes: Uint8Array) => void;
  /** A line for whoever looks at the server's own errors. */
  readonly log: (line: string) => void;
  readonly environment: LspEnvironment;
  readonly version: string;
}

/** The exit code: 0 after `shutdown` and `exit`, else 1. */
export async function serve({ input, write, log, environment, version }: ServeOptions): Promise<number> {
  const server = new LanguageServer({ environment, version, send: (message) => write(frame(message)) });
  const reader = new FrameReader();
  try {
    for await (const chunk of input) {
      for (const message of reader.push(chunk as Uint8Array)) {
        if (message.kind === 'tooLong') server.refuseLong(message.length);
        else server.receive(message.text);
        if (server.exitCode !== undefined) return server.exitCode;
      }
    }
    return 1;
  } catch (error) {
    if (!(error instanceof FramingError)) throw error;
    log(`bpfkit trace --lsp: ${error.message}`);
    return 1;
  } finally {
    server.close();
  }
}
