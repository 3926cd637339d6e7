/**
 * Loop bodies that the kernel calls. Such a function has the frame of its caller in reach only through one pointer:
 * the state, a row of words on the caller's stack. In it go the variables of the script that the body uses and that
 * exist outside: numbers and addresses themselves, larger values by their address. What the body assigns is written
 * back before each return. Two more words tell the caller that the body was left by `return`, and with what.
 *
 *     caller                        state             turn(index, state)
 *     store $x     ───────────────► [x]  ───────────► $x = load
 *     bpf_loop(n, turn, &state, 0)                    …
 *     $x = load    ◄─────────────── [x]  ◄─────────── store $x; return 0
 */
import { FunctionBuilder, type Variable } from '../../compiler/builder.ts';
import { scalar64, type Value, type ValueType } from '../../compiler/ir.ts';
import type { BlockExpr } from '../ast/nodes.ts';
import type { ScriptVariable } from '../checked.ts';
import { stackPointer } from './called-back.ts';
import { block } from './expressions.ts';
import { inMemory, registerOf } from './memory.ts';
import { Lowering, type Storage } from './state.ts';
import { readStorage } from './variables.ts';
import { walk } from './walk.ts';

export interface Callback {
  readonly name: string;
  /** The last one is the state. */
  readonly parameters: readonly string[];
  /** Numbers of the caller that the function needs besides variables. */
  readonly extra: readonly Value[];
  /** What happens before the body. */
  enter(inner: Lowering, extra: readonly Value[]): void;
  /** Calls the helper with the function's address, taken where the call is, and the state's. */
  call(callback: () => Value, state: Value): void;
}

export function callForEach(l: Lowering, body: BlockExpr, callback: Callback): void {
  const { b } = l;
  const captured = capturedBy(l, body);
  const assigned = assignedIn(l, body);
  const words: { store(state: Value, at: number): void; reload?(state: Value, at: number): void }[] = [];
  const word = (entry: (typeof words)[number]): number => words.push(entry) - 1;

  const name = l.module.functionName(callback.name);
  const parameters = callback.parameters.map((parameter, i) => ({
    name: parameter,
    type: i === callback.parameters.length - 1 ? stackPointer : parameterType(parameter),
  }));
  const builder = new FunctionBuilder(name, 'callback', parameters);
  builder.source = b.source;
  const state = builder.parameter(parameters.length - 1);
  const context: { at: number | undefined; value: Value | undefined } = { at: undefined, value: undefined };
  const left: { at: number | undefined; valueAt: number | undefined } = { at: undefined, valueAt: undefined };
  const inner: Lowering = new Lowering({
    builder,
    module: l.module,
    facts: l.facts,
    context: () => {
      context.at ??= word({ store: (to, at) => b.store(8, to, at, l.context) });
      return builder.load(8, state, context.at * 8, { type: l.context.type });
    },
    leave(from, value) {
      left.at ??= word({ store: (to, at) => b.store(8, to, at, b.constant(0)) });
      builder.store(8, state, left.at * 8, builder.constant(1));
      if (value && value.kind !== 'none') {
        left.valueAt ??= word({ store: (to, at) => b.store(8, to, at, b.constant(0)) });
        builder.store(8, state, left.valueAt * 8, registerOf(from, value));
      }
      finish(1);
    },
  });
  const written: { variable: Variable; at: number }[] = [];
  const finish = (result: 0 | 1): void => {
    if (!builder.open) return;
    for (const { variable, at } of written) builder.store(8, state, at * 8, builder.read(variable));
    builder.return(builder.constant(result));
  };
  for (const [variable, storage] of captured) {
    const at = word({ store: (to, offset) => b.store(8, to, offset, sharedWord(l, storage)) });
    const address = sharedWord(l, storage);
    const raw = builder.load(8, state, at * 8, { type: address.type });
    if (storage.kind === 'register') {
      const own = builder.variable(variable.name, storage.variable.type);
      builder.write(own, raw);
      inner.variables.set(variable, { ...storage, variable: own });
      if (!assigned.has(variable)) continue;
      written.push({ variable: own, at });
      const outer = storage.variable;
      words[at] = { ...words[at]!, reload: (from, offset) => b.write(outer, b.load(8, from, offset)) };
    } else if (storage.kind === 'memory') {
      inner.variables.set(variable, { kind: 'memory', place: { ...storage.place, base: raw } });
    }
  }
  const extra = callback.extra.map((value) => {
    const at = word({ store: (to, offset) => b.store(8, to, offset, value) });
    return builder.load(8, state, at * 8, { type: value.type });
  });
  callback.enter(inner, extra);
  inner.loops.push({ onBreak: () => finish(1), onContinue: () => finish(0) });
  block(inner, body);
  finish(0);
  l.module.add(builder.finish());

  const slot = b.slot('state', Math.max(8, words.length * 8), 8, true);
  const address = b.slotAddress(slot);
  if (words.length === 0) b.store(8, address, 0, b.constant(0));
  for (const [i, each] of words.entries()) each.store(address, i * 8);
  callback.call(() => b.functionAddress(name), address);
  for (const [i, each] of words.entries()) each.reload?.(address, i * 8);
  if (left.at === undefined) return;
  const flag = b.load(8, address, left.at * 8);
  const result = left.valueAt === undefined ? undefined : b.load(8, address, left.valueAt * 8);
  l.choose(
    (yes, no) => b.branch('ne', flag, b.constant(0), yes, no),
    () =>
      l.leave(l, result && { kind: 'scalar', value: result, type: { kind: 'int', bits: 64, signed: true } }),
  );
}

function parameterType(name: string): ValueType {
  if (name === 'key' || name === 'value') return { kind: 'pointer', provenance: 'mapValue', nullable: false };
  return name === 'map' ? { kind: 'pointer', provenance: 'map', nullable: false } : scalar64;
}

/** What goes into the state for a variable. */
function sharedWord(l: Lowering, storage: Storage): Value {
  if (storage.kind === 'register') return l.b.read(storage.variable);
  if (storage.kind === 'memory') {
    const { base, offset } = storage.place;
    if (offset === 0) return base;
    return l.b.binary('add', base, l.b.constant(offset), 64, base.type);
  }
  throw new Error('internal: the pair of a loop has no word of its own');
}

/** The variables of outside that the body names. */
function capturedBy(l: Lowering, body: BlockExpr): Map<ScriptVariable, Storage> {
  const captured = new Map<ScriptVariable, Storage>();
  walk(body, (node) => {
    if (node.kind !== 'variable') return;
    const variable = l.facts.variableOf(node);
    const storage = l.variables.get(variable);
    if (!storage || captured.has(variable)) return;
    // The pair of an outer loop is put together in memory, where the inner function reaches it.
    captured.set(
      variable,
      storage.kind === 'pair' ? { kind: 'memory', place: inMemory(l, readStorage(l, storage)) } : storage,
    );
  });
  return captured;
}

function assignedIn(l: Lowering, body: BlockExpr): Set<ScriptVariable> {
  return new Set(l.module.assignments(l.facts, body).keys());
}
