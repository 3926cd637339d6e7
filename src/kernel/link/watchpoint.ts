/**
 * Accesses to an address (BPF_PROG_TYPE_PERF_EVENT on a breakpoint event), by the debug registers of the CPU.
 *
 * There are four of them on most machines, shared with debuggers: a fifth watchpoint gives ENOSPC. The program
 * runs after the access (before it for execution), in the context of whoever did it.
 */
import { PerfType } from '../../sys/perf.ts';
import { type Attachment, wrongArgument } from './errors.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';
import { onEachCpu } from './perf-event.ts';
import { attachToThreads } from './threads.ts';

export interface WatchpointTarget {
  /** In the kernel, or in the process. */
  readonly address: bigint;
  /** Bytes; the address is a multiple of it. For `x` it does not matter. */
  readonly length: 1 | 2 | 4 | 8;
  /** `r`, `w`, `x` together; which combinations there are depends on the CPU. x86 has `w`, `rw`, `x`. */
  readonly mode: string;
  /** Only this process. Default: whoever accesses the address. */
  readonly pid?: number;
  readonly cookie?: bigint;
}

/** include/uapi/linux/hw_breakpoint.h. */
const bits: Readonly<Record<string, number>> = { r: 1, w: 2, x: 4 };

/** What the kernel wants to hear as the length of an instruction. */
const EXECUTE_LENGTH = 8;

/** Attaches to accesses. Throws AttachError; nothing stays attached then. */
export function attachWatchpoint(program: AttachableProgram, target: WatchpointTarget): AttachedLink {
  const { address, length, mode, pid, cookie } = target;
  const what: Attachment = {
    kind: 'watchpoint',
    program: program.name,
    target: `0x${address.toString(16)}:${length}:${mode}`,
  };
  let type = 0;
  for (const letter of mode) type |= bits[letter] ?? 8;
  if (type === 0 || type > 7) throw wrongArgument(what, `"${mode}" is no combination of r, w and x`);
  if (address % BigInt(length) !== 0n && mode !== 'x') {
    throw wrongArgument(what, `the address is not a multiple of ${length}, as the CPU wants it`);
  }
  const attr = {
    type: PerfType.breakpoint,
    samplePeriod: 1,
    bpType: type,
    config1: address,
    config2: mode === 'x' ? EXECUTE_LENGTH : length,
  };
  const attachments =
    pid === undefined
      ? onEachCpu(program, what, attr, cookie === undefined ? {} : { cookie })
      : attachToThreads(program, what, attr, pid, cookie === undefined ? {} : { cookie });
  return new AttachedLink({
    ...what,
    descriptors: attachments.map(({ descriptor }) => descriptor),
    isLink: attachments[0]?.isLink ?? false,
    slow: false,
  });
}
