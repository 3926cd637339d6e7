/**
 * How to leave a frame, in 32 bits: where the caller's stack pointer (the canonical frame address, CFA), its rbp and
 * its return address are. What compilers for x86-64 write fits; anything else is `unsupported` and ends a stack.
 *
 * | bits | |
 * |---|---|
 * | 0-3 | `RuleKind` |
 * | 4-13 | rbp: 0 unchanged; n at CFA - 8n; `RBP_IN_FRAME` at the address that rbp itself has; `RBP_LOST` nobody knows |
 * | 15 | 8 is added to what was read (the two kinds that read memory) |
 * | 16-31 | signed: the offset in words of 8 bytes; of `plt` the number of bytes of a stub before it has pushed |
 *
 * The return address is at CFA - 8 in all of them but `signal`.
 */

export const RuleKind = {
  /** Nothing is known about these addresses. */
  none: 0,
  /** The outermost frame: whoever started the thread says that there is no caller. */
  end: 1,
  /** CFA = rsp + offset */
  stackPointer: 2,
  /** CFA = rbp + offset */
  framePointer: 3,
  /** CFA = rsp + 8, and 8 more behind the push of a stub of 16 bytes. */
  plt: 4,
  /** CFA = the rsp that the kernel saved at rsp + offset; rip is behind it, rbp 40 bytes before. */
  signal: 5,
  /** CFA = the word at rbp + offset: a frame that was aligned to more than 16 bytes. */
  atFramePointer: 6,
  /** CFA = the word at rsp + offset. */
  atStackPointer: 7,
  /** It is described, but in no form of this list. */
  unsupported: 8,
} as const;
export type RuleKind = (typeof RuleKind)[keyof typeof RuleKind];

export const RBP_IN_FRAME = 1022;
export const RBP_LOST = 1023;

export interface Rule {
  readonly kind: RuleKind;
  /** 0 to 1023, as above. */
  readonly rbp: number;
  /** Bytes; of `plt` a count. */
  readonly offset: number;
  readonly plus8: boolean;
}

const scale = 8;
const farthest = 0x7fff;

/** The 32 bits; `unsupported` for an offset that is too far or no multiple of 8. */
export function encodeRule({ kind, rbp, offset, plus8 }: Rule): number {
  const words = kind === RuleKind.plt ? offset : offset / scale;
  if (!Number.isInteger(words) || words > farthest || words < -farthest) return RuleKind.unsupported;
  return (kind | (rbp << 4) | (plus8 ? 1 << 15 : 0) | (words << 16)) >>> 0;
}

export function decodeRule(bits: number): Rule {
  const kind = (bits & 0xf) as RuleKind;
  const words = bits >> 16;
  return {
    kind,
    rbp: (bits >>> 4) & 0x3ff,
    offset: kind === RuleKind.plt ? words : words * scale,
    plus8: (bits & (1 << 15)) !== 0,
  };
}
