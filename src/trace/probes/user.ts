/**
 * The programs of the machine and what can be probed in them: files are found by path, by pattern, in PATH and in
 * the dynamic linker's cache, or in what a process has mapped.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { startsInstruction } from '../../asm/x86-length.ts';
import { DwarfError } from '../../dwarf/errors.ts';
import { findSourceLine, type SourceLine } from '../../dwarf/source-lines.ts';
import { fileOffset } from '../../elf/address.ts';
import { FileType, Machine } from '../../elf/constants.ts';
import { ElfError } from '../../elf/errors.ts';
import type { ElfFile } from '../../elf/file.ts';
import { findFunctions, listFunctions } from '../../elf/functions.ts';
import { type CachedLibrary, findLibrary, parseLinkerCache } from '../../elf/ld-cache.ts';
import { type UsdtNote, usdtNotes } from '../../elf/usdt.ts';
import { relativeToProbe } from '../../elf/usdt-arguments.ts';
import { splitArchivePath } from '../../elf/zip.ts';
import { functionsOfDebugFile } from '../../kernel/symbol/debug-functions.ts';
import type { DebuggedProgram, DebugPrograms, NoDebugInfo } from '../../kernel/symbol/debug-info.ts';
import { demangleCpp } from '../../kernel/symbol/demangle.ts';
import { type OpenElf, openRegular, withElf } from '../../kernel/symbol/elf-files.ts';
import { followLinks, pathIn, rootOf } from '../../kernel/symbol/root.ts';
import { isFile, type Mapping, parseMaps } from '../../symbol/maps.ts';
import type { SourcePlace, SourcePlaces, UserFunction, UserProbes } from './environment.ts';
import { isPattern, matcher } from './wildcard.ts';

/** Files that a path with `*` may stand for; a pattern over a whole disk is a mistake. */
const MAX_FILES = 10_000;
const MAX_CACHE = 16 << 20;

export function userProbes(debug: DebugPrograms): UserProbes {
  const functions = remembered(readFunctions);
  const usdt = remembered(readUsdt);
  const libraries = remembered(readLibraries);
  return {
    binaries: (target, pid) => candidates(target, pid).filter(isProgram),
    library(name, pid) {
      if (pid !== undefined) {
        const mapped = mappedFiles(pid).find((path) =>
          isLibrary(path.slice(path.lastIndexOf('/') + 1), name),
        );
        if (mapped !== undefined) return mapped;
      }
      const path = findLibrary(libraries(pid === undefined ? '' : rootOf(pid)), name, process.arch);
      return path === undefined || pid === undefined ? path : pathIn(pid, path);
    },
    executable(pid) {
      try {
        return pathIn(pid, readlinkSync(`/proc/${pid}/exe`));
      } catch {
        return undefined;
      }
    },
    mapped: (pid) => (pid === undefined ? mappedEverywhere() : mappedFiles(pid)),
    file: (path) => splitArchivePath(path)?.archive ?? path,
    functions,
    find: (path, name) => withElf(path, (elf, file) => findByName(elf, file, path, name)) ?? [],
    offsetOf: (path, address) =>
      withElf(path, (elf, { offset }) => {
        const found = fileOffset(elf, address, { executable: true });
        return found === undefined ? undefined : BigInt(found + offset);
      }),
    startsInstruction: (path, functionAt, offset) =>
      withElf(path, (elf, file) => instructionAt(elf, functionAt - file.offset, Number(offset))),
    sourceLine: (path, wanted) => placesOfLine(debug.of(path), wanted),
    usdt,
    demangle: demangleCpp,
  };
}

/** Asks once for each key: a script names the same file again and again. */
function remembered<T>(read: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) known.set(key, (value = read(key)));
    return value;
  };
}

function candidates(target: string, pid: number | undefined): readonly string[] {
  if (!target.includes('/')) {
    const found: string[] = [];
    for (const directory of (process.env.PATH ?? '').split(delimiter)) {
      if (directory !== '') found.push(...candidates(join(directory, target), pid));
    }
    return withoutAliases(found);
  }
  const here = (path: string): string =>
    pid === undefined || !path.startsWith('/') ? path : pathIn(pid, path);
  return isPattern(target) ? expand(target, pid === undefined ? '' : rootOf(pid)) : [here(target)];
}

/** Where /bin is a link to /usr/bin, a program has two paths in PATH: the first one is meant. */
function withoutAliases(paths: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return paths.filter((path) => {
    try {
      const { dev, ino } = statSync(path);
      const key = `${dev}:${ino}`;
      return !seen.has(key) && seen.add(key);
    } catch {
      return false;
    }
  });
}

/** The paths that a pattern stands for, component by component; a star does not match a slash. */
function expand(pattern: string, root: string): readonly string[] {
  const parts = pattern.split('/');
  let found = [pattern.startsWith('/') ? root : '.'];
  if (pattern.startsWith('/')) parts.shift();
  for (const part of parts) {
    if (part === '') continue;
    const next: string[] = [];
    const fits = isPattern(part) ? matcher(part) : undefined;
    for (const directory of found) {
      for (const name of fits ? entries(directory === '' ? '/' : directory).filter(fits) : [part]) {
        if (next.length >= MAX_FILES) break;
        next.push(`${directory}/${name}`);
      }
    }
    found = next;
  }
  return found
    .map((path) => (path.startsWith('./') && !pattern.startsWith('./') ? path.slice(2) : path))
    .sort();
}

function entries(directory: string): readonly string[] {
  try {
    return readdirSync(directory).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
}

/** What can be mapped and run: an executable or a shared object. */
function isProgram(path: string): boolean {
  const type = withElf(path, (elf) => elf.header.type);
  return type === FileType.executable || type === FileType.shared;
}

/** `libc.so.6` and `libc-2.31.so` are both called `c`. */
function isLibrary(file: string, name: string): boolean {
  return file.startsWith(`lib${name}.so`) || (file.startsWith(`lib${name}-`) && file.includes('.so'));
}

function mapsOf(pid: number): readonly Mapping[] {
  try {
    return parseMaps(readFileSync(`/proc/${pid}/maps`));
  } catch {
    return [];
  }
}

function* executableFiles(pid: number): Generator<{ readonly key: string; readonly path: string }> {
  for (const mapping of mapsOf(pid)) {
    if (!mapping.executable || !isFile(mapping)) continue;
    const path = Buffer.from(mapping.path.buffer, mapping.path.byteOffset, mapping.path.length).toString();
    yield { key: `${mapping.device.join(':')}:${mapping.inode}`, path };
  }
}

function mappedFiles(pid: number): readonly string[] {
  const root = rootOf(pid);
  const found = new Map<string, string>();
  for (const { key, path } of executableFiles(pid)) {
    if (!found.has(key)) found.set(key, root + path);
  }
  return [...found.values()];
}

/** One path a file, whoever maps it: containers share what their images share. */
function mappedEverywhere(): readonly string[] {
  const found = new Map<string, string>();
  for (const name of entries('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    let root: string | undefined;
    for (const { key, path } of executableFiles(pid)) {
      if (found.has(key)) continue;
      root ??= rootOf(pid);
      found.set(key, root + path);
    }
  }
  return [...found.values()].filter(isProgram).sort();
}

function readLibraries(root: string): readonly CachedLibrary[] {
  const cache = openRegular(
    root + (root === '' ? '/etc/ld.so.cache' : followedIn(root, '/etc/ld.so.cache')),
    true,
  );
  if (!cache) return [];
  try {
    return parseLinkerCache(cache.source.read(0, Math.min(cache.source.size, MAX_CACHE)));
  } finally {
    cache.close();
  }
}

function followedIn(root: string, path: string): string {
  return followLinks(path, (each) => {
    try {
      return readlinkSync(root + each);
    } catch {
      return undefined;
    }
  });
}

function readFunctions(path: string): readonly UserFunction[] {
  const found = new Map<string, UserFunction>();
  withElf(path, (elf, { offset }) => {
    const keep = (name: string, at: number, size: number): void => {
      const key = `${name}\0${at}`;
      if (!found.has(key)) found.set(key, { name, fileOffset: at + offset, size });
    };
    let hasStatic = false;
    for (const table of ['static', 'dynamic'] as const) {
      for (const each of listFunctions(elf, table)) {
        hasStatic ||= table === 'static';
        keep(each.symbol.name, each.fileOffset, each.symbol.size);
      }
    }
    if (hasStatic) return;
    for (const each of functionsOfDebugFile(elf, path)) keep(each.name, each.fileOffset, each.size);
  });
  return [...found.values()];
}

function findByName(elf: ElfFile, { offset }: OpenElf, path: string, name: string): readonly UserFunction[] {
  const own = findFunctions(elf, name);
  if (own.length > 0) {
    return own.map((each) => ({
      name,
      fileOffset: each.fileOffset + offset,
      size: each.symbol.size,
    }));
  }
  if (elf.symbols('static')) return [];
  const found: UserFunction[] = [];
  for (const each of functionsOfDebugFile(elf, path, name)) {
    found.push({ ...each, fileOffset: each.fileOffset + offset });
  }
  return found;
}

/** Functions are read to here; what is farther cannot be told. */
const MAX_FUNCTION = 1 << 20;
/** Of the last instruction, some bytes may lie behind its start. */
const LONGEST_INSTRUCTION = 16;

function instructionAt(elf: ElfFile, functionAt: number, offset: number): boolean | undefined {
  if (offset > MAX_FUNCTION) return undefined;
  const size = Math.min(offset + LONGEST_INSTRUCTION, elf.source.size - functionAt);
  const { bytes } = elf.range('the code of a function', functionAt, size);
  const arch =
    elf.header.machine === Machine.x86_64 ? 'x64' : elf.header.machine === Machine.arm64 ? 'arm64' : '';
  return startsInstruction(bytes, offset, arch);
}

function placesOfLine(program: DebuggedProgram | NoDebugInfo, wanted: SourceLine): SourcePlaces {
  if ('problem' in program) {
    return program.problem === undefined ? { kind: 'none' } : { kind: 'problem', message: program.problem };
  }
  try {
    const found = findSourceLine(program.info, wanted);
    if (found.kind !== 'found') return found;
    const places = found.addresses.flatMap((address): SourcePlace[] => {
      const at = program.offsetOf(address);
      return at === undefined ? [] : [{ address: BigInt(address), fileOffset: BigInt(at) }];
    });
    return places.length > 0 ? { kind: 'found', places } : { kind: 'noLine', lines: [] };
  } catch (error) {
    if (error instanceof DwarfError || error instanceof ElfError)
      return { kind: 'problem', message: error.message };
    throw error;
  }
}

function readUsdt(path: string): readonly UsdtNote[] {
  const found: UsdtNote[] = [];
  withElf(path, (elf, { offset }) => {
    try {
      for (const note of usdtNotes(elf)) {
        found.push({
          ...note,
          arguments: relativeToProbe(note, (name) => addressOfSymbol(elf, name)),
          fileOffset: note.fileOffset === undefined ? undefined : note.fileOffset + offset,
          semaphoreOffset: note.semaphoreOffset === undefined ? undefined : note.semaphoreOffset + offset,
        });
      }
    } catch (error) {
      // A broken note ends the list: those before it are whole.
      if (!(error instanceof ElfError)) throw error;
    }
  });
  return found;
}

/** Of a variable: what an argument relative to the instruction pointer names. */
function addressOfSymbol(elf: ElfFile, name: string): bigint | undefined {
  for (const kind of ['static', 'dynamic'] as const) {
    const table = elf.symbols(kind);
    const [index] = table?.find(name).filter((each) => table.isDefined(each)) ?? [];
    if (table && index !== undefined) return table.value(index);
  }
  return undefined;
}
