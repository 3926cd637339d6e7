/**
 * Constant distances move into the offset field of the load or store that uses them: `[p + 24]` is one
 * instruction, `p + 24` and `[..]` are two and a register. The context must be accessed this way: the
 * verifier knows its fields by fixed offsets from the unchanged pointer.
 */
import { constantOf } from '../facts.ts';
import type { IrFunction, Value } from '../ir.ts';

const MAX = 0x7fff;

export function foldAddresses(fn: IrFunction): void {
  for (const block of fn.blocks) {
    for (const value of block.values) {
      if (value.kind !== 'load' && value.kind !== 'store' && value.kind !== 'atomic') continue;
      if (value.kind === 'load' && value.question) continue;
      let base: Value = value.base;
      let offset = value.offset;
      while (base.kind === 'binary' && base.op === 'add' && base.width === 64) {
        const by = constantOf(base.right);
        if (by === undefined || by < -0x7fffn || by > 0x7fffn) break;
        const sum = offset + Number(by);
        if (sum > MAX || sum < -MAX - 1) break;
        offset = sum;
        base = base.left;
      }
      // One register for all accesses to a map's value, wherever in it they go.
      if (base.kind === 'mapValueAddress' && base.offset !== 0 && offset + base.offset <= MAX) {
        offset += base.offset;
        base = { ...base, offset: 0 };
      }
      if (base === value.base) continue;
      value.base = base;
      (value as { offset: number }).offset = offset;
    }
  }
}
