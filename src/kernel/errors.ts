/** Everything that the loading half of kernel/ throws, and its wording. */
import type { SysError } from '../sys/errors.ts';
import { didYouMean } from '../text/nearest.ts';

export type KernelErrorCode =
  /** The kernel refused an object; `errno` and `cause` say how. */
  | 'refused'
  /** A spec that no kernel could load. */
  | 'badSpec'
  /** The kernel has no BTF, or not the type that is asked for. */
  | 'noType'
  /** Two kernel types of one name: attaching by name would be a guess. */
  | 'ambiguousType'
  /** A file that the kernel writes says something unexpected. */
  | 'badFile'
  /** A file system that is needed is not mounted, and could not be. */
  | 'notMounted';

/** Loading failed for a reason other than the verifier's. */
export class KernelError extends Error {
  override readonly name: string = 'KernelError';
  readonly code: KernelErrorCode;
  readonly errno: number | undefined;
  /** What to do about it, when that was found out. */
  readonly hint: string | undefined;
  /** Lines of the kernel's log, where it wrote one. */
  readonly log: readonly string[];

  constructor(
    code: KernelErrorCode,
    message: string,
    more: {
      readonly cause?: unknown;
      readonly errno?: number | undefined;
      readonly hint?: string | undefined;
      readonly log?: readonly string[];
    } = {},
  ) {
    super(more.hint === undefined ? message : `${message}; ${more.hint}`, { cause: more.cause });
    this.code = code;
    this.errno = more.errno;
    this.hint = more.hint;
    this.log = more.log ?? [];
  }
}

export type MapFault =
  /** No room for another element. */
  | 'full'
  /** An element that must not be there is. */
  | 'exists'
  /** An element that must be there is not. */
  | 'missing'
  /** A key or value of the wrong size. */
  | 'size'
  /** An array index past the end. */
  | 'range'
  /** The map's type has no such operation. */
  | 'unsupported'
  /** The map is frozen or read-only. */
  | 'readOnly'
  /** Anything else that the kernel said; `errno` tells. */
  | 'refused';

/** An operation on a map's elements failed. */
export class MapError extends Error {
  override readonly name = 'MapError';
  readonly fault: MapFault;
  readonly map: string;
  readonly errno: number | undefined;

  constructor(fault: MapFault, map: string, message: string, errno?: number) {
    super(message);
    this.fault = fault;
    this.map = map;
    this.errno = errno;
  }
}

export function badSpec(what: string, wrong: string): KernelError {
  return new KernelError('badSpec', `load ${what}: ${wrong}`);
}

export function refused(
  what: string,
  error: SysError,
  hint?: string,
  log: readonly string[] = [],
): KernelError {
  const last = log.findLast((line) => line.trim() !== '');
  const said = last === undefined ? '' : ` (${last.trim()})`;
  return new KernelError('refused', `${what}: ${error.message}${said}`, {
    cause: error,
    errno: error.errno,
    hint,
    log,
  });
}

export function noKernelBtf(cause: unknown): KernelError {
  return new KernelError(
    'noType',
    'read /sys/kernel/btf/vmlinux: the running kernel offers no type information',
    {
      cause,
      hint: 'boot a kernel built with CONFIG_DEBUG_INFO_BTF=y (every distribution since about 2021)',
    },
  );
}

/** What is read is no type information: the kernel itself writes nothing else. */
export function strangeKernelBtf(cause: Error): KernelError {
  return new KernelError('noType', `read /sys/kernel/btf/vmlinux: ${cause.message}`, {
    cause,
    hint: 'this is not what a kernel writes: see what is mounted over it (findmnt -T /sys/kernel/btf/vmlinux)',
  });
}

/** A program in messages, with what its source calls its place: `"on_exit" (fentry/do_exit)`. */
export function programText({ name, section }: { readonly name: string; readonly section?: string }): string {
  return section === undefined ? `"${name}"` : `"${name}" (${section})`;
}

/** What was tried, such as `attach "p" to function do_exi`, and what the kernel lacks for it. */
export function noTarget(
  tried: string,
  lacking: string,
  near: readonly string[],
  hint?: string,
): KernelError {
  return new KernelError('noType', `${tried}: this kernel has no ${lacking}`, {
    hint: didYouMean(near) ?? hint,
  });
}

export function ambiguousTarget(tried: string, name: string, count: number): KernelError {
  return new KernelError(
    'ambiguousType',
    `${tried}: this kernel has ${count} functions called ${name}, and no way to tell which is meant`,
    { hint: 'attach to one that calls it, or to a tracepoint in it' },
  );
}

export function wrongSize(map: string, what: 'key' | 'value', got: number, want: number): MapError {
  return new MapError('size', map, `map "${map}": a ${what} of ${got} bytes was given, it holds ${want}`);
}

export function noSuchOperation(map: string, operation: string, kind: string): MapError {
  return new MapError('unsupported', map, `map "${map}": ${operation} is not possible on a ${kind}`);
}

const faults: ReadonlyMap<string, MapFault> = new Map([
  ['E2BIG', 'full'],
  ['ENOSPC', 'full'],
  ['ENOMEM', 'full'],
  ['EEXIST', 'exists'],
  ['ENOENT', 'missing'],
  ['EPERM', 'readOnly'],
  ['ENOTSUPP', 'unsupported'],
  ['EOPNOTSUPP', 'unsupported'],
]);

const faultWords = {
  full: 'it is full',
  exists: 'the key is there already',
  missing: 'there is no such key',
  size: 'wrong size',
  range: 'the index is past the end',
  unsupported: 'its type has no such operation',
  readOnly: 'it may not be written (frozen, or opened read-only)',
  refused: 'the kernel refused',
} as const satisfies Record<MapFault, string>;

/** The typed error of an element operation that the kernel refused. */
export function elementRefused(
  map: string,
  operation: string,
  error: SysError,
  maxEntries: number,
): MapError {
  const fault = faults.get(error.code) ?? 'refused';
  const room = fault === 'full' ? ` (${maxEntries} entries)` : '';
  return new MapError(
    fault,
    map,
    `map "${map}": ${operation}: ${faultWords[fault]}${room} (${error.code})`,
    error.errno,
  );
}

export function pastEnd(map: string, index: number, maxEntries: number): MapError {
  return new MapError('range', map, `map "${map}": index ${index} is past its ${maxEntries} entries`);
}

export function notPerCpu(map: string, got: number, want: number): MapError {
  return new MapError(
    'size',
    map,
    `map "${map}": ${got} values were given, it holds one for each of ${want} possible CPUs`,
  );
}
