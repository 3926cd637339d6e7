/** Descriptions as Markdown. What comes of scripts and kernels is code in it, and no more. */
import type { Builtin } from '../builtin/builtin.ts';
import type { SettingManual } from '../check/settings-manual.ts';
import type { ProviderManual } from '../probes/manual.ts';
import { typeText } from '../types/text.ts';
import type { StructType, Type } from '../types/type.ts';
import type { Markdown } from './protocol.ts';

/** More lines of a struct are for `bpfkit trace -lv`. */
const mostMembers = 60;
const longestType = 200;

export const markdown = (...parts: readonly string[]): Markdown => ({
  kind: 'markdown',
  value: parts.filter((part) => part !== '').join('\n\n'),
});

/** A block; its fence is longer than any in the text. */
export function code(text: string, language = 'bpftrace'): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

export function aboutBuiltin({ documentation, unsafe, probes }: Builtin): string {
  const { signature, text, example } = documentation;
  return markdown(
    code(signature),
    text,
    unsafe === true ? 'Only with `--unsafe`.' : '',
    probes === undefined ? '' : `Only in ${probes.join(', ')}.`,
    example === undefined ? '' : code(example),
  ).value;
}

export function aboutProvider({ forms, text, since, example }: ProviderManual): string {
  return markdown(code(forms.join('\n')), `${text} Linux ${since}.`, code(example)).value;
}

export function aboutSetting({ name, value, byDefault, text }: SettingManual): string {
  return markdown(code(`${name} = ${value}`), `${text} Default: ${byDefault}.`).value;
}

/** A type in one line, cut where it is endless: structs without a name are all of their members. */
export function shortType(type: Type): string {
  const text = typeText(type);
  return text.length > longestType ? `${text.slice(0, longestType - 1)}…` : text;
}

/** The members of the struct that a type is, or points to. */
export function membersOf(type: Type): string {
  const struct = structIn(type);
  if (struct === undefined) return '';
  const names = struct.memberNames();
  const lines = names.slice(0, mostMembers).map((name) => {
    const member = struct.member(name);
    return `  ${member === undefined ? '?' : shortType(member.type)} ${name};`;
  });
  if (names.length > mostMembers) lines.push(`  // and ${names.length - mostMembers} more`);
  return code(`${struct.name || 'struct'} {\n${lines.join('\n')}\n}  // ${struct.size} bytes`, 'c');
}

/** What `.` goes into: a struct, or the one behind a pointer. */
export function structIn(type: Type): StructType | undefined {
  if (type.kind === 'struct') return type;
  if (type.kind !== 'pointer' && type.kind !== 'context') return undefined;
  return type.target.kind === 'struct' ? type.target : undefined;
}
