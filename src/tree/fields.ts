/**
 * The fields of a task, in one table. From it come the record that the kernel program writes (record.ts), the
 * columns of a snapshot, what `bpfkit fields` prints, `-f`, conditions and JSON. Adding a field is one entry.
 *
 * Numbers of threads and processes are those of the initial pid namespace unless the description says otherwise;
 * in the kernel's words a thread's number is `pid` and a process's number is `tgid`.
 */

/** How a value is kept, shown, compared and written as JSON; see value.ts. */
export type FieldType =
  /** A signed 32-bit number. */
  | 'integer'
  | 'boolean'
  /** A user's number; -1 is "not set", -2 "this kernel does not record it". Shown with the user's name. */
  | 'user'
  /** Bytes: a name or a path. */
  | 'bytes'
  /** Bytes: arguments, each ended by a NUL. */
  | 'arguments';

/** Where the value comes from. */
export type FieldSource =
  /** Written by the kernel program; the path starts at `struct task_struct`. */
  | { readonly kind: 'kernel'; readonly path: string }
  /** The number, in its own namespace, of the thread whose number is in another field. */
  | { readonly kind: 'namespaced'; readonly of: 'pid' | 'pgid' | 'sid' };

export interface Field {
  readonly long: FieldName;
  readonly short: string;
  readonly description: string;
  readonly type: FieldType;
  readonly source: FieldSource;
}

/** Fields whose values are numbers (booleans are 0 and 1). */
export type NumberField =
  | 'tid'
  | 'vtid'
  | 'pid'
  | 'vpid'
  | 'pgid'
  | 'vpgid'
  | 'sid'
  | 'vsid'
  | 'ptid'
  | 'ppid'
  | 'rptid'
  | 'rppid'
  | 'reaper'
  | 'ns_level'
  | 'loginuid'
  | 'euid';

/** Fields whose values are bytes. */
export type BytesField = 'comm' | 'exepath' | 'cmdline';

export type FieldName = NumberField | BytesField;

interface Entry<Type extends FieldType> {
  readonly short: string;
  readonly type: Type;
  readonly description: string;
  readonly kernel?: string;
  readonly namespaced?: 'pid' | 'pgid' | 'sid';
}

type Table = Record<NumberField, Entry<'integer' | 'boolean' | 'user'>> &
  Record<BytesField, Entry<'bytes' | 'arguments'>>;

const TABLE: Table = {
  tid: {
    short: 't',
    type: 'integer',
    description: 'thread id (tid) of the current task (init namespace)',
    kernel: 'pid',
  },
  vtid: {
    short: 'vt',
    type: 'integer',
    description: 'thread id (tid) of the current task (task namespace)',
    kernel: 'thread_pid.numbers[thread_pid.level].nr',
  },
  pid: {
    short: 'p',
    type: 'integer',
    description: 'process id (pid) of the current task (init namespace)',
    kernel: 'tgid',
  },
  vpid: {
    short: 'vp',
    type: 'integer',
    description: 'process id (pid) of the current task (task namespace)',
    namespaced: 'pid',
  },
  pgid: {
    short: 'pg',
    type: 'integer',
    description: 'process group id (pgid) of the current task (init namespace)',
    // PIDTYPE_PGID is 2 and PIDTYPE_SID is 3: include/linux/pid_types.h.
    kernel: 'signal.pids[2].numbers[0].nr',
  },
  vpgid: {
    short: 'vpg',
    type: 'integer',
    description: 'process group id (pgid) of the current task (task namespace)',
    namespaced: 'pgid',
  },
  sid: {
    short: 's',
    type: 'integer',
    description: 'session id (sid) of the current task (init namespace)',
    kernel: 'signal.pids[3].numbers[0].nr',
  },
  vsid: {
    short: 'vs',
    type: 'integer',
    description: 'session id (sid) of the current task (task namespace)',
    namespaced: 'sid',
  },
  ptid: {
    short: 'pt',
    type: 'integer',
    description: 'parent thread id (ptid) of the current task (init namespace)',
    kernel: 'parent.pid',
  },
  ppid: {
    short: 'pp',
    type: 'integer',
    description: 'parent process id (ppid) of the current task (init namespace)',
    kernel: 'parent.tgid',
  },
  rptid: {
    short: 'rpt',
    type: 'integer',
    description: 'real parent thread id (rptid) of the current task (init namespace)',
    kernel: 'real_parent.pid',
  },
  rppid: {
    short: 'rpp',
    type: 'integer',
    description: 'real parent process id (rppid) of the current task (init namespace)',
    kernel: 'real_parent.tgid',
  },
  comm: {
    short: 'c',
    type: 'bytes',
    // The spelling is bpftree's: scripts compare this table.
    description: "human readeable process name ('task->comm')",
    kernel: 'comm',
  },
  reaper: {
    short: 'r',
    type: 'boolean',
    description: 'true if the current process is a child_sub_reaper',
    kernel: 'signal.is_child_subreaper',
  },
  ns_level: {
    short: 'ns',
    type: 'integer',
    description: 'pid namespace level of the actual thread',
    kernel: 'thread_pid.level',
  },
  exepath: {
    short: 'e',
    type: 'bytes',
    description: 'full executable path of the current task',
    kernel: 'mm.exe_file.f_path',
  },
  loginuid: {
    short: 'lu',
    type: 'user',
    description: 'UID of the user that interacted with a login service',
    kernel: 'loginuid.val',
  },
  euid: { short: 'eu', type: 'user', description: 'Effective UID', kernel: 'cred.euid.val' },
  cmdline: {
    short: 'cmd',
    type: 'arguments',
    description: 'Command line of the current task',
    kernel: 'mm.arg_start',
  },
};

function toField(long: string, entry: Entry<FieldType>): Field {
  const source: FieldSource =
    entry.namespaced === undefined
      ? { kind: 'kernel', path: entry.kernel ?? '' }
      : { kind: 'namespaced', of: entry.namespaced };
  return {
    long: long as FieldName,
    short: entry.short,
    description: entry.description,
    type: entry.type,
    source,
  };
}

/** All fields, in the order in which `bpfkit fields` lists them. */
export const fields: readonly Field[] = Object.entries(TABLE).map(([long, entry]) => toField(long, entry));

const byName: ReadonlyMap<string, Field> = new Map(
  fields.flatMap((field) => [
    [field.long, field],
    [field.short, field],
  ]),
);

/** The field of a long or a short name; names are exact. */
export function findField(name: string): Field | undefined {
  return byName.get(name);
}

/** All names that `findField` knows, long ones first. */
export function fieldNames(): string[] {
  return [...fields.map((field) => field.long), ...fields.map((field) => field.short)];
}
