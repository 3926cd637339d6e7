/** Folding of comparisons, as values and as the ends of blocks: both know the same rules. */
import { evaluateCompare, inverseCompare, swappedCompare } from '../evaluate.ts';
import { constantOf, fitsSigned, usedBits } from '../facts.ts';
import type { Block, CompareOp, Terminator, Value, ValueOf, Width } from '../ir.ts';
import type { Folder } from './fold.ts';

interface Condition {
  readonly op: CompareOp;
  readonly width: Width;
  readonly left: Value;
  readonly right: Value;
  /** The meaning is the opposite. Only branches, which can exchange their targets, ask for it. */
  readonly inverted: boolean;
}

const unsignedOps: ReadonlySet<CompareOp> = new Set<CompareOp>([
  'eq',
  'ne',
  'ult',
  'ule',
  'ugt',
  'uge',
  'test',
]);
const signedOps: ReadonlySet<CompareOp> = new Set<CompareOp>(['eq', 'ne', 'slt', 'sle', 'sgt', 'sge']);

export function foldCompare(value: ValueOf<'compare'>, folder: Folder): Value | undefined {
  // 0 or 1 compared with 0 or 1 is itself or its opposite.
  const inner = value.left;
  const against = constantOf(value.right);
  if (
    (value.op === 'ne' || value.op === 'eq') &&
    usedBits(inner) <= 1 &&
    (against === 0n || against === 1n)
  ) {
    if ((value.op === 'ne') === (against === 0n)) return inner;
    if (inner.kind === 'compare' && folder.isPrivate(inner)) {
      const op = inverseCompare[inner.op];
      if (op)
        return folder.compare({
          kind: 'compare',
          op,
          width: inner.width,
          left: inner.left,
          right: inner.right,
        });
    }
    return folder.binary('xor', 64, inner, folder.constant(1n), value.type);
  }
  const result = simplify({ ...value, inverted: false }, folder, false);
  if (result === true || result === false) return folder.constant(result ? 1n : 0n, value.type);
  if (result === undefined) return undefined;
  const { op, width, left, right } = result;
  return folder.compare({ kind: 'compare', op, width, left, right });
}

export function foldBranch(
  end: Extract<Terminator, { kind: 'branch' }>,
  folder: Folder,
): Terminator | undefined {
  const jump = (target: Block): Terminator => ({ kind: 'jump', target, source: end.source });
  if (end.then === end.otherwise) return jump(end.then);
  const result = simplify({ ...end, inverted: false }, folder, true);
  if (result === undefined) return undefined;
  if (result === true || result === false) return jump(result ? end.then : end.otherwise);
  const [then, otherwise] = result.inverted ? [end.otherwise, end.then] : [end.then, end.otherwise];
  const { op, width, left, right } = result;
  return { kind: 'branch', op, width, left, right, then, otherwise, source: end.source };
}

/** Applies rules until none fits; undefined when none did. */
function simplify(condition: Condition, folder: Folder, branch: boolean): Condition | boolean | undefined {
  let current = condition;
  for (let i = 0; i < 16; i++) {
    const next = step(current, folder, branch);
    if (next === undefined) return i === 0 ? undefined : current;
    if (next === true || next === false) return next !== current.inverted;
    current = next;
  }
  return current;
}

function step(c: Condition, folder: Folder, branch: boolean): Condition | boolean | undefined {
  const { op, width, left } = c;
  const a = constantOf(left);
  const b = constantOf(c.right);
  if (a !== undefined && b !== undefined) return evaluateCompare(op, width, a, b);
  if (a !== undefined) return { ...c, op: swappedCompare[op], left: c.right, right: left };
  if (left === c.right && op !== 'test')
    return op === 'eq' || op === 'ule' || op === 'uge' || op === 'sle' || op === 'sge';
  const narrow = narrowed(c, folder);
  if (narrow) return narrow;
  if (b === undefined) return undefined;
  const right = width === 32 ? BigInt.asUintN(32, b) : b;
  const known = byRange(op, width, left, right);
  if (known !== undefined) return known;
  switch (op) {
    case 'ult':
      if (right === 1n) return { ...c, op: 'eq', right: folder.constant(0n) };
      break;
    case 'uge':
      if (right === 1n) return { ...c, op: 'ne', right: folder.constant(0n) };
      break;
    case 'ugt':
      if (right === 0n) return { ...c, op: 'ne' };
      break;
    case 'ule':
      if (right === 0n) return { ...c, op: 'eq' };
      break;
    case 'eq':
    case 'ne': {
      const wants = op === 'ne' ? 0n : 1n;
      if (branch && left.kind === 'compare' && (right === 0n || right === 1n)) {
        const inverted = right === wants ? c.inverted : !c.inverted;
        return { op: left.op, width: left.width, left: left.left, right: left.right, inverted };
      }
      if (left.kind !== 'binary' || !folder.isPrivate(left) || width < left.width) break;
      if (left.op === 'xor' && constantOf(left.right) === 1n && usedBits(left.left) <= 1 && right <= 1n) {
        return { ...c, op: op === 'eq' ? 'ne' : 'eq', left: left.left };
      }
      if (right === 0n && left.op === 'and' && (op === 'ne' || branch)) {
        const inverted = op === 'ne' ? c.inverted : !c.inverted;
        return { op: 'test', width: left.width, left: left.left, right: left.right, inverted };
      }
      break;
    }
    case 'test':
      // An immediate is sign-extended: a mask of 32 bits with the top one set fits the 32-bit form only.
      if (width === 64 && right > 0x7fff_ffffn && right <= 0xffff_ffffn) return { ...c, width: 32 };
      break;
    default:
      break;
  }
  // A constant that no 64-bit immediate can hold, against a value that has no upper half anyway.
  const wide = right > 0x7fff_ffffn && right <= 0xffff_ffffn;
  if (width === 64 && wide && unsignedOps.has(op) && usedBits(left) <= 32) return { ...c, width: 32 };
  return undefined;
}

/**
 * A 64-bit comparison of extended 32-bit values is a 32-bit comparison, if an extension can be saved: one that
 * serves nothing else, on one side at least, while the other side has the same meaning in 32 bits.
 */
function narrowed(c: Condition, folder: Folder): Condition | undefined {
  const { width, op } = c;
  const left = extension(c.left, folder);
  const right = extension(c.right, folder);
  if (!left && !right) return undefined;
  if (width === 32) return { ...c, left: left?.value ?? c.left, right: right?.value ?? c.right };
  const signed = (left ?? right)!.signed;
  if (!(signed ? signedOps : unsignedOps).has(op)) return undefined;
  const low = (value: Value, own: ValueOf<'extend'> | undefined): Value | undefined => {
    if (own?.signed === signed) return own.value;
    return (signed ? fitsSigned(value, 32) : usedBits(value) <= 32) ? value : undefined;
  };
  const a = low(c.left, left);
  const b = low(c.right, right);
  return a && b ? { ...c, width: 32, left: a, right: b } : undefined;
}

function extension(value: Value, folder: Folder): ValueOf<'extend'> | undefined {
  return value.kind === 'extend' && value.from === 32 && folder.isPrivate(value) ? value : undefined;
}

/** Decided by the bits that the left side can use. */
function byRange(op: CompareOp, width: Width, left: Value, right: bigint): boolean | undefined {
  const bits = usedBits(left);
  if (bits >= width || right < 0n) {
    if (op === 'ult' && right === 0n) return false;
    return op === 'uge' && right === 0n ? true : undefined;
  }
  const limit = 1n << BigInt(bits);
  switch (op) {
    case 'ult':
      return right === 0n ? false : right >= limit ? true : undefined;
    case 'ule':
      return right >= limit - 1n ? true : undefined;
    case 'ugt':
      return right >= limit - 1n ? false : undefined;
    case 'uge':
      return right === 0n ? true : right >= limit ? false : undefined;
    case 'eq':
      return right >= limit ? false : undefined;
    case 'ne':
      return right >= limit ? true : undefined;
    case 'slt':
      return right === 0n ? false : undefined;
    case 'sge':
      return right === 0n ? true : undefined;
    default:
      return undefined;
  }
}
