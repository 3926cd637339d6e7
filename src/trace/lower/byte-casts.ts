/** Casts between buffers and other bytes: those of a buffer lie behind its length. */
import { layoutOf } from '../types/layout.ts';
import type { Type } from '../types/type.ts';
import type { Lowered, Place } from './lowered.ts';
import { inMemory, store } from './memory.ts';
import type { Lowering } from './state.ts';

const lengthBytes = 4;

/** What the cast of one to the other is; undefined where no length comes or goes. */
export function castOfBytes(
  l: Lowering,
  lowered: Exclude<Lowered, { kind: 'none' }>,
  to: Type,
): Lowered | undefined {
  const from = lowered.type;
  if (from.kind === 'buffer' && (to.kind === 'array' || to.kind === 'string')) {
    const whole = placeOf(l, lowered);
    const start = whole.offset + lengthBytes;
    if (layoutOf(to).size <= from.size) return { ...whole, offset: start, type: to, foreign: true };
    const bytes: Place = { ...whole, offset: start, type: bytesOf(from.size) };
    return {
      kind: 'made',
      type: to,
      write: (at, offset, as) => store(l, bytes, bytesOf(layoutOf(as).size), at, offset),
    };
  }
  if (to.kind === 'buffer' && (from.kind === 'array' || from.kind === 'string')) {
    const bytes = placeOf(l, lowered);
    return {
      kind: 'made',
      type: to,
      write(at, offset, as) {
        const room = as.kind === 'buffer' ? as.size : to.size;
        l.b.store(lengthBytes, at, offset, l.b.constant(Math.min(room, to.size)));
        const all: Place = { ...bytes, type: bytesOf(layoutOf(from).size) };
        store(l, all, bytesOf(room), at, offset + lengthBytes);
      },
    };
  }
  return undefined;
}

function bytesOf(length: number): Type {
  return { kind: 'array', element: { kind: 'int', bits: 8, signed: false }, length };
}

function placeOf(l: Lowering, lowered: Exclude<Lowered, { kind: 'none' }>): Place {
  return lowered.kind === 'place' ? lowered : inMemory(l, lowered);
}
