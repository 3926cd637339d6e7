/** Kernel stacks begin where those of the classic tracepoint do, whatever hook serves it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadCollection } from '../../kernel/collection.ts';
import { attachTracing } from '../../kernel/link/tracing.ts';
import { runningKernel } from '../../script/running.ts';
import { lowerText } from './testing.ts';

const symbols = readFileSync('/proc/kallsyms', 'latin1')
  .split('\n')
  .map((line) => /^([0-9a-f]+) . (\S+)/.exec(line))
  .filter((match) => match !== null)
  .map((match) => ({ address: BigInt(`0x${match[1]}`), name: match[2]! }))
  .sort((a, b) => (a.address < b.address ? -1 : 1));

function symbolAt(address: bigint): string {
  let [low, high] = [0, symbols.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (symbols[middle]!.address <= address) low = middle;
    else high = middle;
  }
  return symbols[low]!.name;
}

/** The innermost frames of all stacks that a script gathers while something happens. */
async function innermost(text: string, happen: () => unknown): Promise<Set<string>> {
  const compiled = lowerText(text, runningKernel(), { ringBytes: 1 << 16 });
  const collection = loadCollection(compiled.spec);
  const link = attachTracing(collection.program(compiled.probes[0]!.program), { target: text });
  try {
    for (let i = 0; i < 20; i++) {
      happen();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  } finally {
    link.close();
  }
  const names = new Set<string>();
  const keys = collection.map('AT_') as unknown as Iterable<[Uint8Array, unknown]>;
  const stacks = collection.map('stacks_127') as unknown as { get(key: number): bigint[] | undefined };
  for (const [key] of keys) {
    const id = Buffer.from(key).readBigUInt64LE(0);
    const frames = id === 0n ? undefined : stacks.get(Number(id) - 1);
    if (frames?.[0]) names.add(symbolAt(frames[0]));
  }
  collection.close();
  return names;
}

test('of a tracepoint', async () => {
  const names = await innermost('tracepoint:sched:sched_switch { @[kstack] = count() }', () => undefined);
  // Some kernels go from __schedule straight into the program.
  assert.equal(names.size, 1);
  assert.match([...names][0]!, /^(__traceiter_sched_switch|__schedule)$/);
});

test('of a system call', async () => {
  const happen = () => process.ppid;
  const names = await innermost(
    `tracepoint:syscalls:sys_enter_getppid /pid == ${process.pid}/ { @[kstack] = count() }`,
    happen,
  );
  // With several tracers the kernel walks through a list of them first.
  assert.equal(names.size, 1);
  assert.match([...names][0]!, /^(__traceiter_sys_enter|syscall_trace_enter|do_syscall_64|trace_sys_enter)/);
});
