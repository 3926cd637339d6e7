/** Commands about this machine, its kernel objects and its shells. */
import type { CommandSpec } from '../command.ts';
import { json } from './options.ts';

export const machineCommands: readonly CommandSpec[] = [
  {
    name: 'doctor',
    group: 'This machine:',
    summary: 'show what works here, what does not, and the fix',
    options: [json],
    examples: [
      { line: 'bpfkit doctor', what: 'a table of checks' },
      { line: 'bpfkit doctor --json', what: 'for scripts: one check a line' },
    ],
    load: () => import('../commands/doctor.ts'),
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
    load: () => import('../commands/list.ts'),
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
    load: () => import('../commands/show.ts'),
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
    load: () => import('../commands/completion.ts'),
  },
  {
    name: '__guard',
    group: '',
    summary: 'takes away what a killed run would leave, for bpfkit run',
    hidden: true,
    rawWords: true,
    arguments: [{ name: 'words', description: 'what to look after', optional: true, variadic: true }],
    examples: [],
    load: () => import('../commands/guard.ts'),
  },
  {
    name: '__complete',
    group: '',
    summary: 'candidates for the last word, for completion scripts',
    hidden: true,
    rawWords: true,
    arguments: [{ name: 'words', description: 'the words after bpfkit', optional: true, variadic: true }],
    examples: [],
    load: () => import('../commands/complete.ts'),
  },
];
