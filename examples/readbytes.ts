/** Bytes that each process reads, by read(2) and pread64(2): the ten that read most. `readbytes.ts [seconds]` */
import { setTimeout as sleep } from 'node:timers/promises';
import { chars, defineProgram, hash, struct, u32, u64 } from 'bpfkit';

const Reader = struct('Reader', { pid: u32, comm: chars(16) });

const reads = defineProgram({
  maps: { bytes: hash(Reader, u64) },
  functions: {
    add(k, length) {
      if (length > 0) k.bytes.increment({ pid: k.pid, comm: k.comm() }, length);
    },
  },
  probes: {
    'tracepoint:syscalls:sys_exit_read'(k) {
      k.add(k.args.ret);
    },
    'tracepoint:syscalls:sys_exit_pread64'(k) {
      k.add(k.args.ret);
    },
  },
});

const seconds = Number(process.argv[2] ?? 10);
const loaded = await reads.load();
console.error(`Counting for ${seconds} s.`);
await sleep(seconds * 1000);
const sorted = [...loaded.bytes].sort(([, a], [, b]) => (a < b ? 1 : a > b ? -1 : 0));
for (const [{ pid, comm }, bytes] of sorted.slice(0, 10)) console.log(`${bytes}\t${pid}\t${comm}`);
loaded.close();
