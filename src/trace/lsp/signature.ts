/** The call that a place is in: its signature, and which argument is being written. */
import { findBuiltin } from '../builtin/table.ts';
import type { Analysis } from './analysis.ts';
import { signatureOf } from './hover.ts';
import { code, markdown } from './markdown.ts';
import type { Markdown, SignatureHelp } from './protocol.ts';
import { placeAt } from './tokens.ts';

export function signatureAt(analysis: Analysis, offset: number): SignatureHelp | null {
  const { open } = placeAt(analysis.program, offset);
  const call = open.findLast(({ kind }) => kind !== '[');
  if (call?.kind !== '(' || call.name === undefined) return null;
  const { text: name } = call.name;
  const labels = labelsOf(analysis, name);
  if (labels.length === 0) return null;
  const signatures = labels.map(({ label, documentation }) => ({
    label,
    ...(documentation === undefined ? {} : { documentation }),
    parameters: parametersIn(label).map((one) => ({ label: one })),
  }));
  const fits = signatures.findIndex(({ parameters }) => parameters.length > call.commas);
  const activeSignature = Math.max(0, fits);
  // What goes on with `…` takes every further argument.
  const count = signatures[activeSignature]!.parameters.length;
  return { signatures, activeSignature, activeParameter: Math.min(call.commas, Math.max(0, count - 1)) };
}

interface Label {
  readonly label: string;
  readonly documentation?: Markdown;
}

function labelsOf({ meaning }: Analysis, name: string): readonly Label[] {
  const own = meaning.program.items.filter(
    (item) => (item.kind === 'macro' || item.kind === 'subprogram') && item.name === name,
  );
  if (own.length > 0) {
    return own.flatMap((item) =>
      item.kind === 'macro' || item.kind === 'subprogram' ? [{ label: signatureOf(item) }] : [],
    );
  }
  const builtin = findBuiltin(name);
  if (builtin === undefined) return [];
  const { signature, text, example } = builtin.documentation;
  const documentation = markdown(text, example === undefined ? '' : code(example));
  return signature
    .split(' / ')
    .filter((label) => label.includes('('))
    .map((label) => ({ label, documentation }));
}

/** The places of the parameters in `void print(map m[, const int top[, const int div]])`. */
function parametersIn(label: string): readonly (readonly [number, number])[] {
  const start = label.indexOf('(') + 1;
  const end = closingAt(label, start);
  const places: [number, number][] = [];
  for (const { index, 0: part } of label.slice(start, end).matchAll(/[^,]+/g)) {
    const before = part.length - part.replace(/^[[\s]+/, '').length;
    // The brackets of `arr[]` are its own; others say that something can be left out.
    const shown = part
      .slice(before)
      .replace(/\[\]/g, '()')
      .replace(/[[\]\s]+$/, '');
    if (shown !== '') places.push([start + index + before, start + index + before + shown.length]);
  }
  return places;
}

function closingAt(label: string, start: number): number {
  let depth = 1;
  for (let at = start; at < label.length; at++) {
    if (label[at] === '(') depth++;
    else if (label[at] === ')' && --depth === 0) return at;
  }
  return label.length;
}
