/**
 * Unwind tables of processes, kept in maps for the programs that walk stacks (layout.ts).
 *
 * Made before the programs are loaded, for the maps' sizes follow from the files; `connect` then fills the maps. When a
 * program meets code that was not there, `refresh` looks at the process again. Files are read once, whoever maps them.
 */
import { statSync } from 'node:fs';
import { ElfError } from '../../elf/errors.ts';
import { ElfFile } from '../../elf/file.ts';
import { unwindTable } from '../../elf/frames/table.ts';
import { isFile, type Mapping } from '../../symbol/maps.ts';
import type { Mapping as Memory } from '../../sys/memory.ts';
import type { Collection } from '../collection.ts';
import { rawCodec, u32Codec } from '../map/codec.ts';
import { KeyedMap } from '../map/keyed.ts';
import type { MapSpec } from '../spec.ts';
import { type OpenElf, openElf } from '../symbol/elf-files.ts';
import { nameOf, openMapped, vdsoImage } from '../symbol/mapped-files.ts';
import { ProcessMaps } from '../symbol/process.ts';
import { areaLayout, chunkLayout, FILES, fileLayout, unwindMaps } from './layout.ts';
import {
  type Chunk,
  type CodeMapping,
  chunksOf,
  fileKey,
  fileValue,
  type PlacedFile,
  writeAreas,
  writeChunk,
} from './pack.ts';
import { mappedByProgram } from './predict.ts';

export interface UnwindSubjects {
  /** Processes that run. */
  readonly pids: readonly number[];
  /** A process that is going to run a program, and has not begun. */
  readonly child?: { readonly pid: number; readonly path: string } | undefined;
  /** Programs and libraries that they may come to run, whoever maps them first. Default none. */
  readonly files?: readonly string[];
}

/** Chunks for what processes map later: four megabytes. */
const spareChunks = 64;
/** A hole that was looked at and is one still: asked about again after so long. */
const againMs = 1000;

interface Process {
  /** Indices in `unwind_areas`: the one that programs read, and the other. */
  places: readonly [current: number, other: number];
  /** What was mapped executable. */
  seen: string;
  readonly maps: ProcessMaps | undefined;
}

interface Connection {
  readonly rows: Memory;
  readonly areas: Memory;
  readonly pids: KeyedMap<number, number>;
  readonly files: KeyedMap<Uint8Array, Uint8Array>;
  readonly capacity: number;
}

export class UnwindTables {
  readonly #processes = new Map<number, Process>();
  /** By identity; undefined: it has no tables. */
  readonly #files = new Map<string, PlacedFile | undefined>();
  /** Read, and not yet in the map. */
  readonly #waiting: Chunk[] = [];
  readonly #predicted: { readonly key: Uint8Array; readonly file: PlacedFile }[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #placed = 0;
  #connection: Connection | undefined;

  constructor({ pids, child, files = [] }: UnwindSubjects) {
    for (const pid of new Set(pids)) {
      const maps = ProcessMaps.read(pid);
      if (!maps) continue;
      this.#processes.set(pid, { places: this.#places(), seen: signatureOf(maps), maps });
      for (const mapping of codeOf(maps)) this.#fileOf(maps, mapping);
    }
    if (child) this.#processes.set(child.pid, { places: this.#places(), seen: '', maps: undefined });
    const programs = new Set([...(child ? [child.path] : []), ...files]);
    const expected = new Set([...programs].flatMap((path) => mappedByProgram(path)));
    for (const path of expected) this.#predict(path);
  }

  #places(): readonly [number, number] {
    const used = this.#processes.size * 2;
    return [used, used + 1];
  }

  /** The maps' specs with the sizes that these tables need. */
  sized(maps: readonly MapSpec[]): MapSpec[] {
    const processes = Math.max(1, this.#processes.size);
    const sizes: Readonly<Record<string, number>> = {
      [unwindMaps.rows]: this.#waiting.length + spareChunks,
      // Each has two places, so that one can be written while the other is read.
      [unwindMaps.areas]: processes * 2,
      [unwindMaps.pids]: processes,
    };
    return maps.map((map) => ({ ...map, maxEntries: sizes[map.name] ?? map.maxEntries }));
  }

  /** Fills the maps. */
  connect(collection: Collection): void {
    const [rows, areas] = [collection.map(unwindMaps.rows), collection.map(unwindMaps.areas)];
    const [pids, files] = [collection.map(unwindMaps.pids), collection.map(unwindMaps.files)];
    if (!(pids instanceof KeyedMap) || !(files instanceof KeyedMap))
      throw new Error('internal: maps of unwinding');
    this.#connection = {
      rows: rows.mmap({ write: true }),
      areas: areas.mmap({ write: true }),
      pids: pids.withCodecs(u32Codec, u32Codec),
      files: files.withCodecs(
        rawCodec(unwindMaps.files, 'key', fileLayout.key),
        rawCodec(unwindMaps.files, 'value', fileLayout.size),
      ),
      capacity: rows.maxEntries,
    };
    this.#flush();
    for (const [pid, process] of this.#processes) this.#show(pid, process);
    for (const { key, file } of this.#predicted.slice(0, FILES)) {
      const value = fileValue(file);
      if (value) this.#connection.files.set(key, value);
    }
  }

  /** A program met an address where nothing was known to be. */
  refresh(pid: number): void {
    const process = this.#processes.get(pid);
    if (!process || !this.#connection) return;
    const maps = ProcessMaps.read(pid);
    if (!maps) return;
    const seen = signatureOf(maps);
    if (seen === process.seen) return this.#askAgainLater(process);
    const [current, other] = process.places;
    const next: Process = { places: [other, current], seen, maps };
    this.#processes.set(pid, next);
    this.#show(pid, next);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.rows.close();
    connection?.areas.close();
  }

  #show(pid: number, { places: [current], maps }: Process): void {
    const { areas, pids } = this.#connection!;
    const code = maps ? codeOf(maps).map((mapping) => this.#codeMapping(maps, mapping)) : [];
    this.#flush();
    writeAreas(new DataView(areas.buffer, current * areaLayout.size, areaLayout.size), code);
    pids.set(pid, current);
  }

  #askAgainLater({ places: [current] }: Process): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const areas = this.#connection?.areas;
      if (areas) new BigUint64Array(areas.buffer, current * areaLayout.size + areaLayout.asked, 1)[0] = 0n;
    }, againMs);
    timer.unref();
    this.#timers.add(timer);
  }

  #codeMapping(maps: ProcessMaps, mapping: Mapping): CodeMapping {
    return { mapping, file: this.#fileOf(maps, mapping), trampoline: nameOf(mapping) === '[uprobes]' };
  }

  #fileOf(maps: ProcessMaps, mapping: Mapping): PlacedFile | undefined {
    if (nameOf(mapping) === '[vdso]') return this.#place('[vdso]', vdsoFile);
    if (!isFile(mapping)) return undefined;
    const file = openMapped(maps, mapping);
    return file && this.#placeOpened(file);
  }

  #placeOpened(file: OpenElf): PlacedFile | undefined {
    try {
      const { device, inode, size, modified } = file.identity;
      // Where it begins in an archive is part of which file it is.
      return this.#place(`${device}:${inode}:${size}:${modified}:${file.offset}`, () => file.elf);
    } finally {
      file.close();
    }
  }

  #predict(path: string): void {
    const file = openElf(path);
    const placed = file && this.#placeOpened(file);
    if (!placed) return;
    try {
      const { dev, ino } = statSync(path, { bigint: true });
      this.#predicted.push({ key: fileKey(ino, deviceNumbers(dev)), file: placed });
    } catch {
      // It went away.
    }
  }

  #place(key: string, open: () => ElfFile | undefined): PlacedFile | undefined {
    if (this.#files.has(key)) return this.#files.get(key);
    const chunks = readChunks(open);
    const room = this.#connection ? this.#connection.capacity - this.#placed : Infinity;
    let file: PlacedFile | undefined;
    if (chunks.length > 0 && this.#waiting.length + chunks.length <= room) {
      file = { first: this.#placed + this.#waiting.length, starts: chunks.map(({ start }) => start) };
      this.#waiting.push(...chunks);
    }
    this.#files.set(key, file);
    return file;
  }

  /** Writes what was read, before anything refers to it. */
  #flush(): void {
    const { rows } = this.#connection!;
    for (const chunk of this.#waiting.splice(0)) {
      writeChunk(
        new Uint32Array(rows.buffer, this.#placed++ * chunkLayout.size, chunkLayout.size / 4),
        chunk,
      );
    }
  }
}

function vdsoFile(): ElfFile | undefined {
  const image = vdsoImage();
  return image && ElfFile.open(image);
}

/** None for a file without tables, or a broken one. */
function readChunks(open: () => ElfFile | undefined): Chunk[] {
  try {
    const file = open();
    const table = file && unwindTable(file);
    return table ? chunksOf(table) : [];
  } catch (error) {
    if (error instanceof ElfError || (error as NodeJS.ErrnoException).code !== undefined) return [];
    throw error;
  }
}

function codeOf(maps: ProcessMaps): Mapping[] {
  // [vsyscall] is not in user space.
  return maps.mappings.filter(({ executable, start }) => executable && start < 2n ** 47n);
}

function signatureOf(maps: ProcessMaps): string {
  return codeOf(maps)
    .map(({ start, end, offset, inode }) => `${start}-${end}:${offset}:${inode}`)
    .join();
}

/** As glibc's gnu_dev_major and gnu_dev_minor. */
function deviceNumbers(device: bigint): readonly [number, number] {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  return [Number(BigInt.asUintN(32, major)), Number(BigInt.asUintN(32, minor))];
}
