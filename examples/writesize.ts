/** Sizes of write(2) by program and file descriptor: a histogram for each. `writesize.ts [seconds]` */
import { setTimeout as sleep } from 'node:timers/promises';
import { chars, defineProgram, log2Histogram, struct, u32 } from 'bpfkit';

const Writer = struct('Writer', { comm: chars(16), fd: u32 });

const sizes = defineProgram({
  params: { atLeast: u32(0) },
  maps: { sizes: log2Histogram(Writer, 1024) },
  probes: {
    'tracepoint:syscalls:sys_enter_write'(k) {
      if (k.args.count < k.atLeast) return;
      k.sizes.record({ comm: k.comm(), fd: k.args.fd }, k.args.count);
    },
  },
});

const seconds = Number(process.argv[2] ?? 10);
const loaded = await sizes.load({ params: { atLeast: 1 } });
console.error(`Counting for ${seconds} s.`);
await sleep(seconds * 1000);
for (const [{ comm, fd }, buckets] of loaded.sizes.read()) {
  console.log(`${comm} to ${fd}`);
  for (const { from, to, count } of buckets) console.log(`  [${from}, ${to}): ${count}`);
}
const lost = loaded.lost().sizes;
if (lost > 0n) console.error(`${lost} writes found no room in the map.`);
loaded.close();
