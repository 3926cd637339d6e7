/** Files that a process opens, or that all do: `opensnoop.ts [pid]`. Beside it: c/opensnoop.bpf.c. */
import { chars, defineProgram, ringbuf, struct, u32 } from 'bpfkit';

const Open = struct('Open', { pid: u32, comm: chars(16), file: chars(256) });

const opens = defineProgram({
  params: { target: u32(0) },
  maps: { events: ringbuf(Open) },
  probes: {
    'tracepoint:syscalls:sys_enter_openat'(k) {
      if (k.target !== 0 && k.target !== k.pid) return;
      const e = k.events.reserve();
      if (!e) return;
      e.pid = k.pid;
      k.comm(e.comm);
      k.userStr(k.args.filename, e.file);
      e.submit();
    },
  },
});

const loaded = await opens.load({ params: { target: Number(process.argv[2] ?? 0) } });
for await (const { pid, comm, file } of loaded.events) console.log(`${pid}\t${comm}\t${file}`);
