/** Calls of a function of any program or library: `uprobe.ts /lib/x86_64-linux-gnu/libc.so.6 getenv`. */
import { chars, defineProgram, i64, ringbuf, struct, u32, u64 } from 'bpfkit';

const [path, name] = process.argv.slice(2);
if (!path || !name) {
  console.error('usage: uprobe.ts FILE FUNCTION');
  process.exit(2);
}

const Call = struct('Call', { pid: u32, first: u64, second: u64, comm: chars(16), text: chars(64) });
const Return = struct('Return', { pid: u32, result: i64 });

const calls = defineProgram({
  maps: { calls: ringbuf(Call), returns: ringbuf(Return) },
  probes: {
    [`uprobe:${path}:${name}` as const](k) {
      const e = k.calls.reserve();
      if (!e) return;
      e.pid = k.pid;
      e.first = k.arg(0);
      e.second = k.arg(1);
      k.comm(e.comm);
      k.userStr(k.arg(0), e.text); // empty if the first argument is no address
      e.submit();
    },
    [`uretprobe:${path}:${name}` as const](k) {
      k.returns.emit({ pid: k.pid, result: k.ret });
    },
  },
});

const loaded = await calls.load();
console.error(`Tracing ${name} of ${path}. Ctrl-C ends.`);
async function print(): Promise<void> {
  for await (const { pid, comm, first, second, text } of loaded.calls) {
    console.log(`${pid} ${comm}: ${name}(0x${first.toString(16)}, 0x${second.toString(16)}) "${text}"`);
  }
}
async function printReturns(): Promise<void> {
  for await (const { pid, result } of loaded.returns) console.log(`${pid}: ${name} returned ${result}`);
}
await Promise.all([print(), printReturns()]);
