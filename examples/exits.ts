/** Processes that end: who, whose child, with what code, after how long. */
import { chars, defineProgram, hash, ringbuf, struct, u32, u64 } from 'bpfkit';

const Exit = struct('Exit', { pid: u32, ppid: u32, code: u32, duration: u64, comm: chars(16) });

const exits = defineProgram({
  params: { minDuration: u64(0) }, // read-only constants, set before loading
  maps: { started: hash(u32, u64, 8192), events: ringbuf(Exit) },
  probes: {
    'tracepoint:sched:sched_process_exec'(k) {
      k.started.set(k.pid, k.ktime());
    },
    'tracepoint:sched:sched_process_exit'(k) {
      if (k.pid !== k.tid) return; // only the leader's exit ends a process
      const at = k.started.get(k.pid);
      const duration = at ? k.ktime() - at.value : 0;
      k.started.delete(k.pid);
      if (at && duration < k.minDuration) return;
      const e = k.events.reserve();
      if (!e) return;
      e.pid = k.pid;
      e.ppid = k.task.real_parent.tgid; // a BTF path; reads are made safe for you
      e.code = (k.task.exit_code >> 8) & 0xff;
      e.duration = duration;
      k.comm(e.comm);
      e.submit();
    },
  },
});

const loaded = await exits.load({ params: { minDuration: 1_000_000n } });
console.error('Tracing exits of processes. Ctrl-C ends.');
for await (const e of loaded.events) {
  console.log(`${e.pid}\t${e.ppid}\t${e.code}\t${Number(e.duration) / 1e6} ms\t${e.comm}`);
}
