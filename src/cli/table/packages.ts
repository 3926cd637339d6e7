/** Commands about C programs and packages. */
import type { CommandSpec, OptionSpec } from '../command.ts';
import { json } from './options.ts';

const registryAccess: readonly OptionSpec[] = [
  { short: 'u', long: 'username', value: 'name', description: 'for the registry' },
  { short: 'p', long: 'password', value: 'text', description: 'for the registry' },
  { long: 'plain-http', description: 'ask the registry by http (default: only registries on this machine)' },
];

export const packageCommands: readonly CommandSpec[] = [
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
    load: () => import('../commands/build.ts'),
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
    load: () => import('../commands/run.ts'),
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
    load: () => import('../commands/inspect.ts'),
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
    load: () => import('../commands/pull.ts'),
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
    load: () => import('../commands/push.ts'),
  },
];
