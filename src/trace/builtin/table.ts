/** All built-ins by their names. */
import { aggregateBuiltins } from './aggregates.ts';
import type { Builtin } from './builtin.ts';
import { compileTimeBuiltins } from './compile-time.ts';
import { controlBuiltins } from './control.ts';
import { machineBuiltins } from './machine.ts';
import { mapBuiltins } from './maps.ts';
import { memoryBuiltins } from './memory.ts';
import { nameBuiltins } from './names.ts';
import { networkBuiltins } from './network.ts';
import { outputBuiltins } from './output.ts';
import { argumentBuiltin, probeBuiltins } from './probe.ts';
import { processBuiltins } from './process.ts';
import { stackBuiltins } from './stacks.ts';
import { stringBuiltins } from './strings.ts';
import { symbolBuiltins } from './symbols.ts';
import { timeBuiltins } from './time.ts';

/** In the order of the manual. */
export const builtins: readonly Builtin[] = [
  ...processBuiltins,
  ...probeBuiltins,
  ...stackBuiltins,
  ...timeBuiltins,
  ...machineBuiltins,
  ...stringBuiltins,
  ...memoryBuiltins,
  ...symbolBuiltins,
  ...networkBuiltins,
  ...nameBuiltins,
  ...mapBuiltins,
  ...aggregateBuiltins,
  ...outputBuiltins,
  ...controlBuiltins,
  ...compileTimeBuiltins,
];

const byName: ReadonlyMap<string, Builtin> = new Map(builtins.map((builtin) => [builtin.name, builtin]));

/** The parser's own names for some: `__builtin_cpu` is `cpu`. */
const prefix = '__builtin_';

export function findBuiltin(name: string): Builtin | undefined {
  const plain = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  return byName.get(plain) ?? argumentBuiltin(plain);
}
