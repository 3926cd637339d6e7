/** Says each write of one process, or of all: `minimal.ts [pid]`. Beside it: c/minimal.bpf.c. */
import { defineProgram, ringbuf, struct, u32 } from 'bpfkit';

const Write = struct('Write', { pid: u32 });

const writes = defineProgram({
  params: { target: u32(0) },
  maps: { events: ringbuf(Write) },
  probes: {
    'tracepoint:syscalls:sys_enter_write'(k) {
      if (k.target !== 0 && k.target !== k.pid) return;
      k.events.emit({ pid: k.pid });
    },
  },
});

const loaded = await writes.load({ params: { target: Number(process.argv[2] ?? 0) } });
for await (const { pid } of loaded.events) console.log(`BPF triggered sys_enter_write from PID ${pid}.`);
