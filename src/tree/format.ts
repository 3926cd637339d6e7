/** The list of fields that `-f` names. */
import { nearestNames } from '../text/nearest.ts';
import { formatSyntax, unknownField, unknownFormatField } from './errors.ts';
import { type Field, fieldNames, findField } from './fields.ts';

/**
 * Splits one `-f` value at its commas. A part may be quoted ("a,b" is one part, "" inside it is a quote); nothing
 * is trimmed; an empty value has no parts, but `,` has two empty ones. Throws TreeError on a misplaced quote.
 */
export function splitFormat(value: string): string[] {
  if (value === '') return [];
  const parts: string[] = [];
  for (let at = 0; ; ) {
    const quoted = /^"((?:[^"]|"")*)"(?=,|$)/.exec(value.slice(at));
    const part = quoted?.[0] ?? /^[^,]*/.exec(value.slice(at))![0];
    if (quoted === null && part.includes('"')) throw formatSyntax(value);
    parts.push(quoted === null ? part : quoted[1]!.replaceAll('""', '"'));
    at += part.length;
    if (at >= value.length) return parts;
    at += 1;
  }
}

/** The fields that all `-f` values together name, in order; repeats stay. Throws TreeError on an unknown name. */
export function parseFormat(values: readonly string[]): Field[] {
  return values.flatMap(splitFormat).map((name) => {
    const field = findField(name);
    if (field === undefined) throw unknownFormatField(name, nearestNames(name, fieldNames()));
    return field;
  });
}

/** The field of a condition, by long or short name. Throws TreeError on an unknown name. */
export function requireField(name: string): Field {
  const field = findField(name);
  if (field === undefined) throw unknownField(name, nearestNames(name, fieldNames()));
  return field;
}
