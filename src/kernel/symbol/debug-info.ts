/**
 * The debug information of programs of this machine: in the file itself, or in the one that distributions install beside
 * it (debug-files.ts). Types are looked up as long as a script is compiled and its output printed, so a file is read again
 * when somebody asks after it was closed; one that was replaced meanwhile is not.
 */
import { DwarfError } from '../../dwarf/errors.ts';
import { DebugInfo } from '../../dwarf/info.ts';
import { addressOfOffset, fileOffset } from '../../elf/address.ts';
import { ElfError, shortRead } from '../../elf/errors.ts';
import { ElfFile } from '../../elf/file.ts';
import type { ByteSource } from '../../elf/source.ts';
import { openDebugFile } from './debug-files.ts';
import { type FileIdentity, type OpenElf, openElf, sameFile } from './elf-files.ts';

/** A program with debug information. Addresses are those that the linker gave. */
export interface DebuggedProgram {
  readonly info: DebugInfo;
  /** Of the program's file as it was found. */
  readonly identity: FileIdentity;
  /** Of a byte of the program's file that is mapped to be executed. */
  addressOf(offset: number): number | undefined;
  /** The place in the program's file. */
  offsetOf(address: number): number | undefined;
}

/** Why there is nothing to be had of a program; undefined where it simply has no debug information. */
export interface NoDebugInfo {
  readonly problem: string | undefined;
}

/** Programs that are kept: stacks go through many files. */
const MAX_KNOWN = 256;

export class DebugPrograms {
  readonly #directories: readonly string[] | undefined;
  readonly #known = new Map<string, DebuggedProgram | NoDebugInfo>();
  readonly #sources = new Set<ReopenedSource>();

  /** @param directories where debug files are. Default: /usr/lib/debug */
  constructor(directories?: readonly string[]) {
    this.#directories = directories;
  }

  /**
   * Found once for each path.
   * @param root what the path begins with, where it is a process' own root: debug files are looked for there first
   */
  of(path: string, root = ''): DebuggedProgram | NoDebugInfo {
    let found = this.#known.get(path);
    if (!found) {
      if (this.#known.size >= MAX_KNOWN) this.#forget();
      this.#known.set(path, (found = this.#open(path, root)));
    }
    return found;
  }

  #forget(): void {
    this.release();
    this.#known.clear();
    this.#sources.clear();
  }

  /** Closes all files; what is asked for later opens them again. */
  release(): void {
    for (const source of this.#sources) source.release();
  }

  #open(path: string, root: string): DebuggedProgram | NoDebugInfo {
    const program = openElf(path);
    if (!program) return { problem: undefined };
    try {
      const { elf, offset, identity } = program;
      // Read now: the file is going to be closed.
      void elf.segments;
      const places = {
        identity,
        addressOf(at: number): number | undefined {
          const found = addressOfOffset(elf, at - offset, { executable: true });
          return found === undefined ? undefined : Number(found);
        },
        offsetOf(address: number): number | undefined {
          if (!Number.isSafeInteger(address) || address < 0) return undefined;
          const found = fileOffset(elf, BigInt(address), { executable: true });
          return found === undefined ? undefined : found + offset;
        },
      };
      if (elf.section('.debug_info') ?? elf.section('.zdebug_info')) {
        const info = this.#read(program, path);
        if (info) return { info, ...places };
      }
      const inRoot = root === '' ? undefined : openDebugFile(elf, path, root, this.#directories);
      const debug = inRoot ?? openDebugFile(elf, path, '', this.#directories);
      if (!debug) return { problem: undefined };
      try {
        const info = this.#read(debug, debug.path);
        return info ? { info, ...places } : { problem: undefined };
      } finally {
        debug.close();
      }
    } catch (error) {
      if (error instanceof DwarfError || error instanceof ElfError) return { problem: error.message };
      if ((error as NodeJS.ErrnoException).code !== undefined) return { problem: undefined };
      throw error;
    } finally {
      program.close();
    }
  }

  #read(file: OpenElf, path: string): DebugInfo | undefined {
    const source = new ReopenedSource(path, file);
    const info = DebugInfo.open(ElfFile.open(source));
    if (info) this.#sources.add(source);
    return info;
  }
}

/** A file by its path, opened when it is read. */
class ReopenedSource implements ByteSource {
  readonly size: number;
  readonly #path: string;
  readonly #identity: OpenElf['identity'];
  #file: OpenElf | undefined;

  constructor(path: string, { elf, identity }: OpenElf) {
    this.#path = path;
    this.#identity = identity;
    this.size = elf.source.size;
  }

  read(offset: number, length: number): Uint8Array {
    this.#file ??= this.#open();
    if (!this.#file) throw shortRead(offset, length, 0);
    return this.#file.elf.source.read(offset, length);
  }

  #open(): OpenElf | undefined {
    const file = openElf(this.#path);
    if (!file || sameFile(file.identity, this.#identity)) return file;
    file.close();
    return undefined;
  }

  release(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}
