/** Dead code: what has no effect and what nobody with an effect reads goes. */
import { hasEffect, type IrFunction, operandsOf, terminatorOperands, type Value } from '../ir.ts';

export function removeDead(fn: IrFunction): void {
  const alive = new Set<Value>();
  const work: Value[] = [];
  const keep = (value: Value): void => {
    if (alive.has(value)) return;
    alive.add(value);
    work.push(value);
  };
  for (const block of fn.blocks) {
    for (const value of block.values) if (hasEffect(value)) keep(value);
    if (block.terminator) for (const value of terminatorOperands(block.terminator)) keep(value);
  }
  for (let value = work.pop(); value; value = work.pop()) for (const o of operandsOf(value)) keep(o);
  for (const block of fn.blocks) {
    let kept = 0;
    for (const value of block.values) if (alive.has(value)) block.values[kept++] = value;
    block.values.length = kept;
  }
}
