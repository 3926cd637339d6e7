/** A text that an editor has open. */
import { fileURLToPath } from 'node:url';
import type { Source } from '../source.ts';
import { Lines } from './lines.ts';
import type { Range } from './protocol.ts';

export interface Change {
  /** Undefined: the whole text. */
  readonly range?: Range | undefined;
  readonly text: string;
}

/** UTF-16 units: nobody writes such a script, and every key pressed in it would be felt. */
export const longestDocument: number = 1024 * 1024;

export class Document {
  readonly uri: string;
  readonly version: number;
  /** A new one for every text: what is found out is kept by it. */
  readonly source: Source;
  readonly lines: Lines;

  constructor(uri: string, version: number, text: string) {
    this.uri = uri;
    this.version = version;
    this.source = { name: nameOf(uri), text };
    this.lines = new Lines(text);
  }

  get text(): string {
    return this.source.text;
  }

  /** Throws RangeError where the text would be too long. */
  changed(version: number, changes: readonly Change[]): Document {
    let { text, lines } = this;
    for (const [index, change] of changes.entries()) {
      if (change.range === undefined) text = change.text;
      else {
        const start = lines.offset(change.range.start);
        const end = Math.max(start, lines.offset(change.range.end));
        text = text.slice(0, start) + change.text + text.slice(end);
      }
      if (text.length > longestDocument) throw new RangeError(`${this.uri}: longer than ${longestDocument}`);
      if (index < changes.length - 1) lines = new Lines(text);
    }
    return new Document(this.uri, version, text);
  }
}

/** A path, so that imports and headers are found beside it; other kinds of documents have none. */
function nameOf(uri: string): string {
  try {
    return uri.startsWith('file:') ? fileURLToPath(uri) : 'stdin';
  } catch {
    return 'stdin';
  }
}
