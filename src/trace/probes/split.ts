/**
 * The text of an attach point, taken apart at its colons.
 *
 * Quotes protect colons and dollars, and go away; inside of them a backslash protects the next character. `$N`
 * outside of quotes stands for the text of a positional parameter, which may have colons and quotes of its own,
 * but no further parameters.
 */

export type Parts =
  | { readonly parts: readonly string[]; readonly error?: undefined }
  | { readonly parts?: undefined; readonly error: string };

/** @param parameters `$1` is the first; one that was not given stands for nothing */
export function splitAttachPoint(text: string, parameters: readonly string[] = []): Parts {
  const parts: string[] = [];
  let part = '';
  let quoted = false;
  const take = (source: string, expand: boolean): string | undefined => {
    for (let i = 0; i < source.length; i++) {
      const character = source[i]!;
      if (character === ':' && !quoted) {
        parts.push(part);
        part = '';
      } else if (character === '"') {
        quoted = !quoted;
      } else if (character === '\\' && quoted && i + 1 < source.length) {
        part += source[++i];
      } else if (character === '$' && !quoted && expand) {
        const digits = /^[1-9][0-9]*/.exec(source.slice(i + 1, i + 20))?.[0];
        if (digits === undefined) return badParameter(source[i + 1] ?? '');
        take(parameters[Number(digits) - 1] ?? '', false);
        i += digits.length;
      } else {
        part += character;
      }
    }
    return undefined;
  };
  const error = take(text, true);
  if (error !== undefined) return { error };
  parts.push(part);
  return { parts };
}

function badParameter(next: string): string {
  const quote = `Try quoting this entire part if this is intentional e.g. "$${next}".`;
  return `invalid trailing character for positional param: ${next}. ${quote}`;
}
