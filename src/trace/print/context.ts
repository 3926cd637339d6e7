/** What printing asks of the machine: symbols, stacks, names, clocks. The runtime answers; tests answer as they like. */
import type { StackType } from '../types/type.ts';
import type { Zone } from './zone.ts';

/** Which frame of a stack an address is: the one where it was taken, or one that is returned to. */
export type FrameKind = 'innermost' | 'caller';

/** A function that an address lies in. Text is bytes, one character each. */
export interface Place {
  readonly name: string;
  readonly offset: bigint;
  /** The file or kernel module, where there is one to name. */
  readonly module?: string | undefined;
  /** `dir/file.c:12`, where debug information says it. */
  readonly source?: string | undefined;
  /** Functions that were inlined at the address, innermost first. */
  readonly inlined?: readonly { readonly name: string; readonly source?: string | undefined }[] | undefined;
}

export interface BuildIdFrame {
  /** Hexadecimal; undefined where the kernel could only give the address. */
  readonly buildId: string | undefined;
  /** Offset in the file, or the address. */
  readonly offset: bigint;
}

export type Clock = 'boot' | 'monotonic' | 'tai' | 'sw_tai';

export interface PrintContext {
  /** `str_trunc_trailer`. */
  readonly trailer: string;
  readonly zone: Zone;
  /** What to add to a time of that clock for nanoseconds since 1970. */
  clockOffset(clock: Clock): bigint;
  kernelPlace(address: bigint): Place | undefined;
  /** `probe` is an index into the script's probes. */
  userPlace(address: bigint, pid: number, probe: number, frame?: FrameKind): Place | undefined;
  /** The addresses of a stack by its id; undefined if it is gone. */
  stack(type: StackType, id: bigint): readonly bigint[] | undefined;
  buildIdStack(type: StackType, id: bigint): readonly BuildIdFrame[] | undefined;
  userName(uid: number): string | undefined;
  cgroupPath(id: bigint, filter: string): string;
  syscallName(number: number): string | undefined;
  /** `GFP_KERNEL|__GFP_ZERO` */
  gfpFlags(flags: bigint): string;
}
