/**
 * The functions that the kernel can trace: the text of tracefs' `available_filter_functions`,
 *
 *     vfs_read
 *     veth_xmit [veth]
 *
 * one to three megabytes, kept as it is. A name is looked for in the text itself.
 *
 * Source: kernel/trace/ftrace.c, t_func_show. Places whose function is gone (`__ftrace_invalid_address___16`) are
 * left out.
 */

export interface TraceableFunction {
  readonly name: string;
  /** `vmlinux` for the kernel proper. */
  readonly module: string;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const INVALID = '__ftrace_invalid_address__';

/** The module that functions of the kernel proper are said to be in. */
export const VMLINUX = 'vmlinux';

export class TraceableFunctions {
  readonly #text: Buffer;

  /** @param text kept, not copied */
  constructor(text: Uint8Array) {
    this.#text = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  }

  /** The modules that have a function of this name, in the kernel's order. */
  modulesOf(name: string): string[] {
    const found: string[] = [];
    if (name === '' || /[\s\0]/.test(name)) return found;
    const wanted = Buffer.from(name, 'latin1');
    for (let at = this.#text.indexOf(wanted); at >= 0; at = this.#text.indexOf(wanted, at + 1)) {
      if (at > 0 && this.#text[at - 1] !== NEWLINE) continue;
      const after = this.#text[at + wanted.length];
      if (after !== undefined && after !== NEWLINE && after !== SPACE && after !== TAB) continue;
      found.push(this.#lineAt(at).module);
    }
    return found;
  }

  *[Symbol.iterator](): Generator<TraceableFunction, void, undefined> {
    for (let start = 0; start < this.#text.length; ) {
      const newline = this.#text.indexOf(NEWLINE, start);
      const line = this.#lineAt(start);
      if (line.name !== '' && !line.name.startsWith(INVALID)) yield line;
      start = newline < 0 ? this.#text.length : newline + 1;
    }
  }

  #lineAt(start: number): TraceableFunction {
    const newline = this.#text.indexOf(NEWLINE, start);
    const line = this.#text.toString('latin1', start, newline < 0 ? this.#text.length : newline);
    const end = line.search(/[ \t]/);
    if (end < 0) return { name: line, module: VMLINUX };
    return { name: line.slice(0, end), module: /\[(\S+)\]/.exec(line.slice(end))?.[1] ?? VMLINUX };
  }
}
