/** A printf format taken apart, once per script: section 2.12 of the language. */

export interface Format {
  readonly parts: readonly (string | FormatSpecifier)[];
}

export interface FormatSpecifier {
  /** As written: `%-10s`. */
  readonly text: string;
  readonly left: boolean;
  readonly plus: boolean;
  readonly alternate: boolean;
  readonly zero: boolean;
  readonly width: number | undefined;
  readonly precision: number | undefined;
  /** `hh`, `l`, …; '' without. */
  readonly length: string;
  /** `d`, `s`, `rx`, `gr`, … */
  readonly conversion: string;
}

const specifier =
  /%(-?)(\+?) ?(#?)(0?)(\*|\d+)?(?:\.(\*|\d+))?([hlLjzt]*)(gr|rh|rx|r|[diouxXeEfFgGaAcspn%])/g;

/**
 * Takes a format apart. What is no specifier is text, a lone `%` too; `%%` is a percent sign. `*` for a width or a
 * precision is accepted and means nothing.
 */
export function parseFormat(text: string): Format {
  const parts: (string | FormatSpecifier)[] = [];
  let literal = '';
  let end = 0;
  for (const match of text.matchAll(specifier)) {
    literal += text.slice(end, match.index);
    end = match.index + match[0].length;
    const [written, left, plus, alternate, zero, width, precision, length, conversion] = match;
    if (conversion === '%') {
      literal += '%';
      continue;
    }
    if (literal !== '') parts.push(literal);
    literal = '';
    parts.push({
      text: written,
      left: left !== '',
      plus: plus !== '',
      alternate: alternate !== '',
      zero: zero !== '',
      width: numberOf(width),
      precision: numberOf(precision),
      length: length ?? '',
      conversion: conversion ?? '',
    });
  }
  literal += text.slice(end);
  if (literal !== '') parts.push(literal);
  return { parts };
}

/** More than this no terminal shows and no machine should be asked to write. */
const widest = 1 << 16;

function numberOf(digits: string | undefined): number | undefined {
  if (digits === undefined || digits === '*') return undefined;
  return Math.min(Number(digits), widest);
}

/** The specifiers alone, one an argument. */
export function specifiersOf(format: Format): readonly FormatSpecifier[] {
  return format.parts.filter((part): part is FormatSpecifier => typeof part !== 'string');
}
