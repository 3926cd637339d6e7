/** How long tasks wait for a CPU after they could run: a histogram of microseconds. `runqlat.ts [seconds]` */
import { setTimeout as sleep } from 'node:timers/promises';
import { defineProgram, hash, log2Histogram, u32, u64 } from 'bpfkit';

const latency = defineProgram({
  maps: { queued: hash(u32, u64, 32_768), waits: log2Histogram() },
  functions: {
    waitsFrom(k, tid, now) {
      if (tid !== 0) k.queued.set(tid, now); // 0 is the idle task
    },
  },
  probes: {
    'rawtracepoint:sched_wakeup'(k) {
      k.waitsFrom(k.args.p.pid, k.ktime());
    },
    'rawtracepoint:sched_wakeup_new'(k) {
      k.waitsFrom(k.args.p.pid, k.ktime());
    },
    'rawtracepoint:sched_switch'(k) {
      const { prev, next, preempt } = k.args;
      const now = k.ktime();
      if (preempt || prev.__state === 0) k.waitsFrom(prev.pid, now); // it still wants to run
      const since = k.queued.get(next.pid);
      if (!since) return;
      k.waits.record((now - since.value) / 1000);
      k.queued.delete(next.pid);
    },
  },
});

const seconds = Number(process.argv[2] ?? 10);
const loaded = await latency.load();
console.error(`Measuring for ${seconds} s.`);
await sleep(seconds * 1000);
const buckets = loaded.waits.read();
const most = Math.max(1, ...buckets.map(({ count }) => Number(count)));
for (const { from, to, count } of buckets) {
  const bar = '@'.repeat((Number(count) * 40) / most);
  console.log(`${`[${from}, ${to})`.padEnd(20)} ${String(count).padStart(8)} |${bar}`);
}
loaded.close();
