/** All commands of bpfkit, in the order of its help. */
import type { ArgumentSpec, CommandSpec, Example, OptionSpec } from './command.ts';
import { traceOptions } from './trace/options.ts';

const json: OptionSpec = { long: 'json', description: 'JSON lines with stable names and exact numbers' };

const plain: OptionSpec = { short: 'n', long: 'no-pretty', description: 'plain characters, no pictures' };

const format: OptionSpec = {
  short: 'f',
  long: 'format',
  value: 'fields',
  description: "fields to show, separated by ',' without spaces (e.g. 'tid,pid,reaper'); may repeat",
  repeats: true,
  completion: { kind: 'fieldList' },
};

const capture: OptionSpec = {
  short: 'c',
  long: 'capture',
  value: 'file',
  description:
    "look into a file that 'bpfkit dump' or bpftree wrote, not at this machine ('-': standard input)",
  completion: { kind: 'file' },
};

/** Options that bpftree takes before the command too; here every command that declares them does. */
export const leadingOptions: readonly OptionSpec[] = [plain, format, capture, json];

const secrets: OptionSpec = {
  long: 'show-secrets',
  description: "passwords, tokens and keys in command lines too, which are '***' otherwise",
};

const condition: readonly ArgumentSpec[] = [
  {
    name: 'field-name',
    description: "a field, by its long or short name ('bpfkit fields' lists them)",
    optional: true,
    completion: { kind: 'field' },
  },
  {
    name: 'field-value',
    description: 'the value to look for, exactly as it is shown',
    optional: true,
    completion: { kind: 'fieldValue' },
  },
];

const where: OptionSpec = {
  long: 'where',
  value: 'condition',
  description: `a condition, as in 'euid == "root" && comm ~ "ssh*" && rss > 100M', with or without FIELD VALUE`,
};

const views: readonly OptionSpec[] = [
  { long: 'processes', description: 'processes only: what a thread has started belongs to its process' },
  {
    long: 'threads',
    description: 'threads below the leader of their process; with --watch as lines: their starts and ends',
  },
];

const live: readonly OptionSpec[] = [
  {
    short: 'w',
    long: 'watch',
    description:
      'follow starts, execs and ends: a live tree on a terminal (q ends), lines of events elsewhere',
  },
];

const registryAccess: readonly OptionSpec[] = [
  { short: 'u', long: 'username', value: 'name', description: 'for the registry' },
  { short: 'p', long: 'password', value: 'text', description: 'for the registry' },
  { long: 'plain-http', description: 'ask the registry by http (default: only registries on this machine)' },
];

function taskCommand(
  name: 'tree' | 'info' | 'lineage',
  summary: string,
  details: string,
  examples: readonly Example[],
  load: CommandSpec['load'],
): CommandSpec {
  return {
    name,
    aliases: [name[0]!],
    group: 'Processes:',
    summary,
    details,
    arguments: condition,
    options: [where, format, capture, plain, json, secrets, ...views, ...(name === 'tree' ? live : [])],
    examples,
    load,
  };
}

export const commands: readonly CommandSpec[] = [
  taskCommand(
    'tree',
    'show the tasks below every task that matches',
    'Reads the tasks from inside the kernel, by a BPF iterator. [name] is a process, {name} another of its threads; ' +
      'a child hangs below the thread that is its real parent.',
    [
      { line: 'bpfkit tree pid 1', what: 'everything that runs' },
      { line: 'bpfkit t comm nginx -f pid,euid,cmdline', what: 'the trees of all nginx, with other fields' },
      { line: 'bpfkit tree pid 1 --processes', what: 'without threads' },
      { line: 'bpfkit tree reaper true --json', what: 'one JSON object a line' },
      { line: 'bpfkit tree pid 1 -c monday.cap', what: "the same of another time or machine, see 'dump'" },
      { line: 'bpfkit tree --watch', what: 'the whole machine, live' },
      { line: 'bpfkit tree comm sshd --watch --json', what: 'what happens below sshd, as JSON lines' },
    ],
    () => import('./commands/tree.ts'),
  ),
  taskCommand(
    'info',
    'show every task that matches, a line each',
    'A condition is exact: `comm ssh` does not match `sshd`.',
    [
      { line: 'bpfkit info comm sshd', what: 'all tasks with that name' },
      { line: 'bpfkit i euid 0 -f pid,comm,exepath', what: 'what runs as root, and from which file' },
      { line: 'bpfkit info loginuid -1', what: 'what nobody logged in for' },
      {
        line: `bpfkit info --where 'rss > 500M && state != "Z"' -f pid,rss,container`,
        what: 'what needs much memory, and in which container',
      },
      {
        line: 'bpfkit i pid 812 -f mm.total_vm,signal.rlim[7].rlim_cur',
        what: 'any field of the kernel, by path',
      },
    ],
    () => import('./commands/info.ts'),
  ),
  taskCommand(
    'lineage',
    'show every match and its parents upwards',
    'Follows the real parent, which a debugger cannot change, up to the first task.',
    [
      { line: 'bpfkit lineage pid 812', what: 'who started process 812' },
      { line: 'bpfkit l comm sleep -f pid,cmdline', what: 'the same for all sleeps, with command lines' },
    ],
    () => import('./commands/lineage.ts'),
  ),
  {
    name: 'files',
    aliases: ['fds'],
    group: 'Processes:',
    summary: 'show the open files of every task that matches',
    details:
      'Reads the descriptors from inside the kernel, by a BPF iterator. Threads share those of their process, unless ' +
      'they were made with a table of their own.',
    arguments: condition,
    options: [
      where,
      {
        short: 'l',
        long: 'long',
        description: 'type, open flags, position, size, device and socket too (JSON always has them)',
      },
      capture,
      plain,
      json,
      secrets,
      { ...format, description: 'not for files: a descriptor has one form, see --long and --json' },
    ],
    examples: [
      { line: 'bpfkit files pid 812', what: 'what process 812 has open' },
      { line: 'bpfkit fds comm sshd -l', what: 'with types, flags, and both ends of sockets' },
      { line: 'bpfkit files euid 0 --json', what: 'one JSON object for each descriptor' },
    ],
    load: () => import('./commands/files.ts'),
  },
  {
    name: 'dump',
    aliases: ['d'],
    group: 'Processes:',
    summary: 'save all tasks and all open files to a file',
    details:
      'The file holds every field of every task, command lines too, so only its owner may read it. Any machine reads ' +
      'it with -c, without privilege. Names of users are not in it: they are looked up where it is read. What looks ' +
      'like a secret in a command line is saved as *** unless --show-secrets is given.',
    arguments: [
      {
        name: 'output-file-name',
        description: "where to, replaced if it is there; '-' is standard output",
        completion: { kind: 'file' },
      },
    ],
    options: [
      {
        ...format,
        description:
          "fields of the kernel by path to save too (e.g. 'mm.total_vm'); those of the table always are",
      },
      plain,
      json,
      secrets,
    ],
    examples: [
      { line: 'bpfkit dump monday.cap', what: 'what runs now' },
      {
        line: 'bpfkit dump -f mm.total_vm,signal.rlim[7].rlim_cur m.cap',
        what: 'with fields of the kernel too',
      },
      { line: 'bpfkit tree pid 1 -c monday.cap', what: 'what ran then' },
      { line: 'ssh host bpfkit dump - | bpfkit files comm nginx -c -', what: 'of another machine' },
    ],
    load: () => import('./commands/dump.ts'),
  },
  {
    name: 'diff',
    group: 'Processes:',
    summary: 'compare two captures: who came, went, moved, executed',
    details:
      'A process is its boot, number and start time, so a number that was used again is another process. ' +
      'Lines begin with + (came), - (went), ^ (has another parent) or ! (executed something else). ' +
      'The exit code is 0 when nothing differs, 1 when something does, 2 when they could not be compared.',
    arguments: [
      { name: 'before', description: "a capture; '-' is standard input", completion: { kind: 'file' } },
      { name: 'after', description: 'a later one', completion: { kind: 'file' } },
    ],
    options: [plain, json, secrets],
    examples: [
      { line: 'bpfkit diff monday.cap tuesday.cap', what: 'what changed in between' },
      { line: 'bpfkit diff before after --json', what: 'one JSON object a change' },
    ],
    load: () => import('./commands/diff.ts'),
  },
  {
    name: 'fields',
    aliases: ['f'],
    group: 'Processes:',
    summary: 'list the fields for conditions and -f',
    options: [json, plain],
    examples: [{ line: 'bpfkit fields', what: 'the table, in Markdown' }],
    load: () => import('./commands/fields.ts'),
  },
  {
    name: 'build',
    group: 'C programs and packages:',
    summary: 'compile a .bpf.c into a package that runs anywhere',
    details:
      'Needs clang 15 or newer on this machine, and nothing else: types come from the kernel, headers from bpfkit. ' +
      'Structs of the header are the types of the events that the package shows.',
    arguments: [
      { name: 'source', description: 'the program: NAME.bpf.c', completion: { kind: 'file' } },
      {
        name: 'header',
        description: 'a header with the structs of its events',
        optional: true,
        completion: { kind: 'file' },
      },
    ],
    options: [
      {
        short: 'o',
        long: 'output-path',
        value: 'folder',
        description: 'where the files go (default: beside the source)',
        completion: { kind: 'file' },
      },
      {
        short: 'c',
        long: 'clang-bin',
        value: 'program',
        description: 'the clang to use (default: the newest in PATH)',
      },
      {
        short: 'a',
        long: 'cflag',
        value: 'flag',
        description: 'one more flag for clang; may repeat',
        repeats: true,
      },
      { short: 'n', long: 'no-package', description: 'write the object and its description, no package' },
      { long: 'wasm-header', description: 'also write ewasm-skel.h: the package as a C string' },
      json,
    ],
    examples: [
      { line: 'bpfkit build opensnoop.bpf.c', what: 'package.json beside the source' },
      { line: 'bpfkit build execsnoop.bpf.c execsnoop.h -o out', what: 'with typed events' },
    ],
    load: () => import('./commands/build.ts'),
  },
  {
    name: 'run',
    group: 'C programs and packages:',
    summary: 'run a package, a BPF object or a WebAssembly module',
    details:
      "What stands behind the package are the package's own options: one for each of its global variables, `--help` lists them. " +
      'Events come as columns or JSON lines; Ctrl-C ends and detaches.',
    rawWords: true,
    arguments: [
      {
        name: 'package',
        description: "package.json, NAME.bpf.o, NAME.wasm, a URL, a name in a registry, or '-'",
        optional: true,
        completion: { kind: 'file' },
      },
      { name: 'options', description: "the package's own", optional: true, variadic: true },
    ],
    options: [
      { short: 'j', long: 'json', description: 'events as JSON lines' },
      { long: 'trace-pipe', description: 'show what its programs say by bpf_printk' },
      {
        long: 'prog-type',
        value: 'type',
        description: 'json, object or wasm (default: what the file begins with)',
      },
      {
        long: 'interface',
        value: 'name',
        description: 'the network interface for xdp, tc, tcx and netkit programs',
      },
      { long: 'direction', value: 'way', description: 'ingress or egress, for tc programs' },
      { long: 'cgroup', value: 'folder', description: 'the control group for cgroup programs' },
      {
        long: 'target',
        value: 'place',
        description: 'the function or event for programs whose section names none',
      },
      {
        long: 'pid',
        value: 'pid',
        description: 'only this process, for uprobe, usdt and perf_event programs',
      },
      ...registryAccess,
    ],
    examples: [
      { line: 'bpfkit run package.json', what: 'load, attach, show events' },
      { line: 'bpfkit run package.json --help', what: 'the options of this package' },
      {
        line: 'bpfkit run --json package.json --pid_target 618',
        what: 'a global variable set, events as JSON',
      },
      { line: 'bpfkit run --interface eth0 filter.bpf.o', what: 'an object that clang made' },
    ],
    load: () => import('./commands/run.ts'),
  },
  {
    name: 'inspect',
    group: 'C programs and packages:',
    summary: 'show what a package asks for, without loading it',
    details: 'Programs and what they may do to others, capabilities, maps, options, and the digest.',
    arguments: [
      {
        name: 'package',
        description: 'as for run: a file, a URL, a name in a registry, or -',
        completion: { kind: 'file' },
      },
    ],
    options: [json, ...registryAccess],
    examples: [
      { line: 'bpfkit inspect package.json', what: 'a package that lies here' },
      { line: 'bpfkit inspect registry.example/team/opensnoop:1.0', what: 'one in a registry' },
    ],
    load: () => import('./commands/inspect.ts'),
  },
  {
    name: 'pull',
    group: 'C programs and packages:',
    summary: 'fetch a package from an OCI registry',
    details:
      'What comes is checked against the digest of the manifest, and against the one in the name if there is one.',
    arguments: [{ name: 'name', description: 'HOST[:PORT]/NAME[:TAG][@sha256:DIGEST]' }],
    options: [
      {
        short: 'o',
        long: 'output',
        value: 'file',
        description:
          'write to this file (default: the name that it was pushed with, if there is no such file)',
        completion: { kind: 'file' },
      },
      json,
      ...registryAccess,
    ],
    examples: [{ line: 'bpfkit pull registry.example/team/opensnoop:1.0', what: 'writes package.json' }],
    load: () => import('./commands/pull.ts'),
  },
  {
    name: 'push',
    group: 'C programs and packages:',
    summary: 'store a package in an OCI registry',
    arguments: [
      { name: 'file', description: 'package.json, NAME.bpf.o or NAME.wasm', completion: { kind: 'file' } },
      { name: 'name', description: 'HOST[:PORT]/NAME[:TAG]' },
    ],
    options: [
      {
        short: 'a',
        long: 'annotation',
        value: 'key=value',
        description: 'an annotation of the manifest; may repeat',
        repeats: true,
      },
      json,
      ...registryAccess,
    ],
    examples: [
      { line: 'bpfkit push package.json registry.example/team/opensnoop:1.0', what: 'prints its digest' },
    ],
    load: () => import('./commands/push.ts'),
  },
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
    load: () => import('./commands/trace.ts'),
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
    load: () => import('./commands/types.ts'),
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
    load: () => import('./commands/gen.ts'),
  },
  {
    name: 'doctor',
    group: 'This machine:',
    summary: 'show what works here, what does not, and the fix',
    options: [json],
    examples: [
      { line: 'bpfkit doctor', what: 'a table of checks' },
      { line: 'bpfkit doctor --json', what: 'for scripts: one check a line' },
    ],
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'list',
    aliases: ['ls'],
    group: 'This machine:',
    summary: 'list the BPF programs, maps, links or types that are loaded',
    details:
      'Whatever loaded them: names, sizes, statistics, the paths that they are pinned at and the processes that hold ' +
      'them. RUNS and NS count while kernel.bpf_stats_enabled is 1.',
    arguments: [
      {
        name: 'kind',
        description: 'programs, maps, links, btf; or what hooks hold: network (of this namespace), cgroups',
        completion: { kind: 'words', words: ['programs', 'maps', 'links', 'btf', 'network', 'cgroups'] },
      },
    ],
    options: [json],
    examples: [
      { line: 'bpfkit list programs', what: 'what runs in the kernel, and who holds it' },
      { line: 'bpfkit list network', what: 'XDP, tc, tcx and netkit programs of every interface' },
      { line: 'bpfkit list links --json', what: 'where everything is attached, one JSON object a line' },
    ],
    load: () => import('./commands/list.ts'),
  },
  {
    name: 'show',
    group: 'This machine:',
    summary: 'show one BPF program, map, link or type object, and what is in it',
    details:
      'An object is named by its id, its name, a program by its tag too, or by the path that it is pinned at. ' +
      "(What bpftool calls dump is --code, --entries and --types here: 'bpfkit dump' saves processes.)",
    arguments: [
      {
        name: 'kind',
        description: 'program, map, link or btf',
        completion: { kind: 'words', words: ['program', 'map', 'link', 'btf'] },
      },
      { name: 'which', description: 'an id, a name, or [pinned] PATH', variadic: true },
    ],
    options: [
      { long: 'code', description: 'the instructions of a program, with names of maps and source lines' },
      { long: 'machine', description: 'the machine code of a program' },
      { long: 'entries', description: 'the entries of a map, by their types' },
      { long: 'types', description: 'the types of a BTF object' },
      json,
    ],
    examples: [
      { line: 'bpfkit show program 12', what: 'all that the kernel knows about it' },
      { line: 'bpfkit show program handle_exec --code', what: 'its instructions after the verifier' },
      { line: 'bpfkit show map counts --entries', what: 'keys and values, typed' },
      { line: 'bpfkit show link pinned /sys/fs/bpf/guard', what: 'what a pinned link is attached to' },
    ],
    load: () => import('./commands/show.ts'),
  },
  {
    name: 'completion',
    group: 'This machine:',
    summary: 'print the completion script of a shell',
    details: 'Commands, options, fields, process numbers and names are completed while you type.',
    arguments: [
      {
        name: 'shell',
        description: 'bash, zsh or fish',
        completion: { kind: 'words', words: ['bash', 'zsh', 'fish'] },
      },
    ],
    examples: [
      { line: 'source <(bpfkit completion bash)', what: 'for this bash' },
      {
        line: 'bpfkit completion zsh > "$' + '{fpath[1]}/_bpfkit"',
        what: 'for every zsh from now on',
      },
      {
        line: 'bpfkit completion fish > ~/.config/fish/completions/bpfkit.fish',
        what: 'for every fish from now on',
      },
    ],
    load: () => import('./commands/completion.ts'),
  },
  {
    name: '__complete',
    group: '',
    summary: 'candidates for the last word, for completion scripts',
    hidden: true,
    rawWords: true,
    arguments: [{ name: 'words', description: 'the words after bpfkit', optional: true, variadic: true }],
    examples: [],
    load: () => import('./commands/complete.ts'),
  },
];

/** A command by its name or an alias. */
export function findCommand(name: string): CommandSpec | undefined {
  return commands.find((spec) => spec.name === name || (spec.aliases ?? []).includes(name));
}
