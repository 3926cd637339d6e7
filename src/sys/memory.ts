/** Memory that the kernel shares with the process. */
import { readFileSync } from 'node:fs';
import { SysError, usedAfterClose } from './errors.ts';
import { littleEndian } from './layout.ts';
import { native } from './native.ts';
import { sysTry } from './syscall.ts';

/** include/uapi/asm-generic/mman-common.h, the same on every architecture here. */
export const Protection = { read: 1, write: 2 } as const;

const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED_NOREPLACE = 0x100000;

/** Bytes of a page, from the auxiliary vector's AT_PAGESZ (6): arm64 kernels come with 4, 16 and 64 KiB. */
export function pageSize(): number {
  page ??= readPageSize();
  return page;
}

let page: number | undefined;

function readPageSize(): number {
  const bytes = readFileSync('/proc/self/auxv');
  for (let at = 0; at + 16 <= bytes.length; at += 16) {
    const tag = littleEndian ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at);
    if (tag !== 6n) continue;
    return Number(littleEndian ? bytes.readBigUInt64LE(at + 8) : bytes.readBigUInt64BE(at + 8));
  }
  return 4096;
}

/**
 * A shared mapping of a descriptor.
 *
 * Typed arrays over `buffer` must not be touched after close(), and a mapping without
 * `Protection.write` must not be written: both end the process by SIGSEGV, since JavaScript cannot
 * detach memory that is not its own. So owners keep their views in fields that their own close() drops
 * before it closes the mapping. The mapping outlives the descriptor.
 */
export class Mapping {
  readonly address: number;
  readonly size: number;
  #buffer: ArrayBuffer | undefined;

  private constructor(address: number, size: number) {
    this.address = address;
    this.size = size;
    this.#buffer = native().view(address, size);
  }

  /**
   * Maps `size` bytes of `fd` from `offset`, both multiples of the page size.
   * Throws SysError of mmap.
   */
  static of(
    fd: number,
    size: number,
    options: {
      readonly offset?: number;
      readonly protection?: number;
      readonly subject?: string;
      /** Where it must lie (MAP_FIXED_NOREPLACE): an address of a page. Default: anywhere. */
      readonly address?: number;
      /** Default true. Some files can only be mapped for oneself. */
      readonly shared?: boolean;
    } = {},
  ): Mapping {
    const { offset = 0, protection = Protection.read, subject, shared = true, address: at } = options;
    const flags = (shared ? MAP_SHARED : MAP_PRIVATE) | (at === undefined ? 0 : MAP_FIXED_NOREPLACE);
    const address = sysTry('mmap', at ?? 0, size, protection, flags, fd, offset);
    if (address < 0) throw new SysError('mmap', -address, subject);
    return new Mapping(address, size);
  }

  /** The mapped bytes. Throws ClosedError after close(). */
  get buffer(): ArrayBuffer {
    if (this.#buffer === undefined) throw usedAfterClose('a memory mapping');
    return this.#buffer;
  }

  get closed(): boolean {
    return this.#buffer === undefined;
  }

  /** Unmaps; again and again without effect. */
  close(): void {
    if (this.#buffer === undefined) return;
    this.#buffer = undefined;
    sysTry('munmap', this.address, this.size);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
