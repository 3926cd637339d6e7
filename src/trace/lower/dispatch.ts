/**
 * Scripts with a program for each of many system calls: `tracepoint:syscalls:sys_enter_* { @[probe] = count() }` has
 * 350. Each could be attached to the raw tracepoint that all calls pass, with a filter on its number, but then every
 * call would run 350 filters. So one program is attached in their place; it looks the number up in a map of programs and
 * goes on in the one that is there (bpf_tail_call, Linux 4.2), which needs no filter.
 */
import { FunctionBuilder } from '../../compiler/builder.ts';
import { type CompiledProgram, compileModule } from '../../compiler/compile.ts';
import { helper } from '../../compiler/helpers.ts';
import type { Value, ValueType } from '../../compiler/ir.ts';
import { type MapSpec, MapType } from '../../kernel/spec.ts';
import type { ProbeEmitter } from '../../script/emit/emitter.ts';
import { type SyscallSide, skipCompat, syscallId } from '../../script/emit/syscalls.ts';
import type { Environment } from '../../script/environment.ts';
import { contextType } from '../../script/probe/plan.ts';
import type { Hook } from './hook.ts';

/** So many programs may share a raw tracepoint: a filter takes a few nanoseconds of every call. */
const crowd = 8;

export interface Dispatcher {
  readonly program: string;
  readonly map: MapSpec;
  readonly side: SyscallSide;
}

/** The hooks, those of crowds changed to be called by a dispatcher. The second program for a call stays as it is. */
export function dispatched(hooks: readonly Hook[]): {
  hooks: readonly Hook[];
  dispatchers: readonly Dispatcher[];
} {
  const dispatchers: Dispatcher[] = [];
  const changed = [...hooks];
  for (const side of ['enter', 'exit'] as const) {
    const first = new Map<number, number>();
    for (const [i, { syscall }] of hooks.entries()) {
      if (syscall?.side === side && !first.has(syscall.number)) first.set(syscall.number, i);
    }
    if (first.size <= crowd) continue;
    const name = `dispatch_${side}`;
    const map = {
      name,
      type: MapType.programArray,
      keySize: 4,
      valueSize: 4,
      maxEntries: Math.max(...first.keys()) + 1,
    };
    dispatchers.push({ program: name, map, side });
    for (const [index, i] of first) {
      const { prologue: _, ...hook } = hooks[i]!;
      changed[i] = { ...hook, compiled: { kind: 'dispatched', dispatcher: name, map: name, index } };
    }
  }
  return { hooks: changed, dispatchers };
}

export function dispatcherProgram(
  { program, map, side }: Dispatcher,
  environment: Environment,
): CompiledProgram {
  const b = new FunctionBuilder(program, 'entry', [{ name: 'ctx', type: contextType }]);
  const context = b.parameter(0);
  const e: ProbeEmitter = {
    b,
    environment,
    context,
    call: (name, args: readonly Value[], type?: ValueType) => b.call(helper(name), args, type),
  };
  const other = b.block('other');
  skipCompat(e, other);
  e.call('tail_call', [context, b.mapAddress(map.name), syscallId(e, side)]);
  b.jump(other);
  b.begin(other);
  b.return(b.constant(0));
  return compileModule(
    { name: program, functions: [b.finish()], resultIgnored: true },
    { isa: environment.isa },
  );
}
