/**
 * The ten processes with the most memory, then whatever ends with a failure, until Ctrl-C: `bpfkit/tree` as a library.
 *
 *     # node --import tsx examples/top.ts
 *     PID      MEMORY  COMM
 *     4457   523.1 MB  clang
 *     …
 *     4812: sh exited with 7 after 0.003 s
 */
import { readTasks, watchTasks } from 'bpfkit/tree';

const processes = readTasks({ fields: ['pid', 'comm', 'rss'], where: 'rss > 0', view: 'processes' });
processes.sort((a, b) => Number(b.rss! - a.rss!));
console.log(`${'PID'.padEnd(7)}${'MEMORY'.padStart(8)}  COMM`);
for (const { pid, comm, rss } of processes.slice(0, 10)) {
  console.log(`${String(pid).padEnd(5)}${(Number(rss) / 1e6).toFixed(1).padStart(7)} MB  ${comm}`);
}

using watch = watchTasks();
process.once('SIGINT', () => watch.close());
for await (const event of watch) {
  if (event.kind !== 'exit' || !event.processEnded || event.status === 0) continue;
  const how =
    (event.status & 0x7f) === 0 ? `exited with ${event.status >> 8}` : `got signal ${event.status & 0x7f}`;
  console.log(`${event.pid}: ${event.comm} ${how} after ${Number(event.runTime) / 1e9} s`);
}
if (watch.lost > 0n) console.log(`${watch.lost} events were lost`);
