/** Reading values as types/layout.ts lays them: 64-bit numbers in halves, so that no big integer is made. */
import { littleEndian } from '../../sys/layout.ts';
import type { EnumType, IntegerType } from '../types/type.ts';

/** Bytes under two views: a record of the ring buffer (RecordMemory), or a key or a value of a map. */
export interface Memory {
  readonly view: DataView;
  readonly bytes: Uint8Array;
}

export function memoryOf(bytes: Uint8Array): Memory {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** Low and high half of the number that was read last: an answer in two parts without an object. */
export const half: { low: number; high: number } = { low: 0, high: 0 };

const lowAt = littleEndian ? 0 : 4;
const highAt = 4 - lowAt;

/** Reads an integer into `half`, extended to 64 bits by its sign. */
export function readHalves(type: IntegerType | EnumType, view: DataView, at: number): void {
  switch (type.bits) {
    case 64:
      half.low = view.getUint32(at + lowAt, littleEndian);
      half.high = view.getUint32(at + highAt, littleEndian);
      return;
    case 32:
      half.low = view.getUint32(at, littleEndian);
      break;
    case 16:
      half.low = type.signed ? view.getInt16(at, littleEndian) >>> 0 : view.getUint16(at, littleEndian);
      break;
    case 8:
      half.low = type.signed ? view.getInt8(at) >>> 0 : view.getUint8(at);
      break;
  }
  half.high = type.signed && half.low >= 0x8000_0000 ? 0xffff_ffff : 0;
}

export function readInteger(type: IntegerType | EnumType, view: DataView, at: number): bigint {
  switch (type.bits) {
    case 64:
      return type.signed ? view.getBigInt64(at, littleEndian) : view.getBigUint64(at, littleEndian);
    case 32:
      return BigInt(type.signed ? view.getInt32(at, littleEndian) : view.getUint32(at, littleEndian));
    case 16:
      return BigInt(type.signed ? view.getInt16(at, littleEndian) : view.getUint16(at, littleEndian));
    case 8:
      return BigInt(type.signed ? view.getInt8(at) : view.getUint8(at));
  }
}

export function readU64(view: DataView, at: number): bigint {
  return view.getBigUint64(at, littleEndian);
}

export function readI64(view: DataView, at: number): bigint {
  return view.getBigInt64(at, littleEndian);
}

export function readU32(view: DataView, at: number): number {
  return view.getUint32(at, littleEndian);
}

/** The low half of a u64. */
export function readLow(view: DataView, at: number): number {
  return view.getUint32(at + lowAt, littleEndian);
}

/** Where the text in a string of `size` bytes ends: at its zero, or at the end of a string that was cut. */
export function textEnd(bytes: Uint8Array, at: number, size: number): number {
  const end = at + size;
  let stop = at;
  while (stop < end && bytes[stop] !== 0) stop++;
  return stop;
}
