/** What the manual and editors say about each provider. */
import type { Provider } from './resolved.ts';

export interface ProviderManual {
  /** How its attach points are written. */
  readonly forms: readonly string[];
  /** What it is, in a sentence. */
  readonly text: string;
  /** What its bodies can use besides the other built-ins. */
  readonly data: string;
  /** The first kernel that has what it needs. */
  readonly since: string;
  readonly example: string;
}

export const providerManual: Readonly<Record<Provider, ProviderManual>> = {
  begin: {
    forms: ['begin'],
    text: 'Runs once, before anything else is attached.',
    data: '',
    since: '5.10',
    example: 'begin { printf("hello\\n") }',
  },
  end: {
    forms: ['end'],
    text: 'Runs once, when everything is detached and before the maps are printed.',
    data: '',
    since: '5.10',
    example: 'end { clear(@start) }',
  },
  self: {
    forms: ['self:signal:SIGUSR1'],
    text: 'Runs when bpfkit gets the signal.',
    data: '',
    since: '5.10',
    example: 'self:signal:SIGUSR1 { print(@); clear(@) }',
  },
  test: {
    forms: ['test:NAME'],
    text: 'A test, run with `--test`: it passes where it returns 0.',
    data: '',
    since: '5.10',
    example: 'test:sum { return (1 + 1) != 2 }',
  },
  bench: {
    forms: ['bench:NAME'],
    text: 'A measurement, run with `--bench`.',
    data: '',
    since: '5.10',
    example: 'bench:count { @ = count() }',
  },
  kprobe: {
    forms: ['kprobe:[MODULE:]FUNCTION[+OFFSET]'],
    text: 'The entry of a function of the kernel, or an instruction in it; an address with `--unsafe`.',
    data: '`arg0`, `arg1`, …, `func`, `reg()`',
    since: '4.1',
    example: 'kprobe:vfs_read { @[comm] = count() }',
  },
  kretprobe: {
    forms: ['kretprobe:[MODULE:]FUNCTION'],
    text: 'The return of a function of the kernel.',
    data: '`retval`, `func`',
    since: '4.1',
    example: 'kretprobe:vfs_read { @bytes = hist(retval) }',
  },
  fentry: {
    forms: ['fentry:[MODULE:]FUNCTION', 'fentry:bpf[:ID]:PROGRAM'],
    text: 'The entry of a function of the kernel, or of a BPF program, with its parameters by name.',
    data: '`args` of BTF, `func`',
    since: '5.5',
    example: 'fentry:vfs_read { @[str(args.file.f_path.dentry.d_name.name)] = count() }',
  },
  fexit: {
    forms: ['fexit:[MODULE:]FUNCTION', 'fexit:bpf[:ID]:PROGRAM'],
    text: 'The return of a function of the kernel, or of a BPF program, with its parameters and what it returns.',
    data: '`args` and `retval` of BTF, `func`',
    since: '5.5',
    example: 'fexit:vfs_read { @[args.count] = sum(retval) }',
  },
  tracepoint: {
    forms: ['tracepoint:CATEGORY:EVENT'],
    text: 'An event that the kernel announces, with fields that have names.',
    data: '`args`: the fields that `-lv` shows',
    since: '4.7',
    example: 'tracepoint:sched:sched_process_exec { printf("%s\\n", str(args.filename)) }',
  },
  rawtracepoint: {
    forms: ['rawtracepoint:[MODULE:]EVENT'],
    text: 'The same events, with what the kernel passes instead of the fields that it makes of it.',
    data: '`args` of BTF, `arg0`, `arg1`, …',
    since: '5.5',
    example: 'rawtracepoint:sched_switch { @[args.next.comm] = count() }',
  },
  uprobe: {
    forms: [
      'uprobe:PROGRAM:FUNCTION[+OFFSET]',
      'uprobe:PROGRAM:ADDRESS',
      'uprobe:PROGRAM@FILE:LINE[:COLUMN]',
    ],
    text: 'The entry of a function of a program or library, an instruction in it, or the instructions of a source line.',
    data: '`args` of debug information, `arg0`, `arg1`, …, `func`, `reg()`, `uaddr()`',
    since: '4.1',
    example: 'uprobe:/bin/bash:readline { @ = count() }',
  },
  uretprobe: {
    forms: ['uretprobe:PROGRAM:FUNCTION'],
    text: 'The return of a function of a program or library.',
    data: '`retval`, `func`, `uaddr()`',
    since: '4.1',
    example: 'uretprobe:/bin/bash:readline { printf("%s\\n", str(retval)) }',
  },
  usdt: {
    forms: ['usdt:PROGRAM:[PROVIDER:]NAME'],
    text: 'A probe that the authors of a program have put into it.',
    data: '`arg0`, `arg1`, …, `uaddr()`',
    since: '4.1',
    example: 'usdt:libc:memory_sbrk_more { @ = count() }',
  },
  profile: {
    forms: ['profile:hz:COUNT', 'profile:s|ms|us:COUNT', 'profile:1s'],
    text: 'Ticks on every CPU: what is running?',
    data: '`kstack`, `ustack`, `reg()`, `usermode`',
    since: '4.9',
    example: 'profile:hz:99 { @[kstack] = count() }',
  },
  interval: {
    forms: ['interval:s|ms|us|hz:COUNT', 'interval:1s'],
    text: 'Ticks on one CPU: output at intervals.',
    data: '`reg()`, `usermode`',
    since: '4.9',
    example: 'interval:s:1 { print(@); clear(@) }',
  },
  software: {
    forms: ['software:EVENT:[COUNT]'],
    text: 'An event that the kernel counts, every COUNT times.',
    data: '`kstack`, `ustack`, `reg()`, `usermode`',
    since: '4.9',
    example: 'software:page-faults:100 { @[comm] = count() }',
  },
  hardware: {
    forms: ['hardware:EVENT:[COUNT]'],
    text: 'An event that the CPU counts, every COUNT times; most virtual machines have none.',
    data: '`kstack`, `ustack`, `reg()`, `usermode`',
    since: '4.9',
    example: 'hardware:cache-misses:1000000 { @[comm] = count() }',
  },
  watchpoint: {
    forms: ['watchpoint:ADDRESS:LENGTH:MODE'],
    text: 'Memory is read or written: 1, 2, 4 or 8 bytes; `w`, `rw` or `x`.',
    data: '`reg()`, `usermode`',
    since: '4.9',
    example: 'watchpoint:0x10000000:8:rw { printf("hit\\n"); exit() }',
  },
  iter: {
    forms: ['iter:KIND[:PIN]'],
    text: 'Walks over all objects of a kind, once; alone in its script.',
    data: '`ctx`: what the iterator is at',
    since: '5.8',
    example: 'iter:task { printf("%d %s\\n", ctx.task.pid, ctx.task.comm) }',
  },
};
