/** Maps as a whole: what is in them, and taking out; and what is assigned to them. */

import { FunctionBuilder } from '../../../compiler/builder.ts';
import { scalar64, type Value } from '../../../compiler/ir.ts';
import { lookUp } from '../../../script/emit/counter.ts';
import type { Expr, MapExpr } from '../../ast/nodes.ts';
import { bool, int64, isAggregate } from '../../types/type.ts';
import { average, count, extreme, hist, lhist, readAggregateAt, sum, tseries } from '../aggregates.ts';
import { type Lowered, nothing } from '../lowered.ts';
import { deleteEntry, keyInMemory, mapOf, readEntry } from '../maps.ts';
import type { Lowering } from '../state.ts';
import { assign, declare } from '../variables.ts';
import type { Call, LowerBuiltins } from './lower-builtin.ts';
import { stackLength } from './stacks.ts';

const asMap = (expr: Expr | undefined): MapExpr => {
  if (expr?.kind !== 'map') throw new Error('internal: not a map');
  return expr;
};

/** `delete(@m, key)`, `delete(@m)`, `delete(@m[key])`: whether there was something. */
function remove(l: Lowering, _: Call, [of, key]: readonly Expr[]): Lowered {
  const map = asMap(of);
  const result = deleteEntry(l, mapOf(l, map), keyInMemory(l, mapOf(l, map), key ?? map.key));
  // Kernels before 6.2 leave the upper half of the register zero.
  const value = l.b.compare('eq', l.b.extend(result, 32, true), l.b.constant(0));
  return { kind: 'scalar', value, type: bool };
}

function hasKey(l: Lowering, _: Call, [of, key]: readonly Expr[]): Lowered {
  const map = mapOf(l, asMap(of));
  const entry = lookUp(l, map.kernelName, keyInMemory(l, map, key));
  return { kind: 'scalar', value: l.b.compare('ne', entry, l.b.constant(0)), type: bool };
}

/** `find(@m, key, $v)`: whether it is there, and its value if so. */
function find(l: Lowering, _: Call, [of, key, into]: readonly Expr[]): Lowered {
  const { b } = l;
  const map = mapOf(l, asMap(of));
  if (into?.kind !== 'variable') throw new Error('internal: find without a variable');
  const variable = l.facts.variableOf(into);
  const address = keyInMemory(l, map, key);
  const entry = lookUp(l, map.kernelName, address);
  const found = b.variable('found');
  if (!l.variables.has(variable)) declare(l, variable);
  l.choose(
    (yes, no) => b.branch('ne', entry, b.constant(0), yes, no),
    () => {
      assign(
        l,
        variable,
        isAggregate(map.checked.value) ? readAggregateAt(l, map, address) : readEntry(l, map, entry),
      );
      b.write(found, b.constant(1));
    },
    () => b.write(found, b.constant(0)),
  );
  return { kind: 'scalar', value: b.read(found), type: bool };
}

/** `len(@m)`: bpf_for_each_map_elem says how many entries it has been at. */
function length(l: Lowering, _: Call, [of]: readonly Expr[]): Lowered {
  if (of?.kind !== 'map' || (l.script.map(of.name).checked.scalar && of.key === undefined)) {
    return { kind: 'scalar', value: stackLength(l, of!), type: int64 };
  }
  const map = mapOf(l, of);
  if (of.key !== undefined) return { kind: 'scalar', value: stackLength(l, of), type: int64 };
  const name = l.module.functionName('pass');
  const pass = new FunctionBuilder(name, 'callback', [{ name: 'map', type: scalar64 }]);
  pass.return(pass.constant(0));
  l.module.add(pass.finish());
  const state: Value = l.b.constant(0);
  const args = [l.b.mapAddress(map.kernelName), l.b.functionAddress(name), state, l.b.constant(0)];
  return { kind: 'scalar', value: l.call('for_each_map_elem', args), type: int64 };
}

function whole(kind: 'clear' | 'zero') {
  return (l: Lowering, _: Call, [of]: readonly Expr[]): Lowered => {
    const { name } = asMap(of);
    l.script.actions.send(l, [], () => ({ kind, map: name }));
    return nothing;
  };
}

export const maps: LowerBuiltins<'delete' | 'has_key' | 'find' | 'len' | 'clear' | 'zero'> = {
  delete: remove,
  has_key: hasKey,
  find,
  len: length,
  clear: whole('clear'),
  zero: whole('zero'),
};

export const aggregates: LowerBuiltins<
  'count' | 'sum' | 'min' | 'max' | 'avg' | 'stats' | 'hist' | 'lhist' | 'tseries'
> = {
  count: (l: Lowering): Lowered => count(l),
  sum: (l: Lowering, _: Call, [of]: readonly Expr[]): Lowered => sum(l, of!),
  min: (l: Lowering, _: Call, [of]: readonly Expr[]): Lowered => extreme(l, of!),
  max: (l: Lowering, _: Call, [of]: readonly Expr[]): Lowered => extreme(l, of!),
  avg: (l: Lowering, _: Call, [of]: readonly Expr[]): Lowered => average(l, of!),
  stats: (l: Lowering, _: Call, [of]: readonly Expr[]): Lowered => average(l, of!),
  hist: (l: Lowering, _: Call, [of]: readonly Expr[]): Lowered => hist(l, of!),
  lhist: (l: Lowering, _: Call, [of]: readonly Expr[]): Lowered => lhist(l, of!),
  tseries: (l: Lowering, _: Call, [of]: readonly Expr[]): Lowered => tseries(l, of!),
};
