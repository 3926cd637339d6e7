/** Where CPUs spend their time: stacks of the kernel, 99 samples a second. `profile.ts [seconds]` */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { chars, defineProgram, hash, i32, stackTrace, struct, u64 } from 'bpfkit';

const Sample = struct('Sample', { comm: chars(16), stack: i32 });

const profile = defineProgram({
  maps: { stacks: stackTrace(4096), samples: hash(Sample, u64) },
  probes: {
    'profile:hz:99'(k) {
      if (k.pid === 0) return; // idle
      k.samples.increment({ comm: k.comm(), stack: k.kernelStack(k.stacks) });
    },
  },
});

const seconds = Number(process.argv[2] ?? 10);
const loaded = await profile.load();
console.error(`Sampling for ${seconds} s.`);
await sleep(seconds * 1000);
const symbols = readFileSync('/proc/kallsyms', 'latin1')
  .split('\n')
  .map((line) => line.split(/\s/))
  .filter(([, type]) => type === 't' || type === 'T')
  .map(([address, , name]) => ({ address: BigInt(`0x${address}`), name }))
  .sort((a, b) => (a.address < b.address ? -1 : 1));
function nameOf(address: bigint): string {
  let [low, high] = [0, symbols.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((symbols[middle]?.address ?? 0n) <= address) low = middle + 1;
    else high = middle;
  }
  return symbols[low - 1]?.name ?? address.toString(16);
}
const sorted = [...loaded.samples].sort(([, a], [, b]) => Number(b - a));
for (const [{ comm, stack }, count] of sorted.slice(0, 10)) {
  console.log(`${count} samples of ${comm}${stack < 0 ? ' in user space' : ''}`);
  for (const address of (stack < 0 ? undefined : loaded.stacks.get(stack)) ?? []) {
    console.log(`        ${nameOf(address)}`);
  }
}
loaded.close();
