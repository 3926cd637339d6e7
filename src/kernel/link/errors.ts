/** What can go wrong when a program is attached, in words. */
import type { SysError } from '../../sys/errors.ts';
import { didYouMean } from '../../text/nearest.ts';
import { programText } from '../errors.ts';
import { olderThan, runningVersion } from '../feature/release.ts';
import type { LinkKind } from './link.ts';
import { linkSince, networkKinds, networkSentences } from './network-errors.ts';

export type AttachErrorCode =
  /** The tracepoint, function or file does not exist. */
  | 'notFound'
  /** The name stands for several functions. */
  | 'ambiguous'
  /** Somebody else holds the place. */
  | 'inUse'
  /** This kernel cannot do it. */
  | 'unsupported'
  | 'notPermitted'
  /** The arguments, or the kind of program, do not fit the place. */
  | 'invalid'
  | 'other';

/** Finds names like one that does not exist; empty when nothing is near. */
export type Suggest = (name: string) => readonly string[];

/** An attachment that did not come about. */
export class AttachError extends Error {
  override readonly name = 'AttachError';
  readonly code: AttachErrorCode;
  readonly kind: LinkKind;
  readonly program: string;
  /** What it should have been attached to: `syscalls:sys_enter_openat`, `/usr/bin/bash+0x1234`. */
  readonly target: string;
  readonly errno: string | undefined;
  readonly suggestions: readonly string[];
  readonly #what: Attachment;
  readonly #sentence: string;

  constructor(
    code: AttachErrorCode,
    what: Attachment,
    sentence: string,
    options: { readonly cause?: SysError; readonly suggestions?: readonly string[] } = {},
  ) {
    const errno = options.cause?.code;
    const near = options.suggestions ?? [];
    const hint = near.length === 0 ? '' : `; ${didYouMean(near)}`;
    const who = programText({
      name: what.program,
      ...(what.section === undefined ? {} : { section: what.section }),
    });
    super(
      `attach ${who} to ${kindText(what.kind)} ${what.target}: ${errno ? `${errno}: ` : ''}${sentence}${hint}`,
      { cause: options.cause },
    );
    this.#what = what;
    this.#sentence = sentence;
    this.code = code;
    this.kind = what.kind;
    this.program = what.program;
    this.target = what.target;
    this.errno = errno;
    this.suggestions = near;
  }

  /** The same, with what the program's source calls its place. */
  ofSection(section: string): AttachError {
    const { cause } = this;
    return new AttachError(this.code, { ...this.#what, section }, this.#sentence, {
      ...(cause === undefined ? {} : { cause: cause as SysError }),
      suggestions: this.suggestions,
    });
  }
}

/** `raw tracepoint` of `rawTracepoint`; kinds that libbpf has a name for bear that. */
function kindText(kind: LinkKind): string {
  switch (kind) {
    case 'kprobeMulti':
    case 'uprobeMulti':
      return `${kind.slice(0, 6)}.multi`;
    case 'tracingMulti':
      return 'function';
    default:
      return kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  }
}

/** Who is attached to what. */
export interface Attachment {
  readonly kind: LinkKind;
  readonly program: string;
  readonly target: string;
  /** What the program's source calls its place: `kprobe/do_exit`. */
  readonly section?: string;
}

type Sentence = readonly [AttachErrorCode, string];

const notPermitted: Sentence = [
  'notPermitted',
  'the process may not; CAP_BPF and CAP_PERFMON are needed (CAP_SYS_ADMIN before Linux 5.8)',
];

/** No token stands in for this one. */
const noEvents: Sentence = [
  'notPermitted',
  'the process may open no such performance event; CAP_PERFMON is needed, that of a user namespace does not count (kernel.perf_event_paranoid)',
];

const networkNotPermitted: Sentence = [
  'notPermitted',
  'the process may not; CAP_BPF and CAP_NET_ADMIN are needed (CAP_SYS_ADMIN before Linux 5.8)',
];

export type Sentences = Readonly<Partial<Record<LinkKind, Readonly<Record<string, Sentence>>>>>;

/** What an errno means for one kind; what is not here is said in the kernel's own words. */
const sentences: Sentences = {
  ...networkSentences,
  tracepoint: {
    ENOENT: ['notFound', 'there is no such tracepoint'],
    EINVAL: ['invalid', 'the kernel refuses a program of this type there, or one that reads past its fields'],
    EACCES: ['invalid', 'the program reads fields past the end of what this tracepoint records'],
    EEXIST: ['inUse', 'the program is attached there already'],
    E2BIG: ['inUse', 'the tracepoint has as many programs as the kernel allows (64)'],
    ENODEV: ['other', 'the CPU that the event was to be opened on is offline'],
  },
  rawTracepoint: {
    ENOENT: ['notFound', 'there is no such raw tracepoint'],
    EINVAL: [
      'invalid',
      'the program is not a raw tracepoint program, or reads more arguments than the tracepoint has',
    ],
  },
  tracing: {
    EINVAL: ['invalid', 'the program was not loaded for this place'],
    EBUSY: ['inUse', 'another kind of tracer holds the function (fexit on fentry, live patch, direct call)'],
    ENOTSUPP: ['unsupported', 'the kernel has no trampolines (524); fentry and fexit are not possible'],
    EOPNOTSUPP: ['unsupported', 'the kernel has no trampolines for this function or architecture'],
    E2BIG: ['inUse', 'the function has as many programs as the kernel allows (38)'],
  },
  tracingMulti: {
    EINVAL: [
      'invalid',
      'a function cannot be traced: ftrace does not know it, it has too many arguments, or it must not be traced',
    ],
    EBUSY: ['inUse', 'another kind of tracer holds one of the functions'],
    ENOTSUPP: ['unsupported', 'the kernel has no trampolines (524)'],
    EOPNOTSUPP: ['unsupported', 'the kernel has no trampolines for many functions on this architecture'],
  },
  perfEvent: {
    ENOENT: ['unsupported', 'the machine has no such performance event'],
    EOPNOTSUPP: ['unsupported', 'the hardware cannot sample this event'],
    EINVAL: [
      'invalid',
      'the kernel refuses this event, or its frequency is above kernel.perf_event_max_sample_rate',
    ],
    EEXIST: ['inUse', 'the event has a program already'],
    ENODEV: ['other', 'the CPU is offline'],
    ESRCH: ['notFound', 'there is no such process'],
  },
  watchpoint: {
    ENOSPC: ['inUse', 'all debug registers of the CPU are taken'],
    EINVAL: ['invalid', 'the CPU cannot watch this address in this way, or it is not the start of an access'],
    EPERM: [
      'notPermitted',
      'watching the kernel asks for CAP_PERFMON, and its debug functions stay unwatched',
    ],
    EOPNOTSUPP: ['unsupported', 'the machine has no debug registers that the kernel could use'],
    ENOENT: ['unsupported', 'this kernel was built without hardware breakpoints'],
    ENODEV: ['unsupported', 'the machine has no debug registers that the kernel could use'],
    ESRCH: ['notFound', 'there is no such process'],
  },
  kprobe: {
    ENOENT: ['notFound', 'the kernel has no function of this name, or none that can be probed'],
    EINVAL: [
      'invalid',
      'the kernel refuses to probe there; some versions say so when there is no such function',
    ],
    EADDRNOTAVAIL: ['ambiguous', 'several functions have this name; give an address'],
    EILSEQ: ['invalid', 'the offset is not the start of an instruction'],
    ENOTSUPP: ['unsupported', 'this instruction cannot be probed (524)'],
    EOPNOTSUPP: ['unsupported', 'this kernel was built without this kind of kprobe'],
    EBUSY: ['inUse', 'another probe or tracer holds this address'],
    // Of kprobe.multi, which looks for all names at once.
    ESRCH: ['notFound', 'the kernel has no function of one of these names, or ftrace does not know it'],
  },
  uprobe: {
    ENOENT: ['notFound', 'there is no such file'],
    EINVAL: ['invalid', 'the offset lies outside the file, or the file is not an executable or library'],
    EIO: ['invalid', 'the file cannot be mapped, so it cannot be probed'],
    EILSEQ: ['invalid', 'the offset is not the start of an instruction'],
    ENOTSUPP: ['unsupported', 'this instruction cannot be probed (524)'],
    EOPNOTSUPP: ['unsupported', 'this kernel was built without uprobes'],
    ESRCH: ['notFound', 'there is no such process'],
    EBADF: ['invalid', 'the file is not one that can be probed'],
  },
  iterator: {
    EINVAL: ['invalid', 'the program is not an iterator, or this iterator takes other parameters'],
    EBADF: ['invalid', 'the descriptor that the iterator shall walk over is not open, or of another kind'],
    ESRCH: ['notFound', 'there is no such task'],
  },
};

const shared: Readonly<Record<string, Sentence>> = {
  EPERM: notPermitted,
  EACCES: notPermitted,
  ENOSYS: ['unsupported', 'this kernel has no such system call'],
  EMFILE: ['other', 'this process has no descriptors left; raise its limit (ulimit -n)'],
  ENOMEM: ['other', 'the kernel has no memory left for it'],
};

/** kinds that share their words */
const family: Readonly<Partial<Record<LinkKind, LinkKind>>> = {
  kretprobe: 'kprobe',
  kprobeMulti: 'kprobe',
  uretprobe: 'uprobe',
  uprobeMulti: 'uprobe',
};

/** The error for a system call that failed; `suggest` is asked only when a name was not found. */
export function attachFailed(what: Attachment, cause: SysError, suggest?: Suggest): AttachError {
  const since = linkSince[what.kind];
  if (cause.code === 'EINVAL' && since !== undefined && olderThan(since[1])) {
    return tooOld(what, since[0], since[1], cause);
  }
  const [code, sentence] = sentenceFor(what.kind, cause);
  const kind = family[what.kind] ?? what.kind;
  // Linux 6.11 by tracefs, and return probes up to 5.10, say EINVAL for functions that do not exist.
  const missing = code === 'notFound' || (kind === 'kprobe' && cause.code === 'EINVAL');
  const suggestions = missing && suggest ? suggest(what.target) : [];
  return new AttachError(code, what, sentence, { cause, suggestions });
}

function sentenceFor(of: LinkKind, cause: SysError): Sentence {
  const kind = family[of] ?? of;
  const permission = networkKinds.has(kind) && cause.code === 'EPERM' ? networkNotPermitted : undefined;
  const event = cause.call === 'perf_event_open' && cause.code === 'EACCES' ? noEvents : undefined;
  const known = event ?? sentences[kind]?.[cause.code] ?? permission ?? shared[cause.code];
  const [code, words] = known ?? (['other', 'the kernel refused'] as const);
  return [code, cause.said === undefined ? words : `${words} ("${cause.said}")`];
}

/** The kernel is of before the kind's time. */
export function tooOld(what: Attachment, name: string, since: string, cause?: SysError): AttachError {
  const sentence = `this kernel (${runningVersion()}) has no ${name}: Linux ${since} brought them`;
  return new AttachError('unsupported', what, sentence, cause === undefined ? {} : { cause });
}

/** Something holds the place; `holders` says what, as far as it may be known. */
export function placeTaken(
  what: Attachment,
  cause: SysError,
  holders: string,
  sentence: string = sentenceFor(what.kind, cause)[1],
): AttachError {
  return new AttachError('inUse', what, holders === '' ? sentence : `${sentence}; ${holders}`, { cause });
}

export function noSuchFunction(what: Attachment, sentence: string, near: readonly string[]): AttachError {
  return new AttachError('notFound', what, sentence, { suggestions: near });
}

export function noSuchGroup(what: Attachment, near: readonly string[]): AttachError {
  return new AttachError('notFound', what, 'there is no such control group', { suggestions: near });
}

export function noSuchInterface(what: Attachment, near: readonly string[]): AttachError {
  return new AttachError('notFound', what, 'there is no such interface in this network namespace', {
    suggestions: near,
  });
}

export function noLinkObject(what: Attachment, operation: string): AttachError {
  return new AttachError(
    'unsupported',
    what,
    `${operation} needs a link object, and this attachment has none`,
  );
}

export function noSuchTracepoint(what: Attachment, suggest?: Suggest): AttachError {
  return new AttachError('notFound', what, 'there is no such tracepoint', {
    suggestions: suggest?.(what.target) ?? [],
  });
}

export function badTracepointName(what: Attachment): AttachError {
  return new AttachError('invalid', what, 'a tracepoint is named CATEGORY:NAME, such as sched:sched_switch');
}

export function noCookies(what: Attachment, since: string): AttachError {
  return new AttachError(
    'unsupported',
    what,
    `this kernel gives no cookies to such programs; Linux ${since} brought them`,
  );
}

export function noProbes(what: Attachment, option: string): AttachError {
  return new AttachError(
    'unsupported',
    what,
    `this kernel was built without ${option}; a tracepoint may do instead`,
  );
}

export function wrongArgument(what: Attachment, sentence: string): AttachError {
  return new AttachError('invalid', what, sentence);
}

/** Reading an iterator failed half way. */
export class IteratorError extends Error {
  override readonly name = 'IteratorError';
  readonly errno: string;

  constructor(target: string, cause: SysError) {
    const why =
      cause.code === 'E2BIG' || cause.code === 'EOVERFLOW'
        ? 'the program wrote more for one object than the kernel buffers (32 KiB)'
        : 'the kernel gave up';
    super(`read iterator ${target}: ${cause.code}: ${why}`, { cause });
    this.errno = cause.code;
  }
}
