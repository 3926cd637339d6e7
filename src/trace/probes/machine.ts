/** The running machine, for the resolution of attach points. */
import type { ProbeEnvironment } from './environment.ts';
import { type KernelProbesOptions, kernelProbes } from './kernel.ts';
import { userProbes } from './user.ts';

export function machineProbes(options: KernelProbesOptions = {}): ProbeEnvironment {
  return { kernel: kernelProbes(options), user: userProbes(), arch: process.arch };
}
