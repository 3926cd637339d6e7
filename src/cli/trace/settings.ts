/** What a call of `bpfkit trace` wants, out of its words: section 2.10 of the language. */
import { type DebugStage, debugStages } from './options.ts';
import { parseWords, TraceUsageError, type TraceWords } from './words.ts';

export interface TraceSettings {
  readonly action:
    | 'run'
    | 'compile'
    | 'list'
    | 'help'
    | 'version'
    | 'info'
    | 'format'
    | 'lsp'
    | 'test'
    | 'bench';
  readonly given: TraceWords;
  /** `-e` */
  readonly program: string | undefined;
  readonly pid: number | undefined;
  readonly command: string | undefined;
  /** `--dwarf-pid`: whose stacks `dw_ustack` walks, besides those of `-p` and `-c`. */
  readonly unwoundPids: readonly number[];
  readonly output: string | undefined;
  readonly json: boolean;
  readonly buffering: 'line' | 'full' | 'none';
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly helperWarnings: boolean;
  readonly noWarnings: boolean;
  readonly unsafe: boolean;
  readonly dryRun: boolean;
  /** `--emit-elf`: where the object goes; nothing is run then. */
  readonly object: string | undefined;
  readonly stages: ReadonlySet<DebugStage>;
  readonly probeFilter: string | undefined;
  readonly includePaths: readonly string[];
  readonly includeFiles: readonly string[];
  readonly without: ReadonlySet<string>;
  readonly traceableFunctions: string | undefined;
  /** Where files with debug information are. */
  readonly debugDirectories: readonly string[] | undefined;
}

/** Throws TraceUsageError. */
export function settingsOf(words: readonly string[]): TraceSettings {
  const given = parseWords(words);
  const { options } = given;
  const last = (name: string): string | undefined => options.get(name)?.at(-1);
  if (options.has('cmd') && options.has('pid'))
    throw new TraceUsageError('USAGE: Cannot use both -c and -p.');
  if (options.has('warnings') && options.has('no-warnings')) {
    throw new TraceUsageError('USAGE: -k, --warnings conflicts with --no-warnings');
  }
  pidOf(last('dwarf-pid'));
  return {
    action: actionOf(given),
    given,
    program: last('eval'),
    pid: pidOf(last('pid')),
    command: last('cmd'),
    unwoundPids: (options.get('dwarf-pid') ?? []).map((text) => pidOf(text)!),
    output: last('output'),
    json: isJson(last('format')),
    buffering: bufferingOf(last('buffering')),
    quiet: options.has('quiet'),
    verbose: options.has('verbose'),
    helperWarnings: options.has('warnings'),
    noWarnings: options.has('no-warnings'),
    unsafe: options.has('unsafe'),
    dryRun: options.has('dry-run'),
    object: last('emit-elf'),
    stages: stagesOf(options.get('debug') ?? []),
    probeFilter: last('probe-filter'),
    includePaths: options.get('include-dir') ?? [],
    includeFiles: options.get('include') ?? [],
    without: featuresOf(last('no-feature')),
    traceableFunctions: last('traceable-functions'),
    debugDirectories: last('debuginfo')?.split(':'),
  };
}

function actionOf({ options }: TraceWords): TraceSettings['action'] {
  if (options.has('help')) return 'help';
  if (options.has('version')) return 'version';
  if (options.has('info')) return 'info';
  if (options.has('list')) return 'list';
  if (options.has('fmt')) return 'format';
  if (options.has('lsp')) return 'lsp';
  if (options.has('test')) return 'test';
  if (options.has('bench')) return 'bench';
  const mode = options.get('mode')?.at(-1);
  switch (mode) {
    case undefined:
      return 'run';
    // Checks and compiles. How long each phase takes is nothing that bpfkit measures.
    case 'codegen':
    case 'compiler-bench':
      return 'compile';
    case 'format':
    case 'test':
    case 'bench':
      return mode;
    default:
      throw new TraceUsageError(
        "USAGE: --mode can only be 'codegen', 'compiler-bench', 'bench', 'test' or 'format'.",
      );
  }
}

/** Processes have numbers up to here: PID_MAX_LIMIT of the kernel. */
const largestPid = 0x400000;

function pidOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^(?:0[xX][0-9a-fA-F]+|\d+)$/.test(text)) {
    throw new TraceUsageError(`Failed to parse pid: invalid integer: ${text}`);
  }
  const pid = Number(text);
  if (pid < 1 || pid > largestPid) throw new TraceUsageError(`Pid out of range: ${text}`);
  return pid;
}

const features = ['kprobe_multi', 'kprobe_session', 'uprobe_multi'];

function featuresOf(list: string | undefined): ReadonlySet<string> {
  const given = (list ?? '').split(',').filter((name) => name !== '');
  if (given.some((name) => !features.includes(name))) {
    throw new TraceUsageError(`USAGE: --no-feature can only have values '${features.join(',')}'.`);
  }
  return new Set(given);
}

function isJson(format: string | undefined): boolean {
  if (format === undefined || format === '' || format === 'text') return false;
  if (format === 'json') return true;
  throw new TraceUsageError(`Invalid output format "${format}"\nValid formats: 'text', 'json'`);
}

function bufferingOf(mode: string | undefined): TraceSettings['buffering'] {
  if (mode === undefined || mode === 'line') return 'line';
  if (mode === 'full' || mode === 'none') return mode;
  throw new TraceUsageError("USAGE: -B must be either 'line', 'full', or 'none'.");
}

function stagesOf(given: readonly string[]): ReadonlySet<DebugStage> {
  const stages = new Set<DebugStage>();
  for (const text of given.flatMap((list) => list.split(','))) {
    const stage = debugStages.find((one) => one === text);
    if (stage === undefined) {
      throw new TraceUsageError(`USAGE: invalid option for -d: ${text}\nStages: ${debugStages.join(', ')}`);
    }
    if (stage === 'all') for (const one of debugStages) stages.add(one);
    stages.add(stage);
  }
  return stages;
}
