/**
 * From addresses in processes to the names of functions.
 *
 * An address lies in a mapping, which shows a part of a file; there it has an offset, the offset a linked address
 * (elf/address.ts), and that lies in a function of the file's symbol table, or of its debug file's. Files are
 * read once, whoever maps them; mappings are kept by process, so that the stack of one that has ended meanwhile
 * can still be named if it was seen before.
 *
 * Files come from other processes: they may be replaced, cut, sparse or no files at all. What cannot be read has
 * no names, and nothing waits for it.
 */
import { type InlinedFunction, sourcePlaceAt } from '../../dwarf/source-place.ts';
import { addressOfOffset } from '../../elf/address.ts';
import { ElfError } from '../../elf/errors.ts';
import { ElfFile } from '../../elf/file.ts';
import { FunctionIndex } from '../../symbol/functions.ts';
import { isFile, type Mapping, offsetInFile } from '../../symbol/maps.ts';
import { openDebugFile } from './debug-files.ts';
import { DebugPrograms } from './debug-info.ts';
import { demangle } from './demangle.ts';
import { type FileIdentity, openElf, sameFile } from './elf-files.ts';
import { nameOf, openMapped, pathOf, vdsoImage } from './mapped-files.ts';
import { ProcessMaps } from './process.ts';

/** Section `cache_user_symbols` of the language. */
export type SymbolCache =
  /** Mappings of a process that cannot be looked at are those of another of the same program. */
  | 'PER_PROGRAM'
  /** Mappings are kept by process, also after it has ended. */
  | 'PER_PID'
  /** Mappings are read each time. */
  | 'NONE';

export interface UserSymbolsOptions {
  /** Default PER_PID. */
  readonly cache?: SymbolCache;
  /** C++ and Rust names as their sources have them. Default true. */
  readonly demangle?: boolean;
  /** Source lines and inlined functions, where `at` is asked about a frame of a stack. Default false. */
  readonly sources?: boolean;
  /** Where debug files are. Default /usr/lib/debug. */
  readonly debugDirectories?: readonly string[];
}

export interface UserPlace {
  /** One character a byte. */
  readonly name: string;
  /** Bytes from the function's start. */
  readonly offset: bigint;
  /** The file, as the process calls it; `[jit]` and `[vdso]` for code without one. */
  readonly module: string;
  /** `/src/main.c:12` */
  readonly source?: string | undefined;
  /** Functions that were inlined at the address, innermost first. */
  readonly inlined?: readonly InlinedFunction[];
}

/** What an address is: where a stack was taken, or where the function returns to that was called before it. */
export type FrameKind = 'innermost' | 'caller';

/** A file's functions, and how to come from its offsets to their addresses. */
interface FileSymbols {
  readonly functions: FunctionIndex;
  addressOf(offset: number): bigint | undefined;
  /** Undefined for the vDSO. */
  readonly identity?: FileIdentity;
}

/** Processes whose mappings are kept; the one that was asked about longest ago goes first. */
const MAX_PROCESSES = 4096;
const MAX_FILES = 1024;
/** How long mappings of a living process are taken as they were, and a miss is a miss. */
const FRESH_MS = 500;

interface Known {
  readonly maps: ProcessMaps;
  readonly readAt: number;
  /** When it was last seen to be the same process. */
  checked: number;
}

export class UserSymbols {
  readonly #options: Required<UserSymbolsOptions>;
  readonly #processes = new Map<number, Known>();
  /** By device, inode, size and time, so that a file that is replaced is another. */
  readonly #files = new Map<string, FileSymbols | undefined>();
  /** What each mapped file was found to be, by the mapping's own words. */
  readonly #mapped = new Map<string, FileSymbols | undefined>();
  /** Programs of one address, by path. */
  readonly #fixed = new Map<string, FileSymbols | undefined>();
  #vdso: FileSymbols | null | undefined;
  #debug: DebugPrograms | undefined;

  constructor(options: UserSymbolsOptions = {}) {
    this.#options = {
      cache: options.cache ?? 'PER_PID',
      demangle: options.demangle ?? true,
      debugDirectories: options.debugDirectories ?? ['/usr/lib/debug'],
      sources: options.sources ?? false,
    };
  }

  /** Looks at a process now, for addresses that are asked about later. */
  remember(pid: number): void {
    if (this.#options.cache !== 'NONE') this.#read(pid);
  }

  /**
   * The function that an address of a process lies in; undefined where nothing is known of it.
   * @param program the path of the program that the process runs, for when it has ended
   * @param frame of a stack: only there source lines are looked up
   */
  at(pid: number, address: bigint, program?: string, frame?: FrameKind): UserPlace | undefined {
    let maps = this.#mapsOf(pid, program);
    if (!maps) return program === undefined ? undefined : this.#fixedPlace(program, address);
    let mapping = maps.mappingAt(address);
    if (!mapping && this.#isStale(pid)) {
      // A library may have come since.
      maps = this.#read(pid) ?? maps;
      mapping = maps.mappingAt(address);
    }
    return mapping && this.#place(maps, mapping, address, frame);
  }

  #mapsOf(pid: number, program: string | undefined): ProcessMaps | undefined {
    const known = this.#processes.get(pid);
    if (this.#options.cache === 'NONE') return ProcessMaps.read(pid) ?? known?.maps;
    if (known) {
      const now = performance.now();
      if (now - known.checked < FRESH_MS) return known.maps;
      known.checked = now;
      // An ended process stays as it was; only another of the same number makes it wrong.
      const another = known.maps.alive ? undefined : ProcessMaps.read(pid);
      return another ? this.#keep(pid, another) : known.maps;
    }
    return this.#read(pid) ?? (this.#options.cache === 'PER_PROGRAM' ? this.#sibling(program) : undefined);
  }

  #read(pid: number): ProcessMaps | undefined {
    const maps = ProcessMaps.read(pid);
    return maps && this.#keep(pid, maps);
  }

  #keep(pid: number, maps: ProcessMaps): ProcessMaps {
    this.#processes.delete(pid);
    const now = performance.now();
    this.#processes.set(pid, { maps, readAt: now, checked: now });
    if (this.#processes.size > MAX_PROCESSES) this.#processes.delete(this.#processes.keys().next().value!);
    return maps;
  }

  #isStale(pid: number): boolean {
    const known = this.#processes.get(pid);
    return known === undefined || performance.now() - known.readAt >= FRESH_MS;
  }

  /** The mappings of the last process that ran the program: without randomisation they are the same. */
  #sibling(program: string | undefined): ProcessMaps | undefined {
    if (program === undefined) return undefined;
    for (const { maps } of [...this.#processes.values()].reverse()) {
      const first = maps.mappings.find(isFile);
      if (first && pathOf(first) === program) return maps;
    }
    return undefined;
  }

  /** In a program that runs where it was linked for, wherever nobody can look any more. */
  #fixedPlace(program: string, address: bigint): UserPlace | undefined {
    if (!this.#fixed.has(program))
      this.#fixed.set(program, readFixed(program, this.#options.debugDirectories));
    const symbols = this.#fixed.get(program);
    try {
      const found = symbols?.functions.at(address);
      return found && this.#named(found.name, found.offset, program);
    } catch (error) {
      if (error instanceof ElfError) return undefined;
      throw error;
    }
  }

  #place(
    maps: ProcessMaps,
    mapping: Mapping,
    address: bigint,
    frame: FrameKind | undefined,
  ): UserPlace | undefined {
    if (nameOf(mapping) === '[vdso]') {
      const found = this.#vdsoSymbols()?.functions.at(address - mapping.start);
      return found && this.#named(found.name, found.offset, '[vdso]');
    }
    if (!isFile(mapping)) {
      const found = maps.jitPlace(address);
      return found && { ...found, module: '[jit]' };
    }
    const symbols = this.#symbolsOf(maps, mapping);
    const linked = symbols?.addressOf(offsetInFile(mapping, address));
    try {
      const found = linked === undefined ? undefined : symbols!.functions.at(linked);
      if (found) {
        const named = this.#named(found.name, found.offset, nameOf(mapping));
        if (!this.#options.sources || frame === undefined) return named;
        return { ...named, ...this.#sourceOf(maps, mapping, symbols!, linked!, frame) };
      }
    } catch (error) {
      // Its name lies outside of the file.
      if (!(error instanceof ElfError)) throw error;
    }
    // Node and Java may map their code from a file of their own making.
    const jit = symbols ? undefined : maps.jitPlace(address);
    return jit && { ...jit, module: '[jit]' };
  }

  /** Whoever called is still in its line: the call lies before the address that it returns to. */
  #sourceOf(
    maps: ProcessMaps,
    mapping: Mapping,
    { identity }: FileSymbols,
    linked: bigint,
    frame: FrameKind,
  ): Pick<UserPlace, 'source' | 'inlined'> {
    this.#debug ??= new DebugPrograms(this.#options.debugDirectories);
    const program = this.#debug.of(maps.root + pathOf(mapping), maps.root);
    // The file at the path may be another one by now.
    if ('problem' in program || identity === undefined || !sameFile(program.identity, identity)) return {};
    const place = sourcePlaceAt(program.info, Number(linked) - (frame === 'caller' ? 1 : 0));
    if (!place) return {};
    const { source, inlined } = place;
    return {
      source: source === undefined ? undefined : bytesOf(source),
      inlined: inlined.map((each) => ({
        name: this.#options.demangle ? demangle(each.name) : each.name,
        source: each.source === undefined ? undefined : bytesOf(each.source),
      })),
    };
  }

  #named(bytes: Uint8Array, offset: bigint, module: string): UserPlace {
    const name = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    return { name: this.#options.demangle ? demangle(name) : name, offset, module };
  }

  #symbolsOf(maps: ProcessMaps, mapping: Mapping): FileSymbols | undefined {
    const key = `${mapping.device.join(':')}:${mapping.inode}:${nameOf(mapping)}`;
    if (this.#mapped.has(key)) return this.#mapped.get(key);
    const symbols = this.#readFile(maps, mapping);
    if (this.#mapped.size >= MAX_FILES) this.#mapped.clear();
    this.#mapped.set(key, symbols);
    return symbols;
  }

  #readFile(maps: ProcessMaps, mapping: Mapping): FileSymbols | undefined {
    const file = openMapped(maps, mapping);
    if (!file) return undefined;
    try {
      const { device, inode, size, modified } = file.identity;
      const key = `${device}:${inode}:${size}:${modified}`;
      if (this.#files.has(key)) return this.#files.get(key);
      const read = readSymbols(
        file.elf,
        maps.root + pathOf(mapping),
        maps.root,
        this.#options.debugDirectories,
      );
      const symbols = read && { ...read, identity: file.identity };
      if (this.#files.size >= MAX_FILES) this.#files.clear();
      this.#files.set(key, symbols);
      return symbols;
    } finally {
      file.close();
    }
  }

  /** The kernel's own library has no file: our copy is everybody's. */
  #vdsoSymbols(): FileSymbols | undefined {
    if (this.#vdso === undefined) this.#vdso = readVdso() ?? null;
    return this.#vdso ?? undefined;
  }
}

function readSymbols(
  elf: ElfFile,
  path: string,
  root: string,
  directories: readonly string[],
): FileSymbols | undefined {
  try {
    // The segments are read now, for the file is going to be closed.
    void elf.segments;
    const addressOf = (offset: number): bigint | undefined =>
      addressOfOffset(elf, offset, { executable: true });
    const own = new FunctionIndex(elf);
    if (elf.symbols('static') || elf.header.type === 0) return { functions: own, addressOf };
    const debug = openDebugFile(elf, path, root, directories) ?? openDebugFile(elf, path, '', directories);
    if (!debug) return { functions: own, addressOf };
    try {
      const functions = new FunctionIndex(debug.elf);
      return { functions: functions.count > 0 ? functions : own, addressOf };
    } finally {
      debug.close();
    }
  } catch (error) {
    if (error instanceof ElfError || (error as NodeJS.ErrnoException).code !== undefined) return undefined;
    throw error;
  }
}

/** ET_EXEC */
const fixedAddress = 2;

function readFixed(path: string, directories: readonly string[]): FileSymbols | undefined {
  const file = openElf(path);
  if (!file) return undefined;
  try {
    return file.elf.header.type === fixedAddress ? readSymbols(file.elf, path, '', directories) : undefined;
  } finally {
    file.close();
  }
}

function readVdso(): FileSymbols | undefined {
  const image = vdsoImage();
  try {
    return (
      image && { functions: new FunctionIndex(ElfFile.open(image)), addressOf: (offset) => BigInt(offset) }
    );
  } catch (error) {
    if (error instanceof ElfError) return undefined;
    throw error;
  }
}

/** One character a byte, as all text of this file. */
function bytesOf(decoded: string): string {
  return Buffer.from(decoded, 'utf8').toString('latin1');
}
