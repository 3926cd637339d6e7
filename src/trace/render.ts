/**
 * Diagnostics as text:
 *
 *     stdin:1:9-11: ERROR: Undefined or undeclared variable: $x
 *     BEGIN { $x }
 *             ~~
 *     HINT: …
 *
 * A span over several lines is shown as `stdin:1-3: ERROR: …` and its lines. Other places, and the calls of the
 * macros that a text comes from, are shown in the same way behind it.
 *
 * The script's text is of unknown origin: with `escape` nothing of it can act on a terminal.
 */
import type { Colors } from '../text/color.ts';
import { escapeText } from '../text/escape.ts';
import { textWidth } from '../text/width.ts';
import type { Diagnostic } from './diagnostic.ts';
import { lineText, positionOf, type Span } from './source.ts';

export interface RenderOptions {
  /** Default none. */
  readonly colors?: Pick<Colors, 'red' | 'yellow'> | undefined;
  /** The text goes to a terminal. Default false. */
  readonly escape?: boolean | undefined;
}

/** All of them: errors first, then warnings, each in the order found. */
export function renderDiagnostics(list: readonly Diagnostic[], options: RenderOptions = {}): string {
  const of = (severity: Diagnostic['severity']): string =>
    list
      .filter((diagnostic) => diagnostic.severity === severity)
      .map((diagnostic) => renderDiagnostic(diagnostic, options))
      .join('');
  return of('error') + of('warning');
}

/** One, with the end of its last line. */
export function renderDiagnostic(diagnostic: Diagnostic, options: RenderOptions = {}): string {
  const { severity, message, span, hint, verbatim, related = [] } = diagnostic;
  let text = verbatim ? `${safe(message, options)}\n` : renderEntry(severity, message, span, options);
  for (const other of related) text += renderEntry(severity, other.message, other.span, options);
  if (hint !== undefined) text += `HINT: ${safe(hint, options)}\n`;
  return text;
}

/** Macros that call macros in this depth are a mistake that other checks find. */
const CHAIN_LIMIT = 20;

function renderEntry(
  severity: Diagnostic['severity'],
  message: string,
  span: Span | undefined,
  options: RenderOptions,
): string {
  let text = renderPlace(severity, message, span, options);
  let from = span?.expandedFrom;
  for (let level = 0; from && level < CHAIN_LIMIT; level++, from = from.expandedFrom)
    text += renderPlace(severity, 'expanded from', from, options);
  return text;
}

function renderPlace(
  severity: Diagnostic['severity'],
  message: string,
  span: Span | undefined,
  options: RenderOptions,
): string {
  const paint = (severity === 'error' ? options.colors?.red : options.colors?.yellow) ?? String;
  const head = paint(`${severity === 'error' ? 'ERROR' : 'WARNING'}: ${safe(message, options)}`);
  if (!span) return `${head}\n`;
  const { source } = span;
  const start = positionOf(source, span.start);
  const end = positionOf(source, Math.max(span.start, span.end));
  const name = safe(source.name, options);
  if (start.line === end.line) {
    const place = `${name}:${start.line}:${start.column}-${end.column}`;
    return `${place}: ${head}\n${markedLine(lineText(source, start.line), start.column - 1, end.column - 1, options)}`;
  }
  let text = `${name}:${start.line}-${end.line}: ${head}\n`;
  for (let line = start.line; line <= end.line; line++) text += `${shown(lineText(source, line), options)}\n`;
  return text;
}

/** A line, and below it the marks under its characters from `start` to `end`. */
function markedLine(line: string, start: number, end: number, options: RenderOptions): string {
  const before = shown(line.slice(0, start), options);
  const marked = shown(line.slice(start, end), options);
  const rest = shown(line.slice(end), options);
  return `${before}${marked}${rest}\n${' '.repeat(textWidth(before))}${'~'.repeat(textWidth(marked))}\n`;
}

const shown = (line: string, options: RenderOptions): string => safe(line.replaceAll('\t', '    '), options);

/** Bytes that are no UTF-8 are lone surrogates in a source (see `sourceFromBytes`): they are shown as bytes. */
function safe(text: string, options: RenderOptions): string {
  const bytes = text.replace(/[\ud800-\udbff][\udc00-\udfff]|[\udc80-\udcff]/g, (unit) =>
    unit.length > 1 ? unit : `\\x${(unit.charCodeAt(0) - 0xdc00).toString(16)}`,
  );
  if (!options.escape) return bytes;
  return bytes.split('\n').map(escapeText).join('\n');
}
