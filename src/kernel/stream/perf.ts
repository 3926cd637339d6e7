/**
 * Perf buffers (BPF_MAP_TYPE_PERF_EVENT_ARRAY with bpf_perf_event_output, Linux 4.4): one buffer a CPU.
 *
 * For programs that ask for them, and kernels without ring buffers. Each record wakes us unless `wakeupEvents`
 * or `watermark` says otherwise, which makes a record ten times as dear as in a ring buffer. Records of
 * different CPUs come in no particular order.
 *
 * The map is indexed by CPU number. A slot whose CPU is offline stays empty, it is not skipped: with CPUs
 * 0, 1 and 3 online, the buffer of CPU 3 belongs at index 3.
 */
import { bpf, bpfTry } from '../../sys/bpf.ts';
import { SysError } from '../../sys/errors.ts';
import type { Fd } from '../../sys/fd.ts';
import { readInto } from '../../sys/file.ts';
import { Mapping, Protection, pageSize } from '../../sys/memory.ts';
import {
  PerfFlag,
  PerfIoctl,
  PerfSample,
  PerfSoftware,
  PerfType,
  perfEventOpen,
  perfIoctl,
} from '../../sys/perf.ts';
import { onlineCpus } from '../cpus.ts';
import { EdgeSet } from './edges.ts';
import { badOption } from './errors.ts';
import { PerfCore } from './perf-core.ts';
import { type RecordReader, recordMemory } from './record.ts';
import type { RingFront } from './ring-core.ts';
import { type RecordSource, RecordStream, type StreamOptions } from './stream.ts';

export interface PerfBufferOptions extends StreamOptions {
  /** For messages. Default: the descriptor's number. */
  readonly name?: string;
  /** Data pages of each CPU's buffer, a power of two. Default 64 (256 KiB with pages of 4 KiB). */
  readonly pages?: number;
  /** Wake up after that many records of one CPU. Default 1. Fewer stay unread until more come or `finish`. */
  readonly wakeupEvents?: number;
  /** Wake up after that many bytes of one CPU, instead. */
  readonly watermark?: number;
  /** Bytes of each record, if all have the same: cuts off the kernel's padding. */
  readonly recordSize?: number;
  /** Default: all that are online. */
  readonly cpus?: readonly number[];
}

/** PERF_FORMAT_LOST, Linux 6.0: read(2) of the event tells how many records were lost. */
const formatLost = 16;
const headAt = 0x400;

/**
 * The reader of a perf event array. `fd` stays the caller's, and must stay open until `close`.
 *
 * Losses are counted by the kernel; `options.lost` replaces that count by one that programs keep.
 * Throws StreamError `invalid` for impossible options, SysError of perf_event_open, mmap and bpf.
 */
export class PerfBuffer extends RecordStream {
  constructor(fd: number, options: PerfBufferOptions = {}) {
    const source = openBuffers(fd, options);
    const lost = options.lost ?? { read: () => source.lost() };
    super(source, new EdgeSet(source.descriptors), { ...options, lost });
  }
}

function openBuffers(fd: number, options: PerfBufferOptions): PerfSource {
  const name = options.name ?? String(fd);
  const what = `perf buffer "${name}"`;
  const pages = options.pages ?? 64;
  if (!Number.isInteger(pages) || pages < 1 || (pages & (pages - 1)) !== 0) {
    throw badOption(what, 'pages', pages, 'a power of two');
  }
  const buffers: CpuBuffer[] = [];
  try {
    for (const cpu of options.cpus ?? onlineCpus()) {
      buffers.push(openBuffer(fd, `${what} of CPU ${cpu}`, cpu, pages, options));
    }
  } catch (error) {
    for (const buffer of buffers) closeBuffer(fd, buffer);
    throw error;
  }
  return new PerfSource(what, fd, buffers);
}

interface CpuBuffer {
  readonly cpu: number;
  readonly event: Fd;
  readonly mapping: Mapping;
  readonly core: PerfCore;
  /** Whether read(2) tells what was lost. */
  readonly tellsLost: boolean;
}

function openBuffer(
  mapFd: number,
  what: string,
  cpu: number,
  pages: number,
  options: PerfBufferOptions,
): CpuBuffer {
  const { event, tellsLost } = openEvent(what, cpu, options);
  let mapping: Mapping | undefined;
  try {
    const page = pageSize();
    const size = pages * page;
    mapping = Mapping.of(event.number, page + size, {
      protection: Protection.read | Protection.write,
      subject: what,
    });
    const value = Uint32Array.of(event.number);
    bpf('mapUpdateElem', { mapFd, key: Uint32Array.of(cpu), value, flags: 0 }, what);
    perfIoctl(event.number, PerfIoctl.enable, 0, what);
    const core = new PerfCore({
      what,
      positions: new BigUint64Array(mapping.buffer, headAt, 2),
      data: recordMemory(mapping.buffer, page, size),
      size,
      ...(options.recordSize === undefined ? {} : { recordSize: options.recordSize }),
    });
    return { cpu, event, mapping, core, tellsLost };
  } catch (error) {
    mapping?.close();
    event.close();
    throw error;
  }
}

function openEvent(
  what: string,
  cpu: number,
  options: PerfBufferOptions,
): { readonly event: Fd; readonly tellsLost: boolean } {
  const attr = {
    type: PerfType.software,
    config: PerfSoftware.bpfOutput,
    sampleType: PerfSample.raw,
    samplePeriod: 1,
    wakeupEvents: options.watermark ?? options.wakeupEvents ?? 1,
    flags: options.watermark === undefined ? 0n : PerfFlag.watermark,
  };
  try {
    const event = perfEventOpen({ ...attr, readFormat: formatLost }, -1, cpu, what);
    return { event, tellsLost: true };
  } catch (error) {
    // Before 6.0 the format is unknown.
    if (!(error instanceof SysError) || error.code !== 'EINVAL') throw error;
    return { event: perfEventOpen(attr, -1, cpu, what), tellsLost: false };
  }
}

function closeBuffer(mapFd: number, buffer: CpuBuffer): void {
  // The map holds the event as well, until its slot is emptied.
  bpfTry('mapDeleteElem', { mapFd, key: Uint32Array.of(buffer.cpu) });
  buffer.mapping.close();
  buffer.event.close();
}

class PerfSource implements RecordSource {
  readonly what: string;
  readonly #mapFd: number;
  #buffers: readonly CpuBuffer[];
  /** Of buffers that are gone. */
  #delivered = 0;
  #first = 0;
  #stopped = false;
  readonly #counts = new BigUint64Array(2);

  constructor(what: string, mapFd: number, buffers: readonly CpuBuffer[]) {
    this.what = what;
    this.#mapFd = mapFd;
    this.#buffers = buffers;
  }

  get descriptors(): number[] {
    return this.#buffers.map((buffer) => buffer.event.number);
  }

  get delivered(): number {
    return this.#buffers.reduce((sum, { core }) => sum + core.delivered, this.#delivered);
  }

  get fill(): number {
    return this.#buffers.reduce((most, { core }) => Math.max(most, core.fill), 0);
  }

  lost(): bigint {
    let sum = 0n;
    for (const { event, core, tellsLost } of this.#buffers) {
      if (!tellsLost) {
        sum += core.lost;
        continue;
      }
      readInto(event.number, new Uint8Array(this.#counts.buffer));
      sum += this.#counts[1]!;
    }
    return sum;
  }

  drain(reader: RecordReader, limit: number = Number.POSITIVE_INFINITY): number {
    let count = 0;
    const buffers = this.#buffers;
    this.#stopped = false;
    // Another CPU is the first each time: with a limit, a busy one must not starve the others.
    const first = this.#first++ % Math.max(buffers.length, 1);
    for (let i = 0; i < buffers.length && count < limit && !this.#stopped; i++) {
      count += buffers[(first + i) % buffers.length]!.core.drain(reader, limit - count);
    }
    return count;
  }

  stop(): void {
    this.#stopped = true;
    for (const { core } of this.#buffers) core.stop();
  }

  settle(): RingFront {
    return this.#buffers.some(({ core }) => core.ready()) ? 'ready' : 'empty';
  }

  release(): void {
    this.#delivered = this.delivered;
    for (const buffer of this.#buffers) closeBuffer(this.#mapFd, buffer);
    this.#buffers = [];
  }
}
