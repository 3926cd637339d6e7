/** Counting up to a number that is known when the program is made: the verifier follows all rounds. */
import type { Block, Value } from '../../compiler/ir.ts';
import type { Lowering } from './state.ts';

/** `each` ends by a jump to `next`, or to `out` before the end is reached. Gives where it ended. */
export function eachIndex(
  { b }: Lowering,
  count: number,
  each: (index: Value, next: Block, out: Block) => void,
): Value {
  const index = b.variable('index');
  b.write(index, b.constant(0));
  const [head, body, next, out] = [b.block('loop'), b.block('body'), b.block('next'), b.block('out')];
  b.jump(head);
  b.enter(head);
  b.branch('ult', b.read(index), b.constant(count), body, out);
  b.begin(body);
  each(b.read(index), next, out);
  b.begin(next);
  b.write(index, b.binary('add', b.read(index), b.constant(1)));
  b.jump(head);
  b.seal(head);
  b.begin(out);
  return b.read(index);
}
