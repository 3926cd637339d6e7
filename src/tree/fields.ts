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
  | 'arguments'
  /** An exact 64-bit number that may be absent, as are all types below. */
  | 'long'
  /** A user's number, shown with the user's name. */
  | 'owner'
  /** Nanoseconds since the machine started, sleep included (CLOCK_BOOTTIME); shown as a date. */
  | 'time'
  /** Nanoseconds. */
  | 'duration'
  /** Bytes of memory. */
  | 'size'
  /** The kernel's bits of `__state` and `exit_state`; shown as the letter of /proc/PID/stat. */
  | 'state'
  /** An address in the kernel, in hexadecimal. */
  | 'address';

/** Where the value comes from. */
export type FieldSource =
  /**
   * Written by the kernel program. The path starts at `struct task_struct`; where `?.` stands a pointer may be
   * null, and then the task has no such value. `code` is for values that are no plain path, see walk-text.ts.
   */
  | { readonly kind: 'kernel'; readonly path: string; readonly code?: ReadCode }
  /** The number, in its own namespace, of the thread whose number is in another field. */
  | { readonly kind: 'namespaced'; readonly of: 'pid' | 'pgid' | 'sid' }
  /** Read from /proc once the kernel's walk is done, with what is in another field. */
  | { readonly kind: 'lookup'; readonly of: FieldName }
  /** Computed from other fields and from what is known of the host, whenever it is asked for. */
  | { readonly kind: 'derived'; readonly of: readonly FieldName[] };

/** The statements of a kernel program that read a value: `set` gives the text that stores an expression. */
export type ReadCode = (set: (expression: string) => string) => string;

export interface Field {
  /** The name in the table, or the path of a kernel field that the user named. */
  readonly long: string;
  readonly short: string;
  readonly description: string;
  readonly type: FieldType;
  readonly source: FieldSource;
  /** Whether numbers of the type `long` are signed; default true. */
  readonly signed?: boolean;
  /** For strings behind a path that the user named: bytes that are kept, with the NUL. */
  readonly length?: number;
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

/** Fields whose values are exact 64-bit numbers that may be absent. */
export type LongField =
  | 'state'
  | 'start_time'
  | 'run_time'
  | 'cpu_time'
  | 'user_time'
  | 'system_time'
  | 'rss'
  | 'vm_size'
  | 'threads'
  | 'nice'
  | 'priority'
  | 'exit_code'
  | 'uid'
  | 'gid'
  | 'cgroup_id'
  | 'pid_ns'
  | 'mnt_ns';

/** Fields whose values are bytes. */
export type BytesField = 'comm' | 'exepath' | 'cmdline' | 'cgroup' | 'container' | 'id';

export type FieldName = NumberField | LongField | BytesField;

interface Entry<Type extends FieldType> {
  readonly short: string;
  readonly type: Type;
  readonly description: string;
  readonly kernel?: string;
  readonly code?: ReadCode;
  readonly signed?: boolean;
  readonly namespaced?: 'pid' | 'pgid' | 'sid';
  readonly lookup?: FieldName;
  readonly derived?: readonly FieldName[];
}

type Table = Record<NumberField, Entry<'integer' | 'boolean' | 'user'>> &
  Record<LongField, Entry<'long' | 'owner' | 'time' | 'duration' | 'size' | 'state'>> &
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
  state: {
    short: 'st',
    type: 'state',
    description:
      'state, as the letter of /proc/PID/stat: R runs, S sleeps, D waits for a device, Z has ended',
    kernel: '__state',
    // `state` until Linux 5.14.
    code: (set) => `let bits = self.exit_state;
      if (k.exists(self.__state)) bits = bits | self.__state;
      else bits = bits | self.state;
      ${set('bits')}`,
  },
  start_time: {
    short: 'sta',
    type: 'time',
    description: 'when the task was started: nanoseconds since boot, shown as a date',
    kernel: 'start_boottime',
  },
  run_time: {
    short: 'run',
    type: 'duration',
    description: 'time since the task was started',
    derived: ['start_time'],
  },
  cpu_time: {
    short: 'cpu',
    type: 'duration',
    description: 'CPU time of the thread, exact',
    kernel: 'se.sum_exec_runtime',
  },
  user_time: {
    short: 'utm',
    type: 'duration',
    description: 'CPU time of the thread in user mode, as the kernel samples or accounts it',
    kernel: 'utime',
  },
  system_time: {
    short: 'stm',
    type: 'duration',
    description: 'CPU time of the thread in the kernel, as the kernel samples or accounts it',
    kernel: 'stime',
  },
  rss: {
    short: 'rss',
    type: 'size',
    description:
      'memory of the process that is in RAM, in bytes; the kernel counts it in batches for each CPU',
    kernel: 'mm?.rss_stat',
    // Pages of files, anonymous and shared: MM_FILEPAGES 0, MM_ANONPAGES 1, MM_SHMEMPAGES 3 of
    // include/linux/mm_types_task.h. Until Linux 6.2 the counters were plain numbers, and each task had some of its own; the verifier of 6.1 does not follow them by type.
    code: (set) => `const mm = self.mm;
      if (mm) {
        let pages = k.i64(0);
        if (k.exists(self.rss_stat)) {
          ${[0, 1, 3].map((i) => `pages = pages + k.i64(k.peek(k.addressOf(mm.rss_stat.count[${i}])));`).join(' ')}
        } else {
          pages = mm.rss_stat[0].count + mm.rss_stat[1].count + mm.rss_stat[3].count;
        }
        if (pages < 0) pages = 0;
        ${set('pages * k.pageSize')}
      }`,
  },
  vm_size: {
    short: 'vm',
    type: 'size',
    description: 'address space of the process, in bytes',
    kernel: 'mm?.total_vm',
    code: (set) => `const mm = self.mm;
      if (mm) { ${set('mm.total_vm * k.pageSize')} }`,
  },
  threads: {
    short: 'th',
    type: 'long',
    description: 'number of threads of the process',
    kernel: 'signal?.nr_threads',
  },
  nice: {
    short: 'ni',
    type: 'long',
    description: 'nice value, -20 to 19',
    kernel: 'static_prio',
    // DEFAULT_PRIO of include/linux/sched/prio.h.
    code: (set) => set('self.static_prio - 120'),
  },
  priority: {
    short: 'pri',
    type: 'long',
    description: 'priority as in /proc/PID/stat: 0 to 39, negative for real-time tasks',
    kernel: 'prio',
    // MAX_RT_PRIO of include/linux/sched/prio.h.
    code: (set) => set('self.prio - 100'),
  },
  exit_code: {
    short: 'xc',
    type: 'long',
    description:
      'how the task ended, as wait(2) gives it: exit code times 256, or the signal; 0 while it lives',
    kernel: 'exit_code',
  },
  uid: { short: 'u', type: 'owner', description: 'real user', kernel: 'real_cred?.uid.val' },
  gid: { short: 'g', type: 'long', description: 'real group', kernel: 'real_cred?.gid.val' },
  cgroup_id: {
    short: 'cgi',
    type: 'long',
    description: 'id of the cgroup (version 2) of the task: the inode of its folder',
    kernel: 'cgroups?.dfl_cgrp?.kn?.id',
    signed: false,
  },
  cgroup: {
    short: 'cg',
    type: 'bytes',
    description: 'path of the cgroup (version 2) of the task, as /proc/PID/cgroup has it',
    lookup: 'cgroup_id',
  },
  container: {
    short: 'ct',
    type: 'bytes',
    description: 'id of the container, as its cgroup is named by Docker, containerd, CRI-O, Podman or LXC',
    derived: ['cgroup'],
  },
  pid_ns: {
    short: 'pns',
    type: 'long',
    description: 'pid namespace of the task: the inode of /proc/PID/ns/pid',
    kernel: 'thread_pid?.numbers',
    code: (set) => `const ids = self.thread_pid;
      if (ids) {
        const space = ids.numbers[ids.level].ns;
        if (space) { ${set('space.ns.inum')} }
      }`,
  },
  mnt_ns: {
    short: 'mns',
    type: 'long',
    description: 'mount namespace of the task: the inode of /proc/PID/ns/mnt',
    kernel: 'nsproxy?.mnt_ns?.ns.inum',
  },
  id: {
    short: 'id',
    type: 'bytes',
    description: 'the same for no other task ever: boot id, tid and start time',
    derived: ['tid', 'start_time'],
  },
};

function sourceOf({ kernel, code, namespaced, lookup, derived }: Entry<FieldType>): FieldSource {
  if (namespaced !== undefined) return { kind: 'namespaced', of: namespaced };
  if (lookup !== undefined) return { kind: 'lookup', of: lookup };
  if (derived !== undefined) return { kind: 'derived', of: derived };
  return { kind: 'kernel', path: kernel ?? '', ...(code === undefined ? {} : { code }) };
}

function toField(long: string, entry: Entry<FieldType>): Field {
  const { short, description, type, signed } = entry;
  return {
    long,
    short,
    description,
    type,
    source: sourceOf(entry),
    ...(signed === undefined ? {} : { signed }),
  };
}

/** Which of the three kinds of columns holds a field's values. */
export function storageOf({ type }: Field): 'number' | 'long' | 'bytes' {
  switch (type) {
    case 'integer':
    case 'boolean':
    case 'user':
      return 'number';
    case 'bytes':
    case 'arguments':
      return 'bytes';
    default:
      return 'long';
  }
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
