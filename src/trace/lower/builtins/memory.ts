/** Bytes at addresses: read, compared, swapped, written. */

import { addressAt, bytesReader, loadable } from '../../../script/emit/memory.ts';
import type { Expr } from '../../ast/nodes.ts';
import { layoutOf } from '../../types/layout.ts';
import { bool, int64, type Type } from '../../types/type.ts';
import { behind } from '../access.ts';
import { eachIndex } from '../each-index.ts';
import { type Lowered, nothing, type Place } from '../lowered.ts';
import { addressOf, clear, frameMemory, inMemory, memoryOf, registerOf, store, typeOf } from '../memory.ts';
import type { Lowering } from '../state.ts';
import { byteAt } from '../text-bytes.ts';
import { isRegister } from '../types.ts';
import type { Call, LowerBuiltins } from './lower-builtin.ts';
import { atMost } from './strings.ts';

/** What an expression says is at an address: the memory itself. */
function memoryAt(l: Lowering, expr: Expr, target: Type): Place {
  const lowered = l.lower(expr);
  if (lowered.kind === 'scalar') return behind(l, lowered, target);
  if (lowered.kind === 'place') {
    if (isRegister(lowered.type))
      return behind(l, { kind: 'scalar', value: registerOf(l, lowered), type: lowered.type }, target);
    return lowered;
  }
  return inMemory(l, lowered);
}

/** `buf(address, length)`: the length, then the bytes, then zeros. */
function buf(l: Lowering, call: Call, [from, length]: readonly Expr[]): Lowered {
  const { b } = l;
  const type = l.facts.typeOf(call);
  const size = type.kind === 'buffer' ? type.size : 0;
  const source = memoryAt(l, from!, type);
  const start = typeOf(source).kind === 'buffer' && source.type !== type ? 4 : 0;
  const known = length && l.facts.constantOf(length);
  const given = length && typeof known !== 'bigint' ? atMost(l, l.number(length), size) : undefined;
  return {
    kind: 'made',
    type,
    write(to, offset, as) {
      const room = layoutOf(as).size;
      clear(l, to, offset, room);
      const bytes = given ?? b.constant(size);
      b.store(4, to, offset, bytes);
      if (size === 0) return;
      l.call(bytesReader(source.memory), [
        addressAt(l, to, offset + 4),
        bytes,
        addressAt(l, source.base, source.offset + start),
      ]);
    },
  };
}

/** Bytes that are compared at most. */
const mostCompared = 1024;

/** Below, at or above 0. */
function memcmp(l: Lowering, _: Call, [first, second, count]: readonly Expr[]): Lowered {
  const { b } = l;
  const known = l.facts.constantOf(count!);
  const sizes = [first!, second!].map((expr) => {
    const type = l.facts.typeOf(expr);
    return isRegister(type) ? mostCompared : layoutOf(type).size - (type.kind === 'buffer' ? 4 : 0);
  });
  const room = Math.min(mostCompared, ...sizes, typeof known === 'bigint' ? Number(known) : mostCompared);
  const bytes = typeof known === 'bigint' ? undefined : atMost(l, l.number(count!), room);
  const copy = (expr: Expr): Place => {
    const type = { kind: 'string', size: room } as const;
    const source = memoryAt(l, expr, type);
    const start = source.type.kind === 'buffer' ? 4 : 0;
    if (loadable(source.memory)) return { ...source, offset: source.offset + start };
    const base = frameMemory(l, 'bytes', room);
    if (bytes) clear(l, base, 0, room);
    l.call(bytesReader(source.memory), [base, bytes ?? b.constant(room), addressOf(l, source)]);
    return { kind: 'place', base, offset: 0, type, memory: 'direct' };
  };
  const [left, right] = [copy(first!), copy(second!)];
  const result = b.variable('order');
  b.write(result, b.constant(0));
  eachIndex(l, room, (index, next, out) => {
    const [inside, differs] = [b.block('inside'), b.block('differs')];
    b.branch('ult', index, bytes ?? b.constant(room), inside, out);
    b.begin(inside);
    const [one, other] = [byteAt(l, left, index), byteAt(l, right, index)];
    b.branch('ne', one, other, differs, next);
    b.begin(differs);
    b.write(result, b.binary('sub', one, other));
    b.jump(out);
  });
  return { kind: 'scalar', value: b.read(result), type: int64 };
}

function bswap(l: Lowering, call: Call, [of]: readonly Expr[]): Lowered {
  const type = l.facts.typeOf(call);
  const bits = layoutOf(type).size * 8;
  const value = l.number(of!);
  return { kind: 'scalar', value: bits === 8 ? value : l.b.byteSwap(value, bits as 16), type };
}

function inSpace(memory: 'kernelRaw' | 'user') {
  return (l: Lowering, call: Call, [of]: readonly Expr[]): Lowered => {
    const lowered = l.lower(of!);
    const trusted = memory === 'kernelRaw' && lowered.kind === 'scalar' && lowered.memory === 'kernelTyped';
    const type = l.facts.typeOf(call);
    return { kind: 'scalar', value: registerOf(l, lowered), type, memory: trusted ? 'kernelTyped' : memory };
  };
}

/** The last page of addresses stands for error numbers: MAX_ERRNO of include/linux/err.h. */
const maxError = -4095n;

/** `path(p)`: what the kernel itself calls a file (Linux 5.10, and only in some functions and iterators). */
function path(l: Lowering, call: Call, [of]: readonly Expr[]): Lowered {
  const type = l.facts.typeOf(call);
  const lowered = l.lower(of!);
  const address =
    lowered.kind === 'place' && !isRegister(lowered.type) ? addressOf(l, lowered) : registerOf(l, lowered);
  return {
    kind: 'made',
    type,
    write(to, offset, as) {
      const size = layoutOf(as).size;
      clear(l, to, offset, size);
      const room = Math.min(size, layoutOf(type).size);
      l.call('d_path', [address, addressAt(l, to, offset), l.b.constant(room)]);
    },
  };
}

/** `container_of(p, T, m)`: the struct that the member is in. */
function containerOf(l: Lowering, call: Call, [of, , member]: readonly Expr[]): Lowered {
  const type = l.facts.typeOf(call);
  const target = type.kind === 'pointer' && type.target.kind === 'struct' ? type.target : undefined;
  const name = member?.kind === 'identifier' ? member.name : '';
  const { offset = 0 } = target?.member(name) ?? {};
  const lowered = l.lower(of!);
  const address =
    lowered.kind === 'place' && !isRegister(lowered.type) ? addressOf(l, lowered) : registerOf(l, lowered);
  const value = offset === 0 ? address : l.b.binary('sub', address, l.b.constant(offset));
  const memory = type.kind === 'pointer' ? memoryOf(l, type) : undefined;
  return { kind: 'scalar', value, type, memory };
}

const bytesOf = (length: number): Type => ({
  kind: 'array',
  element: { kind: 'int', bits: 8, signed: false },
  length,
});

function writeUser(l: Lowering, _call: Call, [to, from, count]: readonly Expr[]): Lowered {
  const address = l.number(to!);
  const lowered = l.lower(from!);
  const type = typeOf(lowered);
  const pointer = lowered.kind === 'scalar' && type.kind === 'pointer';
  const known = l.facts.constantOf(count!);
  const size = pointer ? Number(typeof known === 'bigint' ? known : 0n) : layoutOf(type).size;
  const base = frameMemory(l, 'written', size);
  if (pointer) store(l, behind(l, lowered, bytesOf(size)), bytesOf(size), base, 0);
  else store(l, lowered, type, base, 0);
  const bytes = atMost(l, l.number(count!), size);
  l.call('probe_write_user', [address, base, bytes]);
  return nothing;
}

export const memory: LowerBuiltins<
  'buf' | 'bswap' | 'memcmp' | 'kptr' | 'uptr' | 'is_err' | 'path' | 'write_user' | 'container_of'
> = {
  buf,
  bswap,
  memcmp,
  kptr: inSpace('kernelRaw'),
  uptr: inSpace('user'),
  is_err: (l: Lowering, _: Call, [of]: readonly Expr[]): Lowered => ({
    kind: 'scalar',
    value: l.b.compare('uge', l.number(of!), l.b.constant(maxError)),
    type: bool,
  }),
  path,
  write_user: writeUser,
  container_of: containerOf,
};
