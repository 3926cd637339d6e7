/**
 * Memory of libc's malloc that was taken and not given back, by stack: `memleak.ts PID [seconds]`.
 * Beside it: c/memleak.bpf.c.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { defineProgram, hash, i64, stackTrace, struct, u32, u64 } from 'bpfkit';

const Allocation = struct('Allocation', { size: u64, stack: i64 });

const leaks = defineProgram({
  params: { target: u32(0) },
  maps: { sizes: hash(u32, u64), live: hash(u64, Allocation, 1_000_000), stacks: stackTrace(10_240) },
  probes: {
    'uprobe:c:malloc'(k) {
      if (k.target === k.pid) k.sizes.set(k.tid, k.arg(0));
    },
    'uretprobe:c:malloc'(k) {
      const size = k.sizes.get(k.tid);
      if (!size) return;
      if (k.ret !== 0) k.live.set(k.ret, { size: size.value, stack: k.userStack(k.stacks) });
      k.sizes.delete(k.tid);
    },
    'uprobe:c:free'(k) {
      if (k.target === k.pid) k.live.delete(k.arg(0));
    },
  },
});

const target = Number(process.argv[2]);
if (!Number.isInteger(target)) {
  console.error('usage: memleak.ts PID [seconds]');
  process.exit(2);
}
const loaded = await leaks.load({ params: { target } });
await sleep(Number(process.argv[3] ?? 10) * 1000);
const sums = new Map<bigint, { bytes: bigint; count: number }>();
for (const [, { size, stack }] of loaded.live) {
  const sum = sums.get(stack) ?? { bytes: 0n, count: 0 };
  sums.set(stack, { bytes: sum.bytes + size, count: sum.count + 1 });
}
const worst = [...sums].sort(([, a], [, b]) => (a.bytes < b.bytes ? 1 : -1)).slice(0, 10);
console.log(
  `[${new Date().toTimeString().slice(0, 8)}] Top ${worst.length} stacks with outstanding allocations:`,
);
for (const [stack, { bytes, count }] of worst) {
  console.log(`${bytes} bytes in ${count} allocations from stack`);
  for (const address of loaded.stacks.get(Number(stack)) ?? []) console.log(`\t0x${address.toString(16)}`);
}
loaded.close();
