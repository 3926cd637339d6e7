/** Commands about the processes of a machine. */
import type { ArgumentSpec, CommandSpec, Example, OptionSpec } from '../command.ts';
import { capture, format, json, plain } from './options.ts';

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

export const processCommands: readonly CommandSpec[] = [
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
    () => import('../commands/tree.ts'),
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
    () => import('../commands/info.ts'),
  ),
  taskCommand(
    'lineage',
    'show every match and its parents upwards',
    'Follows the real parent, which a debugger cannot change, up to the first task.',
    [
      { line: 'bpfkit lineage pid 812', what: 'who started process 812' },
      { line: 'bpfkit l comm sleep -f pid,cmdline', what: 'the same for all sleeps, with command lines' },
    ],
    () => import('../commands/lineage.ts'),
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
    load: () => import('../commands/files.ts'),
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
    load: () => import('../commands/dump.ts'),
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
    load: () => import('../commands/diff.ts'),
  },
  {
    name: 'fields',
    aliases: ['f'],
    group: 'Processes:',
    summary: 'list the fields for conditions and -f',
    options: [json, plain],
    examples: [{ line: 'bpfkit fields', what: 'the table, in Markdown' }],
    load: () => import('../commands/fields.ts'),
  },
];
