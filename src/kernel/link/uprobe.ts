/**
 * Functions of programs and libraries, at entry or at return (BPF_PROG_TYPE_KPROBE, by this way Linux 4.17).
 *
 * A uprobe belongs to a file and an offset in it, not to an address: it fires in every process that has the
 * file mapped, or in one. Symbols become offsets in src/elf. Each probe takes a perf event, and removing it
 * waits about a tenth of a second; where the kernel has it, uprobe-multi.ts attaches many at once.
 */
import { cString } from '../../sys/file.ts';
import { onlineCpus } from '../cpus.ts';
import { type Attachment, noProbes, wrongArgument } from './errors.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';
import { attachToPerfEvent } from './perf-link.ts';
import { probeType } from './pmu.ts';

export interface UprobeTarget {
  /** A path that the kernel opens now, in this process' mount namespace. Bytes need not be UTF-8. */
  readonly path: string | Uint8Array;
  /** In the file, in bytes; not an address. */
  readonly offset: number;
  /** For messages: the symbol's name. Default: the offset. */
  readonly symbol?: string;
  /** Only this process. Default: all. */
  readonly pid?: number;
  /** Offset in the file of a 16-bit counter that the kernel raises while attached (USDT semaphore). Linux 4.20. */
  readonly semaphoreOffset?: number;
  /** What `bpf_get_attach_cookie` answers. Linux 5.15. */
  readonly cookie?: bigint;
}

/** Attaches where execution reaches the offset. Throws AttachError. */
export function attachUprobe(program: AttachableProgram, target: UprobeTarget): AttachedLink {
  return attach(program, 'uprobe', target);
}

/** Attaches where the function that begins at the offset returns. Throws AttachError. */
export function attachUretprobe(program: AttachableProgram, target: UprobeTarget): AttachedLink {
  return attach(program, 'uretprobe', target);
}

/** `path:symbol`, or `path+0x1234`, for messages; bytes that are not ASCII are shown escaped. */
export function uprobeName(path: string | Uint8Array, symbol: string | undefined, offset: number): string {
  const text =
    typeof path === 'string'
      ? path
      : Array.from(path, (byte) =>
          byte >= 0x20 && byte < 0x7f
            ? String.fromCharCode(byte)
            : `\\x${byte.toString(16).padStart(2, '0')}`,
        ).join('');
  return symbol === undefined ? `${text}+0x${offset.toString(16)}` : `${text}:${symbol}`;
}

/** Checks what the kernel would answer with a bare EINVAL. */
export function checkOffset(what: Attachment, name: string, offset: number): void {
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw wrongArgument(
      what,
      `the ${name} is a whole number of bytes from the start of the file, not ${offset}`,
    );
  }
}

function attach(
  program: AttachableProgram,
  kind: 'uprobe' | 'uretprobe',
  target: UprobeTarget,
): AttachedLink {
  const what: Attachment = {
    kind,
    program: program.name,
    target: uprobeName(target.path, target.symbol, target.offset),
  };
  checkOffset(what, 'offset', target.offset);
  const semaphore = target.semaphoreOffset ?? 0;
  checkOffset(what, 'offset of the semaphore', semaphore);
  // It has to fit into the upper half of `config`.
  if (semaphore > 0xffff_ffff) throw wrongArgument(what, 'the semaphore lies past 4 GiB');
  const pmu = probeType('uprobe');
  if (pmu === undefined) throw noProbes(what, 'CONFIG_UPROBES');
  const { descriptor, isLink } = attachToPerfEvent(
    program,
    what,
    {
      type: pmu.type,
      config: (BigInt(semaphore) << 32n) | (kind === 'uretprobe' ? 1n << BigInt(pmu.returnBit) : 0n),
      config1: cString(target.path),
      config2: target.offset,
    },
    {
      pid: target.pid ?? -1,
      cpu: target.pid === undefined ? (onlineCpus()[0] ?? 0) : -1,
      ...(target.cookie === undefined ? {} : { cookie: target.cookie }),
    },
  );
  return new AttachedLink({ ...what, descriptors: [descriptor], isLink, slow: true });
}
