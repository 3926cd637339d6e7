/**
 * The expressions that call-frame information of x86-64 has in practice. There are a few: the PLT's, which linkers
 * write; the signal trampoline's of the C library; that of functions that align their frame. The rest is not looked at.
 */
import type { FrameReader } from './reader.ts';

export type KnownExpression =
  /** register + offset */
  | { readonly kind: 'address'; readonly register: number; readonly offset: number }
  /** the word at register + offset, and something added to it */
  | { readonly kind: 'memory'; readonly register: number; readonly offset: number; readonly plus: number }
  /** rsp + 8, and 8 more from the byte `pushed` of a stub of 16 bytes on */
  | { readonly kind: 'plt'; readonly pushed: number };

/** DW_OP_*, DWARF 5, 7.7.1. */
const Op = {
  deref: 0x06,
  and: 0x1a,
  plus: 0x22,
  plusConstant: 0x23,
  shiftLeft: 0x24,
  greaterOrEqual: 0x2a,
  literal0: 0x30,
  literal31: 0x4f,
  register0: 0x70,
  register31: 0x8f,
} as const;

const rsp = 7;
const rip = 16;

/** Undefined for an expression of another form. */
export function expressionOf(reader: FrameReader, end: number): KnownExpression | undefined {
  const op = reader.u8();
  if (op < Op.register0 || op > Op.register31) return undefined;
  const register = op - Op.register0;
  const offset = reader.sleb();
  if (reader.at === end) return { kind: 'address', register, offset };
  const next = reader.u8();
  if (next === Op.deref) {
    if (reader.at === end) return { kind: 'memory', register, offset, plus: 0 };
    if (reader.u8() !== Op.plusConstant) return undefined;
    const plus = reader.uleb();
    return reader.at === end ? { kind: 'memory', register, offset, plus } : undefined;
  }
  // rsp + 8 + ((rip & 15) >= pushed) << 3
  if (register !== rsp || offset !== 8 || next !== Op.register0 + rip || reader.sleb() !== 0)
    return undefined;
  if (literal(reader) !== 15 || reader.u8() !== Op.and) return undefined;
  const pushed = literal(reader);
  if (pushed === undefined || reader.u8() !== Op.greaterOrEqual) return undefined;
  if (literal(reader) !== 3 || reader.u8() !== Op.shiftLeft || reader.u8() !== Op.plus) return undefined;
  return reader.at === end ? { kind: 'plt', pushed } : undefined;
}

function literal(reader: FrameReader): number | undefined {
  const op = reader.u8();
  return op >= Op.literal0 && op <= Op.literal31 ? op - Op.literal0 : undefined;
}
