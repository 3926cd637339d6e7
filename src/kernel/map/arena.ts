/**
 * BPF_MAP_TYPE_ARENA, Linux 6.9: memory that programs and this process share, up to 4 GiB, in pages that come to be
 * when one of the two touches them. Pointers that programs store there are addresses of this process' mapping.
 */
import type { Fd } from '../../sys/fd.ts';
import { Mapping, Protection, pageSize } from '../../sys/memory.ts';
import { BpfMap, type MapShape } from './map.ts';

export class ArenaMap extends BpfMap {
  #mapping: Mapping | undefined;

  constructor(fd: Fd, shape: MapShape) {
    super(fd, shape);
  }

  /** Bytes. */
  get size(): number {
    return this.maxEntries * pageSize();
  }

  /**
   * The arena's memory. Map it before a program that uses the arena is loaded: the kernel wants to know the address.
   * With `address` (a page's, and `MapSpec.extra` if that was given) it lies there. The mapping closes with the map.
   */
  override mmap(options: { readonly write?: boolean; readonly address?: number } = {}): Mapping {
    if (this.#mapping !== undefined && !this.#mapping.closed) return this.#mapping;
    this.#mapping = Mapping.of(this.fd.number, this.size, {
      protection: Protection.read | Protection.write,
      subject: this.subject,
      ...(options.address === undefined ? {} : { address: options.address }),
    });
    return this.#mapping;
  }

  override close(): void {
    this.#mapping?.close();
    super.close();
  }
}
