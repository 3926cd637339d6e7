/** Numbers: what C programs write as macros. */
import type { Value } from '../../compiler/ir.ts';
import type { Emitter } from './emitter.ts';

/**
 * `first` + floor(log2(value)), `first` for 0. Halving steps: each asks whether the value reaches 2^step and,
 * if so, shifts it down. Every path knows its own result, so the verifier knows the range of the index.
 */
export function floorLog2(e: Emitter, input: Value, first = 0): Value {
  const { b } = e;
  const rest = b.variable('rest');
  const log = b.variable('log');
  b.write(rest, input);
  b.write(log, b.constant(first));
  for (const step of [32, 16, 8, 4, 2, 1]) {
    const [reached, next] = [b.block(`over${step}`), b.block('next')];
    // 2^32 does not fit the comparison with a constant.
    if (step === 32) b.branch('ne', b.binary('lshr', input, b.constant(32)), b.constant(0), reached, next);
    else b.branch('uge', b.read(rest), b.constant(2 ** step), reached, next);
    b.begin(reached);
    if (step > 1) b.write(rest, b.binary('lshr', b.read(rest), b.constant(step)));
    b.write(log, b.binary('add', b.read(log), b.constant(step)));
    b.jump(next);
    b.begin(next);
  }
  return b.read(log);
}
