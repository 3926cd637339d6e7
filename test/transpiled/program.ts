/**
 * A program with every form of function and most of the syntax, which tools will translate. It takes the library as
 * an argument, so that its translations run anywhere.
 */
import type * as bpfkit from '../../src/index.ts';
import type { Program } from '../../src/script/types/define.ts';

const bySize = (lib: typeof bpfkit): Program<object, object, string> => {
  const Key = lib.struct('Key', { pid: lib.u32, comm: lib.chars(16) });
  const Event = lib.struct('Event', {
    pid: lib.u32,
    kind: lib.u8,
    words: lib.array(lib.u32, 4),
    name: lib.chars(16),
  });
  const program = lib.defineProgram({
    params: { least: lib.u64(1_000), verbose: lib.bool(true) },
    maps: {
      started: lib.hash(lib.u32, lib.u64),
      totals: lib.hash(Key, lib.u64),
      sizes: lib.log2Histogram(),
      events: lib.ringbuf(Event),
    },
    functions: {
      /** Odd numbers are negative. */
      fold(_k, value: number, bits: number): number {
        if (value & 1) return -(value >> bits);
        return value / 2;
      },
      twice: (k, value) => (k.verbose ? value * 2 : value),
    },
    probes: {
      // a method
      'tracepoint:syscalls:sys_enter_read'(k) {
        const { pid, tid } = k;
        if (pid !== tid || k.args.count === 0xffff_ffff) return; // a comment
        let sum: number = 0;
        for (let i = 0; i < 4; i++) {
          if (i === 2) continue;
          sum += (k.task as unknown as { cpus: number[] }).cpus[i]! as number;
        }
        k.started.set(k.tid, k.ktime() + sum);
        k.totals.increment({ pid, comm: k.comm() }, k.args.count);
      },
      // an arrow function
      'tracepoint:syscalls:sys_exit_read': (k) => {
        const since = k.started.get(k.tid)?.value ?? 0;
        if (!since) return;
        k.started.delete(k.tid);
        const took: number = k.ktime() - since;
        if (took >= k.least) k.sizes.record(k.twice(took));
        const text = k.comm() === `node` || k.comm() === 'sh';
        const e = k.events.reserve();
        if (!e) return;
        e.pid = k.pid;
        e.kind = text ? 1 : 2;
        let n = 0;
        while (n < 4 && k.args.ret > n) {
          e.words[n] = k.fold(k.args.ret, n);
          n += 1;
        }
        e.name = k.task.comm;
        switch (e.kind) {
          case 1:
            e.discard();
            break;
          default:
            e.submit();
        }
      },
      // a function expression
      'rawtracepoint:sched_switch': (k) => {
        for (const i of k.range(2)) k.sizes.record(k.args.prev.pid + i);
        if (!k.verbose) k.print('never compiled %d', k.args.next.pid);
        if (k.const(0xffff_ffff_8100_0000n) < k.addressOf(k.args.next)) k.sizes.record(1);
      },
    },
  });
  return program as unknown as Program<object, object, string>;
};

export default bySize;
