/**
 * The kernel's side of the process tree: one walk over all tasks, one record each (see record.ts).
 *
 * Only what the command looks at is collected: parameters switch the expensive parts off before the
 * program is compiled. Command lines are read from the memory of the processes, which may have to be paged
 * in; a program that does so is one that may sleep (Linux 5.18). All else works from Linux 5.10 on.
 */
import { defineProgram, type SourceProgram } from '../script/define.ts';
import { loadKept } from '../script/kept.ts';
import { rows } from '../script/maps.ts';
import { bool, i32, i64, struct, u32 } from '../script/schema.ts';

/** The fixed part of the record; record.ts computes the same from its table. */
const Task = struct('Task', {
  size: u32,
  tid: i32,
  vtid: i32,
  pid: i32,
  pgid: i32,
  sid: i32,
  ptid: i32,
  ppid: i32,
  rptid: i32,
  rppid: i32,
  reaper: i32,
  ns_level: i32,
  loginuid: i64,
  euid: i64,
  comm: u32,
  exepath: u32,
  cmdline: u32,
  padding: u32,
});

const program = defineProgram({
  params: { exepath: bool(false), cmdline: bool(false) },
  maps: { tasks: rows(Task) },
  probes: {
    'iter:task'(k) {
      const task = k.item.task;
      if (!task) return;
      const row = k.tasks.begin();
      const ids = task.thread_pid;
      if (ids) {
        const level = ids.level;
        row.ns_level = level;
        row.vtid = ids.numbers[level].nr;
      }
      row.tid = task.pid;
      row.pid = task.tgid;
      const signal = task.signal;
      const group = signal.pids[2]; // PIDTYPE_PGID
      if (group) row.pgid = group.numbers[0].nr;
      const session = signal.pids[3]; // PIDTYPE_SID
      if (session) row.sid = session.numbers[0].nr;
      row.reaper = signal.is_child_subreaper;
      const parent = task.parent;
      row.ptid = parent.pid;
      row.ppid = parent.tgid;
      const realParent = task.real_parent;
      row.rptid = realParent.pid;
      row.rppid = realParent.tgid;
      if (k.exists(task.loginuid)) row.loginuid = k.i32(task.loginuid.val);
      else row.loginuid = -2;
      row.euid = k.i32(task.cred.euid.val);

      const comm = k.buffer(16);
      k.str(task.comm, comm);
      row.comm = 16;

      // 0xffffffff: the task has none. The top bit alone: it has one that is longer than the helper can tell.
      let exeLength = 0;
      row.exepath = 0xffffffff;
      const exe = k.buffer(4096);
      if (k.exepath) {
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
      }

      let argsLength = 0;
      row.cmdline = 0xffffffff;
      const args = k.buffer(4096);
      if (k.cmdline) {
        const mm = task.mm;
        if (mm) {
          const length = mm.arg_end - mm.arg_start;
          const kept = k.min(length, 4096);
          if (k.readTask(task, mm.arg_start, args, kept) === 0) {
            argsLength = kept;
            row.cmdline = kept;
            if (length > 4096) row.cmdline = kept | 0x80000000;
          }
        }
      }

      row.size = 96 + exeLength + argsLength;
      k.write(row);
      k.write(comm, 16);
      if (k.exepath) k.write(exe, exeLength);
      if (k.cmdline) k.write(args, argsLength);
    },
  },
});

export interface WalkOptions {
  readonly exepath: boolean;
  readonly cmdline: boolean;
}

/** All tasks now, as records. Throws what loading a kernel program throws. */
export function walkTasks({ exepath, cmdline }: WalkOptions): Uint8Array {
  const loaded = loadKept('tasks', program as unknown as SourceProgram, { exepath, cmdline });
  try {
    return loaded.read('iter:task');
  } finally {
    loaded.close();
  }
}
