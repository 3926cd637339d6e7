/**
 * What a WebAssembly module asks for, read from its bytes before it is compiled, and the limit on its memory put in.
 *
 * A module's memory grows until its own maximum, which may be 4 GiB or not be there; the engine takes no limit from
 * outside for a memory that the module makes itself. So the maximum is written into the module's memory section.
 * Format: WebAssembly core specification 2.0, section 5.5.
 */
import { PackageError } from '../errors.ts';

export interface WasmImport {
  readonly module: string;
  readonly name: string;
  readonly kind: 'function' | 'table' | 'memory' | 'global' | 'tag';
}

export interface WasmModule {
  readonly imports: readonly WasmImport[];
  /** With the maximum of its memories lowered to the limit. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Largest memory that it can reach, in bytes. */
  readonly memory: number;
}

const pageSize = 65_536;
const kinds = ['function', 'table', 'memory', 'global', 'tag'] as const;
const section = { import: 2, memory: 5 } as const;

/** Throws PackageError `badPackage` for what is no module, `limit` if it needs more memory from the start. */
export function readModule(bytes: Uint8Array, what: string, memoryLimit: number): WasmModule {
  const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  if (header.some((byte, i) => bytes[i] !== byte))
    throw bad(what, 'it does not begin like a WebAssembly module');
  const cursor = new Cursor(bytes, 8, bytes.length, what);
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  const imports: WasmImport[] = [];
  let memory = 0;
  while (cursor.at < bytes.length) {
    const start = cursor.at;
    const id = cursor.byte();
    const size = cursor.number();
    const inner = cursor.part(size);
    if (id === section.import) for (const one of readImports(inner, what)) imports.push(one);
    if (id === section.memory) {
      const limited = limitMemories(inner, what, Math.floor(memoryLimit / pageSize));
      memory = limited.pages * pageSize;
      parts.push(Uint8Array.of(id), leb(limited.bytes.length), limited.bytes);
    } else parts.push(bytes.subarray(start, cursor.at));
  }
  const imported = imports.find(({ kind }) => kind === 'memory');
  if (imported)
    throw bad(what, `it imports its memory (${imported.module}.${imported.name}), which nobody offers`);
  return { imports, bytes: new Uint8Array(Buffer.concat(parts)), memory };
}

function readImports(cursor: Cursor, what: string): WasmImport[] {
  const found: WasmImport[] = [];
  const count = cursor.number();
  for (let i = 0; i < count; i++) {
    const module = cursor.name();
    const name = cursor.name();
    const kind = kinds[cursor.byte()];
    if (!kind) throw bad(what, `import ${module}.${name} is of an unknown kind`);
    if (kind === 'function' || kind === 'tag') {
      if (kind === 'tag') cursor.byte();
      cursor.number();
    } else if (kind === 'global') {
      cursor.byte();
      cursor.byte();
    } else {
      if (kind === 'table') cursor.byte();
      cursor.limits();
    }
    found.push({ module, name, kind });
  }
  return found;
}

function limitMemories(cursor: Cursor, what: string, most: number): { bytes: Uint8Array; pages: number } {
  const count = cursor.number();
  const parts: Uint8Array[] = [leb(count)];
  let pages = 0;
  for (let i = 0; i < count; i++) {
    const { flags, least, greatest } = cursor.limits();
    if (least > most) {
      throw new PackageError(
        'limit',
        `${what}: it wants ${(least * pageSize) >> 20} MiB of memory to begin with, allowed are ${(most * pageSize) >> 20} MiB`,
      );
    }
    const maximum = Math.min(greatest ?? most, most);
    pages += maximum;
    parts.push(leb(flags | 1), leb(least), leb(maximum));
  }
  return { bytes: Buffer.concat(parts), pages };
}

/** Reads within a range; what goes over its end is a broken module. */
class Cursor {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #what: string;

  constructor(bytes: Uint8Array, start: number, end: number, what: string) {
    this.#bytes = bytes;
    this.at = start;
    this.#end = end;
    this.#what = what;
  }

  byte(): number {
    if (this.at >= this.#end) throw bad(this.#what, `it is cut off at byte ${this.at}`);
    return this.#bytes[this.at++]!;
  }

  /** Unsigned LEB128 of 32 bits. */
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) return value;
    }
    throw bad(this.#what, `a number at byte ${this.at} is too long`);
  }

  name(): string {
    const inner = this.part(this.number());
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + inner.at, inner.#end - inner.at).toString(
      'utf8',
    );
  }

  limits(): { flags: number; least: number; greatest: number | undefined } {
    const flags = this.byte();
    if (flags > 3) throw bad(this.#what, 'a memory or table of 64 bits, which is not supported');
    const least = this.number();
    return { flags, least, greatest: (flags & 1) === 0 ? undefined : this.number() };
  }

  part(size: number): Cursor {
    if (size > this.#end - this.at)
      throw bad(this.#what, `it is cut off: ${size} bytes are missing at ${this.at}`);
    const inner = new Cursor(this.#bytes, this.at, this.at + size, this.#what);
    this.at += size;
    return inner;
  }
}

function leb(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  do {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    out.push(rest > 0 ? byte | 0x80 : byte);
  } while (rest > 0);
  return Uint8Array.from(out);
}

function bad(what: string, problem: string): PackageError {
  return new PackageError('badPackage', `${what}: ${problem}`);
}
