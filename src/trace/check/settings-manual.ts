/** What the manual and editors say about each setting. */
import { defaultConfig } from '../config.ts';

export interface SettingManual {
  readonly name: string;
  /** What can be given: words, or the range of a number. */
  readonly value: string;
  readonly byDefault: string;
  readonly text: string;
}

const d = defaultConfig;
const row = (name: string, value: string, byDefault: unknown, text: string): SettingManual => ({
  ...{ name, value, byDefault: String(byDefault), text },
});

const idle = 'Is known, and changes nothing';
const stability = 'enable|warn|error';

export const settingsManual: readonly SettingManual[] = [
  row(
    'cache_user_symbols',
    'PER_PID|PER_PROGRAM|NONE',
    d.cacheUserSymbols,
    'Whether symbols of programs are kept once they are read, by process or by file.',
  ),
  row('cpp_demangle', 'true|false', d.cppDemangle, 'Names of C++ functions are shown as they are written.'),
  row(
    'lazy_symbolication',
    'true|false',
    d.lazySymbolication,
    `${idle}: addresses of user space become names when they are printed.`,
  ),
  row(
    'license',
    'GPL|GPL v2|GPL and additional rights|Dual BSD/GPL|Dual MIT/GPL|Dual MPL/GPL',
    d.license,
    'What the programs tell the kernel; all are compatible with the GPL.',
  ),
  row('log_size', 'bytes', d.logSize, `${idle}: what the kernel's verifier says is read whole.`),
  row('max_bpf_progs', 'number', d.maxBpfProgs, 'A script that would need more programs is refused.'),
  row('max_cat_bytes', 'bytes', d.maxCatBytes, 'So much of a file is printed by cat().'),
  row('max_map_keys', 'number', d.maxMapKeys, 'Room of maps that are not declared with a size.'),
  row('max_probes', 'number', d.maxProbes, 'A script that would attach to more places is refused.'),
  row('max_strlen', '1 to 1048576', d.maxStrlen, 'The longest string that str() and others give, in bytes.'),
  row(
    'missing_probes',
    'error|warn|ignore',
    d.missingProbes,
    'What happens where a probe does not exist or cannot be attached.',
  ),
  row(
    'on_stack_limit',
    '0 to 512',
    d.onStackLimit,
    `${idle}: where values are kept is the compiler's choice.`,
  ),
  row(
    'perf_rb_pages',
    'number',
    'by the number of CPUs',
    'Pages of the ring that carries events to user space.',
  ),
  row('print_maps_on_exit', 'true|false', d.printMapsOnExit, 'All maps are printed at the end.'),
  row(
    'show_debug_info',
    'true|false',
    d.showDebugInfo,
    'Inlined functions and source lines in user stacks, where the program has debug information.',
  ),
  row('stack_mode', 'bpftrace|perf|raw|build_id', d.stackMode, 'How kstack and ustack are shown.'),
  row('str_trunc_trailer', 'text', `\`"${d.strTruncTrailer}"\``, 'Is put behind text that was cut.'),
  row('use_blazesym', 'true|false', true, `${idle}: symbols are always read the same way.`),
  row('unstable_import_statement', stability, d.unstable.importStatement, 'Imports within a body.'),
  row('unstable_tseries', stability, d.unstable.tseries, 'tseries().'),
  row('unstable_typeinfo', stability, d.unstable.typeinfo, 'typeinfo().'),
  row('unstable_dw_ustack', stability, d.unstable.dwUstack, 'dw_ustack.'),
];

const byName: ReadonlyMap<string, SettingManual> = new Map(settingsManual.map((one) => [one.name, one]));

/** In any case, with or without `BPFTRACE_`. */
export function findSetting(key: string): SettingManual | undefined {
  return byName.get(key.toLowerCase().replace(/^bpftrace_/, ''));
}
