/**
 * The language server: what comes in is a message, what goes out is one, and nothing else is shared with the world.
 * Texts are checked a moment after the last key; what an editor asks is answered from the text as it is now.
 */
import { Diagnostics } from '../diagnostic.ts';
import { formatProgram } from '../format/format.ts';
import { parseProgram } from '../parse/parse.ts';
import { Analysis } from './analysis.ts';
import { completionAt } from './completion.ts';
import { definitionAt } from './definition.ts';
import { aboutPlace } from './describe-probe.ts';
import { diagnosticsOf, locationOf } from './diagnostics.ts';
import { Document, longestDocument } from './document.ts';
import type { LspEnvironment } from './environment.ts';
import { hoverAt } from './hover.ts';
import { markdown } from './markdown.ts';
import { changesOf, objectOf, positionOf, textOf, uriOf, versionOf } from './parameters.ts';
import { ErrorCode, type Hover, type Location, ResponseError, type TextEdit } from './protocol.ts';
import { signatureAt } from './signature.ts';

export interface ServerOptions {
  readonly environment: LspEnvironment;
  readonly send: (message: object) => void;
  readonly version: string;
  /** Milliseconds from the last change of a text to its check. Default 150. */
  readonly delay?: number;
}

/** An editor with more open has lost its mind. */
const mostDocuments = 500;

const capabilities = {
  positionEncoding: 'utf-16',
  textDocumentSync: { openClose: true, change: 2 },
  hoverProvider: true,
  completionProvider: { triggerCharacters: ['.', '>', '$', '@', ':'], resolveProvider: true },
  signatureHelpProvider: { triggerCharacters: ['(', ','] },
  definitionProvider: true,
  documentFormattingProvider: true,
} as const;

type Handler = (params: unknown) => unknown;

export class LanguageServer {
  /** Set by `exit`: 0 after `shutdown`, as the protocol wants. */
  exitCode: number | undefined;
  readonly #options: ServerOptions;
  readonly #documents = new Map<string, Document>();
  readonly #analyses = new WeakMap<Document, Analysis>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #state: 'new' | 'running' | 'down' = 'new';

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  /** One message of the client, whatever it is. */
  receive(text: string): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      this.#fail(null, ErrorCode.parseError, 'the message is no JSON');
      return;
    }
    if (typeof message !== 'object' || message === null || Array.isArray(message)) {
      this.#fail(null, ErrorCode.invalidRequest, 'the message is no object');
      return;
    }
    const { id, method, params } = message as Readonly<Record<string, unknown>>;
    const isRequest = typeof id === 'string' || typeof id === 'number';
    if (typeof method !== 'string') {
      // Answers to requests: none are made.
      if (!('result' in message) && !('error' in message)) {
        this.#fail(isRequest ? id : null, ErrorCode.invalidRequest, 'the message has no method');
      }
      return;
    }
    if (isRequest) this.#answer(id, method, params);
    else this.#notice(method, params);
  }

  /** A message that was too long to be read. */
  refuseLong(length: number): void {
    this.#fail(null, ErrorCode.invalidRequest, `a message of ${length} bytes is too long`);
  }

  /** No more timers. */
  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #answer(id: string | number, method: string, params: unknown): void {
    try {
      const handler = this.#handlerOf(method);
      const result = handler(params) ?? null;
      this.#options.send({ jsonrpc: '2.0', id, result });
    } catch (error) {
      if (error instanceof ResponseError) this.#fail(id, error.code, error.message);
      else this.#fail(id, ErrorCode.internalError, `${method}: ${String(error)}`);
    }
  }

  #handlerOf(method: string): Handler {
    if (this.#state === 'new' && method !== 'initialize') {
      throw new ResponseError(ErrorCode.serverNotInitialized, 'initialize comes first');
    }
    if (this.#state === 'down') throw new ResponseError(ErrorCode.invalidRequest, 'the server was shut down');
    const handler = this.#requests.get(method);
    if (handler === undefined) throw new ResponseError(ErrorCode.methodNotFound, `no method ${method}`);
    return handler;
  }

  #notice(method: string, params: unknown): void {
    if (method === 'exit') {
      this.exitCode = this.#state === 'down' ? 0 : 1;
      this.close();
      return;
    }
    if (this.#state !== 'running') return;
    try {
      this.#notifications.get(method)?.(params);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#notify('window/logMessage', { type: 1, message: `${method}: ${message}` });
    }
  }

  readonly #requests: ReadonlyMap<string, Handler> = new Map<string, Handler>([
    [
      'initialize',
      () => {
        if (this.#state !== 'new')
          throw new ResponseError(ErrorCode.invalidRequest, 'it is initialized already');
        this.#state = 'running';
        return { capabilities, serverInfo: { name: 'bpfkit', version: this.#options.version } };
      },
    ],
    [
      'shutdown',
      () => {
        this.#state = 'down';
        this.close();
      },
    ],
    ['textDocument/hover', (params) => this.#hover(params)],
    [
      'textDocument/completion',
      (params) => {
        const { document, analysis, offset } = this.#placeOf(params);
        return completionAt(analysis, document, offset);
      },
    ],
    ['completionItem/resolve', (params) => this.#resolve(params)],
    [
      'textDocument/signatureHelp',
      (params) => {
        const { analysis, offset } = this.#placeOf(params);
        return signatureAt(analysis, offset);
      },
    ],
    ['textDocument/definition', (params) => this.#definition(params)],
    ['textDocument/formatting', (params) => this.#format(params)],
  ]);

  readonly #notifications: ReadonlyMap<string, (params: unknown) => void> = new Map([
    ['textDocument/didOpen', (params: unknown) => this.#open(params)],
    ['textDocument/didChange', (params: unknown) => this.#change(params)],
    ['textDocument/didClose', (params: unknown) => this.#closeDocument(params)],
  ]);

  // Texts

  #open(params: unknown): void {
    const uri = uriOf(params);
    const given = objectOf(objectOf(params, 'params').textDocument, 'textDocument');
    const text = textOf(given.text, 'textDocument.text');
    if (text.length > longestDocument) throw new RangeError(`${uri}: longer than ${longestDocument}`);
    if (this.#documents.size >= mostDocuments) throw new RangeError(`more than ${mostDocuments} texts`);
    this.#put(new Document(uri, versionOf(given), text));
  }

  #change(params: unknown): void {
    const document = this.#documentOf(params);
    const { contentChanges, textDocument } = objectOf(params, 'params');
    const version = versionOf(objectOf(textDocument, 'textDocument'));
    try {
      this.#put(document.changed(version, changesOf(contentChanges)));
    } catch (error) {
      // What the editor has is no longer what is here: better nothing than something else.
      this.#forget(document.uri);
      throw error;
    }
  }

  #closeDocument(params: unknown): void {
    this.#forget(uriOf(params));
  }

  #forget(uri: string): void {
    clearTimeout(this.#timers.get(uri));
    this.#timers.delete(uri);
    if (this.#documents.delete(uri))
      this.#notify('textDocument/publishDiagnostics', { uri, diagnostics: [] });
  }

  #put(document: Document): void {
    const { uri } = document;
    this.#documents.set(uri, document);
    clearTimeout(this.#timers.get(uri));
    const timer = setTimeout(() => {
      this.#timers.delete(uri);
      this.#publish(document);
    }, this.#options.delay ?? 150);
    this.#timers.set(uri, timer);
  }

  #publish(document: Document): void {
    const { uri, version } = document;
    try {
      const diagnostics = diagnosticsOf(this.#analysisOf(document), document);
      this.#notify('textDocument/publishDiagnostics', { uri, version, diagnostics });
    } catch (error) {
      this.#notify('window/logMessage', { type: 1, message: `${uri}: ${String(error)}` });
    }
  }

  #documentOf(params: unknown): Document {
    const uri = uriOf(params);
    const document = this.#documents.get(uri);
    if (document === undefined) throw new ResponseError(ErrorCode.invalidParams, `${uri} is not open`);
    return document;
  }

  #analysisOf(document: Document): Analysis {
    let analysis = this.#analyses.get(document);
    if (analysis === undefined) {
      analysis = new Analysis(document.source, this.#options.environment);
      this.#analyses.set(document, analysis);
    }
    return analysis;
  }

  // Questions

  #placeOf(params: unknown): {
    readonly document: Document;
    readonly analysis: Analysis;
    readonly offset: number;
  } {
    const document = this.#documentOf(params);
    const offset = document.lines.offset(positionOf(objectOf(params, 'params').position));
    return { document, analysis: this.#analysisOf(document), offset };
  }

  #hover(params: unknown): Hover | null {
    const { document, analysis, offset } = this.#placeOf(params);
    const found = hoverAt(analysis, offset);
    if (found === undefined) return null;
    const { start, end } = found.span;
    return { contents: markdown(found.text), range: document.lines.range(start, end) };
  }

  #resolve(params: unknown): object {
    const item = objectOf(params, 'params');
    if (item.data === undefined || item.data === null) return item;
    const probe = textOf(objectOf(item.data, 'data').probe, 'data.probe');
    return { ...item, documentation: markdown(aboutPlace(probe, this.#options.environment)) };
  }

  #definition(params: unknown): Location | null {
    const { document, analysis, offset } = this.#placeOf(params);
    const span = definitionAt(analysis, offset);
    return (span && locationOf(span, document)) ?? null;
  }

  /** Nothing to do in a text that does not parse: what is wrong with it is shown already. */
  #format(params: unknown): readonly TextEdit[] | null {
    const { lines, source, text } = this.#documentOf(params);
    const diagnostics = new Diagnostics();
    const program = parseProgram(source, diagnostics);
    if (diagnostics.failed) return null;
    const newText = formatProgram(program);
    return newText === text ? [] : [{ range: lines.range(0, text.length), newText }];
  }

  // Answers

  #notify(method: string, params: object): void {
    this.#options.send({ jsonrpc: '2.0', method, params });
  }

  #fail(id: string | number | null, code: number, message: string): void {
    this.#options.send({ jsonrpc: '2.0', id, error: { code, message } });
  }
}
