/** Who sends which signal to whom by kill(2), and what came of it. Beside it: c/sigsnoop.bpf.c. */
import { chars, defineProgram, hash, i32, i64, ringbuf, struct, u32 } from 'bpfkit';

const Sent = struct('Sent', { target: i32, signal: i32 });
const Kill = struct('Kill', { pid: u32, target: i32, signal: i32, result: i64, comm: chars(16) });

const kills = defineProgram({
  maps: { begun: hash(u32, Sent), events: ringbuf(Kill) },
  probes: {
    'tracepoint:syscalls:sys_enter_kill'(k) {
      k.begun.set(k.tid, { target: k.args.pid, signal: k.args.sig });
    },
    'tracepoint:syscalls:sys_exit_kill'(k) {
      const sent = k.begun.get(k.tid);
      if (!sent) return; // it began before us
      k.events.emit({
        pid: k.pid,
        target: sent.target,
        signal: sent.signal,
        result: k.args.ret,
        comm: k.comm(),
      });
      k.begun.delete(k.tid);
    },
  },
});

const loaded = await kills.load();
for await (const { pid, comm, signal, target, result } of loaded.events) {
  console.log(`PID ${pid} (${comm}) sent signal ${signal} to PID ${target}, ret = ${result}`);
}
