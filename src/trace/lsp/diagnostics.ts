/** What the phases say of a text, as the protocol wants it. */
import { pathToFileURL } from 'node:url';
import type { Diagnostic } from '../diagnostic.ts';
import type { Span } from '../source.ts';
import type { Analysis } from './analysis.ts';
import type { Document } from './document.ts';
import { Lines } from './lines.ts';
import { type Location, type LspDiagnostic, type Range, Severity } from './protocol.ts';

/** As deep as macros may be in macros before it stops to be told. */
const deepest = 20;
/** More than that in one text is noise. */
const most = 500;

export function diagnosticsOf(analysis: Analysis, document: Document): readonly LspDiagnostic[] {
  return analysis.diagnostics.slice(0, most).map((one) => diagnostic(one, analysis, document));
}

function diagnostic(one: Diagnostic, analysis: Analysis, document: Document): LspDiagnostic {
  const { severity, message, hint, span } = one;
  const related = [...(one.related ?? [])];
  let from = span?.expandedFrom;
  for (let level = 0; from !== undefined && level < deepest; level++, from = from.expandedFrom) {
    related.push({ message: 'expanded from', span: from });
  }
  const elsewhere = span !== undefined && span.source !== document.source;
  if (elsewhere) related.unshift({ message, span });
  const relatedInformation = related.flatMap(({ span: place, message: text }) => {
    const location = locationOf(place, document);
    return location === undefined ? [] : [{ location, message: printable(text) }];
  });
  return {
    range: rangeOf(span, analysis, document),
    severity: Severity[severity],
    source: 'bpfkit',
    message: printable(hint === undefined ? message : `${message}\n${hint}`),
    ...(relatedInformation.length === 0 ? {} : { relatedInformation }),
  };
}

/** What is about another file is shown at the import of it, what is about no place at the first line. */
function rangeOf(span: Span | undefined, { program }: Analysis, document: Document): Range {
  const { lines, source } = document;
  if (span?.source === source) return lines.range(span.start, span.end);
  for (let from = span?.expandedFrom; from !== undefined; from = from.expandedFrom) {
    if (from.source === source) return lines.range(from.start, from.end);
  }
  const found = span && program.items.find(({ kind }) => kind === 'import');
  if (found !== undefined) return lines.range(found.span.start, found.span.end);
  const end = source.text.search(/\r|\n|$/);
  return lines.range(0, end);
}

/** Undefined: in no file, as the text of a `#define`. */
export function locationOf(span: Span, document: Document): Location | undefined {
  if (span.source === document.source) {
    return { uri: document.uri, range: document.lines.range(span.start, span.end) };
  }
  if (!span.source.name.includes('/')) return undefined;
  const lines = new Lines(span.source.text);
  return { uri: pathToFileURL(span.source.name).href, range: lines.range(span.start, span.end) };
}

/** Bytes that are no UTF-8 are lone surrogates in a source, and clients do not expect those. */
const printable = (text: string): string =>
  text.replace(/[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g, (unit) =>
    unit.length > 1 ? unit : '\ufffd',
  );
