/** Values that are numbers in the kernel and become text here: symbols, users, addresses of the network, times. */
import type { Type } from '../types/type.ts';
import type { PrintContext } from './context.ts';
import { type Memory, readLow, readU32, readU64 } from './memory.ts';
import { kernelErrorText, signalText } from './names.ts';
import { stackText } from './stack.ts';
import { strftime } from './strftime.ts';

/** Reads a value and says it; one character a byte. */
export type LateText = (memory: Memory, at: number) => string;

/** How a type becomes text; undefined for types that are printed by their structure. */
export function lateText(type: Type, context: PrintContext): LateText | undefined {
  switch (type.kind) {
    case 'ksym':
      return ({ view }, at) => {
        const address = readU64(view, at);
        return context.kernelPlace(address)?.name ?? symbolless(address);
      };
    case 'usym':
      return ({ view }, at) => {
        const address = readU64(view, at);
        return (
          context.userPlace(address, readU32(view, at + 8), readU32(view, at + 12))?.name ??
          symbolless(address)
        );
      };
    case 'username':
      return ({ view }, at) => {
        const uid = readLow(view, at);
        return context.userName(uid) ?? String(uid);
      };
    case 'cgroupPath':
      return ({ view }, at) => context.cgroupPath(readU64(view, at), type.filter);
    case 'timestamp':
      return ({ view }, at) =>
        strftime(type.format, readU64(view, at) + context.clockOffset(type.clock), context.zone, {
          fraction: true,
        });
    case 'named':
      return ({ view }, at) => nameOf(type.table, readLow(view, at) | 0, context);
    case 'inet':
      return ({ view, bytes }, at) => inetText(readLow(view, at), bytes.subarray(at + 8, at + 24));
    case 'macaddr':
      return ({ bytes }, at) => macText(bytes.subarray(at, at + 6));
    case 'kstack':
    case 'ustack':
      return (memory, at) => stackText(type, memory, at, context);
    default:
      return undefined;
  }
}

export function hexAddress(address: bigint): string {
  return `0x${address.toString(16)}`;
}

/** As printf's `%#x` writes an address: zero has no prefix. */
const symbolless = (address: bigint): string => (address === 0n ? '0' : hexAddress(address));

function nameOf(table: 'errno' | 'signal' | 'syscall', number: number, context: PrintContext): string {
  switch (table) {
    case 'errno':
      return kernelErrorText(number);
    case 'signal':
      return signalText(number);
    case 'syscall':
      return context.syscallName(number) ?? 'Unknown syscall';
  }
}

export function macText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(':');
}

const AF_INET = 2;
const AF_INET6 = 10;

/** An address as inet_ntop(3) writes it; '' for a family that is neither. */
export function inetText(family: number, bytes: Uint8Array): string {
  if (family === AF_INET) return bytes.subarray(0, 4).join('.');
  if (family !== AF_INET6) return '';
  const words = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!);
  const gap = longestZeros(words);
  // ::a.b.c.d and ::ffff:a.b.c.d, as glibc shows them; ::1 and :: are no such addresses.
  const mapped = gap.start === 0 && (gap.length === 6 || (gap.length === 5 && words[5] === 0xffff));
  const count = mapped ? 6 : 8;
  let text = '';
  for (let i = 0; i < count; i++) {
    if (gap.length > 1 && i === gap.start) {
      text += '::';
      i += gap.length - 1;
      continue;
    }
    if (text !== '' && !text.endsWith(':')) text += ':';
    text += words[i]!.toString(16);
  }
  if (!mapped) return text;
  return `${text}${text.endsWith(':') ? '' : ':'}${bytes.subarray(12, 16).join('.')}`;
}

/** The first of the longest runs of zero words. */
function longestZeros(words: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: -1, length: 0 };
  for (let i = 0; i < words.length; ) {
    let end = i;
    while (end < words.length && words[end] === 0) end++;
    if (end - i > best.length) best = { start: i, length: end - i };
    i = end + 1;
  }
  return best;
}
