/** Comparing what does not fit a register. */
import type { Block } from '../../compiler/ir.ts';
import { littleEndian, loadable, loadFrom, pieces } from '../../script/emit/memory.ts';
import { layoutOf, sequence } from '../types/layout.ts';
import type { Type } from '../types/type.ts';
import type { Lowered, Place, Text } from './lowered.ts';
import { inMemory, readPlace, registerOf, typeOf } from './memory.ts';
import type { Lowering } from './state.ts';
import { elementsOf, isRegister, textSize } from './types.ts';

/** Compared byte by byte, not as a number. */
export function isBytes(lowered: Lowered): boolean {
  if (lowered.kind === 'text') return true;
  return lowered.kind !== 'none' && !isRegister(lowered.type);
}

/** Ends the current block: to `same` if the two are equal, else to `different`. The caller seals both. */
export function equal(l: Lowering, left: Lowered, right: Lowered, same: Block, different: Block): void {
  if (left.kind === 'text' && right.kind === 'text') {
    const equals = Buffer.compare(left.bytes, right.bytes) === 0;
    return l.b.jump(equals ? same : different);
  }
  if (left.kind === 'text') return equalText(l, right, left, same, different);
  if (right.kind === 'text') return equalText(l, left, right, same, different);
  const types = elementsOf(typeOf(left));
  if (types) return equalElements(l, inMemory(l, left), inMemory(l, right), same, different);
  if (typeOf(left).kind === 'string' || typeOf(right).kind === 'string') {
    const [a, b] = [ours(l, left), ours(l, right)];
    // Zeros fill both up: where one is longer, the first byte behind the shorter one must be its end.
    const [short, long] = sizeOf(a) <= sizeOf(b) ? [a, b] : [b, a];
    return compareWords(l, short, long, sizeOf(short), same, different);
  }
  const [a, b] = [inMemory(l, left), inMemory(l, right)];
  compareWords(l, a, b, Math.min(sizeOf(a), sizeOf(b)), same, different);
}

const sizeOf = (place: Place): number => layoutOf(place.type).size;

/** Text that has only zeros behind its NUL. */
export function ours(l: Lowering, lowered: Lowered): Place {
  const type = typeOf(lowered);
  const size = textSize(type) ?? layoutOf(type).size;
  return inMemory(l, lowered, { kind: 'string', size }, 'text');
}

/** Up to this many bytes are compared by loads; more in a loop. */
const inlineBytes = 256;

function compareWords(
  l: Lowering,
  left: Place,
  right: Place,
  size: number,
  same: Block,
  different: Block,
): void {
  const { b } = l;
  const apart = Math.abs(left.offset - right.offset);
  const widest = apart === 0 ? 8 : apart & -apart;
  if (size > inlineBytes) {
    // Eight bytes a round; the verifier follows all of them.
    const rounds = Math.floor(size / 8);
    const at = b.variable('at');
    b.write(at, b.constant(0));
    const [head, body, next, rest] = [b.block('loop'), b.block('body'), b.block('next'), b.block('rest')];
    b.jump(head);
    b.enter(head);
    b.branch('ult', b.read(at), b.constant(rounds * 8), body, rest);
    b.begin(body);
    const word = (place: Place) =>
      b.load(8, b.binary('add', place.base, b.read(at), 64, place.base.type), place.offset);
    b.branch('eq', word(left), word(right), next, different);
    b.begin(next);
    b.write(at, b.binary('add', b.read(at), b.constant(8)));
    b.jump(head);
    b.seal(head);
    b.begin(rest);
    const tail = size - rounds * 8;
    if (tail === 0) return b.jump(same);
    const skip = (place: Place): Place => ({ ...place, offset: place.offset + rounds * 8 });
    return compareWords(l, skip(left), skip(right), tail, same, different);
  }
  const parts = [...pieces(left.offset, size, widest)];
  for (const [i, [offset, bytes]] of parts.entries()) {
    const next = i === parts.length - 1 ? same : b.block('same');
    const first = loadFrom(l, left.memory, left.base, left.offset + offset, bytes);
    const second = loadFrom(l, right.memory, right.base, right.offset + offset, bytes);
    b.branch('eq', first, second, next, different);
    if (next !== same) b.begin(next);
  }
  if (parts.length === 0) b.jump(same);
}

/** Equal to the literal: the same bytes and then the end of the text. */
function equalText(l: Lowering, other: Lowered, literal: Text, same: Block, different: Block): void {
  const size = textSize(typeOf(other)) ?? layoutOf(typeOf(other)).size;
  if (literal.bytes.length >= size) {
    // It cannot hold the literal with its end.
    if (literal.bytes.length > size) return l.b.jump(different);
  }
  const content = new Uint8Array(Math.min(literal.bytes.length + 1, size));
  content.set(literal.bytes);
  equalBytes(l, other, content, same, different);
}

/** The first bytes are these. */
export function equalBytes(
  l: Lowering,
  other: Lowered,
  content: Uint8Array,
  same: Block,
  different: Block,
): void {
  const { b } = l;
  const place = other.kind === 'place' && loadable(other.memory) ? other : inMemory(l, other);
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const parts = [...pieces(place.offset, content.length)];
  if (parts.length === 0) return b.jump(same);
  for (const [i, [offset, bytes]] of parts.entries()) {
    const word = loadFrom(l, place.memory, place.base, place.offset + offset, bytes);
    const next = i === parts.length - 1 ? same : b.block('same');
    b.branch('eq', word, b.constant(littleEndian(view, offset, bytes)), next, different);
    if (next !== same) b.begin(next);
  }
}

function equalElements(l: Lowering, left: Place, right: Place, same: Block, different: Block): void {
  const { b } = l;
  const [a, c] = [elementsOf(left.type) ?? [], elementsOf(right.type) ?? []];
  const [at, to] = [sequence(a).offsets, sequence(c).offsets];
  for (const [i, type] of a.entries()) {
    const part = (place: Place, each: Type, offset: number): Lowered =>
      readPlace(l, { ...place, type: each, offset: place.offset + offset });
    const first = part(left, type, at[i]!);
    const second = part(right, c[i]!, to[i]!);
    const next = b.block('same');
    if (isBytes(first) || isBytes(second)) equal(l, first, second, next, different);
    else b.branch('eq', registerOf(l, first), registerOf(l, second), next, different);
    b.begin(next);
  }
  b.jump(same);
}
