/** Records whose values are known before the script runs: `config`, `typeinfo(x)`. */
import type { Expr } from '../ast/nodes.ts';
import type { Config } from '../config.ts';
import { kindText, typeText } from '../types/text.ts';
import { bool, string, type Type, uint64 } from '../types/type.ts';
import type { Body } from './body.ts';
import type { Constant } from './context.ts';
import { literalType } from './integers.ts';

type Values = readonly (readonly [name: string, value: Constant, type?: Type])[];

/** Notes what is in the record and gives its type. */
export function knownRecord(body: Body, expr: Expr, values: Values): Type {
  body.facts.setRecord(
    expr,
    values.map(([, value]) => value),
  );
  return {
    kind: 'record',
    fields: values.map(([name, value, type]) => ({ name, type: type ?? typeOfConstant(value) })),
  };
}

function typeOfConstant(value: Constant): Type {
  if (typeof value === 'boolean') return bool;
  return typeof value === 'string' ? string(value.length + 1) : literalType(value);
}

/** Of `typeinfo(x)`: only types of the kernel have numbers in its BTF, and no value is of one. */
export const typeinfoValues = (type: Type): Values => [
  ['btf_id', 0n, uint64],
  ['base_type', type.kind === 'struct' ? 'c_type' : kindText(type)],
  ['full_type', typeText(type)],
];

/** The settings that the script runs with, in the order of bpftrace. */
export const configValues = (config: Config): Values => [
  ['cpp_demangle', config.cppDemangle],
  ['lazy_symbolication', config.lazySymbolication],
  ['print_maps_on_exit', config.printMapsOnExit],
  ['use_blazesym', false],
  ['show_debug_info', config.showDebugInfo],
  ['log_size', BigInt(config.logSize)],
  ['max_bpf_progs', BigInt(config.maxBpfProgs)],
  ['max_cat_bytes', BigInt(config.maxCatBytes)],
  ['max_map_keys', BigInt(config.maxMapKeys)],
  ['max_probes', BigInt(config.maxProbes)],
  ['max_strlen', BigInt(config.maxStrlen)],
  ['on_stack_limit', BigInt(config.onStackLimit)],
  ['perf_rb_pages', BigInt(config.perfRbPages ?? 0)],
  ['str_trunc_trailer', config.strTruncTrailer],
  ['unstable_import_statement', config.unstable.importStatement],
  ['unstable_tseries', config.unstable.tseries],
  ['unstable_typeinfo', config.unstable.typeinfo],
  ['unstable_dw_ustack', config.unstable.dwUstack],
  ['missing_probes', config.missingProbes],
  ['stack_mode', config.stackMode],
  ['license', config.license],
];
