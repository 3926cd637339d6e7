/**
 * Features by name: what a front end asks before it chooses its way, and what `doctor` lists.
 *
 * Each has the release that brought it, for messages only, and a probe. A test compares both on the
 * running kernel: a "no" on a kernel that is new enough must be one of those known to be switched off.
 */
import { atomic, exit, mov64Imm, movsx64, storeImm } from '../../asm/build.ts';
import { MapFlag } from '../map/kind.ts';
import { findMount } from '../mounts.ts';
import { AttachType, MapType, ProgramType } from '../spec.ts';
import {
  attaches,
  batches,
  countdown,
  hasKernelTypes,
  iterates,
  loads,
  lsm,
  multiProbes,
  perfLinks,
  probes,
  testFunction,
  withMap,
} from './effects.ts';
import { type Finding, no, probeHelper, probeMapType, probeProgramType, yes } from './probe.ts';
import { olderThan, runningVersion } from './release.ts';

export type FeatureName =
  | 'kernelTypes'
  | 'ringBuffer'
  | 'userRingBuffer'
  | 'mmapableArray'
  | 'batches'
  | 'boundedLoops'
  | 'loopHelper'
  | 'atomics'
  | 'instructionSet4'
  | 'tracepoint'
  | 'rawTracepoint'
  | 'typedTracepoint'
  | 'kprobe'
  | 'uprobe'
  | 'kprobeMulti'
  | 'kprobeSession'
  | 'uprobeMulti'
  | 'fentry'
  | 'lsm'
  | 'iterator'
  | 'sleepableIterator'
  | 'perfLink'
  | 'memoryAccounting'
  | 'cgroup2';

interface Feature {
  /** With an article or plural, for "this kernel has no ...". */
  readonly title: string;
  readonly since: string;
  /** The build or boot option that switches it, where there is one. */
  readonly option?: string;
  readonly probe: () => Finding;
}

const features: Readonly<Record<FeatureName, Feature>> = {
  kernelTypes: {
    title: 'type information (BTF)',
    since: '5.4',
    option: 'CONFIG_DEBUG_INFO_BTF',
    probe: () => (hasKernelTypes() ? yes : no),
  },
  ringBuffer: { title: 'ring buffer maps', since: '5.8', probe: () => probeMapType(MapType.ringBuffer) },
  userRingBuffer: {
    title: 'user ring buffer maps',
    since: '6.1',
    probe: () => probeMapType(MapType.userRingBuffer),
  },
  mmapableArray: {
    title: 'arrays that can be mapped into memory',
    since: '5.5',
    probe: () => withMap(MapType.array, MapFlag.mmapable),
  },
  batches: { title: 'batch operations on maps', since: '5.6', probe: batches },
  boundedLoops: { title: 'loops', since: '5.3', probe: () => loads(countdown) },
  loopHelper: { title: 'the helper bpf_loop', since: '5.17', probe: () => probeHelper(181) },
  atomics: {
    title: 'atomic operations that return the old value',
    since: '5.12',
    probe: () =>
      loads([
        storeImm(8, 10, -8, 0),
        mov64Imm(1, 1),
        atomic('fetchAdd', 8, 10, -8, 1),
        mov64Imm(0, 0),
        exit(),
      ]),
  },
  instructionSet4: {
    title: 'sign-extending moves (instruction set 4)',
    since: '6.6',
    probe: () => loads([mov64Imm(1, 1), movsx64(0, 1, 32), exit()]),
  },
  tracepoint: {
    title: 'programs on tracepoints',
    since: '4.7',
    option: 'CONFIG_BPF_EVENTS',
    probe: () => probeProgramType(ProgramType.tracepoint),
  },
  rawTracepoint: {
    title: 'programs on raw tracepoints',
    since: '4.17',
    option: 'CONFIG_BPF_EVENTS',
    probe: () => probeProgramType(ProgramType.rawTracepoint),
  },
  typedTracepoint: {
    title: 'typed tracepoints (tp_btf)',
    since: '5.5',
    probe: () =>
      attaches({
        attachType: AttachType.traceRawTp,
        target: { kind: 'rawTracepoint', name: 'sched_process_exec' },
      }),
  },
  kprobe: { title: 'kprobes', since: '4.1', option: 'CONFIG_KPROBES', probe: () => probes('kprobe') },
  uprobe: { title: 'uprobes', since: '4.1', option: 'CONFIG_UPROBES', probe: () => probes('uprobe') },
  kprobeMulti: {
    title: 'probes on many functions at once (kprobe.multi)',
    since: '5.18',
    option: 'CONFIG_FPROBE',
    probe: () => multiProbes('kprobe'),
  },
  kprobeSession: {
    title: 'programs at entry and return of functions (kprobe.session)',
    since: '6.10',
    option: 'CONFIG_FPROBE',
    probe: () => multiProbes('session'),
  },
  uprobeMulti: {
    title: 'probes on many places of a file at once (uprobe.multi)',
    since: '6.6',
    probe: () => multiProbes('uprobe'),
  },
  fentry: {
    title: 'fentry and fexit programs',
    since: '5.5',
    option: 'CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS',
    probe: () =>
      attaches({ attachType: AttachType.traceFentry, target: { kind: 'function', name: testFunction } }),
  },
  lsm: { title: 'LSM programs', since: '5.7', option: 'CONFIG_BPF_LSM, lsm=...,bpf at boot', probe: lsm },
  iterator: { title: 'iterators', since: '5.8', probe: () => iterates(false) },
  sleepableIterator: { title: 'sleepable iterators', since: '5.18', probe: () => iterates(true) },
  perfLink: { title: 'links on performance events, and cookies', since: '5.15', probe: perfLinks },
  memoryAccounting: {
    title: 'accounting of BPF memory to control groups',
    since: '5.11',
    // What came with it in the same release, and can be seen: bpf_ktime_get_coarse_ns.
    probe: () => probeHelper(160, ProgramType.socketFilter),
  },
  cgroup2: {
    title: 'control groups of version 2 mounted',
    since: '4.5',
    probe: () => (findMount('cgroup2') === undefined ? no : yes),
  },
};

export const featureNames: readonly FeatureName[] = Object.keys(features) as FeatureName[];

const found = new Map<string, Finding>();

function remembered(key: string, probe: () => Finding): Finding {
  const before = found.get(key);
  if (before !== undefined) return before;
  const finding = probe();
  if (finding.answer !== 'unknown') found.set(key, finding);
  return finding;
}

/** Whether the running kernel has a feature. Probed once; an unknown is probed again. */
export function feature(name: FeatureName): Finding {
  return remembered(name, features[name].probe);
}

/** Whether the running kernel makes maps of a type. */
export function mapTypeFeature(type: number): Finding {
  return remembered(`map ${type}`, () => probeMapType(type));
}

/** Whether the running kernel loads programs of a type. */
export function programTypeFeature(type: number): Finding {
  return remembered(`program ${type}`, () => probeProgramType(type));
}

/** Whether programs of a type (default: tracepoint) may call a helper on the running kernel. */
export function helperFeature(id: number, type: number = ProgramType.tracepoint): Finding {
  return remembered(`helper ${id} ${type}`, () => probeHelper(id, type));
}

/** The release that brought a feature, for messages. */
export function featureSince(name: FeatureName): string {
  return features[name].since;
}

/** A sentence for a feature that `feature()` answered with no or unknown. */
export function lacking(name: FeatureName): string {
  const { title, since, option } = features[name];
  const finding = feature(name);
  const kernel = `this kernel (${runningVersion()})`;
  const why = finding.because === undefined ? '' : `: ${finding.because}`;
  if (finding.answer === 'yes') return `${kernel} has ${title}`;
  if (finding.answer === 'unknown') return `it cannot be told whether ${kernel} has ${title}${why}`;
  if (olderThan(since)) return `${kernel} has no ${title}: Linux ${since} brought them`;
  const built = option === undefined ? '' : ` (${option})`;
  return `${kernel} has no ${title}${why || `: it is new enough, so they were left out or switched off${built}`}`;
}
