import { scalar64, type Value } from '../../compiler/ir.ts';
import { checkCount } from '../builtin/arguments.ts';
import { mapNamespace } from '../builtin/map.ts';
import { builtins } from '../builtin/table.ts';
import { messages } from '../messages.ts';
import { types } from './data-type.ts';
import { expression } from './expression.ts';
import type { Namespace, Operand } from './operand.ts';
import { scalarOf } from './scalar.ts';
import type { Lowering } from './state.ts';

export function contextNamespace(l: Lowering): Namespace {
  const { program, probe } = l;
  return {
    title: 'the context',
    member(name, node) {
      const map = program.maps.get(name);
      if (map) return { kind: 'namespace', namespace: mapNamespace(l, name, map) };
      if (program.params.has(name)) return parameter(l, name);
      if (program.functions.has(name)) return userFunction(l, name);
      const own = probe.member(l, name, node);
      if (own) return own;
      const builtin = Object.hasOwn(builtins, name) ? builtins[name] : undefined;
      if (!builtin) {
        const elsewhere = probe.explain(name);
        return elsewhere ? l.fail(node, messages.notInProbe(name, probe.title, elsewhere)) : undefined;
      }
      const refusal = builtin.available?.(l);
      if (refusal) return l.fail(node, refusal);
      if (builtin.kind === 'value') return builtin.lower(l, node);
      return {
        kind: 'operation',
        name: `k.${name}`,
        call: (args, at) => {
          checkCount(l, `k.${name}`, builtin.arity, args, at);
          return builtin.lower(l, args, at);
        },
      };
    },
    names: () => [...program.declaredNames(), ...probe.names(), ...Object.keys(builtins)],
  };
}

/** Parameters are known when the program is compiled: constants, free at run time. */
function parameter(l: Lowering, name: string): Operand {
  const value = l.program.params.get(name);
  if (typeof value === 'boolean') return { kind: 'literal', value: value ? 1n : 0n, varies: true };
  return { kind: 'literal', value: BigInt(value ?? 0), varies: true };
}

/** A function declared beside the probes: a sub-program of the kernel program. */
function userFunction(l: Lowering, name: string): Operand {
  return {
    kind: 'operation',
    name: `k.${name}`,
    call(args, node) {
      const parameters = l.program.parametersOf(name);
      checkCount(l, `k.${name}`, [parameters, parameters], args, node);
      const values: Value[] = args.map((arg) => scalarOf(l, expression(l, arg), arg).value);
      const symbol = l.program.useFunction(l, name, node);
      return {
        kind: 'scalar',
        value: l.b.call({ kind: 'function', name: symbol }, values, scalar64),
        type: types.i64,
      };
    },
  };
}
