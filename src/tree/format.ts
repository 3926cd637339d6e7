/** The list of fields that `-f` names. */
import { nearestNames } from '../text/nearest.ts';
import { formatSyntax, pathWithoutTypes, unknownField, unknownFormatField } from './errors.ts';
import { type Field, fieldNames, findField } from './fields.ts';
import { isPath } from './path.ts';

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

/** A kernel field by its path; throws TreeError. */
export type KernelFields = (path: string) => Field;

const noKernelFields: KernelFields = (path) => {
  throw pathWithoutTypes(path);
};

/** Whether any of these names is the path of a kernel field, for which the kernel's types are needed. */
export function namesPath(values: readonly string[]): boolean {
  return values.flatMap(splitFormat).some((name) => findField(name) === undefined && isPath(name));
}

/**
 * The fields that all `-f` values together name, in order; repeats stay. Throws TreeError on an unknown name.
 *
 * @param kernelField finds the fields that are paths; default: there are none.
 */
export function parseFormat(values: readonly string[], kernelField: KernelFields = noKernelFields): Field[] {
  return values.flatMap(splitFormat).map((name) => {
    const field = findField(name) ?? (isPath(name) ? kernelField(name) : undefined);
    if (field === undefined) throw unknownFormatField(name, nearestNames(name, fieldNames()));
    return field;
  });
}

/** The field of a condition, by long or short name. Throws TreeError on an unknown name. */
export function requireField(name: string): Field {
  return requireFieldOrPath(name, noKernelFields);
}

/** As requireField; a path is one of the kernel's fields. */
export function requireFieldOrPath(name: string, kernelField: KernelFields = noKernelFields): Field {
  const field = findField(name) ?? (isPath(name) ? kernelField(name) : undefined);
  if (field === undefined) throw unknownField(name, nearestNames(name, fieldNames()));
  return field;
}
