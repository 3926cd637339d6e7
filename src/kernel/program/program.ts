/** A loaded program. */
import { constants } from 'node:os';
import { bpf, bpfError, bpfFd, bpfTry } from '../../sys/bpf.ts';
import { objectInfo, programInfoFields } from '../../sys/bpf-info.ts';
import type { Fd } from '../../sys/fd.ts';
import { cString } from '../../sys/file.ts';
import { nameText } from '../names.ts';

const { EINTR, ENOENT } = constants.errno;

/** What the kernel knows about a program. */
export interface ProgramInfo {
  readonly id: number;
  /** ProgramType, or a newer number. */
  readonly type: number;
  /** At most 15 characters. */
  readonly name: string;
  /** Hash of its instructions, 16 hexadecimal digits. */
  readonly tag: string;
  /** Nanoseconds since boot. */
  readonly loadedAt: bigint;
  readonly uid: number;
  readonly gpl: boolean;
  readonly mapIds: readonly number[];
  readonly btfId: number;
  /** Bytes after the kernel's rewriting, and as machine code (0 without JIT). */
  readonly translatedSize: number;
  readonly machineSize: number;
  /** Counted while statistics are on (see `enableStatistics`). Linux 5.1. */
  readonly runNanoseconds: bigint;
  readonly runCount: bigint;
  /** Runs that were skipped since the program was running already on that CPU. Linux 5.12. */
  readonly recursionMisses: bigint;
  /** Instructions that the verifier walked over. Linux 5.16. */
  readonly verifiedInstructions: number;
  /** What it was loaded for: the type, and the BTF or program that it lies in; 0 for none. Linux 5.19. */
  readonly targetObjectId: number;
  readonly targetTypeId: number;
}

/** Asks the kernel about the program behind a descriptor. Linux 4.13. Throws SysError. */
export function programInfo(fd: number): ProgramInfo {
  let info = objectInfo(fd, programInfoFields);
  const count = info.number('nrMapIds');
  const mapIds = new Uint32Array(count);
  // The map ids need a second question, now that their number is known.
  if (count > 0) info = objectInfo(fd, programInfoFields, { nrMapIds: count, mapIds });
  return {
    id: info.number('id'),
    type: info.number('type'),
    name: nameText(info.raw('name')),
    tag: Buffer.from(info.raw('tag')).toString('hex'),
    loadedAt: info.bigint('loadTime'),
    uid: info.number('createdByUid'),
    gpl: (info.number('gplCompatible') & 1) === 1,
    mapIds: [...mapIds.subarray(0, Math.min(count, info.number('nrMapIds')))],
    btfId: info.number('btfId'),
    translatedSize: info.number('xlatedProgLen'),
    machineSize: info.number('jitedProgLen'),
    runNanoseconds: info.bigint('runTimeNs'),
    runCount: info.bigint('runCnt'),
    recursionMisses: info.bigint('recursionMisses'),
    verifiedInstructions: info.number('verifiedInsns'),
    targetObjectId: info.number('attachBtfObjId'),
    targetTypeId: info.number('attachBtfId'),
  };
}

export interface TestRunOptions {
  /** Packet for programs on packets. */
  readonly data?: Uint8Array;
  /** Room for the packet afterwards. Default: as long as `data` and 256 bytes more. */
  readonly dataOut?: number;
  /** `struct __sk_buff` and the like; arguments as u64 for raw tracepoints; anything for syscall programs. */
  readonly context?: Uint8Array;
  /** Whether the context is read back. Default false; syscall programs write into `context` itself. */
  readonly contextOut?: boolean;
  /** How often to run. Default once. Not for raw tracepoints. */
  readonly repeat?: number;
  /** BPF_F_TEST_*. Default 0. */
  readonly flags?: number;
  /** With flag 1 on raw tracepoints: the CPU to run on. */
  readonly cpu?: number;
}

export interface TestRunResult {
  /** What the program returned, as an unsigned 32-bit number. */
  readonly result: number;
  readonly data: Uint8Array;
  readonly context: Uint8Array;
  /** Average duration of a run. */
  readonly nanoseconds: number;
}

/** A program, owned: close() gives its descriptor back; links keep it alive on their own. */
export class Program {
  readonly fd: Fd;
  readonly name: string;
  /** ProgramType. */
  readonly type: number;
  /** The verifier's log of a successful load, when it was asked for. */
  readonly log: readonly string[];

  constructor(fd: Fd, name: string, type: number, log: readonly string[] = []) {
    this.fd = fd;
    this.name = name;
    this.type = type;
    this.log = log;
  }

  /** `program "exec"`, for messages. */
  get subject(): string {
    return `program "${this.name}"`;
  }

  /** Asks the kernel. Linux 4.13. Throws SysError. */
  info(): ProgramInfo {
    return programInfo(this.fd.number);
  }

  /**
   * Runs the program once (or `repeat` times) without attaching it: BPF_PROG_TEST_RUN, Linux 4.12 for
   * packets, 5.10 for raw tracepoints, 5.14 for syscall programs; 524 (ENOTSUPP) for types that cannot.
   * Throws SysError.
   */
  testRun(options: TestRunOptions = {}): TestRunResult {
    const { data, context, repeat, flags, cpu } = options;
    const dataOut =
      data === undefined && options.dataOut === undefined
        ? undefined
        : new Uint8Array(options.dataOut ?? (data?.length ?? 0) + 256);
    const contextOut = options.contextOut === true ? new Uint8Array(context?.length ?? 0) : undefined;
    const values = {
      programFd: this.fd.number,
      retval: 0,
      ...(data === undefined ? {} : { dataIn: data, dataSizeIn: data.length }),
      ...(dataOut === undefined ? {} : { dataOut, dataSizeOut: dataOut.length }),
      ...(context === undefined ? {} : { ctxIn: context, ctxSizeIn: context.length }),
      ...(contextOut === undefined ? {} : { ctxOut: contextOut, ctxSizeOut: contextOut.length }),
      repeat,
      flags,
      cpu,
    };
    for (;;) {
      const { result, attr } = bpfTry('programTestRun', values);
      if (result === -EINTR) continue;
      if (result < 0) throw bpfError('programTestRun', -result, this.subject);
      return {
        result: attr.number('retval'),
        data: dataOut?.subarray(0, attr.number('dataSizeOut')) ?? new Uint8Array(),
        context: contextOut?.subarray(0, attr.number('ctxSizeOut')) ?? new Uint8Array(),
        nanoseconds: attr.number('duration'),
      };
    }
  }

  /** Gives the program a path in a bpf file system. Throws SysError. */
  pin(path: string): void {
    bpf('objPin', { pathname: cString(path), bpfFd: this.fd.number }, `${this.subject} at ${path}`);
  }

  /** Closes the descriptor; again and again without effect. */
  close(): void {
    this.fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Opens any program of the machine by its id. Linux 4.13; asks for CAP_SYS_ADMIN. Throws SysError. */
export function openProgram(id: number): Program {
  return described(bpfFd('programGetFdById', { id }, `program with id ${id}`));
}

/** Opens a program pinned at a path of a bpf file system. Throws SysError. */
export function openPinnedProgram(path: string): Program {
  return described(bpfFd('objGet', { pathname: cString(path) }, path));
}

function described(fd: Fd): Program {
  try {
    const { name, type } = programInfo(fd.number);
    return new Program(fd, name, type);
  } catch (error) {
    fd.close();
    throw error;
  }
}

/** Ids of all programs of the machine, ascending. Linux 4.13; asks for CAP_SYS_ADMIN. Throws SysError. */
export function* programIds(): Generator<number, void, undefined> {
  let id = 0;
  for (;;) {
    const { result, attr } = bpfTry('programGetNextId', { id, nextId: 0 });
    if (result === -ENOENT) return;
    if (result < 0) throw bpfError('programGetNextId', -result);
    id = attr.number('nextId');
    yield id;
  }
}

/**
 * Makes the kernel count runs and nanoseconds of all programs, until the descriptor is closed: a crash
 * leaves the machine as it was. Costs every run about 20 ns meanwhile. Linux 5.8. Throws SysError.
 */
export function enableStatistics(): Fd {
  // BPF_STATS_RUN_TIME
  return bpfFd('enableStats', { type: 0 }, 'program statistics');
}
