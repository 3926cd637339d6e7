/** Starts and ends of processes, with the time between: `bootstrap.ts [least ms]`. Beside it: c/bootstrap.bpf.c. */
import { bool, chars, defineProgram, hash, ringbuf, struct, u32, u64 } from 'bpfkit';

const Event = struct('Event', {
  pid: u32,
  ppid: u32,
  code: u32,
  ended: bool,
  duration: u64,
  comm: chars(16),
  file: chars(127),
});

const processes = defineProgram({
  params: { least: u64(0) },
  maps: { started: hash(u32, u64, 8192), events: ringbuf(Event) },
  probes: {
    'tracepoint:sched:sched_process_exec'(k) {
      k.started.set(k.pid, k.ktime());
      if (k.least !== 0) return;
      const e = k.events.reserve();
      if (!e) return;
      e.pid = k.pid;
      e.ppid = k.task.real_parent.tgid;
      k.comm(e.comm);
      e.file = k.args.filename;
      e.submit();
    },
    'tracepoint:sched:sched_process_exit'(k) {
      if (k.pid !== k.tid) return; // a thread
      const at = k.started.get(k.pid);
      const duration = at ? k.ktime() - at.value : 0;
      k.started.delete(k.pid);
      if (duration < k.least) return;
      const e = k.events.reserve();
      if (!e) return;
      e.ended = true;
      e.pid = k.pid;
      e.ppid = k.task.real_parent.tgid;
      e.code = (k.task.exit_code >> 8) & 0xff;
      e.duration = duration;
      k.comm(e.comm);
      e.submit();
    },
  },
});

const least = BigInt(process.argv[2] ?? 0) * 1_000_000n;
const loaded = await processes.load({ params: { least } });
console.log('TIME     EVENT COMM             PID     PPID    FILENAME/EXIT CODE');
for await (const { pid, ppid, code, ended, duration, comm, file } of loaded.events) {
  const time = new Date().toTimeString().slice(0, 8);
  const what = `${ended ? 'EXIT ' : 'EXEC '} ${String(comm).padEnd(16)} ${String(pid).padEnd(7)} ${String(ppid).padEnd(7)}`;
  const took = duration > 0n ? ` (${duration / 1_000_000n}ms)` : '';
  console.log(`${time} ${what} ${ended ? `[${code}]${took}` : file}`);
}
