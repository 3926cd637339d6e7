/** A printf format taken apart, once per script. */

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
  /%(-?)(\+?)( ?)(#?)(0?)(\*|\d+)?(?:\.(\*|\d+))?([hlLjzt]*)([diouxXeEfFGaAcspn%]|gr|g|rh|rx|r)/g;

/** The parts of a format, or what is wrong with it. A `%` that begins no specifier is text. */
export function parseFormat(text: string): Format | string {
  const parts: (string | FormatSpecifier)[] = [];
  let plain = '';
  let end = 0;
  for (const match of text.matchAll(specifier)) {
    plain += text.slice(end, match.index);
    end = match.index + match[0].length;
    const [whole, left, plus, , alternate, zero, width, precision, length = '', conversion = ''] = match;
    if (conversion === '%') {
      plain += '%';
      continue;
    }
    if (plain !== '') parts.push(plain);
    plain = '';
    parts.push({
      text: whole,
      left: left !== '',
      plus: plus !== '',
      alternate: alternate !== '',
      zero: zero !== '',
      width: numeric(width),
      precision: numeric(precision),
      length,
      conversion,
    });
  }
  plain += text.slice(end);
  if (plain !== '') parts.push(plain);
  return { parts };
}

/** `*` is read and has no effect. */
const numeric = (digits: string | undefined): number | undefined =>
  digits === undefined || digits === '*' ? undefined : Number(digits);
