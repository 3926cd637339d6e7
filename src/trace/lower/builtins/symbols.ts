/** Addresses and their names. */
import type { Value } from '../../../compiler/ir.ts';
import { loadFrom } from '../../../script/emit/memory.ts';
import type { Expr } from '../../ast/nodes.ts';
import { uint64 } from '../../types/type.ts';
import { LowerError } from '../errors.ts';
import type { Lowered } from '../lowered.ts';
import type { Lowering } from '../state.ts';
import type { Call, LowerBuiltins } from './lower-builtin.ts';
import { taskId } from './process.ts';

/** An address of the task: with it, the process and the probe, since its program tells what lies there. */
export function userSymbol(l: Lowering, address: Value): Lowered {
  return {
    kind: 'made',
    type: { kind: 'usym' },
    write(to, offset) {
      l.b.store(8, to, offset, address);
      l.b.store(4, to, offset + 8, taskId(l, 'process', true));
      l.b.store(4, to, offset + 12, l.b.constant(l.module.probeIndex));
    },
  };
}

/** Address of a per-CPU variable on a CPU, by the table of the CPUs' distances; 0 if there is no such CPU. */
function perCpuAddress(l: Lowering, call: Call, [name, given]: readonly Expr[]): Lowered {
  const { b } = l;
  const symbol = String(l.facts.constantOf(name!));
  const { kernelSymbol } = l.script.environment;
  const [variable, distances] = [kernelSymbol(symbol), kernelSymbol('__per_cpu_offset')];
  if (variable === undefined || distances === undefined) {
    throw new LowerError(call.span, `Failed to resolve the per-CPU symbol "${symbol}".`);
  }
  const cpu = given ? l.number(given) : l.call('get_smp_processor_id', []);
  const address = b.variable('address');
  b.write(address, b.constant(0));
  l.choose(
    (yes, no) => b.branch('ult', cpu, b.constant(l.environment.possibleCpus), yes, no),
    () => {
      const entry = b.binary('add', b.binary('shl', cpu, b.constant(3)), b.constant(distances));
      b.write(address, b.binary('add', loadFrom(l, 'kernelRaw', entry, 0, 8), b.constant(variable)));
    },
  );
  return { kind: 'scalar', value: b.read(address), type: uint64, memory: 'kernelRaw' };
}

export const symbols: LowerBuiltins<'ksym' | 'usym' | 'percpu_kaddr' | 'uaddr'> = {
  ksym: (l: Lowering, _: Call, [address]: readonly Expr[]): Lowered => ({
    kind: 'scalar',
    value: l.number(address!),
    type: { kind: 'ksym' },
  }),
  usym: (l: Lowering, _: Call, [address]: readonly Expr[]): Lowered => userSymbol(l, l.number(address!)),
  percpu_kaddr: perCpuAddress,
  uaddr(l: Lowering, call: Call, [name]: readonly Expr[]): Lowered {
    const symbol = String(l.facts.constantOf(name!));
    const [target] = l.hook.resolved.targets;
    const path = target && 'path' in target ? target.path : '';
    const address = l.script.environment.userSymbol(path, symbol);
    if (address === undefined) throw new LowerError(call.span, `Could not resolve symbol: ${symbol}`);
    return { kind: 'scalar', value: l.b.constant(address), type: l.facts.typeOf(call), memory: 'user' };
  },
};
