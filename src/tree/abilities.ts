/**
 * What the walks of a kernel can read themselves. The rest comes from /proc, which costs a few calls for each task
 * and has the kernel's numbers in the initial pid namespace only; elsewhere it is not available.
 *
 * This goes by the version, not by a probe: a kernel that has more than its number says loses nothing but time.
 */
import { release } from 'node:os';
import { isOlder } from '../kernel/feature/release.ts';

export interface WalkAbilities {
  /** Iterators may call bpf_d_path: Linux 5.12 (3d06f34aa89e). */
  readonly paths: boolean;
  /** Iterators may sleep, and call bpf_copy_from_user_task: Linux 5.18. */
  readonly userMemory: boolean;
}

/** @param kernel as `uname -r`; default: the running one. */
export function walkAbilities(kernel: string = release()): WalkAbilities {
  return { paths: !isOlder(kernel, '5.12'), userMemory: !isOlder(kernel, '5.18') };
}
