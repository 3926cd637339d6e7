/**
 * Open descriptors as data: one row for each descriptor of each task that has a table of its own.
 *
 * Rows are columns, described by one table, so that whoever stores or makes them (the kernel's walk, /proc, a
 * capture) needs no list of its own. What the numbers mean to people is in kind.ts and socket.ts.
 */
import type { BytesColumn, Row } from '../snapshot.ts';

/**
 * How the numbers of a column are kept: 32 bits in Int32Array or Uint32Array, 64 bits in BigInt64Array or
 * BigUint64Array, since inodes and positions may need all of them.
 */
export type FileNumberType = 's32' | 'u32' | 's64' | 'u64';

/** The column of a number type. */
export interface FileNumberColumns {
  readonly s32: Int32Array;
  readonly u32: Uint32Array;
  readonly s64: BigInt64Array;
  readonly u64: BigUint64Array;
}

/** Numbers, in the order in which they are stored. What a file does not have is 0. */
export const fileNumbers = [
  /** The thread (init namespace) whose table it is: the leader of a process, or a thread with its own table. */
  { name: 'tid', type: 's32' },
  { name: 'fd', type: 'u32' },
  { name: 'ino', type: 'u64' },
  /** `f_pos`: bytes from the start. */
  { name: 'position', type: 's64' },
  /** `i_size`: bytes. */
  { name: 'size', type: 's64' },
  /** The mount, as in fdinfo and mountinfo. */
  { name: 'mountId', type: 's32' },
  /** The bits of `FileLayer`. */
  { name: 'layer', type: 'u32' },
  /** `s_dev` of the file system: major number above the low 20 bits, minor number in them. */
  { name: 'dev', type: 'u32' },
  /** `i_rdev` of a device file, in the same form. */
  { name: 'rdev', type: 'u32' },
  /** `i_mode`: type and permissions. */
  { name: 'mode', type: 'u32' },
  /** `O_*` of open(2), with O_CLOEXEC: as fdinfo shows them. */
  { name: 'openFlags', type: 'u32' },
  /** `s_magic`: the kind of file system (include/uapi/linux/magic.h). */
  { name: 'filesystem', type: 'u32' },
  /** 1: the name was removed from its directory. */
  { name: 'deleted', type: 'u32' },
  /** The id of a BPF map, program or link. */
  { name: 'bpfId', type: 'u32' },
  /** `AF_*`; 0 for all that is not a socket. */
  { name: 'family', type: 'u32' },
  /** `SOCK_*`. */
  { name: 'socketType', type: 'u32' },
  /** `IPPROTO_*`, or the netlink protocol. */
  { name: 'protocol', type: 'u32' },
  /** `TCP_*` states; local sockets use 1, 7 and 10 of them. */
  { name: 'socketState', type: 'u32' },
  /** Ports of internet sockets, in host order; port ids of netlink sockets. */
  { name: 'localPort', type: 'u32' },
  { name: 'remotePort', type: 'u32' },
  /** The inode of the other end of a connected local socket. */
  { name: 'peer', type: 'u64' },
] as const;

/** Byte strings, in the order in which they are stored. */
export const fileBytes = [
  /** As d_path gives it, ` (deleted)` included: `/etc/passwd`, `socket:[123]`, `anon_inode:[eventpoll]`. */
  'path',
  /** 4 or 16 bytes of an internet address in network order; the name of a local socket (a first 0 is abstract). */
  'localAddress',
  'remoteAddress',
] as const;

export type FileNumber = (typeof fileNumbers)[number]['name'];
export type FileBytes = (typeof fileBytes)[number];

/** The array type of a column: what the table says of it. */
export type FileColumnOf<Name extends FileNumber> = FileNumberColumns[Extract<
  (typeof fileNumbers)[number],
  { readonly name: Name }
>['type']];

/** What a source of descriptors hands over. Columns are borrowed and not to be written. */
export interface FileColumns {
  readonly count: number;
  numbers<Name extends FileNumber>(name: Name): FileColumnOf<Name>;
  /** State as for tasks: whole, absent (`NA`), cut (`TL` when nothing was kept). */
  bytes(name: FileBytes): BytesColumn;
}

/** Bits of the column `layer`, with bpftree's values. */
export const FileLayer = {
  /** The file system can be mounted by users (no SB_NOUSER): pipes and sockets are on others. */
  mountable: 1,
  /** On overlayfs: the file was changed or made above the image. */
  upper: 2,
  /** On overlayfs: the file comes from the image. */
  lower: 4,
} as const;

/** All descriptors of one moment, found by the thread that they belong to. */
export class FileTable {
  readonly columns: FileColumns;
  /** Threads that have descriptors which could not be read: that there are no rows says nothing about them. */
  readonly hidden: ReadonlySet<number>;
  #byTask: Map<number, Row[]> | undefined;

  constructor(columns: FileColumns, hidden: ReadonlySet<number> = new Set()) {
    this.columns = columns;
    this.hidden = hidden;
  }

  /** The rows of a thread, by ascending descriptor. Linear once, then a look-up. */
  rowsOf(tid: number): readonly Row[] {
    if (this.#byTask === undefined) {
      const byTask = new Map<number, Row[]>();
      const tids = this.columns.numbers('tid');
      for (let row = 0; row < this.columns.count; row++) {
        const rows = byTask.get(tids[row]!);
        if (rows === undefined) byTask.set(tids[row]!, [row]);
        else rows.push(row);
      }
      const fd = this.columns.numbers('fd');
      for (const rows of byTask.values()) rows.sort((a, b) => fd[a]! - fd[b]! || a - b);
      this.#byTask = byTask;
    }
    return this.#byTask.get(tid) ?? [];
  }
}
