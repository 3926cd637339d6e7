/** Addresses of networks. */
import { isIPv4 } from 'node:net';
import { bytesReader, loadable, storeConstant, zero } from '../../../script/emit/memory.ts';
import type { Expr } from '../../ast/nodes.ts';
import { layoutOf } from '../../types/layout.ts';
import type { Type } from '../../types/type.ts';
import { behind } from '../access.ts';
import type { Lowered } from '../lowered.ts';
import { addressOf, clear, frameMemory, inMemory, registerOf, store, typeOf } from '../memory.ts';
import type { Lowering } from '../state.ts';
import { isRegister } from '../types.ts';
import type { Call, LowerBuiltins } from './lower-builtin.ts';

// include/linux/socket.h
const [ipv4, ipv6] = [2, 10];

const bytes = (length: number): Type => ({
  kind: 'array',
  element: { kind: 'int', bits: 8, signed: false },
  length,
});

/** The family, then up to 16 bytes as they go over the wire. */
function ntop(l: Lowering, call: Call, args: readonly Expr[]): Lowered {
  const { b } = l;
  const address = args[args.length - 1]!;
  const given = args.length === 2 ? args[0] : undefined;
  return {
    kind: 'made',
    type: l.facts.typeOf(call),
    write(to, offset) {
      const lowered = l.lower(address);
      const type = typeOf(lowered);
      const size = isRegister(type) ? 4 : layoutOf(type).size;
      const family = given ? l.number(given) : b.constant(size === 16 ? ipv6 : ipv4);
      b.store(8, to, offset, family);
      clear(l, to, offset + 8, 16);
      if (isRegister(type)) b.store(4, to, offset + 8, registerOf(l, lowered));
      else store(l, lowered, type, to, offset + 8);
    },
  };
}

/** The bytes of an address that is known. */
function pton(l: Lowering, call: Call, [of]: readonly Expr[]): Lowered {
  const text = String(l.facts.constantOf(of!));
  const content = isIPv4(text) ? Uint8Array.from(text.split('.'), Number) : ipv6Bytes(text);
  return {
    kind: 'made',
    type: l.facts.typeOf(call),
    write(to, offset, as) {
      storeConstant(l, to, offset, content);
      clear(l, to, offset + content.length, layoutOf(as).size - content.length);
    },
  };
}

/** `::1`, `fe80::1`, `::ffff:1.2.3.4`. */
export function ipv6Bytes(text: string): Uint8Array {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  let plain = text;
  if (dotted) {
    const [a = 0, b = 0, c = 0, d = 0] = dotted[2]!.split('.').map(Number);
    plain = `${dotted[1]}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  }
  const [head = '', tail] = plain.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((each) => Number.parseInt(each, 16));
  const [first, last] = [groups(head), tail === undefined ? [] : groups(tail)];
  const all = [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

/** Six bytes, and two of nothing. */
function macaddr(l: Lowering, call: Call, [of]: readonly Expr[]): Lowered {
  const { b } = l;
  const type = l.facts.typeOf(call);
  const lowered = l.lower(of!);
  const place =
    lowered.kind === 'scalar'
      ? behind(l, lowered, bytes(6))
      : lowered.kind === 'place'
        ? lowered
        : inMemory(l, lowered);
  const base = frameMemory(l, 'address', 8);
  zero(l, base, 0, 8);
  if (loadable(place.memory)) store(l, { ...place, type: bytes(6), foreign: true }, bytes(6), base, 0);
  else l.call(bytesReader(place.memory), [base, b.constant(6), addressOf(l, place)]);
  return { kind: 'scalar', value: b.load(8, base, 0), type };
}

export const network: LowerBuiltins<'ntop' | 'pton' | 'macaddr' | 'socket_cookie' | 'named'> = {
  ntop,
  pton,
  macaddr,
  socket_cookie: (l: Lowering, call: Call, [socket]: readonly Expr[]): Lowered => ({
    kind: 'scalar',
    value: l.call('get_socket_cookie', [l.number(socket!)]),
    type: l.facts.typeOf(call),
  }),
  /** Numbers whose names are looked up when they are printed. */
  named: (l: Lowering, call: Call, [of]: readonly Expr[]): Lowered => ({
    kind: 'scalar',
    value: l.number(of!),
    type: l.facts.typeOf(call),
  }),
};
