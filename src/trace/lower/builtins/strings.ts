/** Text: read from memory, measured, compared, searched, put together. */
import type { Value } from '../../../compiler/ir.ts';
import { addressAt, stringReader } from '../../../script/emit/memory.ts';
import type { Expr } from '../../ast/nodes.ts';
import { layoutOf } from '../../types/layout.ts';
import { bool, int64, type Type, uint64 } from '../../types/type.ts';
import { behind } from '../access.ts';
import { eachIndex } from '../each-index.ts';
import { equalBytes, ours } from '../equality.ts';
import type { Lowered, Place } from '../lowered.ts';
import { clear, frameMemory, inMemory, keepLast, store, textSpare, typeOf } from '../memory.ts';
import { searchText } from '../search.ts';
import type { Lowering } from '../state.ts';
import { byteAt, knownLength, measuredByCall, textLength } from '../text-bytes.ts';
import { textSize } from '../types.ts';
import type { Call, LowerBuiltins } from './lower-builtin.ts';

const scalar = (value: Value, type: Type): Lowered => ({ kind: 'scalar', value, type });

/** The smaller of a number and a constant. */
export function atMost(l: Lowering, value: Value, most: number): Value {
  const { b } = l;
  const result = b.variable('length');
  b.write(result, value);
  l.choose(
    (yes, no) => b.branch('ugt', value, b.constant(most), yes, no),
    () => b.write(result, b.constant(most)),
  );
  return b.read(result);
}

/** `str(address[, length])`: up to the NUL, straight to where the text is wanted. */
function str(l: Lowering, call: Call, [from, length]: readonly Expr[]): Lowered {
  const type = l.facts.typeOf(call);
  const wanted = layoutOf(type).size;
  const source = l.lower(from!);
  const sourceType = typeOf(source);
  if (source.kind !== 'scalar' && !length && (textSize(sourceType) !== undefined || source.kind === 'text'))
    return source;
  const place = source.kind === 'scalar' ? behind(l, source, type) : inMemory(l, source);
  const known = length && l.facts.constantOf(length);
  // The length counts characters; the NUL comes behind them.
  const most =
    length && known === undefined ? l.b.binary('add', l.number(length), l.b.constant(1)) : undefined;
  const start = place.type.kind === 'buffer' ? 4 : 0;
  const read = (to: Value, offset: number, most: Value): Value => {
    const address = addressAt(l, place.base, place.offset + start);
    return l.call(stringReader(place.memory), [addressAt(l, to, offset), most, address]);
  };
  return {
    kind: 'made',
    type,
    write(to, offset, as) {
      const { size } = layoutOf(as);
      const room = Math.min(size, wanted);
      clear(l, to, offset, size);
      const written = read(to, offset, most ? atMost(l, most, room) : l.b.constant(room));
      // Text that was cut short has no NUL: that is how printing knows.
      if (length) return;
      const address = addressAt(l, place.base, place.offset + start);
      keepLast(l, written, room, address, place.memory, to, offset);
    },
    writeText(to, offset, size) {
      const room = Math.min(size, wanted);
      if (!most) return read(to, offset, l.b.constant(length ? room : room + textSpare));
      // A length of -1 reads nothing, not even a NUL.
      l.b.store(1, to, offset, l.b.constant(0));
      return read(to, offset, atMost(l, most, room));
    },
  };
}

/** A text in memory, with the number of bytes that it has room for. */
interface Room extends Place {
  readonly size: number;
}

function roomOf(l: Lowering, expr: Expr): Room {
  const place = ours(l, l.lower(expr));
  return { ...place, size: layoutOf(place.type).size };
}

/** 0 if the first bytes are the same or end in the same way, else 1. */
function strncmp(l: Lowering, _: Call, [first, second, count]: readonly Expr[]): Lowered {
  const { b } = l;
  const most = Number(l.facts.constantOf(count!) ?? 0n);
  const known = [l.facts.constantOf(first!), l.facts.constantOf(second!)];
  const literal = known.find((each) => typeof each === 'string');
  const result = b.variable('differs');
  if (typeof literal === 'string') {
    const other = typeof known[0] === 'string' ? second! : first!;
    const lowered = l.lower(other);
    const room = textSize(typeOf(lowered)) ?? layoutOf(typeOf(lowered)).size;
    const ended = Uint8Array.from(`${literal}\0`, (each) => each.charCodeAt(0)).subarray(0, most);
    l.choose(
      (same, different) => {
        if (ended.length > room) l.b.jump(different);
        else equalBytes(l, lowered, ended, same, different);
      },
      () => b.write(result, b.constant(0)),
      () => b.write(result, b.constant(1)),
    );
    return scalar(b.read(result), uint64);
  }
  const [left, right] = [roomOf(l, first!), roomOf(l, second!)];
  b.write(result, b.constant(0));
  const differs = b.block('differs');
  const after = b.block('after');
  eachIndex(l, Math.min(most, left.size, right.size), (index, next, out) => {
    const [a, c] = [byteAt(l, left, index), byteAt(l, right, index)];
    const same = b.block('same');
    b.branch('eq', a, c, same, differs);
    b.begin(same);
    b.branch('ne', a, b.constant(0), next, out);
  });
  b.jump(after);
  b.begin(differs);
  b.write(result, b.constant(1));
  b.jump(after);
  b.begin(after);
  return scalar(b.read(result), uint64);
}

function find(l: Lowering, haystack: Expr, needle: Expr): Value {
  const [hay, pin] = [roomOf(l, haystack), roomOf(l, needle)];
  return searchText(l, hay, hay.size, pin, pin.size);
}

/** `a` and then `b`. */
function concat(l: Lowering, call: Call, [first, second]: readonly Expr[]): Lowered {
  const { b } = l;
  const type = l.facts.typeOf(call);
  return {
    kind: 'made',
    type,
    write(to, offset, as) {
      const size = layoutOf(as).size;
      const right = roomOf(l, second!);
      const put = (base: Value, at: number): Room => {
        store(l, l.lower(first!), { kind: 'string', size }, base, at);
        return { kind: 'place', base, offset: at, type: as, memory: 'direct', size };
      };
      const append = (whole: Room, end: Value, bytes: (left: Value) => Value): void => {
        l.choose(
          (yes, no) => b.branch('ult', end, b.constant(size), yes, no),
          () => {
            const at = b.binary('add', addressAt(l, whole.base, whole.offset), end, 64, to.type);
            const most = bytes(b.binary('sub', b.constant(size), end));
            l.call('probe_read_kernel_str', [at, most, addressAt(l, right.base, right.offset)]);
          },
        );
      };
      if (!measuredByCall(l, size)) {
        const whole = put(to, offset);
        return append(whole, knownLength(l, whole, size), (left) => atMost(l, left, right.size));
      }
      // What the verifier knows of the end is that it is inside: the second has room behind any such.
      const whole = put(frameMemory(l, 'joined', size + right.size), 0);
      append(whole, textLength(l, whole, size), () => b.constant(right.size));
      b.store(1, whole.base, size - 1, b.constant(0));
      store(l, whole, as, to, offset);
    },
  };
}

export const strings: LowerBuiltins<'str' | 'str_concat' | 'strlen' | 'strncmp' | 'strstr' | 'strcontains'> =
  {
    str,
    str_concat: concat,
    strlen(l: Lowering, _: Call, [of]: readonly Expr[]): Lowered {
      const room = roomOf(l, of!);
      return scalar(textLength(l, room, room.size), uint64);
    },
    strncmp,
    strstr: (l: Lowering, _: Call, [haystack, needle]: readonly Expr[]): Lowered =>
      scalar(find(l, haystack!, needle!), int64),
    strcontains: (l: Lowering, _: Call, [haystack, needle]: readonly Expr[]): Lowered =>
      scalar(l.b.compare('ne', find(l, haystack!, needle!), l.b.constant(-1)), bool),
  };
