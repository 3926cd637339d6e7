/** Round trip times of TCP in microseconds: `tcprtt.ts [seconds]`. Beside it: c/tcprtt.bpf.c. Needs fentry. */
import { setTimeout as sleep } from 'node:timers/promises';
import { defineProgram, log2Histogram } from 'bpfkit';

const times = defineProgram({
  maps: { rtt: log2Histogram() },
  probes: {
    'fentry:tcp_rcv_established'(k) {
      k.rtt.record(k.cast(k.addressOf(k.args.sk), 'tcp_sock').srtt_us >> 3);
    },
  },
});

const loaded = await times.load();
await sleep(Number(process.argv[2] ?? 10) * 1000);
for (const { from, to, count } of loaded.rtt.read()) console.log(`[${from}, ${to})\t${count}`);
loaded.close();
