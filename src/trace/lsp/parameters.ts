/** The parameters of requests: whatever a client sends, a handler has what it expects or the request is refused. */
import type { Change } from './document.ts';
import { ErrorCode, type Position, type Range, ResponseError } from './protocol.ts';

const refuse = (what: string): never => {
  throw new ResponseError(ErrorCode.invalidParams, `${what} is missing or is not what it should be`);
};

export function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : refuse(what);
}

export const textOf = (value: unknown, what: string): string =>
  typeof value === 'string' ? value : refuse(what);

/** uinteger of the protocol. */
const numberOf = (value: unknown, what: string): number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 2 ** 31 - 1
    ? (value as number)
    : refuse(what);

export function positionOf(value: unknown, what = 'position'): Position {
  const { line, character } = objectOf(value, what);
  return { line: numberOf(line, `${what}.line`), character: numberOf(character, `${what}.character`) };
}

function rangeOf(value: unknown): Range {
  const { start, end } = objectOf(value, 'range');
  return { start: positionOf(start, 'range.start'), end: positionOf(end, 'range.end') };
}

export function uriOf(params: unknown): string {
  const { textDocument } = objectOf(params, 'params');
  return textOf(objectOf(textDocument, 'textDocument').uri, 'textDocument.uri');
}

/** Versions may be negative, and are only handed back. */
export function versionOf(document: Readonly<Record<string, unknown>>): number {
  const { version } = document;
  return Number.isSafeInteger(version) ? (version as number) : 0;
}

export function changesOf(value: unknown): readonly Change[] {
  if (!Array.isArray(value)) return refuse('contentChanges');
  return value.map((one: unknown): Change => {
    const { range, text } = objectOf(one, 'contentChanges');
    const given = textOf(text, 'contentChanges.text');
    return range === undefined || range === null ? { text: given } : { range: rangeOf(range), text: given };
  });
}
