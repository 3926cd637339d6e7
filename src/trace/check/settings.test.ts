import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Config, defaultConfig } from '../config.ts';
import { Diagnostics } from '../diagnostic.ts';
import { parseProgram } from '../parse/parse.ts';
import { readConfig } from './settings.ts';

function read(
  block: string,
  variables: Readonly<Record<string, string>> = {},
): { config: Config; said: readonly string[] } {
  const diagnostics = new Diagnostics();
  const program = parseProgram({ name: 'stdin', text: `config = { ${block} } begin { }` }, diagnostics);
  const config = readConfig(program.config, variables, diagnostics);
  return { config, said: diagnostics.list.map(({ severity, message }) => `${severity}: ${message}`) };
}

for (const [block, expected] of [
  ['', {}],
  ['max_strlen = 5', { maxStrlen: 5 }],
  ['max_strlen = 5; max_map_keys = 0x10', { maxStrlen: 5, maxMapKeys: 16 }],
  ['MAX_STRLEN = 7', { maxStrlen: 7 }],
  ['BPFTRACE_MAX_STRLEN = 8', { maxStrlen: 8 }],
  ['stack_mode = perf', { stackMode: 'perf' }],
  ['stack_mode = "raw"', { stackMode: 'raw' }],
  ['missing_probes = ignore', { missingProbes: 'ignore' }],
  ['print_maps_on_exit = false', { printMapsOnExit: false }],
  ['print_maps_on_exit = 0', { printMapsOnExit: false }],
  ['cpp_demangle = 1', { cppDemangle: true }],
  ['cache_user_symbols = PER_PROGRAM', { cacheUserSymbols: 'PER_PROGRAM' }],
  ['cache_user_symbols = false', { cacheUserSymbols: 'NONE' }],
  ['license = "Dual MIT/GPL"', { license: 'Dual MIT/GPL' }],
  ['str_trunc_trailer = "..."', { strTruncTrailer: '...' }],
  ['unstable_tseries = enable', { unstable: { ...defaultConfig.unstable, tseries: 'enable' } }],
  ['unstable_typeinfo = true', { unstable: { ...defaultConfig.unstable, typeinfo: 'enable' } }],
  ['perf_rb_pages = 128', { perfRbPages: 128 }],
  ['on_stack_limit = 0', { onStackLimit: 0 }],
] as [string, Partial<Config>][]) {
  test(`config = { ${block} } is read`, () => {
    assert.deepEqual(read(block), { config: { ...defaultConfig, ...expected }, said: [] });
  });
}

for (const [variable, value, expected] of [
  ['BPFTRACE_MAX_STRLEN', '200', { maxStrlen: 200 }],
  ['BPFTRACE_MAX_STRLEN', '0x20', { maxStrlen: 32 }],
  ['BPFTRACE_STACK_MODE', 'raw', { stackMode: 'raw' }],
  ['BPFTRACE_LAZY_SYMBOLICATION', 'false', { lazySymbolication: false }],
  ['BPFTRACE_MISSING_PROBES', 'warn', { missingProbes: 'warn' }],
  ['BPFTRACE_SOMETHING_ELSE', 'x', {}],
  ['MAX_STRLEN', '5', {}],
] as [string, string, Partial<Config>][]) {
  test(`${variable}=${value} is read from the environment`, () => {
    assert.deepEqual(read('', { [variable]: value }), {
      config: { ...defaultConfig, ...expected },
      said: [],
    });
  });
}

test('the environment wins over the script', () => {
  const { config } = read('max_strlen = 5; stack_mode = perf', { BPFTRACE_MAX_STRLEN: '9' });
  assert.equal(config.maxStrlen, 9);
  assert.equal(config.stackMode, 'perf');
});

for (const [block, variables, message] of [
  ['nope = 1', {}, 'error: nope: not a known configuration option'],
  ['strlen = 1', {}, 'warning: strlen has been renamed, please use max_strlen'],
  ['map_keys_max = 1', {}, 'warning: map_keys_max has been renamed, please use max_map_keys'],
  ['unstable_macro = enable', {}, 'warning: unstable_macro is deprecated and has no effect'],
  ['vmlinux = "x"', {}, 'error: vmlinux: can only be set as an environment variable'],
  ['cpp_demangle = 2', {}, 'error: cpp_demangle: Invalid bool value: valid values are true, false, 1 or 0.'],
  ['max_probes = "many"', {}, 'error: max_probes: expecting a number, got many'],
  ['max_probes = true', {}, 'error: max_probes: expecting a number, got true'],
  ['max_map_keys = 0', {}, 'error: max_map_keys: Invalid number: it must be between 1 and 4294967295'],
  ['', { BPFTRACE_STRLEN: '5' }, "error: BPFTRACE_STRLEN has been renamed to 'BPFTRACE_MAX_STRLEN'"],
  ['', { BPFTRACE_MAX_STRLEN: 'x' }, 'error: BPFTRACE_MAX_STRLEN: expecting a number, got x'],
  ['', { BPFTRACE_SYMBOL_SOURCE: 'x' }, 'warning: BPFTRACE_SYMBOL_SOURCE is deprecated and has no effect'],
] as [string, Record<string, string>, string][]) {
  test(`settings that cannot be are refused: ${message}`, () => {
    const { config, said } = read(block, variables);
    assert.deepEqual(said, [message]);
    assert.deepEqual(config, defaultConfig);
  });
}
