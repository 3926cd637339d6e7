/**
 * Loading one program.
 *
 * First without a log, since writing one makes the verifier several times slower; when that fails, again
 * with a log that grows until the whole of it fits. Signals make BPF_PROG_LOAD end with EAGAIN (the
 * verifier looks for them so that it can be interrupted): the same again, a few times.
 */
import { constants, release } from 'node:os';
import { encode } from '../../asm/encode.ts';
import type { Btf } from '../../btf/btf.ts';
import { type BpfAnswer, bpfError, bpfTry } from '../../sys/bpf.ts';
import type { BpfValues } from '../../sys/bpf-attr.ts';
import type { SysError } from '../../sys/errors.ts';
import { Fd } from '../../sys/fd.ts';
import { cString } from '../../sys/file.ts';
import { littleEndian } from '../../sys/layout.ts';
import { refused } from '../errors.ts';
import { whyNotPermitted } from '../feature/privilege.ts';
import { tooNewFor, tooOldFor } from '../feature/program-kinds.ts';
import { olderThan, versionOf } from '../feature/release.ts';
import { objectName } from '../names.ts';
import { ProgramFlag, type ProgramSpec, ProgramType, TOKEN_FLAG } from '../spec.ts';
import { functionRecordSize, functionRecords, lineRecordSize } from './debug-info.ts';
import { logLines } from './log.ts';
import { Program } from './program.ts';
import { type ReferenceContext, resolveReferences } from './resolve.ts';
import { type ResolvedTarget, resolveTarget } from './target.ts';
import { VerifierError } from './verifier-error.ts';

const { EAGAIN, ENOSPC } = constants.errno;

const firstLog = 64 * 1024;
/** What kernels before 5.2 accept at most, less one; newer ones take 64 times that. */
const largestLog = 16 * 1024 * 1024 - 1;
const attempts = 20;

/** What loading a program may use besides its spec. */
export interface LoadContext extends ReferenceContext {
  /** Descriptor of the collection's BTF. */
  readonly btfFd?: number | undefined;
  /** struct bpf_line_info of this program, made with the collection's BTF. */
  readonly lineRecords?: Uint32Array | undefined;
  /** 1 or 2: keep the verifier's log of a successful load too. Default 0. */
  readonly logLevel?: 0 | 1 | 2 | undefined;
  kernelTypes(): Btf;
  /** BTF of modules whose functions are called. */
  readonly descriptors?: Int32Array | undefined;
  /** Descriptor of a BPF token. */
  readonly token?: number | undefined;
  /** For a target that lies in another program: that program's descriptor. */
  readonly targetFd?: number | undefined;
}

/** Loads a program. Throws VerifierError, or KernelError when the verifier was not even asked. */
export function loadProgram(spec: ProgramSpec, context: LoadContext): Program {
  const target =
    spec.attachTarget === undefined
      ? undefined
      : resolveTarget(spec.attachTarget, { ...context, program: spec });
  try {
    return load(spec, attribute(spec, context, target), context);
  } finally {
    target?.owned?.close();
  }
}

function load(spec: ProgramSpec, values: BpfValues<'programLoad'>, context: LoadContext): Program {
  const level = context.logLevel ?? 0;
  if (level === 0) {
    const { result } = patiently(values);
    if (result >= 0) return new Program(Fd.own(result, `program "${spec.name}"`), spec.name, spec.type);
  }
  const { result, log } = withLog(values, Math.max(level, 1));
  if (result < 0) throw failure(spec, -result, log);
  return new Program(Fd.own(result, `program "${spec.name}"`), spec.name, spec.type, log);
}

function attribute(
  spec: ProgramSpec,
  context: LoadContext,
  target: ResolvedTarget | undefined,
): BpfValues<'programLoad'> {
  const instructions = resolveReferences(spec.name, spec.instructions, context);
  const insns = encode(instructions, { littleEndian });
  const functions = context.btfFd === undefined ? new Uint32Array() : functionRecords(spec.functions ?? []);
  const lines = context.btfFd === undefined ? new Uint32Array() : (context.lineRecords ?? new Uint32Array());
  const flags =
    (spec.flags ?? 0) |
    (spec.sleepable === true ? ProgramFlag.sleepable : 0) |
    (context.token === undefined ? 0 : TOKEN_FLAG);
  return {
    programType: spec.type,
    insnCnt: insns.length / 8,
    insns,
    license: cString(spec.license ?? 'GPL'),
    ...(olderThan('5.0') ? { kernVersion: versionCode() } : {}),
    ...(flags === 0 ? {} : { programFlags: flags }),
    programName: objectName(spec.name),
    expectedAttachType: target?.member ?? spec.attachType,
    ...(functions.length + lines.length > 0 ? { programBtfFd: context.btfFd } : {}),
    ...(functions.length > 0
      ? {
          funcInfoRecSize: functionRecordSize,
          funcInfo: functions,
          funcInfoCnt: functions.byteLength / functionRecordSize,
        }
      : {}),
    ...(lines.length > 0
      ? { lineInfoRecSize: lineRecordSize, lineInfo: lines, lineInfoCnt: lines.byteLength / lineRecordSize }
      : {}),
    ...(context.descriptors === undefined ? {} : { fdArray: context.descriptors }),
    ...(context.token === undefined ? {} : { programTokenFd: context.token }),
    ...(target === undefined ? {} : { attachBtfId: target.id }),
    ...(target?.objectFd === undefined ? {} : { attachBtfObjFd: target.objectFd }),
  };
}

/** LINUX_VERSION_CODE: kernels before 5.0 compare it for kprobes. */
function versionCode(): number {
  const [major, minor] = versionOf(release());
  const patch = Number(/^\d+\.\d+\.(\d+)/.exec(release())?.[1] ?? 0);
  return (major << 16) | (minor << 8) | Math.min(patch, 255);
}

/** The call, again while a signal interrupts it. */
function patiently(values: BpfValues<'programLoad'>): BpfAnswer {
  for (let attempt = 1; ; attempt++) {
    const answer = bpfTry('programLoad', values);
    if (answer.result !== -EAGAIN || attempt === attempts) return answer;
  }
}

/** The call with a log, again with a larger one while the log does not fit. */
function withLog(
  values: BpfValues<'programLoad'>,
  logLevel: number,
): { readonly result: number; readonly log: string[] } {
  for (let size = firstLog; ; ) {
    const logBuf = new Uint8Array(size);
    const { result, attr } = patiently({ ...values, logLevel, logSize: size, logBuf, logTrueSize: 0 });
    if (result !== -ENOSPC || size >= largestLog) return { result, log: logLines(logBuf) };
    // Linux 6.4 tells how long the log is.
    const wanted = attr.number('logTrueSize');
    size = Math.min(largestLog, wanted > size ? wanted : size * 4);
  }
}

function failure(spec: ProgramSpec, errno: number, log: readonly string[]): Error {
  const what = `load program "${spec.name}" (${kindOf(spec)})`;
  const error: SysError = bpfError('programLoad', errno);
  // The verifier takes a new way to attach for another, and complains of what that would need, before any instruction.
  const older =
    error.code === 'EINVAL' && !log.some((line) => /^\d+: /.test(line)) ? tooOldFor(spec) : undefined;
  if (older !== undefined) return refused(what, error, older, log);
  if (log.length > 0) return new VerifierError(spec, errno, log);
  return refused(what, error, silentHint(spec, error));
}

/** `tracing, function do_exit`: the type's name and the target. */
function kindOf({ type, attachTarget }: ProgramSpec): string {
  const name = Object.entries(ProgramType).find(([, number]) => number === type)?.[0] ?? `type ${type}`;
  if (attachTarget === undefined) return name;
  const target = attachTarget.kind === 'id' ? attachTarget.id : attachTarget.name;
  return `${name}, ${attachTarget.kind} ${target}`;
}

/** Why the kernel refused without a word: it did not get as far as the verifier. */
function silentHint(spec: ProgramSpec, error: SysError): string | undefined {
  switch (error.code) {
    case 'EPERM':
    case 'EACCES':
      return whyNotPermitted();
    case 'E2BIG':
      return `it has ${spec.instructions.length} instructions, more than the kernel takes`;
    case 'EINVAL':
      return tooNewFor(spec) ?? 'the kernel may lack this type of program, or this way to attach it';
    case 'EFAULT':
      return 'this should not happen: look at the end of dmesg';
    default:
      return undefined;
  }
}
