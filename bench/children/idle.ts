/** Waits for events that do not come. */
import { defineProgram, ringbuf, struct, u32 } from 'bpfkit';

const program = defineProgram({
  maps: { events: ringbuf(struct('Event', { pid: u32 })) },
  probes: {
    'tracepoint:syscalls:sys_enter_acct'(k) {
      const e = k.events.reserve();
      if (!e) return;
      e.pid = k.pid;
      e.submit();
    },
  },
});

const loaded = await program.load();
console.log('ready');
for await (const { pid } of loaded.events) console.log(pid);
