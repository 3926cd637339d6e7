/**
 * The table of built-ins in docs/kernel-programs.md, written from their own one-line descriptions, and that of kinds in
 * docs/objects.md: `npm run docs` writes them, and a test finds them out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtins } from '../src/script/builtin/table.ts';
import { withKinds } from '../test/support/kinds-manual.ts';

const [begin, end] = ['<!-- built-ins: written by `npm run docs` -->', '<!-- end of built-ins -->'];

/** The manual with its table as the sources say it. */
export function withBuiltins(manual: string): string {
  const rows = Object.entries(builtins).map(([name, builtin]) => {
    const use = builtin.kind === 'value' ? `k.${name}` : `k.${name}(${argumentsOf(builtin.arity)})`;
    return `| \`${use}\` | ${builtin.doc.replaceAll('|', '\\|')} |`;
  });
  const table = ['| built-in | what it is |', '|---|---|', ...rows].join('\n');
  const [from, to] = [manual.indexOf(begin), manual.indexOf(end)];
  if (from < 0 || to < from) throw new Error('docs/kernel-programs.md: the marks of the table are missing');
  return `${manual.slice(0, from + begin.length)}\n${table}\n${manual.slice(to)}`;
}

/** `a, b?` for one to two arguments. */
function argumentsOf([least, most]: readonly [number, number]): string {
  return Array.from({ length: most }, (_, i) => String.fromCharCode(97 + i) + (i < least ? '' : '?')).join(
    ', ',
  );
}

if (process.argv[2] === 'write') {
  for (const [name, write] of [
    ['kernel-programs.md', withBuiltins],
    ['objects.md', withKinds],
  ] as const) {
    const path = join(process.cwd(), 'docs', name);
    writeFileSync(path, write(readFileSync(path, 'utf8')));
  }
}
