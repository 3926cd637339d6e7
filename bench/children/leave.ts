/**
 * Twenty system-call tracepoints, attached until Ctrl-C. Two kinds: `call`, whose probes are served by one raw
 * tracepoint, and `record`, other tracepoints that read their record and so are attached through perf.
 */
import { defineProgram, perCpuArray, u64 } from 'bpfkit';

const [, , kind = 'call', ...events] = process.argv;

const bodies = {
  call(k: { counts: { increment(key: number): void } }) {
    k.counts.increment(0);
  },
  record(k: { args: Record<string, number>; counts: { increment(key: number, by: number): void } }) {
    k.counts.increment(0, k.args.pid);
  },
};

const program = defineProgram({
  maps: { counts: perCpuArray(u64, 1) },
  probes: Object.fromEntries(
    events.map((event) => [`tracepoint:${event}`, bodies[kind as keyof typeof bodies] as never]),
  ),
});

const loaded = await program.load();
const held = setInterval(() => {}, 60_000);
process.once('SIGINT', () => {
  const start = performance.now();
  void loaded[Symbol.asyncDispose]().then(() => {
    clearInterval(held);
    console.log(`closed in ${performance.now() - start}`);
  });
});
console.log('ready');
