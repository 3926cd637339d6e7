/** A compiled program in the kernel: loaded, attached, read, and taken out again. */

import type { Collection } from '../kernel/collection.ts';
import { loadCollection } from '../kernel/collection.ts';
import { possibleCpus } from '../kernel/cpus.ts';
import { IteratorLink } from '../kernel/link/iterator.ts';
import { closeAll, type Link } from '../kernel/link/link.ts';
import type { HandleCodecs } from '../kernel/map/handle.ts';
import type { KeyedMap } from '../kernel/map/keyed.ts';
import type { CollectionSpec } from '../kernel/spec.ts';
import { LostCounters, lostLayout } from '../kernel/stream/lost.ts';
import type { Mapping } from '../sys/memory.ts';
import { attach } from './attach.ts';
import { histogramKey } from './builtin/map-histogram.ts';
import { isPerCpu } from './builtin/map-operation.ts';
import { lostMap } from './emit/losses.ts';
import { EventRing, Histogram, PerCpuMap, Rows } from './handles.ts';
import type { ProbePlan } from './probe/plan.ts';
import type { AnyMap } from './program.ts';
import { u64 } from './schema.ts';
import { codecOf } from './values.ts';

/** What loading needs of a compiled definition. */
export interface Loadable {
  readonly spec: CollectionSpec;
  readonly probes: readonly {
    readonly probe: string;
    readonly program: string;
    readonly plan: Pick<ProbePlan, 'title' | 'attachment' | 'attachType'>;
  }[];
  /** Loss counters by map name. */
  readonly lossIndex: ReadonlyMap<string, number>;
}

/**
 * Loads and attaches everything or nothing. Throws VerifierError, KernelError or AttachError.
 * `maps` are the declarations that the definition was compiled from.
 */
export function loadCompiled(compiled: Loadable, maps: ReadonlyMap<string, AnyMap>): LoadedDefinition {
  const codecs = new Map([...maps].map(([name, map]) => [name, codecsOf(name, map)]));
  const collection = loadCollection(compiled.spec, { codecs });
  const loaded = new LoadedDefinition(collection, compiled, maps);
  try {
    loaded.attachAll();
    return loaded;
  } catch (error) {
    loaded.close();
    throw error;
  }
}

function codecsOf(name: string, map: AnyMap): HandleCodecs {
  if (map.kind === 'log2Histogram' || map.kind === 'linearHistogram') {
    return { key: codecOf(histogramKey(map), `${name} key`), value: codecOf(u64.shape, `${name} value`) };
  }
  return {
    key: map.key && codecOf(map.key, `${name} key`),
    value: map.value && codecOf(map.value, `${name} value`),
  };
}

export class LoadedDefinition {
  readonly #collection: Collection;
  readonly #compiled: Loadable;
  readonly #links = new Map<string, Link>();
  readonly #handles = new Map<string, unknown>();
  readonly #rings: EventRing[] = [];
  readonly #counters: { mapping: Mapping; lost: LostCounters } | undefined;
  #closed = false;

  constructor(collection: Collection, compiled: Loadable, maps: ReadonlyMap<string, AnyMap>) {
    this.#collection = collection;
    this.#compiled = compiled;
    const counters = collection.maps.get(lostMap);
    if (counters) {
      const mapping = counters.mmap();
      const layout = lostLayout(compiled.lossIndex.size, possibleCpus());
      this.#counters = { mapping, lost: new LostCounters(layout, mapping.buffer) };
    }
    for (const [name, map] of maps) this.#handles.set(name, this.#handle(name, map));
  }

  /** What user space has for each declared map, by its name. */
  get handles(): ReadonlyMap<string, unknown> {
    return this.#handles;
  }

  attachAll(): void {
    for (const { probe, program, plan } of this.#compiled.probes) {
      this.#links.set(probe, attach(this.#collection.program(program), plan));
    }
  }

  /** Each probe with its program's id; iterators can be read. */
  programs(): Record<string, { name: string; id: number; read?: () => Uint8Array }> {
    return Object.fromEntries(
      this.#compiled.probes.map(({ probe, program, plan }) => {
        const { id } = this.#collection.program(program).info();
        if (plan.attachment.kind !== 'iterator') return [probe, { name: probe, id }];
        return [probe, { name: probe, id, read: () => (this.#links.get(probe) as IteratorLink).read() }];
      }),
    );
  }

  /** One walk of an iterator: everything its body wrote. */
  read(probe: string): Uint8Array {
    return (this.#links.get(probe) as IteratorLink).read();
  }

  /** The same on another thread; `expected` is about how many bytes it will be. */
  readLater(probe: string, expected: number): Promise<Uint8Array> {
    return (this.#links.get(probe) as IteratorLink).readLater(expected);
  }

  /** One walk of each iterator, one after the other. */
  *#walks(): Generator<Uint8Array> {
    for (const link of this.#links.values()) if (link instanceof IteratorLink) yield link.read();
  }

  /** Events and entries that found no room so far, by map. */
  lost(): Record<string, bigint> {
    return Object.fromEntries(
      [...this.#compiled.lossIndex].map(([name, index]) => [name, this.#lossOf(index)]),
    );
  }

  /** Takes everything out of the kernel; idempotent. */
  close(): void {
    if (this.#closed) return;
    for (const link of this.#links.values()) link.close();
    this.#release();
  }

  /** The same, with slow kinds of probes detached side by side. */
  async closeAsync(): Promise<void> {
    if (this.#closed) return;
    await closeAll(this.#links.values());
    this.#release();
  }

  #release(): void {
    this.#closed = true;
    for (const events of this.#rings) events.ring.close();
    this.#counters?.mapping.close();
    this.#collection.close();
  }

  #lossOf(index: number): bigint {
    return this.#counters && !this.#closed ? this.#counters.lost.total(index) : 0n;
  }

  #handle(name: string, declaration: AnyMap): unknown {
    if (declaration.kind === 'rows') return new Rows(declaration, () => this.#walks());
    const map = this.#collection.map(name);
    switch (declaration.kind) {
      case 'ringbuf': {
        const index = this.#compiled.lossIndex.get(name) ?? 0;
        const events = new EventRing(map.fd, name, declaration, { read: () => this.#lossOf(index) });
        this.#rings.push(events);
        return events;
      }
      case 'log2Histogram':
      case 'linearHistogram':
        return new Histogram(map as KeyedMap<unknown, bigint[]>, declaration);
      default:
        return isPerCpu(declaration.kind) ? new PerCpuMap(map as KeyedMap<unknown, unknown[]>) : map;
    }
  }
}
