/** Probes in the kernel's functions and raw tracepoints: kprobe, kretprobe, fentry, fexit, rawtracepoint. */
import { type AttachTarget, AttachType, ProgramType } from '../../../kernel/spec.ts';
import { signatureOf } from '../../../script/probe/tracing.ts';
import type { ProbeTarget, ResolvedProbe } from '../../probes/resolved.ts';
import type { BodyUse } from '../body.ts';
import type { LowerEnvironment } from '../environment.ts';
import type { Hook } from '../hook.ts';
import {
  argumentParts,
  arrayArgument,
  namedRegister,
  registerArgument,
  registerResult,
} from './arguments.ts';
import { part } from './tracepoint.ts';

const inKernel = { userMemory: false, filtersPid: false } as const;

export function kernelProbeHook(resolved: ResolvedProbe, environment: LowerEnvironment): Hook {
  const atReturn = resolved.provider === 'kretprobe';
  const plain = resolved.targets.every(
    (target) => target.kind === 'kernelFunction' && target.offset === 0 && target.address === undefined,
  );
  const multi = plain && resolved.targets.length > 1 && environment.kprobeMulti();
  return {
    ...inKernel,
    programType: ProgramType.kprobe,
    ...(multi ? { attachType: AttachType.traceKprobeMulti } : {}),
    compiled: { kind: 'kprobe', multi, session: false, atReturn },
    resolved,
    resultIgnored: false,
    register: namedRegister,
    ...(atReturn ? { result: registerResult } : { argument: registerArgument }),
  };
}

/** One program for each place: the target is part of the program. */
export function functionHooks(resolved: ResolvedProbe, { kernel }: LowerEnvironment): Hook[] {
  const atReturn = resolved.provider === 'fexit';
  return resolved.targets.map((target): Hook => {
    return {
      ...inKernel,
      programType: ProgramType.tracing,
      attachType: atReturn ? AttachType.traceFexit : AttachType.traceFentry,
      attachTarget: functionTarget(target),
      compiled: { kind: 'tracing' },
      resolved: part(resolved, [target]),
      // A result other than 0 is refused (check_return_code in kernel/bpf/verifier.c).
      resultIgnored: false,
      args: (l, type) => argumentParts(type, arrayArgument, target.kind === 'kernelFunction')(l),
      result: (l) => arrayArgument(l, parameterCount(target, kernel)),
    };
  });
}

/** The result of fexit lies behind the parameters. */
function parameterCount(target: ProbeTarget, kernel: LowerEnvironment['kernel']): number {
  if (target.kind === 'bpfProgram') return target.parameters;
  if (target.kind !== 'kernelFunction') return 0;
  return signatureOf(kernel, target.symbol)?.parameters.length ?? 0;
}

function functionTarget(target: ProbeTarget): AttachTarget | undefined {
  if (target.kind === 'kernelFunction') return { kind: 'function', name: target.symbol };
  if (target.kind === 'bpfProgram') return { kind: 'program', name: target.function };
  return undefined;
}

/** A program with a type for one place; one that is attached by name for several. */
export function rawTracepointHooks(resolved: ResolvedProbe, use: BodyUse): Hook[] {
  const [target] = resolved.targets;
  if (resolved.targets.length > 1 && use.args === undefined) {
    return [
      {
        ...inKernel,
        programType: ProgramType.rawTracepoint,
        compiled: { kind: 'rawTracepoint' },
        resolved,
        resultIgnored: true,
        argument: arrayArgument,
      },
    ];
  }
  if (target?.kind !== 'rawtracepoint') return [];
  return resolved.targets.map(
    (each): Hook => ({
      ...inKernel,
      programType: ProgramType.tracing,
      attachType: AttachType.traceRawTp,
      attachTarget: { kind: 'rawTracepoint', name: each.kind === 'rawtracepoint' ? each.event : '' },
      compiled: { kind: 'tracing' },
      resolved: part(resolved, [each]),
      resultIgnored: true,
      argument: arrayArgument,
      args: (l, type) => argumentParts(type, arrayArgument, true)(l),
    }),
  );
}
