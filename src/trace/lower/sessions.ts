/**
 * A kprobe and a kretprobe of the same functions as one program (BPF_TRACE_KPROBE_SESSION, Linux 6.10): one link in
 * place of two, and the kernel keeps for both together what a return probe needs.
 *
 * The program asks which side it is on and goes into the body of that side. Where there are several kprobes of one
 * function only the first pair is joined; the others stay as they are.
 */
import type { FunctionBuilder } from '../../compiler/builder.ts';
import type { Value } from '../../compiler/ir.ts';
import { AttachType } from '../../kernel/spec.ts';
import type { CheckedProbe } from '../checked.ts';
import type { LowerEnvironment } from './environment.ts';
import type { Hook } from './hook.ts';

export interface Planned {
  readonly probe: CheckedProbe;
  readonly hook: Hook;
}

/** What one program serves: one probe, or the entry and the return of a session. */
export type Unit = readonly [Planned] | readonly [entry: Planned, atReturn: Planned];

const isReturn = 'bpf_session_is_return';

export function unitsOf(planned: readonly Planned[], environment: LowerEnvironment): Unit[] {
  const { kprobeSession, kernel } = environment;
  const able = kprobeSession !== undefined && kernel.btf.find(isReturn, 'function') !== undefined;
  const taken = new Set<Planned>();
  const units: Unit[] = [];
  for (const one of planned) {
    if (taken.has(one)) continue;
    const other = able ? planned.find((each) => !taken.has(each) && areSides(one, each)) : undefined;
    if (other === undefined || !symbolsOf(one).every((symbol) => kprobeSession?.(symbol))) {
      units.push([one]);
      continue;
    }
    taken.add(one).add(other);
    const [entry, atReturn] = one.hook.resolved.provider === 'kprobe' ? [one, other] : [other, one];
    units.push([inSession(entry), inSession(atReturn)]);
  }
  return units;
}

function areSides(a: Planned, b: Planned): boolean {
  const [first, second] = [a.hook.compiled, b.hook.compiled];
  if (first.kind !== 'kprobe' || second.kind !== 'kprobe' || first.atReturn === second.atReturn) return false;
  const [mine, others] = [symbolsOf(a), symbolsOf(b)];
  return mine.length > 0 && mine.length === others.length && mine.every((symbol, i) => symbol === others[i]);
}

/** The functions, sorted; none if one of the places is no entry of a function of the kernel itself. */
function symbolsOf({ hook }: Planned): string[] {
  const symbols: string[] = [];
  for (const target of hook.resolved.targets) {
    if (target.kind !== 'kernelFunction' || target.offset !== 0 || target.address !== undefined) return [];
    if (target.module !== undefined && target.module !== 'vmlinux') return [];
    symbols.push(target.symbol);
  }
  return symbols.sort();
}

function inSession({ probe, hook }: Planned): Planned {
  const atReturn = hook.resolved.provider === 'kretprobe';
  return {
    probe,
    hook: {
      ...hook,
      attachType: AttachType.traceKprobeSession,
      compiled: { kind: 'kprobe', multi: true, session: true, atReturn },
    },
  };
}

/** 1 at return. */
export function sideOf(b: FunctionBuilder, { kernel }: LowerEnvironment): Value {
  const btfId = kernel.btf.find(isReturn, 'function')!;
  const fn = kernel.btf.type(btfId);
  const prototype = fn.kind === 'function' ? kernel.btf.type(fn.prototype) : undefined;
  // Newer kernels want the context.
  const wantsContext = prototype?.kind === 'prototype' && prototype.parameters.length > 0;
  const callee = { kind: 'kfunc', btfId, name: isReturn, pure: false } as const;
  return b.extend(b.call(callee, wantsContext ? [b.parameter(0)] : []), 8, false);
}
