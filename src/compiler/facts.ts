/**
 * What is known of a value without running the program: how many low bits it can use.
 *
 * Deliberately no cleverer than the kernel's verifier: a mask that it needs to see must not be dropped
 * because we know better. So the results of division, remainder and calls count as full registers.
 */
import { unreachable, type Value } from './ir.ts';

function bitLength(value: bigint): number {
  return value < 0n ? 64 : value === 0n ? 0 : value.toString(2).length;
}

/**
 * Constants and addresses: they are materialised where they are used, so it does not matter in which block
 * they stand. The back end takes them out of the blocks at once, and passes make new ones freely.
 */
export function isOperandOnly(value: Value): boolean {
  switch (value.kind) {
    case 'constant':
    case 'slotAddress':
    case 'mapAddress':
    case 'mapValueAddress':
    case 'functionAddress':
    case 'kernelConstant':
      return true;
    default:
      return false;
  }
}

export function constantOf(value: Value): bigint | undefined {
  return value.kind === 'constant' ? value.value : undefined;
}

/** All bits from this position up are zero. */
export function usedBits(value: Value, depth = 4): number {
  switch (value.kind) {
    case 'constant':
      return bitLength(value.value);
    case 'compare':
      return 1;
    case 'load':
      return value.signed ? 64 : value.size * 8;
    case 'extend':
      if (!value.signed)
        return depth > 0 ? Math.min(value.from, usedBits(value.value, depth - 1)) : value.from;
      return 64;
    case 'byteSwap':
      return value.bits;
    case 'atomic':
      return value.fetch ? value.size * 8 : 64;
    case 'binary': {
      if (depth === 0) return value.width;
      return Math.min(value.width, binaryBits(value, depth - 1));
    }
    case 'phi': {
      if (depth === 0) return 64;
      let most = 0;
      for (const incoming of value.incoming.values()) {
        if (incoming === value) continue;
        most = Math.max(most, usedBits(incoming, Math.max(0, depth - 2)));
        if (most === 64) break;
      }
      return most;
    }
    case 'parameter':
    case 'slotAddress':
    case 'mapAddress':
    case 'mapValueAddress':
    case 'functionAddress':
    case 'kernelConstant':
    case 'store':
    case 'call':
      return 64;
    default:
      return unreachable(value);
  }
}

function binaryBits(value: Extract<Value, { kind: 'binary' }>, depth: number): number {
  const { left, right } = value;
  switch (value.op) {
    case 'and':
      return Math.min(usedBits(left, depth), usedBits(right, depth));
    case 'or':
    case 'xor':
      return Math.max(usedBits(left, depth), usedBits(right, depth));
    case 'add':
      return Math.max(usedBits(left, depth), usedBits(right, depth)) + 1;
    case 'mul':
      return usedBits(left, depth) + usedBits(right, depth);
    case 'shl': {
      const by = constantOf(right);
      return by === undefined ? 64 : usedBits(left, depth) + Number(by & 63n);
    }
    case 'lshr': {
      const by = constantOf(right);
      const bits = Math.min(value.width, usedBits(left, depth));
      return by === undefined ? bits : Math.max(0, bits - Number(by & BigInt(value.width - 1)));
    }
    case 'sub':
    case 'div':
    case 'mod':
    case 'sdiv':
    case 'smod':
    case 'ashr':
      return 64;
    default:
      return unreachable(value.op);
  }
}

/** The value equals the sign extension of its low `bits`. */
export function fitsSigned(value: Value, bits: number): boolean {
  switch (value.kind) {
    case 'constant':
      return BigInt.asIntN(bits, value.value) === value.value;
    case 'load':
      return value.signed ? value.size * 8 <= bits : value.size * 8 < bits;
    case 'extend':
      return value.signed ? value.from <= bits : value.from < bits;
    case 'binary':
      if (value.op === 'ashr' && value.width === 64) {
        const by = constantOf(value.right);
        if (by !== undefined && 64 - Number(by & 63n) <= bits) return true;
      }
      break;
    default:
      break;
  }
  return usedBits(value) < bits;
}
