/**
 * The settings of a script: the environment's `BPFTRACE_MAX_STRLEN`, else the `config` block's `max_strlen`, else the
 * default. A row a setting: its name, where it goes, how its text is read.
 */
import { nearestNames } from '../../text/nearest.ts';
import type { ConfigBlock, ConfigEntry } from '../ast/nodes.ts';
import { type Config, defaultConfig, type Unstable } from '../config.ts';
import type { Diagnostics } from '../diagnostic.ts';
import { parseUnsigned } from '../lex/integer.ts';
import * as say from './settings-messages.ts';

type Value = ConfigEntry['value'];
type Draft = { -readonly [K in keyof Config]: Config[K] };

/** Puts a value in its place, or gives what is wrong with it. */
type Setter = (draft: Draft, value: Value) => string | undefined;

type Numbers = Exclude<
  { [K in keyof Config]-?: NonNullable<Config[K]> extends number ? K : never }[keyof Config],
  undefined
>;
type Booleans = { [K in keyof Config]-?: Config[K] extends boolean ? K : never }[keyof Config];

const number =
  (key: Numbers, least: number, most: number): Setter =>
  (draft, value) => {
    const read =
      typeof value === 'bigint' ? value : typeof value === 'string' ? parseUnsigned(value).value : undefined;
    if (read === undefined) return say.invalidNumber(String(value));
    if (read < BigInt(least) || read > BigInt(most)) return say.numberRange(least, most);
    draft[key] = Number(read);
    return undefined;
  };

const boolean =
  (key: Booleans): Setter =>
  (draft, value) => {
    const read = readBoolean(value);
    if (read === undefined) return say.invalidBoolean;
    draft[key] = read;
    return undefined;
  };

function readBoolean(value: Value): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const text = String(value);
  if (text === '1' || text === 'true') return true;
  return text === '0' || text === 'false' ? false : undefined;
}

const choice =
  <const Words extends readonly string[]>(
    name: string,
    words: Words,
    put: (draft: Draft, word: Words[number]) => void,
  ): Setter =>
  (draft, value) => {
    const word = words.find((one) => one === String(value));
    if (word === undefined) return say.invalidChoice(name, words);
    put(draft, word);
    return undefined;
  };

const unstable =
  (key: keyof Config['unstable']): Setter =>
  (draft, value) => {
    const put = (into: Draft, word: Unstable): void => {
      into.unstable = { ...into.unstable, [key]: word };
    };
    const flag = readBoolean(value);
    if (flag === undefined) return choice('unstable config', ['enable', 'warn', 'error'], put)(draft, value);
    put(draft, flag ? 'enable' : 'error');
    return undefined;
  };

/** What the kernel calls compatible with the GPL (include/linux/license.h). */
const licenses = [
  ...['Dual MIT/GPL', 'Dual BSD/GPL', 'Dual MPL/GPL'],
  ...['GPL and additional rights', 'GPL v2', 'GPL'],
] as const;

const most32 = 0xffff_ffff;

export const settings: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  [
    'cache_user_symbols',
    (draft, value) => {
      const old = readBoolean(value);
      if (old !== undefined) {
        draft.cacheUserSymbols = old ? 'PER_PID' : 'NONE';
        return undefined;
      }
      return choice('cache_user_symbols', ['PER_PID', 'PER_PROGRAM', 'NONE'], (into, word) => {
        into.cacheUserSymbols = word;
      })(draft, value);
    },
  ],
  ['cpp_demangle', boolean('cppDemangle')],
  ['lazy_symbolication', boolean('lazySymbolication')],
  [
    'license',
    (draft, value) => {
      const license = licenses.find((one) => one === String(value));
      if (license === undefined) return say.invalidLicense(String(value), licenses);
      draft.license = license;
      return undefined;
    },
  ],
  ['log_size', number('logSize', 1, most32)],
  ['max_bpf_progs', number('maxBpfProgs', 1, most32)],
  ['max_cat_bytes', number('maxCatBytes', 1, most32)],
  ['max_map_keys', number('maxMapKeys', 1, most32)],
  ['max_probes', number('maxProbes', 1, most32)],
  ['max_strlen', number('maxStrlen', 1, 1 << 20)],
  [
    'missing_probes',
    choice('missing_probes', ['ignore', 'warn', 'error'], (draft, word) => void (draft.missingProbes = word)),
  ],
  ['on_stack_limit', number('onStackLimit', 0, 512)],
  ['perf_rb_pages', number('perfRbPages', 1, 1 << 20)],
  ['print_maps_on_exit', boolean('printMapsOnExit')],
  ['show_debug_info', boolean('showDebugInfo')],
  [
    'stack_mode',
    choice(
      'stack_mode',
      ['bpftrace', 'raw', 'perf', 'build_id'],
      (draft, word) => void (draft.stackMode = word),
    ),
  ],
  [
    'str_trunc_trailer',
    (draft, value) => {
      draft.strTruncTrailer = String(value);
      return undefined;
    },
  ],
  // Symbols are always read the same way here.
  ['use_blazesym', (_draft, value) => (readBoolean(value) === undefined ? say.invalidBoolean : undefined)],
  ['unstable_import_statement', unstable('importStatement')],
  ['unstable_tseries', unstable('tseries')],
  ['unstable_typeinfo', unstable('typeinfo')],
  ['unstable_dw_ustack', unstable('dwUstack')],
]);

/** Since 0.22. */
const renamed: ReadonlyMap<string, string> = new Map([
  ['strlen', 'max_strlen'],
  ['no_cpp_demangle', 'cpp_demangle'],
  ['cat_bytes_max', 'max_cat_bytes'],
  ['map_keys_max', 'max_map_keys'],
]);

const ignored: ReadonlySet<string> = new Set([
  ...['symbol_source', 'max_type_res_iterations', 'unstable_addr', 'unstable_import'],
  ...['unstable_macro', 'unstable_map_decl'],
]);

const onlyEnvironment: ReadonlySet<string> = new Set([
  ...['btf', 'kernel_build', 'kernel_source', 'vmlinux', 'color'],
]);

const prefix = 'BPFTRACE_';

export function readConfig(
  block: ConfigBlock | undefined,
  variables: Readonly<Record<string, string | undefined>>,
  diagnostics: Diagnostics,
): Config {
  const draft: Draft = { ...defaultConfig };
  for (const entry of block?.entries ?? []) readEntry(draft, entry, diagnostics);
  // Last, so that it wins.
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined || !name.startsWith(prefix)) continue;
    readVariable(draft, name, value, diagnostics);
  }
  return draft;
}

function readEntry(draft: Draft, entry: ConfigEntry, diagnostics: Diagnostics): void {
  const written = entry.key.toLowerCase();
  const key = written.startsWith(prefix.toLowerCase()) ? written.slice(prefix.length) : written;
  const refuse = (message: string): void => diagnostics.error(entry.span, message);
  const now = renamed.get(key);
  if (now !== undefined) return diagnostics.warning(entry.span, say.renamedKey(entry.key, now));
  if (ignored.has(key)) return diagnostics.warning(entry.span, say.ignoredKey(entry.key));
  if (onlyEnvironment.has(key)) return refuse(say.environmentOnly(entry.key));
  const setter = settings.get(key);
  if (setter === undefined) {
    const [near] = nearestNames(key, settings.keys());
    diagnostics.error(
      entry.span,
      say.unknownKey(entry.key),
      near === undefined ? {} : { hint: `Did you mean '${near}'?` },
    );
    return;
  }
  const wrong = setter(draft, entry.value);
  if (wrong !== undefined) refuse(say.invalidSetting(entry.key, wrong));
}

function readVariable(draft: Draft, name: string, value: string, diagnostics: Diagnostics): void {
  const key = name.slice(prefix.length).toLowerCase();
  const now = renamed.get(key);
  if (now !== undefined) {
    diagnostics.error(undefined, say.renamedVariable(name, `${prefix}${now.toUpperCase()}`));
    return;
  }
  if (ignored.has(key)) {
    diagnostics.warning(undefined, say.ignoredKey(name));
    return;
  }
  // Others may be meant for other programs.
  const wrong = settings.get(key)?.(draft, value);
  if (wrong !== undefined) diagnostics.error(undefined, say.invalidSetting(name, wrong));
}
