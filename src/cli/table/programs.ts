/** Commands about what runs in the kernel: scripts of the tracing language, and what kernel programs are written with. */
import type { CommandSpec } from '../command.ts';
import { traceOptions } from '../trace/options.ts';

export const programCommands: readonly CommandSpec[] = [
  {
    name: 'trace',
    group: 'Tracing:',
    summary: "run a script of bpftrace's language, without LLVM",
    details:
      'Probes in the kernel and in programs, and what to do when they are hit. All of bpftrace 0.26, with its options ' +
      'and exit codes. Parameters are $1, $2, …; words behind -- are named parameters. A file that begins with ' +
      "'#!/usr/bin/env -S bpfkit trace' is a command of its own. Settings of a config block can be given as " +
      'BPFTRACE_NAME in the environment.',
    rawWords: true,
    ownOptions: true,
    arguments: [
      {
        name: 'script',
        description: "a file ('-': standard input), where there is no -e; then its parameters",
        optional: true,
        variadic: true,
        completion: { kind: 'file' },
      },
    ],
    options: traceOptions.filter(({ explained }) => explained === undefined),
    examples: [
      {
        line: `bpfkit trace -e 'tracepoint:syscalls:sys_enter_openat { printf("%s %s\\n", comm, str(args.filename)) }'`,
        what: 'which files are opened, and by whom',
      },
      {
        line: "bpfkit trace -e 'tracepoint:raw_syscalls:sys_enter { @[comm] = count() }'",
        what: 'who makes system calls; Ctrl-C prints the counts',
      },
      {
        line: "bpfkit trace -e 'tracepoint:syscalls:sys_exit_read /args.ret > 0/ { @bytes = hist(args.ret) }'",
        what: 'sizes of reads, as a histogram',
      },
      {
        line: "bpfkit trace -e 'profile:hz:99 { @[kstack] = count() }'",
        what: 'where the kernel spends its time',
      },
      {
        line: "bpfkit trace -c 'ls /tmp' -e 'tracepoint:syscalls:sys_enter_* /pid == cpid/ { @[probe] = count() }'",
        what: 'the system calls of one command',
      },
      { line: "bpfkit trace -l 'tracepoint:sched:*'", what: 'what can be traced; -lv shows arguments too' },
      { line: 'bpfkit trace script.bt 812 -- --name=value', what: 'a script with parameters' },
    ],
    load: () => import('../commands/trace.ts'),
  },
  {
    name: 'types',
    group: 'Kernel programs:',
    summary: "write the kernel's types as TypeScript",
    details:
      'With the file in your project an editor completes and checks every field of every kernel struct.',
    arguments: [
      {
        name: 'type',
        description: 'only these types and what they reach (default: all)',
        optional: true,
        variadic: true,
      },
    ],
    options: [
      {
        short: 'o',
        long: 'output',
        value: 'file',
        description: 'write to this file (default: standard output)',
        completion: { kind: 'file' },
      },
    ],
    examples: [
      { line: 'bpfkit types -o vmlinux.d.ts', what: 'the whole kernel' },
      { line: 'bpfkit types task_struct', what: 'one struct and what it reaches' },
    ],
    load: () => import('../commands/types.ts'),
  },
  {
    name: 'gen',
    group: 'Kernel programs:',
    summary: 'write the types of a compiled C object as TypeScript',
    details:
      'Maps with their keys and values, programs, variables and events, for loadObject. With --min-btf instead: the ' +
      "part of a kernel's types that objects need, for kernels that come without any.",
    arguments: [
      {
        name: 'object',
        description: 'what clang -target bpf -g made; several only with --min-btf',
        variadic: true,
        completion: { kind: 'file' },
      },
    ],
    options: [
      {
        short: 'o',
        long: 'output',
        value: 'file',
        description: 'write to this file (default: standard output)',
        completion: { kind: 'file' },
      },
      { long: 'name', value: 'name', description: "the interface's name (default: made from the file's)" },
      { long: 'min-btf', description: 'write BTF, cut down to what the objects ask for' },
      {
        long: 'btf',
        value: 'file',
        description: 'with --min-btf: the BTF to cut down (default: that of this kernel)',
        completion: { kind: 'file' },
      },
    ],
    examples: [
      {
        line: 'bpfkit gen opensnoop.bpf.o -o opensnoop.d.ts',
        what: 'then: loadObject<OpensnoopObject>(...)',
      },
      {
        line: 'bpfkit gen --min-btf --btf 5.4.0-91.btf -o 5.4.btf opensnoop.bpf.o',
        what: 'types of another kernel, a few kilobytes',
      },
    ],
    load: () => import('../commands/gen.ts'),
  },
];
