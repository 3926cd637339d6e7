/** Probes in programs: uprobe, uretprobe, usdt. */
import { parseUsdtArgument } from '../../../elf/usdt-arguments.ts';
import { AttachType, ProgramType } from '../../../kernel/spec.ts';
import type { ProbeTarget, ResolvedProbe } from '../../probes/resolved.ts';
import type { BodyUse } from '../body.ts';
import type { LowerEnvironment } from '../environment.ts';
import type { Hook } from '../hook.ts';
import { usdtArgument } from '../usdt.ts';
import { namedRegister, registerArgument, registerResult } from './arguments.ts';
import { debugArguments } from './debug-arguments.ts';
import { part } from './tracepoint.ts';

/** The task is held on its CPU while the program runs, and that is all: others may run between. */
const inProgram = { userMemory: true, filtersPid: true, resultIgnored: false } as const;

export function userProbeHook(resolved: ResolvedProbe, environment: LowerEnvironment): Hook {
  const { kernel } = environment;
  const atReturn = resolved.provider === 'uretprobe';
  const multi = kernel.uprobeMulti;
  return {
    ...inProgram,
    programType: ProgramType.kprobe,
    ...(multi ? { attachType: AttachType.traceUprobeMulti } : {}),
    compiled: { kind: 'uprobe', multi, atReturn },
    resolved,
    register: namedRegister,
    ...(atReturn
      ? { result: registerResult }
      : {
          argument: registerArgument,
          args: (l, type) => debugArguments(l, type, environment.userArguments?.(resolved) ?? new Map()),
        }),
  };
}

/** Places whose arguments lie in the same registers share a program; where none is read, all do. */
export function usdtHooks(resolved: ResolvedProbe, use: BodyUse, { kernel }: LowerEnvironment): Hook[] {
  const groups = new Map<string, ProbeTarget[]>();
  for (const target of resolved.targets) {
    const key = use.numbered && target.kind === 'usdt' ? target.argumentSpecs.join(' ') : '';
    groups.set(key, [...(groups.get(key) ?? []), target]);
  }
  return [...groups.values()].map((targets): Hook => {
    const [first] = targets;
    const specs = first?.kind === 'usdt' ? first.argumentSpecs : [];
    return {
      ...inProgram,
      programType: ProgramType.kprobe,
      compiled: { kind: 'usdt' },
      resolved: part(resolved, targets),
      register: namedRegister,
      argument(l, index) {
        const spec = specs[index];
        const parsed = spec === undefined ? undefined : parseUsdtArgument(spec, kernel.architecture);
        return parsed?.argument && usdtArgument(l, parsed.argument);
      },
    };
  });
}
