/**
 * Loops. A `while`, an `unroll` and a short `for` over constants are loops of the program itself, which the verifier
 * walks through; a `for` over a range of unknown length or over a map calls a function for each turn (bpf_loop, Linux
 * 5.17; bpf_for_each_map_elem, 5.13).
 */
import type {
  BlockExpr,
  ForStatement,
  MapExpr,
  RangeExpr,
  UnrollStatement,
  WhileStatement,
} from '../ast/nodes.ts';
import { isAggregate } from '../types/type.ts';
import { readAggregateAt } from './aggregates.ts';
import { callForEach } from './callbacks.ts';
import { condition } from './conditions.ts';
import { block } from './expressions.ts';
import type { Lowered } from './lowered.ts';
import { mapOf } from './maps.ts';
import { readPlace } from './memory.ts';
import { fit } from './operators.ts';
import { constantOf } from './portable.ts';
import type { Lowering } from './state.ts';
import { assign } from './variables.ts';

export function whileLoop(l: Lowering, { condition: test, body }: WhileStatement): void {
  const { b } = l;
  const [head, inside, after] = [b.block('loop'), b.block('body'), b.block('after')];
  b.jump(head);
  b.enter(head);
  condition(l, test, inside, after);
  b.begin(inside);
  turn(l, body, after, head);
  if (b.open) b.jump(head);
  b.seal(head);
  b.begin(after);
}

type Target = Parameters<Lowering['b']['jump']>[0];

function turn(l: Lowering, body: BlockExpr, onBreak: Target, onContinue: Target): void {
  l.loops.push({ onBreak: () => l.b.jump(onBreak), onContinue: () => l.b.jump(onContinue) });
  block(l, body);
  l.loops.pop();
}

/** A loop that counts from 0 to `times`: the body appears once however often it runs. */
function countedLoop(
  l: Lowering,
  from: bigint,
  to: bigint,
  each: (index: Lowered) => void,
  body: BlockExpr,
): void {
  const { b } = l;
  const counter = b.variable('counter');
  b.write(counter, b.constant(from));
  const [head, inside, next, after] = [b.block('loop'), b.block('body'), b.block('next'), b.block('after')];
  b.jump(head);
  b.enter(head);
  b.branch('slt', b.read(counter), b.constant(to), inside, after);
  b.begin(inside);
  each({ kind: 'scalar', value: b.read(counter), type: { kind: 'int', bits: 64, signed: true } });
  turn(l, body, after, next);
  if (b.open) b.jump(next);
  b.begin(next);
  b.write(counter, b.binary('add', b.read(counter), b.constant(1)));
  b.jump(head);
  b.seal(head);
  b.begin(after);
}

export function unroll(l: Lowering, { count, body }: UnrollStatement): void {
  const times = l.facts.constantOf(count);
  countedLoop(l, 0n, typeof times === 'bigint' ? times : 0n, () => {}, body);
}

export function forLoop(l: Lowering, statement: ForStatement): void {
  if (statement.over.kind === 'range') rangeLoop(l, statement, statement.over);
  else mapLoop(l, statement, statement.over);
}

/** Turns of a loop that the program goes through itself. */
const ownTurns = 64n;
/** BPF_MAX_LOOPS of kernel/bpf/bpf_iter.c. */
const maxTurns = 8 * 1024 * 1024;

function rangeLoop(l: Lowering, { variable, body }: ForStatement, { from, to }: RangeExpr): void {
  const { b } = l;
  const [first, last] = [constantOf(l, from), constantOf(l, to)];
  const index = l.facts.variableOf(variable);
  if (typeof first === 'bigint' && typeof last === 'bigint' && last - first <= ownTurns) {
    return countedLoop(l, first, last, (counter) => assign(l, index, counter), body);
  }
  const start = l.number(from);
  const end = l.number(to);
  const turns = b.variable('turns');
  b.write(turns, b.constant(0));
  l.choose(
    (yes, no) => b.branch('sgt', end, start, yes, no),
    () => b.write(turns, b.binary('sub', end, start)),
  );
  const wanted = b.read(turns);
  l.choose(
    (yes, no) => b.branch('ugt', wanted, b.constant(maxTurns), yes, no),
    () => b.write(turns, b.constant(maxTurns)),
  );
  callForEach(l, body, {
    name: 'turn',
    parameters: ['index', 'state'],
    extra: [start],
    enter(inner, [from]) {
      const value = inner.b.binary('add', inner.b.extend(inner.b.parameter(0), 32, false), from!);
      assign(inner, index, { kind: 'scalar', value: fit(inner, value, index.type), type: index.type });
    },
    // Where the verifier knows that there is no turn it takes the function out as dead, and must not find its address
    // taken: the kernel (6.18) then looks for a function that is gone.
    call: (callback, state) => {
      l.choose(
        (yes, no) => b.branch('ne', b.read(turns), b.constant(0), yes, no),
        () => void l.call('loop', [b.read(turns), callback(), state, b.constant(0)]),
      );
    },
  });
}

function mapLoop(l: Lowering, { variable, body }: ForStatement, over: MapExpr): void {
  const { b } = l;
  const map = mapOf(l, over);
  const pair = l.facts.variableOf(variable);
  callForEach(l, body, {
    name: 'entry',
    parameters: ['map', 'key', 'value', 'state'],
    extra: [],
    enter(inner) {
      const { checked } = map;
      const keyAddress = inner.b.parameter(1);
      const key = readPlace(inner, {
        kind: 'place',
        base: keyAddress,
        offset: 0,
        type: checked.key,
        memory: 'direct',
      });
      const value = isAggregate(checked.value)
        ? readAggregateAt(inner, map, keyAddress)
        : readPlace(inner, {
            kind: 'place',
            base: inner.b.parameter(2),
            offset: 0,
            type: checked.value,
            memory: 'direct',
          });
      inner.variables.set(pair, { kind: 'pair', key, value, type: pair.type });
    },
    call: (callback, state) => {
      l.call('for_each_map_elem', [b.mapAddress(map.kernelName), callback(), state, b.constant(0)]);
    },
  });
}
