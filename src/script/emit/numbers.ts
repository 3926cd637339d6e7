/**
 * Numbers: what C programs write as macros. Both count by halving: each step asks whether the value reaches 2^step
 * and, if so, shifts it down.
 */
import type { Variable } from '../../compiler/builder.ts';
import type { Value } from '../../compiler/ir.ts';
import type { Emitter } from './emitter.ts';

/** floor(log2(value)), 0 for 0. Every path knows its own result, so the verifier knows the range of an index. */
export function floorLog2(e: Emitter, input: Value): Value {
  const { b } = e;
  const { rest, sum } = halve(e, input, 0);
  const [two, done] = [b.block('two'), b.block('done')];
  b.branch('uge', b.read(rest), b.constant(2), two, done);
  b.begin(two);
  b.write(sum, b.binary('add', b.read(sum), b.constant(1)));
  b.jump(done);
  b.begin(done);
  return b.read(sum);
}

/** `first` + the bits that it takes to write the value: 0 for 0, otherwise one more than floor(log2(value)). */
export function bitLength(e: Emitter, input: Value, first = 0): Value {
  const { b } = e;
  const { rest, sum } = halve(e, input, first);
  const [three, done] = [b.block('three'), b.block('done')];
  // 0, 1 and 2 are their own number of bits.
  b.branch('eq', b.read(rest), b.constant(3), three, done);
  b.begin(three);
  b.write(rest, b.constant(2));
  b.jump(done);
  b.begin(done);
  return b.binary('add', b.read(sum), b.read(rest));
}

/** Shifts down to two bits; `sum` is `first` and what was shifted. */
function halve(e: Emitter, input: Value, first: number): { readonly rest: Variable; readonly sum: Variable } {
  const { b } = e;
  const [rest, sum] = [b.variable('rest'), b.variable('sum')];
  // 2^32 does not fit the comparison with a constant.
  const low = b.extend(input, 32, false);
  b.write(rest, input);
  b.write(sum, b.constant(first));
  for (const step of [32, 16, 8, 4, 2]) {
    const [reached, next] = [b.block(`over${step}`), b.block('next')];
    if (step === 32) b.branch('ne', low, input, reached, next);
    else b.branch('uge', b.read(rest), b.constant(2 ** step), reached, next);
    b.begin(reached);
    b.write(rest, b.binary('lshr', step === 32 ? input : b.read(rest), b.constant(step)));
    b.write(sum, step === 32 ? b.constant(first + step) : b.binary('add', b.read(sum), b.constant(step)));
    b.jump(next);
    b.begin(next);
  }
  return { rest, sum };
}
