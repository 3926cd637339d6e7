/**
 * The command line that a package brings along: an option for each of its global variables.
 *
 * Types come from the object's own BTF, not from the C text beside it, so that every integer, bool, enum, float and
 * char array can be set. What `-h` prints is laid out as the original lays it out.
 */
import type { Btf } from '../../btf/btf.ts';
import type { BtfType, TypeId } from '../../btf/types.ts';
import { encoder } from '../../btf/write.ts';
import type { ObjectSpec, ObjectVariable } from '../../object/spec.ts';
import { nearestNames } from '../../text/nearest.ts';
import { PackageError } from '../errors.ts';
import type { PackageMeta, Variable } from '../format/package-json.ts';

/** A global variable that can be set before the program is loaded. */
export interface PackageOption {
  readonly long: string;
  readonly short?: string;
  readonly help: string;
  readonly variable: ObjectVariable;
  /** The map that holds the variable. */
  readonly map: string;
  readonly type: BtfType;
  /** Set when the option is not given. */
  readonly preset?: unknown;
  /** For switches: what giving them sets. */
  readonly switchTo?: boolean;
}

export interface ParsedOptions {
  readonly kind: 'run' | 'help' | 'version';
  readonly verbose: boolean;
  readonly values: ReadonlyMap<PackageOption, unknown>;
}

/** In the order of the object's data sections. */
export function optionsOf(meta: PackageMeta, spec: ObjectSpec): PackageOption[] {
  const { types } = spec;
  if (!types) return [];
  const described = new Map<string, Variable>();
  for (const section of meta.bpf_skel.data_sections) {
    for (const variable of section.variables) described.set(`${section.name} ${variable.name}`, variable);
  }
  const options: PackageOption[] = [];
  for (const map of spec.maps) {
    const { data } = map;
    if (!data || data.kind === 'kconfig') continue;
    for (const variable of data.variables) {
      const known = described.get(`${data.section} ${variable.name}`);
      if (!known || variable.name.startsWith('__eunomia_dummy')) continue;
      const type = types.type(types.strip(variable.type));
      if (!settable(types, type)) continue;
      options.push(optionOf(known, variable, map.name, type));
    }
  }
  return options;
}

function settable(btf: Btf, type: BtfType): boolean {
  switch (type.kind) {
    case 'int':
    case 'enum':
    case 'enum64':
    case 'float':
      return true;
    case 'array':
      return isCharacter(btf, type.element);
    default:
      return false;
  }
}

function isCharacter(btf: Btf, id: TypeId): boolean {
  const type = btf.type(btf.strip(id));
  return type.kind === 'int' && type.size === 1;
}

function optionOf(described: Variable, variable: ObjectVariable, map: string, type: BtfType): PackageOption {
  const argument = object(described.cmdarg);
  const long = typeof argument.long === 'string' ? argument.long : variable.name;
  const preset = argument.default ?? described.value;
  const help =
    stringOf(argument.help) ??
    stringOf(described.description) ??
    `Set value of \`${described.type}\` variable ${variable.name}`;
  const base = {
    help,
    variable,
    map,
    type,
    ...(typeof argument.short === 'string' && argument.short.length === 1 ? { short: argument.short } : {}),
    ...(preset === undefined || preset === null ? {} : { preset }),
  };
  if (type.kind !== 'int' || type.encoding !== 'bool') return { long, ...base };
  if (preset === true) return { long: `disable-${long}`, switchTo: false, ...base };
  if (preset === false) return { long: `enable-${long}`, switchTo: true, ...base };
  return { long, switchTo: true, ...base };
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Throws PackageError `badOption` with near names. */
export function parseOptions(options: readonly PackageOption[], words: readonly string[]): ParsedOptions {
  const values = new Map<PackageOption, unknown>();
  let kind: ParsedOptions['kind'] = 'run';
  let verbose = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const { name, attached, long } = split(word);
    if (long ? name === 'help' : name === 'h') kind = 'help';
    else if (long ? name === 'version' : name === 'V') kind = kind === 'help' ? kind : 'version';
    else if (long && name === 'verbose') verbose = true;
    else {
      const option = options.find((one) => (long ? one.long === name : one.short === name));
      if (!option) throw unknownOption(word, options);
      if (option.switchTo !== undefined) {
        if (attached !== undefined) throw badOption(word, 'it takes no value');
        values.set(option, option.switchTo);
        continue;
      }
      const value = attached ?? words[++i];
      if (value === undefined) throw badOption(word, 'a value is missing');
      values.set(option, value);
    }
  }
  return { kind, verbose, values };
}

function split(word: string): { name: string; attached: string | undefined; long: boolean } {
  if (word.startsWith('--')) {
    const equals = word.indexOf('=');
    if (equals < 0) return { name: word.slice(2), attached: undefined, long: true };
    return { name: word.slice(2, equals), attached: word.slice(equals + 1), long: true };
  }
  if (!word.startsWith('-') || word.length < 2) throw badOption(word, 'options begin with --');
  const attached = word.slice(2).replace(/^=/, '');
  return { name: word[1]!, attached: attached === '' ? undefined : attached, long: false };
}

function badOption(word: string, problem: string): PackageError {
  return new PackageError('badOption', `option ${word}: ${problem}`);
}

/** Options of `bpfkit run` itself. */
const attachOptions: ReadonlySet<string> = new Set(['interface', 'direction', 'cgroup', 'target', 'pid']);

function unknownOption(word: string, options: readonly PackageOption[]): PackageError {
  const name = word.replace(/^--?/, '').replace(/=.*$/s, '');
  const near = nearestNames(name, [...options.map(({ long }) => long), 'help', 'version', 'verbose']);
  const hint = attachOptions.has(name)
    ? `where it is attached stands before the package: bpfkit run --${name} VALUE PACKAGE`
    : near.length > 0
      ? `did you mean --${near[0]}?`
      : '--help lists them';
  return new PackageError('badOption', `this package has no option ${word}: ${hint}`);
}

/**
 * Writes presets and given values into the object's data sections. Throws PackageError `badOption` naming the option,
 * the value and what its type can hold.
 */
export function applyOptions(
  spec: ObjectSpec,
  options: readonly PackageOption[],
  given: ParsedOptions['values'],
): void {
  for (const option of options) {
    const value = given.has(option) ? given.get(option) : option.preset;
    if (value === undefined) continue;
    const data = spec.maps.find((map) => map.name === option.map)?.data;
    if (!data || !spec.types) continue;
    const view = new DataView(data.contents.buffer, data.contents.byteOffset, data.contents.byteLength);
    const write = encoder(spec.types, option.variable.type, { label: `--${option.long}` });
    try {
      write(typedValue(option, value), view, option.variable.offset);
    } catch (cause) {
      if (cause instanceof PackageError) throw cause;
      throw new PackageError('badOption', (cause as Error).message, { cause });
    }
  }
}

/** The text of a word, or a preset from JSON, as what the encoder of the type takes. */
function typedValue(option: PackageOption, value: unknown): unknown {
  const { type, long } = option;
  if (typeof value !== 'string') return value;
  switch (type.kind) {
    case 'int': {
      if (type.encoding === 'bool') {
        if (/^(?:true|1)$/.test(value)) return true;
        if (/^(?:false|0)$/.test(value)) return false;
        throw badOption(`--${long}`, `"${value}" is neither true nor false`);
      }
      if (type.encoding === 'char' && value.length === 1 && !/\d/.test(value)) return value.charCodeAt(0);
      return integer(long, value);
    }
    case 'enum':
    case 'enum64': {
      if (/^[-+]?(?:\d|0x)/.test(value)) return integer(long, value);
      if (type.values.some(({ name }) => name === value)) return value;
      const names = type.values.map(({ name }) => name);
      const near = nearestNames(value, names);
      throw badOption(`--${long}`, `"${value}" is none of ${(near.length > 0 ? near : names).join(', ')}`);
    }
    case 'float': {
      const number = Number(value);
      if (value.trim() === '' || Number.isNaN(number))
        throw badOption(`--${long}`, `"${value}" is no number`);
      return number;
    }
    default:
      return value;
  }
}

function integer(long: string, text: string): bigint {
  const match = /^([-+]?)(0x[0-9a-fA-F]+|0b[01]+|0o[0-7]+|\d+)$/.exec(
    text.trim().replace(/(?<=\w)_(?=\w)/g, ''),
  );
  if (!match) throw badOption(`--${long}`, `"${text}" is no whole number`);
  const size = BigInt(match[2]!);
  return match[1] === '-' ? -size : size;
}

// Help

const poweredBy =
  'Built with eunomia-bpf framework.\nSee https://github.com/eunomia-bpf/eunomia-bpf for more information.';

/** What `-h` prints. `name` is what was run: `package.json`. */
export function helpText(meta: PackageMeta, options: readonly PackageOption[], name: string): string {
  const doc = meta.bpf_skel.doc ?? {};
  const rows: (readonly [string, string])[] = [
    ['      --verbose', 'Whether to show libbpf debug information'],
    ...options.map(({ short, long, switchTo, help }): readonly [string, string] => [
      `${short ? `  -${short}, ` : '      '}--${long}${switchTo === undefined ? ` <${long}>` : ''}`,
      help,
    ]),
    ['  -h, --help', 'Print help'],
    ['  -V, --version', 'Print version'],
  ];
  const width = Math.max(...rows.map(([words]) => words.length)) + 2;
  return [
    stringOf(doc.brief) ?? stringOf(doc.description) ?? 'A simple eBPF program',
    '',
    `Usage: ${name} [OPTIONS]`,
    '',
    'Options:',
    ...rows.map(([words, help]) => words.padEnd(width) + help.replaceAll('\n', `\n${' '.repeat(width)}`)),
    '',
    stringOf(doc.details) ?? poweredBy,
    '',
  ].join('\n');
}

export function versionText(meta: PackageMeta): string {
  return `${meta.bpf_skel.obj_name} ${stringOf(meta.bpf_skel.doc?.version) ?? '0.1.0'}\n`;
}
