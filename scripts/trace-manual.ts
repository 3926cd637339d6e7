/**
 * The tables of docs/tracing-language.md, written from what the checker, the command line and editors use themselves:
 * `npm run docs` writes them, and a test finds them out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { traceOptions } from '../src/cli/trace/options.ts';
import type { Builtin } from '../src/trace/builtin/builtin.ts';
import { builtins, findBuiltin } from '../src/trace/builtin/table.ts';
import { settingsManual } from '../src/trace/check/settings-manual.ts';
import { providerManual } from '../src/trace/probes/manual.ts';
import { rules } from '../src/trace/probes/providers.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|');
const code = (text: string): string => `\`${text}\``;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows.map((row) => row.map(cell))]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');

const sections: Readonly<Record<Builtin['documentation']['section'], string>> = {
  variable: 'Variables of the event and the machine; parentheses may follow',
  value: 'Functions with a value',
  effect: 'Functions that do something',
  map: 'Values of maps: only on the right of `@name = …`',
  'compile time': 'Known before the script runs',
};

/** With `argN`, which are too many for the table. */
const documented: readonly Builtin[] = builtins.flatMap((builtin) =>
  builtin.name === 'ctx' ? [findBuiltin('arg0')!, builtin] : [builtin],
);

function builtinTables(): string {
  const parts = Object.entries(sections).map(([section, title]) => {
    const rows = documented
      .filter(({ documentation }) => documentation.section === section)
      .map((builtin) => [signatures(builtin), aboutBuiltin(builtin)]);
    return `**${title}**\n\n${table(['built-in', 'what it is'], rows)}`;
  });
  return parts.join('\n\n');
}

const signatures = ({ documentation }: Builtin): string =>
  documentation.signature.split(' / ').map(code).join('<br>');

function aboutBuiltin({ documentation, unsafe, probes }: Builtin): string {
  const where = probes === undefined ? '' : ` Only in ${probes.join(', ')}.`;
  return `${documentation.text}${where}${unsafe === true ? ' Needs `--unsafe`.' : ''}`;
}

function probeTable(): string {
  const rows = rules.map(({ provider, aliases }) => {
    const { forms, text, data, since } = providerManual[provider];
    const names = aliases.length === 0 ? '' : ` (${aliases.map(code).join(', ')})`;
    return [`${forms.map(code).join('<br>')}${names}`, text, data, since];
  });
  return table(['probe (short)', 'when', 'what it brings', 'Linux'], rows);
}

function settingTable(): string {
  const rows = settingsManual.map(({ name, value, byDefault, text }) => [
    ...[code(name), code(value), byDefault, text],
  ]);
  return table(['setting', 'value', 'default', 'what it does'], rows);
}

function optionTable(): string {
  const rows = traceOptions.map(({ short, long, value, description, explained }) => {
    const word = value === undefined ? '' : ` ${value.toUpperCase()}`;
    const names = short === undefined ? `--${long}` : `-${short}, --${long}`;
    return [code(`${names}${word}`), explained === undefined ? description : `no effect: ${explained}`];
  });
  return table(['option', 'what it does'], rows);
}

const parts: Readonly<Record<string, () => string>> = {
  'built-ins': builtinTables,
  probes: probeTable,
  settings: settingTable,
  options: optionTable,
};

/** The manual with its tables as the sources say them. */
export function withTables(manual: string): string {
  let text = manual;
  for (const [name, make] of Object.entries(parts)) {
    const [begin, end] = [`<!-- ${name}: written by \`npm run docs\` -->`, `<!-- end of ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`docs/tracing-language.md: the marks of ${name} are missing`);
    text = `${text.slice(0, from + begin.length)}\n${make()}\n${text.slice(to)}`;
  }
  return text;
}

if (process.argv[2] === 'write') {
  const path = join(process.cwd(), 'docs/tracing-language.md');
  writeFileSync(path, withTables(readFileSync(path, 'utf8')));
}
