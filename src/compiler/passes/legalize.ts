/**
 * Operations that the chosen instruction set does not have become sequences of those it has.
 *
 * Signed division before v4: with s = x >> 63 (all ones for a negative x), |x| is (x ^ s) - s. The quotient of
 * the magnitudes is negated when the signs differ, by the same trick; the remainder takes the sign of
 * the dividend. Division by zero comes out right too: 0 and the dividend. By a power of two it is a
 * shift after adding 2^k - 1 to negative dividends, so that it rounds towards zero as C does.
 */
import { constantOf } from '../facts.ts';
import { nextValueId, Replacements } from '../graph.ts';
import { type BinaryOp, type IrFunction, mapOperands, scalar64, type Value, type ValueOf } from '../ir.ts';

export interface LegalizeOptions {
  /** sdiv, smod, loads and moves with sign extension: ISA v4. */
  readonly signedOperations: boolean;
}

/** True if something changed. */
export function legalize(fn: IrFunction, options: LegalizeOptions): boolean {
  let next = -1;
  const replaced = new Replacements();
  for (const block of fn.blocks) {
    if (!block.values.some((value) => needsWork(value, options))) continue;
    if (next < 0) next = nextValueId(fn);
    const out: Value[] = [];
    for (const value of block.values) {
      if (!needsWork(value, options)) {
        out.push(value);
        continue;
      }
      const make = (made: Value): Value => {
        out.push(made);
        return made;
      };
      const source = value.source;
      const constant = (c: bigint): Value => ({
        kind: 'constant',
        value: BigInt.asIntN(64, c),
        id: next++,
        type: scalar64,
      });
      const op = (name: BinaryOp, left: Value, right: Value | bigint): Value =>
        make({
          kind: 'binary',
          op: name,
          width: 64,
          left,
          right: typeof right === 'bigint' ? constant(right) : right,
          id: next++,
          type: scalar64,
          source,
        });
      const extend = (from: 8 | 16 | 32, signed: boolean, operand: Value): Value =>
        make({ kind: 'extend', from, signed, value: operand, id: next++, type: scalar64, source });
      if (value.kind === 'load') {
        const load = make({ ...value, signed: false, id: next++ });
        replaced.set(value, extend((value.size * 8) as 8 | 16 | 32, true, load));
      } else if (value.kind === 'binary') {
        const wide = value.width === 64;
        const left = wide ? value.left : extend(32, true, value.left);
        const right =
          wide || constantOf(value.right) !== undefined ? value.right : extend(32, true, value.right);
        const result = signedDivision(value, left, right, op);
        replaced.set(value, wide ? result : extend(32, false, result));
      }
    }
    block.values = out;
  }
  if (next < 0) return false;
  for (const block of fn.blocks) {
    for (const value of block.values) mapOperands(value, replaced.resolve);
    const end = block.terminator;
    if (end?.kind === 'branch') {
      end.left = replaced.resolve(end.left);
      end.right = replaced.resolve(end.right);
    } else if (end?.kind === 'return') end.value = replaced.resolve(end.value);
  }
  return true;
}

function needsWork(value: Value, options: LegalizeOptions): boolean {
  if (options.signedOperations) return false;
  if (value.kind === 'load') return value.signed && value.size < 8;
  return value.kind === 'binary' && (value.op === 'sdiv' || value.op === 'smod');
}

function signedDivision(
  value: ValueOf<'binary'>,
  left: Value,
  right: Value,
  op: (name: BinaryOp, left: Value, right: Value | bigint) => Value,
): Value {
  const divisor = value.width === 64 ? constantOf(right) : lowSigned(constantOf(right));
  const remainder = value.op === 'smod';
  const shift =
    divisor !== undefined && divisor > 0n && (divisor & (divisor - 1n)) === 0n ? log2(divisor) : 0;
  if (shift > 0) {
    const bias = op('lshr', op('ashr', left, 63n), BigInt(64 - shift));
    const biased = op('add', left, bias);
    if (!remainder) return op('ashr', biased, BigInt(shift));
    return op('sub', left, op('and', biased, -(divisor as bigint)));
  }
  const leftSign = op('ashr', left, 63n);
  const dividend = op('sub', op('xor', left, leftSign), leftSign);
  if (divisor !== undefined) {
    const magnitude = op(remainder ? 'mod' : 'div', dividend, divisor < 0n ? -divisor : divisor);
    // A negative constant turns the sign of the quotient around, not that of the remainder.
    if (!remainder && divisor < 0n) return op('sub', leftSign, op('xor', magnitude, leftSign));
    return op('sub', op('xor', magnitude, leftSign), leftSign);
  }
  const rightSign = op('ashr', right, 63n);
  const by = op('sub', op('xor', right, rightSign), rightSign);
  const magnitude = op(remainder ? 'mod' : 'div', dividend, by);
  const sign = remainder ? leftSign : op('xor', leftSign, rightSign);
  return op('sub', op('xor', magnitude, sign), sign);
}

function lowSigned(value: bigint | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt.asIntN(32, value);
}

function log2(value: bigint): number {
  return value.toString(2).length - 1;
}
