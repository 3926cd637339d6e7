/** The running machine, for the resolution of attach points. */
import { DebugPrograms } from '../../kernel/symbol/debug-info.ts';
import type { ProbeEnvironment } from './environment.ts';
import { type KernelProbesOptions, kernelProbes } from './kernel.ts';
import { userProbes } from './user.ts';

export interface MachineProbesOptions extends KernelProbesOptions {
  /** Where source lines of programs are looked up. Default: its own. */
  readonly debug?: DebugPrograms;
}

export function machineProbes(options: MachineProbesOptions = {}): ProbeEnvironment {
  const { debug = new DebugPrograms() } = options;
  return { kernel: kernelProbes(options), user: userProbes(debug), arch: process.arch };
}
