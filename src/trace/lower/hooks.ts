/**
 * From a probe of the script to the hooks that serve it. The cheapest one with the same result is taken: a tracepoint
 * attached through perf costs a grace period (40 ms) to leave and some 60 ns an event more than its raw form.
 */
import { ProgramType } from '../../kernel/spec.ts';
import type { CheckedProbe } from '../checked.ts';
import type { ResolvedProbe } from '../probes/resolved.ts';
import { useOf } from './body.ts';
import type { LowerEnvironment } from './environment.ts';
import type { Hook } from './hook.ts';
import { iteratorHook } from './hooks/iterator.ts';
import { functionHooks, kernelProbeHook, rawTracepointHooks } from './hooks/kernel.ts';
import { samplingHook, watchpointHook } from './hooks/sampling.ts';
import { tracepointHooks } from './hooks/tracepoint.ts';
import { usdtHooks, userProbeHook } from './hooks/user.ts';

export function hooksFor(probe: CheckedProbe, environment: LowerEnvironment): Hook[] {
  const { resolved } = probe;
  switch (resolved.provider) {
    case 'begin':
    case 'end':
    case 'self':
      return [specialHook(resolved, ProgramType.rawTracepoint)];
    case 'test':
    case 'bench':
      return [specialHook(resolved, ProgramType.xdp)];
    case 'tracepoint':
      return tracepointHooks(resolved, useOf(probe), environment);
    case 'rawtracepoint':
      return rawTracepointHooks(resolved, useOf(probe));
    case 'fentry':
    case 'fexit':
      return functionHooks(resolved, environment);
    case 'kprobe':
    case 'kretprobe':
      return [kernelProbeHook(resolved, environment)];
    case 'uprobe':
    case 'uretprobe':
      return [userProbeHook(resolved, environment)];
    case 'usdt':
      return usdtHooks(resolved, useOf(probe), environment);
    case 'profile':
    case 'interval':
    case 'software':
    case 'hardware':
      return [samplingHook(resolved, environment)];
    case 'watchpoint':
      return [watchpointHook(resolved, environment)];
    case 'iter':
      return [iteratorHook(resolved, useOf(probe))];
  }
}

/** Run by BPF_PROG_TEST_RUN: nothing happens in the kernel that it is attached to. */
function specialHook(resolved: ResolvedProbe, programType: ProgramType): Hook {
  return {
    programType,
    compiled: { kind: 'testRun' },
    resolved,
    userMemory: false,
    resultIgnored: false,
    filtersPid: true,
  };
}
