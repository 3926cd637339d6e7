/** Random against sequential requests of each disk: `biopattern.ts [seconds]`. Beside it: c/biopattern.bpf.c. */
import { setTimeout as sleep } from 'node:timers/promises';
import { defineProgram, hash, struct, u32, u64 } from 'bpfkit';

const Counter = struct('Counter', { next: u64, sequential: u64, random: u64, sectors: u64 });

const requests = defineProgram({
  maps: { disks: hash(u32, Counter, 64) },
  probes: {
    'tracepoint:block:block_rq_complete'(k) {
      const { dev, sector, nr_sector } = k.args;
      const disk = k.disks.getOrInit(dev, { next: 0, sequential: 0, random: 0, sectors: 0 });
      if (disk.next !== 0) {
        if (disk.next === sector) disk.sequential += 1;
        else disk.random += 1;
      }
      disk.sectors += nr_sector;
      disk.next = sector + nr_sector;
    },
  },
});

const loaded = await requests.load();
await sleep(Number(process.argv[2] ?? 10) * 1000);
console.log('DISK     %RND  %SEQ    COUNT     KBYTES');
for (const [device, { sequential, random, sectors }] of loaded.disks) {
  const count = Number(sequential + random);
  const percent = (part: bigint): string => String(count ? Math.round((Number(part) * 100) / count) : 0);
  const name = `${device >> 20}:${device & 0xfffff}`.padEnd(7);
  console.log(
    `${name} ${percent(random).padStart(5)} ${percent(sequential).padStart(5)} ${String(count).padStart(8)} ${String(sectors / 2n).padStart(10)}`,
  );
}
loaded.close();
