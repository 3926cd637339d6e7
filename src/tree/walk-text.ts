/**
 * The kernel's walk over all tasks, as the text of a kernel program in TypeScript: what the command looks at
 * decides which reads are in it.
 *
 * The text is put together from the table of fields and from paths that path.ts has parsed and looked up in the
 * kernel's types; nothing that a user typed is pasted. A value that a task may lack is read inside of checks for
 * null, and a bit in one of the `have` words says that it was there:
 *
 *     { const p0 = task.mm; if (p0) { row.c0 = p0.total_vm; have0 = have0 | 1; } }
 */
import type { Field } from './fields.ts';

/** The columns beyond the fixed ones, each in the order in which the record has them. */
export interface Extras {
  readonly longs: readonly Field[];
  readonly texts: readonly TextColumn[];
}

/** A string of the kernel: an array of characters, or a pointer to them. */
export interface TextColumn {
  readonly name: string;
  readonly path: string;
  /** Bytes that are kept, with the NUL. */
  readonly length: number;
}

export interface WalkText extends Extras {
  readonly exepath: boolean;
  readonly cmdline: boolean;
  /** Bytes of the record's fixed part. */
  readonly fixedSize: number;
  /** Tasks for which this is false are left out: an expression over `row` and the `have` words. */
  readonly filter?: string;
}

/** Bits of a `have` word: fewer than 32, so that each is a small constant. */
export const HAVE_BITS = 31;

/** The word and the bit that say whether the i-th column of numbers has a value. */
export function haveBit(i: number): { readonly word: number; readonly bit: number } {
  return { word: Math.floor(i / HAVE_BITS), bit: 2 ** (i % HAVE_BITS) };
}

/** `use` inside of one check for each place of the path where a pointer may be null. */
function guarded(path: string, use: (value: string) => string): string {
  const hops = path.split('?.');
  let text = '';
  let from = 'self';
  for (const [i, hop] of hops.slice(0, -1).entries()) {
    text += `const p${i} = ${from}.${hop}; if (p${i}) { `;
    from = `p${i}`;
  }
  return `{ ${text}${use(`${from}.${hops[hops.length - 1]}`)} ${'} '.repeat(hops.length)}`;
}

function longText(field: Field, i: number): string {
  const { word, bit } = haveBit(i);
  const set = (value: string): string => `row.c${i} = ${value}; have${word} = have${word} | ${bit};`;
  if (field.source.kind !== 'kernel') return '';
  const { path, code } = field.source;
  return code === undefined ? guarded(path, set) : `{ ${code(set)} }`;
}

function textRead({ path, length }: TextColumn, i: number): string {
  const read = (value: string): string => `const size = k.str(${value}, text${i});
      if (size > 0 && size <= ${length}) { kept${i} = size; row.t${i} = size; }`;
  return `const text${i} = k.buffer(${length});
    row.t${i} = 0xffffffff;
    let kept${i} = 0;
    ${guarded(path, read)}`;
}

/** The body of the probe `iter:task`. */
export function walkText({ longs, texts, exepath, cmdline, fixedSize, filter }: WalkText): string {
  const words = Math.ceil(longs.length / HAVE_BITS);
  const have = Array.from({ length: words }, (_, i) => i);
  return `function (k) {
    const task = k.item.task;
    if (!task) return;
    const row = k.tasks.begin();
    const self = k.reading(task);
    const ids = self.thread_pid;
    if (ids) {
      const level = ids.level;
      row.ns_level = level;
      row.vtid = ids.numbers[level].nr;
    }
    row.tid = self.pid;
    row.pid = self.tgid;
    const signal = self.signal;
    const group = signal.pids[2]; // PIDTYPE_PGID
    if (group) row.pgid = group.numbers[0].nr;
    const session = signal.pids[3]; // PIDTYPE_SID
    if (session) row.sid = session.numbers[0].nr;
    row.reaper = signal.is_child_subreaper;
    const parent = self.parent;
    row.ptid = parent.pid;
    row.ppid = parent.tgid;
    const realParent = self.real_parent;
    row.rptid = realParent.pid;
    row.rppid = realParent.tgid;
    if (k.exists(self.loginuid)) row.loginuid = k.i32(self.loginuid.val);
    else row.loginuid = -2;
    row.euid = k.i32(self.cred.euid.val);
    ${have.map((i) => `let have${i} = 0;`).join(' ')}
    ${longs.map(longText).join('\n    ')}
    ${have.map((i) => `row.have${i} = have${i};`).join(' ')}
    ${filter === undefined ? '' : `if (!(${filter})) return;`}
    const comm = k.buffer(16);
    k.str(self.comm, comm);
    row.comm = 16;
    let tail = 16;
    ${exepath ? readPath : 'row.exepath = 0xffffffff;'}
    ${cmdline ? readArguments : 'row.cmdline = 0xffffffff;'}
    ${texts.map((text, i) => `${textRead(text, i)}\n    tail = tail + kept${i};`).join('\n    ')}
    row.size = ${fixedSize} + tail;
    k.write(row);
    k.write(comm, 16);
    ${exepath ? 'k.write(exe, exeLength);' : ''}
    ${cmdline ? 'k.write(args, argsLength);' : ''}
    ${texts.map((_, i) => `k.write(text${i}, kept${i});`).join('\n    ')}
  }`;
}

// 0xffffffff: the task has none. The top bit alone: it has one that is longer than the helper can tell.
const readPath = `let exeLength = 0;
    row.exepath = 0xffffffff;
    const exe = k.buffer(4096);
    k.rcuLock();
    const mm = task.mm;
    if (mm) {
      const file = mm.exe_file;
      if (file) {
        const length = k.path(file.f_path, exe);
        row.exepath = 0x80000000;
        if (length > 0 && length <= 4096) {
          exeLength = length;
          row.exepath = length;
        }
      }
    }
    k.rcuUnlock();
    tail = tail + exeLength;`;

const readArguments = `let argsLength = 0;
    row.cmdline = 0xffffffff;
    const args = k.buffer(4096);
    const memory = self.mm;
    if (memory) {
      const length = memory.arg_end - memory.arg_start;
      const kept = k.min(length, 4096);
      if (k.readTask(task, memory.arg_start, args, kept) === 0) {
        argsLength = kept;
        row.cmdline = kept;
        if (length > 4096) row.cmdline = kept | 0x80000000;
      }
    }
    tail = tail + argsLength;`;
