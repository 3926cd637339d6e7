/** The options of `bpfkit trace`: bpftrace's, and long names where it has none. */
import type { OptionSpec } from '../command.ts';

export interface TraceOption extends OptionSpec {
  /** Not in the help: accepted, with the reason why it does nothing. */
  readonly explained?: string;
}

export const debugStages = [
  'all',
  'ast',
  'types',
  'ir',
  'asm',
  'verifier',
  'parse',
  'codegen',
  'codegen-opt',
  'dis',
  'libbpf',
] as const;
export type DebugStage = (typeof debugStages)[number];

const noCompiler = 'bpfkit compiles without LLVM';

export const traceOptions: readonly TraceOption[] = [
  { short: 'e', long: 'eval', value: 'program', description: 'run this program' },
  {
    short: 'l',
    long: 'list',
    description: 'list what can be probed: everything, what matches a pattern, or what a script would probe',
  },
  { short: 'p', long: 'pid', value: 'pid', description: 'only what this process does; ends with it' },
  {
    short: 'c',
    long: 'cmd',
    value: 'command',
    description: 'run this command while tracing; probes in programs and samples are its own; ends with it',
  },
  { short: 'o', long: 'output', value: 'file', description: 'write the output to this file' },
  { short: 'f', long: 'format', value: 'format', description: "'text' or 'json' (default: text)" },
  {
    short: 'B',
    long: 'buffering',
    value: 'mode',
    description: "when output is written: 'line', 'full' or 'none'",
  },
  { short: 'q', long: 'quiet', description: 'nothing but the output of the script' },
  { short: 'v', long: 'verbose', description: 'say what is attached; with -l: arguments too' },
  { short: 'k', long: 'warnings', description: 'warn when a helper fails, for instance at a bad address' },
  { long: 'no-warnings', description: 'no warnings' },
  { long: 'unsafe', description: 'allow system(), signal(), write_user(), override()' },
  { long: 'dry-run', description: 'attach everything, then leave' },
  {
    short: 'd',
    long: 'debug',
    value: 'stage',
    description: `print a stage: ${debugStages.slice(0, 6).join(', ')}`,
  },
  { long: 'test', description: 'run the test probes of the script' },
  { long: 'bench', description: 'measure the bench probes of the script' },
  { long: 'fmt', description: 'print the script in its usual form' },
  { long: 'lsp', description: 'speak the Language Server Protocol with an editor' },
  { long: 'probe-filter', value: 'regex', description: 'only probes that match' },
  { long: 'info', description: 'what this kernel can do' },
  { short: 'I', long: 'include-dir', value: 'dir', description: 'look for headers in this directory too' },
  { long: 'include', value: 'file', description: 'read this header first' },
  {
    long: 'usdt-file-activation',
    description: 'activate USDT semaphores by the file',
    explained: 'the kernel does it',
  },
  { long: 'traceable-functions', value: 'file', description: 'functions that can be probed, a line each' },
  {
    long: 'no-feature',
    value: 'list',
    description: 'do without: kprobe_multi, kprobe_session, uprobe_multi',
  },
  { long: 'mode', value: 'mode', description: "'test', 'bench', 'format', or 'codegen': only compile" },
  {
    long: 'emit-elf',
    value: 'file',
    description: 'write the programs as an object for libbpf and bpftool; nothing is run',
  },
  { long: 'emit-llvm', value: 'file', description: '', explained: `${noCompiler}: see -d ir` },
  { long: 'verify-llvm-ir', description: '', explained: noCompiler },
  { long: 'debuginfo', value: 'dirs', description: 'directories with debug information' },
  {
    long: 'dwarf-pid',
    value: 'pid',
    description: 'dw_ustack walks stacks of this process too; may be repeated',
  },
  {
    long: 'aot',
    value: 'file',
    description: '',
    explained: `${noCompiler}, in milliseconds, on every machine`,
  },
  { short: 'b', long: 'btf', description: '', explained: 'BTF is always used' },
  { short: 'h', long: 'help', description: 'show this help' },
  { short: 'V', long: 'version', description: 'show the version' },
];
