/**
 * Ring buffers (BPF_MAP_TYPE_RINGBUF, Linux 5.8): one for all CPUs, records in the order of reservation.
 *
 * The map's descriptor is mapped in two parts (kernel/bpf/ringbuf.c, ringbuf_map_mmap_kern): the page with
 * the consumer position, which is the only one that may be written, and then, from the second page on, the
 * page with the producer position followed by the data twice.
 */
import { Mapping, Protection, pageSize } from '../../sys/memory.ts';
import { EdgeSet } from './edges.ts';
import { badRingSize } from './errors.ts';
import { noMemory, type RecordReader, recordMemory } from './record.ts';
import { RingCore, type RingFront } from './ring-core.ts';
import { type RecordSource, RecordStream, type StreamOptions } from './stream.ts';

export interface RingBufferOptions extends StreamOptions {
  /** For messages. Default: the descriptor's number. */
  readonly name?: string;
}

/**
 * The reader of a ring buffer map. A map has one reader; several would take records from each other.
 *
 * `fd` stays the caller's, and must stay open until `close`. `size` is the map's `max_entries`, in bytes.
 * Records that were submitted before are delivered first. Throws StreamError `invalid` for a size that the
 * kernel would not have accepted, and SysError of mmap: EINVAL when the map is not a ring buffer of that size.
 */
export class RingBuffer extends RecordStream {
  constructor(fd: number, size: number, options: RingBufferOptions = {}) {
    super(mapRing(fd, size, options.name ?? String(fd)), new EdgeSet([fd]), options);
  }
}

function mapRing(fd: number, size: number, name: string): RecordSource {
  const page = pageSize();
  const subject = `ring buffer "${name}"`;
  if (!Number.isInteger(size) || size < page || 2 ** Math.round(Math.log2(size)) !== size) {
    throw badRingSize(size, page);
  }
  const consumer = Mapping.of(fd, page, { protection: Protection.read | Protection.write, subject });
  let data: Mapping;
  try {
    data = Mapping.of(fd, page + 2 * size, { offset: page, subject });
  } catch (error) {
    consumer.close();
    throw error;
  }
  return new MappedRing(subject, consumer, data, page, size);
}

const emptyRing = new RingCore({
  what: 'closed ring buffer',
  consumer: new BigUint64Array(1),
  producer: new BigUint64Array(1),
  data: noMemory,
  size: 8,
});

class MappedRing implements RecordSource {
  readonly what: string;
  readonly #mappings: readonly Mapping[];
  #core: RingCore;
  /** Of the core that is gone. */
  #delivered = 0;

  constructor(what: string, consumer: Mapping, data: Mapping, page: number, size: number) {
    this.what = what;
    this.#mappings = [consumer, data];
    this.#core = new RingCore({
      what,
      consumer: new BigUint64Array(consumer.buffer, 0, 1),
      producer: new BigUint64Array(data.buffer, 0, 1),
      data: recordMemory(data.buffer, page, 2 * size),
      size,
    });
  }

  get delivered(): number {
    return this.#delivered + this.#core.delivered;
  }

  get fill(): number {
    return this.#core.fill;
  }

  drain(reader: RecordReader, limit?: number): number {
    return this.#core.drain(reader, limit);
  }

  stop(): void {
    this.#core.stop();
  }

  settle(): RingFront {
    return this.#core.settle();
  }

  release(): void {
    // Whatever still refers to this ring must find memory that exists.
    this.#delivered = this.#core.delivered;
    this.#core = emptyRing;
    for (const mapping of this.#mappings) mapping.close();
  }
}
