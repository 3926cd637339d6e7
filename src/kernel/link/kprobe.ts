/**
 * Kernel functions, at entry or at return (BPF_PROG_TYPE_KPROBE, Linux 4.1; by this way 4.17).
 *
 * The probe is made by perf_event_open with the `kprobe` event type. Kernels that have kprobes but not that
 * type get a line in tracefs' `kprobe_events`, which makes a tracepoint that has to be removed afterwards.
 */
import { appendFileSync, existsSync } from 'node:fs';
import { SysError } from '../../sys/errors.ts';
import { cString } from '../../sys/file.ts';
import { onlineCpus } from '../cpus.ts';
import { tracefs } from '../mounts.ts';
import { tracepointId } from '../tracepoint/list.ts';
import { type Attachment, attachFailed, noProbes, type Suggest, wrongArgument } from './errors.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';
import { attachToPerfEvent } from './perf-link.ts';
import { probeType } from './pmu.ts';
import { attachTracepointId } from './tracepoint.ts';

export interface KprobeOptions {
  /** Bytes from the start of the function, at the start of an instruction. Default 0; not at return. */
  readonly offset?: number;
  /** The module that has the function, where others may have one of that name. Default: whoever has it. */
  readonly module?: string;
  /** What `bpf_get_attach_cookie` answers. Linux 5.15. */
  readonly cookie?: bigint;
  /** Where tracefs is mounted, for kernels that need it. Default: looked up, and mounted if it is nowhere. */
  readonly tracefs?: string;
  readonly suggest?: Suggest;
}

/** Attaches to the entry of a kernel function. Throws AttachError. */
export function attachKprobe(
  program: AttachableProgram,
  symbol: string,
  options: KprobeOptions = {},
): AttachedLink {
  return attach(program, 'kprobe', symbol, options);
}

/** Attaches to the return of a kernel function. Throws AttachError. */
export function attachKretprobe(
  program: AttachableProgram,
  symbol: string,
  options: KprobeOptions = {},
): AttachedLink {
  return attach(program, 'kretprobe', symbol, options);
}

function attach(
  program: AttachableProgram,
  kind: 'kprobe' | 'kretprobe',
  symbol: string,
  options: KprobeOptions,
): AttachedLink {
  const offset = options.offset ?? 0;
  // The kernel's own functions are found without its name, which no module may have.
  const inModule = options.module !== undefined && options.module !== 'vmlinux';
  const full = inModule ? `${options.module}:${symbol}` : symbol;
  const what: Attachment = {
    kind,
    program: program.name,
    target: offset === 0 ? full : `${full}+${offset}`,
  };
  // What goes into tracefs is a line of text with fields; only names may get there.
  if (!/^[\w.$]+$/.test(symbol) || (inModule && !/^\w+$/.test(options.module))) {
    throw wrongArgument(what, 'this is not the name of a function');
  }
  if (!Number.isInteger(offset) || offset < 0) {
    throw wrongArgument(what, `an offset is a whole number of bytes, not ${offset}`);
  }
  if (kind === 'kretprobe' && offset !== 0) {
    throw wrongArgument(what, 'a probe at return takes no offset');
  }
  const suggest = options.suggest && (() => options.suggest!(symbol));
  const pmu = probeType('kprobe');
  if (pmu === undefined) return attachKprobeByTracefs(program, what, full, options, suggest);
  const { descriptor, isLink } = attachToPerfEvent(
    program,
    what,
    {
      type: pmu.type,
      config: kind === 'kretprobe' ? 1n << BigInt(pmu.returnBit) : 0n,
      config1: cString(full),
      config2: offset,
    },
    {
      pid: -1,
      cpu: onlineCpus()[0] ?? 0,
      ...(options.cookie === undefined ? {} : { cookie: options.cookie }),
    },
    suggest,
  );
  return new AttachedLink({ ...what, descriptors: [descriptor], isLink, slow: true });
}

/**
 * Attaches at an address of the kernel: the start of an instruction, which the kernel checks. Linux 4.17, and
 * CAP_SYSLOG to know addresses at all. Throws AttachError.
 */
export function attachKprobeAt(
  program: AttachableProgram,
  address: bigint,
  options: Pick<KprobeOptions, 'cookie'> = {},
): AttachedLink {
  const what: Attachment = {
    kind: 'kprobe',
    program: program.name,
    target: `0x${address.toString(16)}`,
  };
  const pmu = probeType('kprobe');
  if (pmu === undefined) throw noProbes(what, 'CONFIG_KPROBES');
  const { descriptor, isLink } = attachToPerfEvent(
    program,
    what,
    // Without a name, the second number is the address itself.
    { type: pmu.type, config: 0n, config1: 0, config2: address },
    {
      pid: -1,
      cpu: onlineCpus()[0] ?? 0,
      ...(options.cookie === undefined ? {} : { cookie: options.cookie }),
    },
  );
  return new AttachedLink({ ...what, descriptors: [descriptor], isLink, slow: true });
}

let made = 0;

/** The way for kernels before 4.17; exported so that a newer one can test it. Throws AttachError. */
export function attachKprobeByTracefs(
  program: AttachableProgram,
  what: Attachment,
  symbol: string,
  options: KprobeOptions = {},
  suggest?: Suggest,
): AttachedLink {
  const at = options.tracefs ?? tracefs();
  const file = `${at}/kprobe_events`;
  if (!existsSync(file)) throw noProbes(what, 'CONFIG_KPROBES');
  const group = `bpfkit_${process.pid}`;
  const event = `p${made++}_${symbol.replace(/\W/g, '_').slice(0, 40)}`;
  const place = options.offset ? `${symbol}+${options.offset}` : symbol;
  const letter = what.kind === 'kretprobe' ? 'r' : 'p';
  const remove = (): void => writeLine(file, `-:${group}/${event}`);
  try {
    writeLine(file, `${letter}:${group}/${event} ${place}`);
  } catch (error) {
    if (error instanceof SysError) throw attachFailed(what, error, suggest);
    throw error;
  }
  try {
    const id = tracepointId(at, group, event);
    if (id === undefined) throw noProbes(what, 'CONFIG_KPROBE_EVENTS');
    const { descriptor, isLink } = attachTracepointId(program, what, id, options.cookie);
    return new AttachedLink({ ...what, descriptors: [descriptor], isLink, slow: true, afterwards: remove });
  } catch (error) {
    remove();
    throw error;
  }
}

/** One write(2) a line: the kernel answers for each. */
function writeLine(file: string, line: string): void {
  try {
    appendFileSync(file, `${line}\n`);
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).errno;
    if (errno === undefined) throw error;
    throw new SysError('write', -errno, file);
  }
}
