/** How long tasks wait for a CPU after they could run: a histogram of microseconds. `runqlat.ts [seconds]` */
import { setTimeout as sleep } from 'node:timers/promises';
import { defineProgram, hash, log2Histogram, u32, u64 } from 'bpfkit';

const latency = defineProgram({
  maps: { queued: hash(u32, u64, 32_768), waits: log2Histogram() },
  probes: {
    'rawtracepoint:sched_wakeup'(k) {
      k.queued.set(k.args.p.pid, k.ktime());
    },
    'rawtracepoint:sched_wakeup_new'(k) {
      k.queued.set(k.args.p.pid, k.ktime());
    },
    'rawtracepoint:sched_switch'(k) {
      // Who leaves the CPU while it still wants to run waits from now on.
      if (k.args.preempt || k.args.prev.__state === 0) k.queued.set(k.args.prev.pid, k.ktime());
      const next = k.args.next.pid;
      const since = k.queued.get(next);
      if (!since) return;
      k.waits.record((k.ktime() - since.value) / 1000);
      k.queued.delete(next);
    },
  },
});

const seconds = Number(process.argv[2] ?? 10);
const loaded = await latency.load();
console.error(`Measuring for ${seconds} s.`);
await sleep(seconds * 1000);
const buckets = loaded.waits.read();
const most = buckets.reduce((max, { count }) => (count > max ? count : max), 1n);
for (const { from, to, count } of buckets) {
  const bar = '@'.repeat(Number((count * 40n) / most));
  console.log(`${`[${from}, ${to})`.padEnd(20)} ${String(count).padStart(8)} |${bar}`);
}
loaded.close();
