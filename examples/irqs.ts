/**
 * How often interrupt handlers run and how long they take, in microseconds: `irqs.ts [seconds]`.
 * Beside it: c/hardirqs.bpf.c and c/softirqs.bpf.c.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { chars, defineProgram, hash, perCpuArray, struct, u32, u64 } from 'bpfkit';

const Name = struct('Name', { name: chars(32) });
const Time = struct('Time', { count: u64, total: u64 });

const irqs = defineProgram({
  maps: { since: perCpuArray(u64, 2), hard: hash(Name, Time), soft: hash(u32, Time) },
  probes: {
    'rawtracepoint:irq_handler_entry'(k) {
      k.since.set(0, k.ktime());
    },
    'rawtracepoint:irq_handler_exit'(k) {
      const at = k.since.get(0);
      if (!at || at.value === 0) return;
      const spent = k.ktime() - at.value;
      const t = k.hard.getOrInit(
        { name: k.str(k.cast(k.args.action, 'irqaction').name) },
        { count: 0, total: 0 },
      );
      t.count += 1;
      t.total += spent;
    },
    'rawtracepoint:softirq_entry'(k) {
      k.since.set(1, k.ktime());
    },
    'rawtracepoint:softirq_exit'(k) {
      const at = k.since.get(1);
      if (!at || at.value === 0) return;
      const spent = k.ktime() - at.value;
      const t = k.soft.getOrInit(k.args.vec_nr, { count: 0, total: 0 });
      t.count += 1;
      t.total += spent;
    },
  },
});

const softNames = [
  'hi',
  'timer',
  'net_tx',
  'net_rx',
  'block',
  'irq_poll',
  'tasklet',
  'sched',
  'hrtimer',
  'rcu',
];
const loaded = await irqs.load();
await sleep(Number(process.argv[2] ?? 10) * 1000);
const print = (name: string, { count, total }: { count: bigint; total: bigint }): void =>
  console.log(`${name.padEnd(32)} ${String(count).padStart(10)} ${String(total / 1000n).padStart(12)}`);
console.log(`${'HANDLER'.padEnd(32)} ${'COUNT'.padStart(10)} ${'TOTAL us'.padStart(12)}`);
for (const [{ name }, time] of loaded.hard) print(String(name), time);
for (const [kind, time] of loaded.soft) print(`softirq ${softNames[kind] ?? kind}`, time);
loaded.close();
