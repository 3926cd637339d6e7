/** Probes that take more than one step: load and attach, or make a map and use it. */
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { alu64Imm, exit, jumpIfImm, mov64Imm } from '../../asm/build.ts';
import type { Instruction } from '../../asm/instruction.ts';
import { bpfTry } from '../../sys/bpf.ts';
import { Fd } from '../../sys/fd.ts';
import { cString } from '../../sys/file.ts';
import { addressOf } from '../../sys/syscall.ts';
import { findMount } from '../mounts.ts';
import { AttachType, MapType, ProgramType } from '../spec.ts';
import {
  type AttemptOptions,
  attempt,
  type Finding,
  no,
  nothing,
  probeProgramType,
  refusedByPrivilege,
  unknown,
  yes,
} from './probe.ts';

const { EBADF, EINVAL, EPERM, ENOENT, EOPNOTSUPP } = constants.errno;

/** A function that the kernel has for tests of this very thing: net/bpf/test_run.c. */
export const testFunction = 'bpf_fentry_test1';

export function loads(instructions: readonly Instruction[]): Finding {
  const tried = attempt(ProgramType.socketFilter, instructions);
  tried.fd?.close();
  if (tried.fd !== undefined) return yes;
  return tried.errno === EPERM ? refusedByPrivilege() : no;
}

/** Loads and attaches a tracing program, and detaches it at once. */
export function attaches(options: AttemptOptions): Finding {
  if (!hasKernelTypes()) return { answer: 'no', because: 'the kernel has no BTF' };
  let tried: ReturnType<typeof attempt>;
  try {
    tried = attempt(ProgramType.tracing, nothing, options);
  } catch (error) {
    return { answer: 'no', because: error instanceof Error ? error.message : String(error) };
  }
  const { fd, errno } = tried;
  if (fd === undefined) return errno === EPERM ? refusedByPrivilege() : no;
  try {
    const { result } = bpfTry('rawTracepointOpen', { programFd: fd.number });
    if (result < 0) return { answer: 'no', because: `attaching gave errno ${-result}` };
    Fd.own(result, 'a probe').close();
    return yes;
  } finally {
    fd.close();
  }
}

export function iterates(sleepable: boolean): Finding {
  if (!hasKernelTypes()) return { answer: 'no', because: 'the kernel has no BTF' };
  const options = { attachType: AttachType.traceIter, target: { kind: 'iterator', name: 'task' } } as const;
  try {
    const { fd, errno } = attempt(ProgramType.tracing, nothing, { ...options, sleepable });
    fd?.close();
    if (fd !== undefined) return yes;
    return errno === EPERM ? refusedByPrivilege() : no;
  } catch (error) {
    return { answer: 'no', because: error instanceof Error ? error.message : String(error) };
  }
}

/** Kernels have a performance event type for probes (4.17), or at least tracefs files. */
export function probes(kind: 'kprobe' | 'uprobe'): Finding {
  if (existsSync(`/sys/bus/event_source/devices/${kind}/type`)) return yes;
  if (!existsSync('/sys/bus/event_source/devices')) return unknown('/sys is not mounted');
  const tracefs = findMount('tracefs');
  if (tracefs !== undefined && existsSync(`${tracefs}/${kind}_events`)) return yes;
  return no;
}

/** Attaches a program to an impossible place: an errno tells whether the kernel understood the request. */
export function multiProbes(kind: 'kprobe' | 'uprobe' | 'session'): Finding {
  const attachType =
    kind === 'uprobe'
      ? AttachType.traceUprobeMulti
      : kind === 'session'
        ? AttachType.traceKprobeSession
        : AttachType.traceKprobeMulti;
  const { fd, errno } = attempt(ProgramType.kprobe, nothing, { attachType });
  if (fd === undefined) return errno === EPERM ? refusedByPrivilege() : no;
  try {
    const link = { programFd: fd.number, attachType, flags: 0 };
    const names = cString('bpf_no_such_function_at_all');
    const { result } =
      kind === 'uprobe'
        ? // A directory is no file to probe: EBADF from a kernel that knows the request.
          bpfTry('linkCreateUprobeMulti', {
            ...link,
            path: cString('/'),
            offsets: new BigUint64Array([1n]),
            count: 1,
          })
        : bpfTry('linkCreateKprobeMulti', {
            ...link,
            count: 1,
            symbols: new BigUint64Array([BigInt(addressOf(names))]),
          });
    if (result >= 0) {
      Fd.own(result, 'a probe').close();
      return yes;
    }
    if (result === -EPERM) return refusedByPrivilege();
    // The name's bytes are still needed while the kernel reads the array: this keeps them.
    if (names.length === 0 || result === -EOPNOTSUPP || result === -EINVAL) return no;
    return yes;
  } finally {
    fd.close();
  }
}

/** Whether the running kernel offers its types: /sys/kernel/btf/vmlinux. */
export function hasKernelTypes(): boolean {
  return existsSync('/sys/kernel/btf/vmlinux');
}

export function lsm(): Finding {
  const finding = probeProgramType(ProgramType.lsm);
  if (finding.answer !== 'yes') return finding;
  let active: string;
  try {
    active = readFileSync('/sys/kernel/security/lsm', 'latin1');
  } catch {
    return unknown('programs load, but /sys/kernel/security/lsm cannot be read, so they may never run');
  }
  if (active.trim().split(',').includes('bpf')) return yes;
  return { answer: 'no', because: `bpf is not among the active security modules (${active.trim()})` };
}

/** A perf link on no event: EBADF from a kernel that knows such links. */
export function perfLinks(): Finding {
  const { fd, errno } = attempt(ProgramType.tracepoint);
  if (fd === undefined) return errno === EPERM ? refusedByPrivilege() : no;
  try {
    const { result } = bpfTry('linkCreatePerfEvent', {
      programFd: fd.number,
      targetFd: 0x7fffffff,
      attachType: AttachType.perfEvent,
    });
    return result === -EBADF ? yes : no;
  } finally {
    fd.close();
  }
}

/** Makes a map, and does something with it. */
export function withMap(type: number, flags: number, use: (fd: number) => Finding = () => yes): Finding {
  const { result } = bpfTry('mapCreate', {
    mapType: type,
    keySize: 4,
    valueSize: 8,
    maxEntries: 1,
    mapFlags: flags,
  });
  if (result === -EPERM) return refusedByPrivilege();
  if (result < 0) return no;
  const fd = Fd.own(result, 'a probe');
  try {
    return use(fd.number);
  } finally {
    fd.close();
  }
}

export function batches(): Finding {
  return withMap(MapType.hash, 0, (mapFd) => {
    const { result } = bpfTry('mapLookupBatch', {
      outBatch: new Uint8Array(4),
      keys: new Uint8Array(4),
      values: new Uint8Array(8),
      count: 1,
      mapFd,
    });
    return result >= 0 || result === -ENOENT ? yes : no;
  });
}

export const countdown: readonly Instruction[] = [
  mov64Imm(0, 10),
  alu64Imm('sub', 0, 1),
  jumpIfImm('jne', 0, 0, -2),
  exit(),
];
