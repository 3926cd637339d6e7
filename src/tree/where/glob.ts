/**
 * Patterns with `*` (any bytes), `?` (one byte), `[a-z]` and `[!a-z]` (one byte of a set), over bytes.
 *
 * A pattern is the pieces between its stars. The first must stand at the start, the last at the end, and each of
 * the others is taken at the first place where it fits: that is never wrong, because what follows a star may begin
 * anywhere behind. No place is tried twice for one piece, so the work is at most text times pattern.
 */

/** One byte of a pattern: the bytes that fit. */
type Fits = (byte: number) => boolean;

/** Whether a pattern matches the whole of some bytes. */
export type Matcher = (text: Uint8Array) => boolean;

const [STAR, QUESTION, OPEN, CLOSE, NOT, DASH] = [0x2a, 0x3f, 0x5b, 0x5d, 0x21, 0x2d];
const ANY: Fits = () => true;

interface Piece {
  readonly length: number;
  /** Where every byte is a literal: searched by the runtime's own, fast search. */
  readonly literal: Buffer | undefined;
  readonly fits: readonly Fits[];
}

/** A set begins behind `[`; undefined where no `]` ends it: then the `[` is an ordinary character. */
function setAt(pattern: Uint8Array, from: number): { readonly fits: Fits; readonly end: number } | undefined {
  const negated = pattern[from] === NOT;
  const first = negated ? from + 1 : from;
  // A `]` in first place is one of the set.
  const close = pattern.indexOf(CLOSE, first + 1);
  if (close < 0) return undefined;
  const members = new Uint8Array(256);
  for (let at = first; at < close; at++) {
    const isRange = pattern[at + 1] === DASH && at + 2 < close;
    if (isRange) {
      members.fill(1, pattern[at]!, pattern[at + 2]! + 1);
      at += 2;
    } else members[pattern[at]!] = 1;
  }
  const inside = negated ? 0 : 1;
  return { fits: (byte) => members[byte] === inside, end: close + 1 };
}

function pieces(pattern: Uint8Array): Piece[] {
  const found: Piece[] = [];
  let fits: Fits[] = [];
  let literal: number[] | undefined = [];
  const end = (): void => {
    found.push({ length: fits.length, literal: literal && Buffer.from(literal), fits });
    fits = [];
    literal = [];
  };
  for (let at = 0; at < pattern.length; at++) {
    const byte = pattern[at]!;
    if (byte === STAR) {
      end();
      continue;
    }
    const set = byte === OPEN ? setAt(pattern, at + 1) : undefined;
    if (set !== undefined) at = set.end - 1;
    if (set !== undefined || byte === QUESTION) literal = undefined;
    else literal?.push(byte);
    fits.push(set?.fits ?? (byte === QUESTION ? ANY : (one) => one === byte));
  }
  end();
  return found;
}

function fitsAt({ fits }: Piece, text: Uint8Array, at: number): boolean {
  for (let i = 0; i < fits.length; i++) if (!fits[i]!(text[at + i]!)) return false;
  return true;
}

/** The first place from `from` on where the piece fits and ends by `end`, or -1. */
function findPiece(piece: Piece, text: Buffer, from: number, end: number): number {
  if (piece.literal !== undefined) {
    const at = text.subarray(0, end).indexOf(piece.literal, from);
    return at;
  }
  for (let at = from; at + piece.length <= end; at++) if (fitsAt(piece, text, at)) return at;
  return -1;
}

export function globMatcher(pattern: Uint8Array): Matcher {
  const all = pieces(pattern);
  const first = all[0]!;
  const last = all[all.length - 1]!;
  const middle = all.slice(1, -1).filter(({ length }) => length > 0);
  const least = all.reduce((sum, { length }) => sum + length, 0);
  return (text) => {
    if (text.length < least || !fitsAt(first, text, 0)) return false;
    if (all.length === 1) return text.length === first.length;
    const end = text.length - last.length;
    if (!fitsAt(last, text, end)) return false;
    const buffer = Buffer.from(text.buffer, text.byteOffset, text.length);
    let at = first.length;
    for (const piece of middle) {
      const found = findPiece(piece, buffer, at, end);
      if (found < 0) return false;
      at = found + piece.length;
    }
    return at <= end;
  };
}
