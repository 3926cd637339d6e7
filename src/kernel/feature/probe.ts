/**
 * Asking the kernel what it can do: by doing it in the smallest way, never by its version number, since
 * distributions carry features backwards and administrators switch them off.
 *
 * There are three answers. `unknown` means that something else stood in the way, such as a missing
 * capability, and is asked again next time; the other two are remembered.
 */
import { constants } from 'node:os';
import { callHelper, exit, mov64Imm } from '../../asm/build.ts';
import { encode } from '../../asm/encode.ts';
import type { Instruction } from '../../asm/instruction.ts';
import { bpfTry } from '../../sys/bpf.ts';
import { Fd } from '../../sys/fd.ts';
import { cString } from '../../sys/file.ts';
import { littleEndian } from '../../sys/layout.ts';
import { pageSize } from '../../sys/memory.ts';
import { MapFlag } from '../map/kind.ts';
import { logLines } from '../program/log.ts';
import { targetId } from '../program/target.ts';
import { type AttachTarget, AttachType, MapType, ProgramType } from '../spec.ts';
import { vmlinux } from '../vmlinux.ts';
import { privileges } from './privilege.ts';

const { EPERM, EINVAL, EACCES, E2BIG, EBADF, EOPNOTSUPP } = constants.errno;
const ENOTSUPP = 524;

export type Answer = 'yes' | 'no' | 'unknown';

export interface Finding {
  readonly answer: Answer;
  /** What was seen, where it is not simply that the kernel did or did not. */
  readonly because?: string | undefined;
}

export const yes: Finding = { answer: 'yes' };
export const no: Finding = { answer: 'no' };

export function unknown(because: string): Finding {
  return { answer: 'unknown', because };
}

/** The smallest program: `return 0`. */
export const nothing: readonly Instruction[] = [mov64Imm(0, 0), exit()];

export interface Attempt {
  /** The program's descriptor, to be closed; undefined if the kernel refused. */
  readonly fd: Fd | undefined;
  readonly errno: number;
  readonly log: readonly string[];
}

export interface AttemptOptions {
  readonly attachType?: number;
  readonly target?: AttachTarget;
  readonly sleepable?: boolean;
}

/** Loads a program with a log, without the pleasantries of loadProgram. */
export function attempt(
  type: number,
  instructions: readonly Instruction[] = nothing,
  options: AttemptOptions = {},
): Attempt {
  const insns = encode(instructions, { littleEndian });
  const logBuf = new Uint8Array(16 * 1024);
  const target = options.target;
  const { result } = bpfTry('programLoad', {
    programType: type,
    insnCnt: insns.length / 8,
    insns,
    license: cString('GPL'),
    logLevel: 1,
    logSize: logBuf.length,
    logBuf,
    ...(options.sleepable === true ? { programFlags: 16 } : {}),
    expectedAttachType: options.attachType,
    ...(target === undefined ? {} : { attachBtfId: targetId(target, vmlinux) }),
  });
  if (result < 0) return { fd: undefined, errno: -result, log: logLines(logBuf) };
  return { fd: Fd.own(result, 'a probe'), errno: 0, log: [] };
}

/** EPERM is only an answer of the kernel if the process may do everything that was asked. */
export function refusedByPrivilege(): Finding {
  const { missing, unreadable, initialUserNamespace, seccomp } = privileges();
  if (unreadable === true) return unknown('the capabilities of the process cannot be read');
  if (missing.length > 0) return unknown(`the process lacks ${missing.join(', ')}`);
  if (initialUserNamespace === false) return unknown('the process is in a user namespace');
  if (seccomp === true) return unknown('a seccomp filter is active');
  return { answer: 'no', because: 'the kernel forbids it, although the process has the capabilities' };
}

/** What a program type needs to be loaded at all. */
const programNeeds: ReadonlyMap<number, AttemptOptions> = new Map<number, AttemptOptions>([
  [ProgramType.cgroupSock, { attachType: 2 }],
  [ProgramType.cgroupSockAddr, { attachType: 10 }],
  [ProgramType.cgroupSysctl, { attachType: 18 }],
  [ProgramType.cgroupSockopt, { attachType: 21 }],
  [ProgramType.tracing, { attachType: AttachType.traceIter, target: { kind: 'iterator', name: 'task' } }],
  [ProgramType.lsm, { attachType: AttachType.lsmMac, target: { kind: 'lsm', name: 'file_mprotect' } }],
  [ProgramType.skLookup, { attachType: 36 }],
  [ProgramType.skReuseport, { attachType: 39 }],
  [ProgramType.syscall, { sleepable: true }],
  [ProgramType.netfilter, { attachType: 45 }],
]);

/** Whether the kernel loads programs of a type. */
export function probeProgramType(type: number): Finding {
  if (type === ProgramType.extension) return unknown('extensions need a program to extend');
  let tried: Attempt;
  try {
    tried = attempt(type, nothing, programNeeds.get(type));
  } catch (error) {
    return { answer: 'no', because: String(error) };
  }
  tried.fd?.close();
  const { fd, errno, log } = tried;
  if (fd !== undefined) return yes;
  // struct_ops programs are known to the kernel, but only load for a struct.
  if (errno === ENOTSUPP) return type === ProgramType.structOps ? yes : no;
  if (errno === EACCES || log.length > 0) return yes;
  if (errno === EPERM) return refusedByPrivilege();
  if (errno === EINVAL || errno === E2BIG) return no;
  return unknown(`errno ${errno}`);
}

interface MapNeeds {
  readonly keySize?: number;
  readonly valueSize?: number;
  readonly maxEntries?: number;
  readonly flags?: number;
  readonly innerMapFd?: number;
  /** The errno that shows that the kernel knows the type, though this minimal map is not enough. */
  readonly known?: number;
}

const mapNeeds: ReadonlyMap<number, MapNeeds> = new Map<number, MapNeeds>([
  [MapType.stackTrace, { valueSize: 8 }],
  [MapType.lpmTrie, { keySize: 8, valueSize: 8, flags: MapFlag.noPrealloc }],
  [MapType.arrayOfMaps, { innerMapFd: 0x7fffffff, known: EBADF }],
  [MapType.hashOfMaps, { innerMapFd: 0x7fffffff, known: EBADF }],
  [MapType.cgroupStorage, { keySize: 8, valueSize: 8, maxEntries: 0 }],
  [MapType.perCpuCgroupStorage, { keySize: 8, valueSize: 8, maxEntries: 0 }],
  [MapType.queue, { keySize: 0 }],
  [MapType.stack, { keySize: 0 }],
  [MapType.bloomFilter, { keySize: 0 }],
  [MapType.reuseportSockarray, { valueSize: 8 }],
  [MapType.ringBuffer, { keySize: 0, valueSize: 0, maxEntries: pageSize() }],
  [MapType.userRingBuffer, { keySize: 0, valueSize: 0, maxEntries: pageSize() }],
  [MapType.arena, { keySize: 0, valueSize: 0, maxEntries: 1, flags: MapFlag.mmapable }],
  [MapType.instructionArray, { valueSize: 16 }],
]);

/** Types that are only made with BTF: version numbers would be a guess, so there is no answer. */
const needBtf: ReadonlySet<number> = new Set([
  MapType.socketStorage,
  MapType.inodeStorage,
  MapType.taskStorage,
  MapType.cgroupLocalStorage,
  MapType.structOps,
]);

/** Whether the kernel makes maps of a type. */
export function probeMapType(type: number): Finding {
  if (needBtf.has(type)) return probeWithBtf(type);
  const needs = mapNeeds.get(type) ?? {};
  const { result } = bpfTry('mapCreate', {
    mapType: type,
    keySize: needs.keySize ?? 4,
    valueSize: needs.valueSize ?? 4,
    maxEntries: needs.maxEntries ?? 1,
    mapFlags: needs.flags ?? 0,
    ...(needs.innerMapFd === undefined ? {} : { innerMapFd: needs.innerMapFd }),
  });
  return mapFinding(result, needs.known);
}

function mapFinding(result: number, known: number | undefined): Finding {
  if (result >= 0) {
    Fd.own(result, 'a probe').close();
    return yes;
  }
  if (-result === known) return yes;
  if (result === -EPERM) return refusedByPrivilege();
  if (result === -EINVAL || result === -ENOTSUPP || result === -EOPNOTSUPP || result === -E2BIG) return no;
  return unknown(`errno ${-result}`);
}

/** A BTF descriptor that is none: EBADF says that the kernel got as far as looking for it. */
function probeWithBtf(type: number): Finding {
  const structOps = type === MapType.structOps;
  const { result } = bpfTry('mapCreate', {
    mapType: type,
    keySize: 4,
    valueSize: 4,
    maxEntries: structOps ? 1 : 0,
    mapFlags: structOps ? 0 : MapFlag.noPrealloc,
    btfFd: 0x7fffffff,
    btfKeyTypeId: structOps ? 0 : 1,
    btfValueTypeId: structOps ? 0 : 1,
    ...(structOps ? { btfVmlinuxValueTypeId: 1 } : {}),
  });
  // A struct_ops map of a type that is none: ENOTSUPP from its allocation.
  return mapFinding(result, structOps && result === -ENOTSUPP ? ENOTSUPP : EBADF);
}

/**
 * Whether programs of a type may call a helper, by its number in enum bpf_func_id. The arguments are
 * missing on purpose: if the verifier complains of them, it knows the helper.
 */
export function probeHelper(id: number, type: number = ProgramType.tracepoint): Finding {
  const tried = attempt(type, [callHelper(id), exit()], programNeeds.get(type));
  tried.fd?.close();
  if (tried.fd !== undefined) return yes;
  const { errno, log } = tried;
  if (log.some((line) => /invalid func|unknown func|cannot use helper/.test(line))) return no;
  if (errno === EPERM && log.length === 0) return refusedByPrivilege();
  if (errno === EACCES || errno === EINVAL)
    return log.length > 0 ? yes : unknown('the verifier said nothing');
  return unknown(`errno ${errno}`);
}
