/**
 * The command line that a package brings along: an option for each of its global variables.
 *
 * Types come from the object's own BTF, not from the C text beside it, so that every integer, bool, enum, float and
 * char array can be set. What `-h` prints is laid out as the original lays it out.
 */
import type { Btf } from '../../btf/btf.ts';
import { decoder, isChar } from '../../btf/decode.ts';
import type { BtfType, TypeId } from '../../btf/types.ts';
import { encoder } from '../../btf/write.ts';
import type { ObjectSpec, ObjectVariable } from '../../object/spec.ts';
import { KernelString } from '../../text/kernel-string.ts';
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
  /** An array of `char`, not of `unsigned char`. */
  readonly text: boolean;
  /** Set when the option is not given. */
  readonly preset?: unknown;
  /** What the variable has when the option is not given, as text; undefined where that is nothing. */
  readonly shown?: string;
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
      const view = viewOf(data.contents);
      const initial = decoder(types, variable.type)(view, variable.offset);
      const text = type.kind === 'array' && isChar(types.type(types.strip(type.element)));
      options.push(optionOf(known, variable, map.name, { type, text, initial }));
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

function optionOf(
  described: Variable,
  variable: ObjectVariable,
  map: string,
  { type, text, initial }: { readonly type: BtfType; readonly text: boolean; readonly initial: unknown },
): PackageOption {
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
    text,
    ...(typeof argument.short === 'string' && argument.short.length === 1 ? { short: argument.short } : {}),
    ...(preset === undefined || preset === null ? {} : { preset }),
  };
  if (type.kind !== 'int' || type.encoding !== 'bool') {
    const shown = shownDefault(preset ?? initial, described.type);
    return { long, ...base, ...(shown === undefined ? {} : { shown }) };
  }
  // A switch that is on could not be switched off by its own name.
  if ((preset ?? initial) === true) return { long: `disable-${long}`, switchTo: false, ...base };
  if (preset === false) return { long: `enable-${long}`, switchTo: true, ...base };
  return { long, switchTo: true, ...base };
}

/** Zero and no text are what a variable has that nobody set. `char` is shown as it may be given. */
function shownDefault(value: unknown, typeText: string): string | undefined {
  if (typeof value === 'object' && value !== null && !(value instanceof KernelString)) return undefined;
  if (typeText === 'char' && typeof value === 'number' && value > 0x20 && value < 0x7f && !isDigit(value)) {
    return String.fromCharCode(value);
  }
  const text = String(value);
  return text === '' || text === '0' ? undefined : text;
}

/** A digit that is given is a number. */
function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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
    // What a package calls its own goes before what every package has.
    const option = options.find((one) => (long ? one.long === name : one.short === name));
    const common = option === undefined ? commonOption(name, long) : undefined;
    if (common !== undefined) {
      if (attached !== undefined) throw badOption(word, 'it takes no value');
      if (common === 'verbose') verbose = true;
      else if (kind !== 'help') kind = common;
    } else {
      if (!option) throw unknownOption(word, options);
      if (option.switchTo !== undefined) {
        if (attached !== undefined && !/^(?:true|false)$/.test(attached)) {
          throw badOption(word, 'it takes no value, or true or false');
        }
        values.set(option, attached === 'false' ? !option.switchTo : option.switchTo);
        continue;
      }
      const value = attached ?? words[++i];
      if (value === undefined) throw badOption(word, 'a value is missing');
      values.set(option, value);
    }
  }
  return { kind, verbose, values };
}

function commonOption(name: string, long: boolean): 'help' | 'version' | 'verbose' | undefined {
  if (long) return name === 'help' || name === 'version' || name === 'verbose' ? name : undefined;
  if (name === 'h') return 'help';
  return name === 'V' ? 'version' : undefined;
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
    const write = encoder(spec.types, option.variable.type, { label: `option --${option.long}` });
    try {
      write(typedValue(option, value), viewOf(data.contents), option.variable.offset);
    } catch (cause) {
      if (cause instanceof PackageError) throw cause;
      throw new PackageError('badOption', (cause as Error).message + rangeOf(option.type), { cause });
    }
  }
}

/** What fits: the message of the encoder says only what does not. */
function rangeOf(type: BtfType): string {
  if ((type.kind !== 'int' && type.kind !== 'enum' && type.kind !== 'enum64') || type.size > 16) return '';
  const signed = type.kind === 'int' ? type.encoding === 'signed' : type.signed;
  const bits = BigInt(type.size * 8);
  const [least, most] = signed ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n];
  return ` (${least} to ${most})`;
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
      if (type.size === 1 && /^[^\d\P{ASCII}]$/u.test(value)) return value.charCodeAt(0);
      return integer(long, value, type.size === 1 ? 'neither a whole number nor one character' : undefined);
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
      const special = /^([-+]?)(?:(inf|infinity)|nan)$/i.exec(value);
      if (special) return special[2] === undefined ? Number.NaN : Number(`${special[1]}Infinity`);
      const number = Number(value);
      if (value.trim() === '' || Number.isNaN(number))
        throw badOption(`--${long}`, `"${value}" is no number`);
      const held = type.size === 4 ? Math.fround(number) : number;
      if (!Number.isFinite(held))
        throw badOption(`--${long}`, `"${value}" is too large for ${type.size} bytes`);
      return number;
    }
    case 'array':
      return arrayValue(option, value, type.length);
    default:
      return value;
  }
}

/** Programs read text up to its zero, without which they would read on; arrays of `unsigned char` may be full. */
function arrayValue({ long, text }: PackageOption, value: string, length: number): string | Buffer {
  const bytes = Buffer.from(value);
  const most = text ? Math.max(length - 1, 0) : length;
  if (bytes.length > most) {
    const room = text ? `char[${length}] (${most}, and the zero at the end)` : `unsigned char[${length}]`;
    throw badOption(`--${long}`, `${bytes.length} bytes do not fit in ${room}`);
  }
  return text ? value : Buffer.concat([bytes], length);
}

function integer(long: string, text: string, problem = 'no whole number'): bigint {
  const match = /^([-+]?)(0x[0-9a-fA-F]+|0b[01]+|0o[0-7]+|\d+)$/.exec(
    text.trim().replace(/(?<=\w)_(?=\w)/g, ''),
  );
  if (!match) throw badOption(`--${long}`, `"${text}" is ${problem}`);
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
    ...options.map(({ short, long, switchTo, help, shown }): readonly [string, string] => [
      `${short ? `  -${short}, ` : '      '}--${long}${switchTo === undefined ? ` <${long}>` : ''}`,
      shown === undefined ? help : `${help} [default: ${shown}]`,
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
