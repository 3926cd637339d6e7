/** Numbers of call-frame information: LEB128 and the encoded pointers of `.eh_frame`, read in order. */
import { ElfError } from '../errors.ts';
import type { ElfView } from '../view.ts';

/** DW_EH_PE_*: the form of a pointer in the low four bits, what it counts from in the next three. */
export const PointerEncoding = {
  omitted: 0xff,
  indirect: 0x80,
  relativeToPlace: 0x10,
  relativeToTable: 0x30,
} as const;

export class FrameReader {
  readonly view: ElfView;
  at: number;

  constructor(view: ElfView, at = 0) {
    this.view = view;
    this.at = at;
  }

  u8(): number {
    return this.view.u8(this.at++);
  }

  u16(): number {
    this.at += 2;
    return this.view.u16(this.at - 2);
  }

  u32(): number {
    this.at += 4;
    return this.view.u32(this.at - 4);
  }

  i32(): number {
    return this.u32() | 0;
  }

  /** Exact up to 2^53: no address of user space is beyond. */
  u64(): number {
    const [first, second] = [this.u32(), this.u32()];
    return this.view.littleEndian ? second * 2 ** 32 + first : first * 2 ** 32 + second;
  }

  i64(): number {
    const [first, second] = [this.u32(), this.u32()];
    const [low, high] = this.view.littleEndian ? [first, second] : [second, first];
    return (high | 0) * 2 ** 32 + low;
  }

  /** Unsigned LEB128. */
  uleb(): number {
    return this.#leb(false);
  }

  sleb(): number {
    return this.#leb(true);
  }

  #leb(signed: boolean): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.u8();
      const last = (byte & 0x80) === 0;
      const digit = last && signed && (byte & 0x40) !== 0 ? (byte & 0x7f) - 0x80 : byte & 0x7f;
      value += digit * 2 ** shift;
      if (last) return value;
    }
    throw malformed(this, 'a number that goes on for more than ten bytes');
  }

  skip(bytes: number): void {
    this.view.check(this.at, bytes);
    this.at += bytes;
  }

  /**
   * A pointer, as an address; undefined for one that is left out, or that is only known once the file is mapped.
   * @param address where the view is mapped
   * @param table what `relativeToTable` counts from
   */
  pointer(encoding: number, address: number, table?: number): number | undefined {
    if (encoding === PointerEncoding.omitted) return undefined;
    const place = address + this.at;
    const value = this.#form(encoding & 0x0f);
    if ((encoding & PointerEncoding.indirect) !== 0) return undefined;
    switch (encoding & 0x70) {
      case 0:
        return value;
      case PointerEncoding.relativeToPlace:
        return place + value;
      case PointerEncoding.relativeToTable:
        return table === undefined ? undefined : table + value;
      default:
        return undefined;
    }
  }

  #form(form: number): number {
    switch (form) {
      case 0x0:
        return this.view.wide ? this.u64() : this.u32();
      case 0x1:
        return this.uleb();
      case 0x2:
        return this.u16();
      case 0x3:
        return this.u32();
      case 0x4:
        return this.u64();
      case 0x9:
        return this.sleb();
      case 0xa:
        return (this.u16() << 16) >> 16;
      case 0xb:
        return this.i32();
      case 0xc:
        return this.i64();
      default:
        throw malformed(this, `a pointer of form ${form}`);
    }
  }
}

export function malformed({ view, at }: FrameReader, what: string): ElfError {
  return new ElfError('format', view.start + at, `${view.what} has ${what}`);
}
