/** Files that could not be opened: who asked, for what, and why not. */
import { constants } from 'node:os';
import { chars, defineProgram, hash, i32, ringbuf, struct, u32, u64 } from 'bpfkit';

const Failure = struct('Failure', { pid: u32, error: i32, comm: chars(16), path: chars(256) });

const failures = defineProgram({
  maps: { paths: hash(u32, u64), events: ringbuf(Failure) },
  probes: {
    'tracepoint:syscalls:sys_enter_openat'(k) {
      k.paths.set(k.tid, k.args.filename); // only the address: most calls succeed
    },
    'tracepoint:syscalls:sys_exit_openat'(k) {
      const path = k.paths.get(k.tid);
      if (!path) return;
      const address = path.value;
      k.paths.delete(k.tid);
      if (k.args.ret >= 0) return;
      const e = k.events.reserve();
      if (!e) return;
      e.pid = k.pid;
      e.error = -k.args.ret;
      k.comm(e.comm);
      k.userStr(address, e.path);
      e.submit();
    },
  },
});

const names = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));
const loaded = await failures.load();
console.error('Tracing openat(2) that fails. Ctrl-C ends.');
for await (const { pid, comm, error, path } of loaded.events) {
  console.log(`${pid}\t${comm}\t${names.get(error) ?? error}\t${path}`);
}
