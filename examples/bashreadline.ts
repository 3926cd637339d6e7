/** Lines that people type into bash. Beside it: c/bashreadline.bpf.c. */
import { chars, defineProgram, ringbuf, struct, u32 } from 'bpfkit';

const Line = struct('Line', { pid: u32, comm: chars(16), text: chars(256) });

const lines = defineProgram({
  maps: { lines: ringbuf(Line) },
  probes: {
    'uretprobe:/bin/bash:readline'(k) {
      if (k.ret === 0) return; // end of input
      const e = k.lines.reserve();
      if (!e) return;
      e.pid = k.pid;
      k.comm(e.comm);
      k.userStr(k.ret, e.text);
      e.submit();
    },
  },
});

const loaded = await lines.load();
for await (const { pid, comm, text } of loaded.lines) console.log(`PID ${pid} (${comm}) read: ${text}`);
