/** Sub-programs of the script: `fn name($a : int64) : int64 { … }`, called like functions of C. */
import { FunctionBuilder } from '../../compiler/builder.ts';
import { scalar64, type Value, type ValueType } from '../../compiler/ir.ts';
import type { CallExpr } from '../ast/nodes.ts';
import type { CheckedSubprogram } from '../checked.ts';
import { layoutOf } from '../types/layout.ts';
import { type Lowered, nothing } from './lowered.ts';
import { addressOf, frameMemory, inMemory, registerOf, store } from './memory.ts';
import type { ModuleState } from './module.ts';
import { Lowering } from './state.ts';
import { statements } from './statements.ts';
import { isRegister } from './types.ts';
import { storageOf } from './variables.ts';

const bytes: ValueType = { kind: 'pointer', provenance: 'stack', nullable: false };

/** Numbers go in registers, larger values by their address; a larger result is written where the caller says. */
export function callSubprogram(l: Lowering, call: CallExpr): Lowered {
  const callee = l.script.subprograms.get(call.name);
  if (!callee) throw new Error(`internal: no sub-program ${call.name}`);
  l.module.calls.add(call.name);
  const args: Value[] = callee.parameters.map(({ type }, i) => {
    const lowered = l.lower(call.args[i]!);
    return isRegister(type) ? registerOf(l, lowered) : addressOf(l, inMemory(l, lowered, type));
  });
  const target = { kind: 'function', name: symbolOf(callee) } as const;
  const { returns } = callee;
  if (isRegister(returns)) return { kind: 'scalar', value: l.b.call(target, args), type: returns };
  if (returns.kind === 'void' || returns.kind === 'none') {
    l.b.call(target, args);
    return nothing;
  }
  const base = frameMemory(l, 'result', layoutOf(returns).size);
  l.b.call(target, [...args, base]);
  return { kind: 'place', base, offset: 0, type: returns, memory: 'direct' };
}

const symbolOf = ({ source }: CheckedSubprogram): string => `fn_${source.name}`;

/** Adds the functions that the program calls, and those that these call. */
export function lowerSubprograms(module: ModuleState): void {
  for (const name of module.calls) {
    const callee = module.script.subprograms.get(name);
    if (callee) lowerSubprogram(module, callee);
  }
}

function lowerSubprogram(module: ModuleState, callee: CheckedSubprogram): void {
  const { returns, facts, body, source } = callee;
  const inMemoryResult = !isRegister(returns) && returns.kind !== 'void' && returns.kind !== 'none';
  const parameters = callee.parameters.map(({ name, type }) => ({
    name,
    type: isRegister(type) ? scalar64 : bytes,
  }));
  const builder = new FunctionBuilder(symbolOf(callee), 'static', [
    ...parameters,
    ...(inMemoryResult ? [{ name: 'result', type: bytes }] : []),
  ]);
  const l: Lowering = new Lowering({
    builder,
    module,
    facts,
    context: () => {
      throw new Error('internal: a sub-program has no context');
    },
    leave(from, value) {
      if (inMemoryResult) {
        if (value) store(from, value, returns, builder.parameter(parameters.length), 0);
        builder.return(builder.constant(0));
      } else builder.return(value && value.kind !== 'none' ? registerOf(from, value) : builder.constant(0));
    },
  });
  l.at(source.span);
  for (const [i, { name, type }] of callee.parameters.entries()) {
    const variable = module.parameter(facts, body, name);
    if (!variable) continue;
    if (!isRegister(type)) {
      const place = { kind: 'place', base: builder.parameter(i), offset: 0, type, memory: 'direct' } as const;
      l.variables.set(variable, { kind: 'memory', place });
      continue;
    }
    const storage = storageOf(l, variable);
    if (storage.kind === 'register') builder.write(storage.variable, builder.parameter(i));
    else if (storage.kind === 'memory') {
      store(l, { kind: 'scalar', value: builder.parameter(i), type }, type, storage.place.base, 0);
    }
  }
  statements(l, body.statements);
  if (builder.open) l.leave(l, body.value ? l.lower(body.value) : undefined);
  module.add(builder.finish());
}
