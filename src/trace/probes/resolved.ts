/** An attach point after parsing and matching: what is attached where. */
import type { AttachPoint } from '../ast/nodes.ts';

export type Provider =
  | 'begin'
  | 'end'
  | 'self'
  | 'test'
  | 'bench'
  | 'kprobe'
  | 'kretprobe'
  | 'uprobe'
  | 'uretprobe'
  | 'usdt'
  | 'tracepoint'
  | 'rawtracepoint'
  | 'fentry'
  | 'fexit'
  | 'iter'
  | 'profile'
  | 'interval'
  | 'software'
  | 'hardware'
  | 'watchpoint';

export interface ResolvedProbe {
  readonly provider: Provider;
  readonly attachPoint: AttachPoint;
  /** All places that one program serves. Never empty. */
  readonly targets: readonly ProbeTarget[];
  /** `kprobe:vfs_read`, the attach point as it is written for several targets, or the name that the script gives. */
  readonly name: string;
}

interface TargetCommon {
  /** As `probe` and messages say it: `tracepoint:syscalls:sys_enter_open`. */
  readonly name: string;
}

export type ProbeTarget = TargetCommon &
  (
    | { readonly kind: 'special'; readonly signal?: string }
    | { readonly kind: 'tracepoint'; readonly category: string; readonly event: string }
    | { readonly kind: 'rawtracepoint'; readonly module?: string | undefined; readonly event: string }
    | {
        readonly kind: 'kernelFunction';
        readonly module?: string | undefined;
        readonly symbol: string;
        readonly offset: number;
        /** kprobe by address. */
        readonly address?: bigint | undefined;
      }
    /** fentry:bpf:… */
    | {
        readonly kind: 'bpfProgram';
        readonly programId: number;
        readonly function: string;
        readonly btfId: number;
        /** How many: fexit finds the result behind them. */
        readonly parameters: number;
      }
    | {
        readonly kind: 'userFunction';
        readonly path: string;
        readonly symbol: string;
        /** Offset in the file: what the kernel attaches to. */
        readonly fileOffset: bigint;
        readonly pid?: number | undefined;
      }
    | {
        readonly kind: 'usdt';
        readonly path: string;
        readonly namespace: string;
        readonly probeName: string;
        readonly fileOffset: bigint;
        /** 0: none. */
        readonly semaphoreOffset: bigint;
        /** One specification an argument, as the ELF note has it: `-4@%edi`. */
        readonly argumentSpecs: readonly string[];
        readonly pid?: number | undefined;
      }
    | {
        readonly kind: 'timer';
        readonly everyCpu: boolean;
        readonly frequency?: number;
        readonly period?: bigint;
        /** Only `profile`: an interval ticks for everybody. */
        readonly pid?: number | undefined;
      }
    | {
        readonly kind: 'counter';
        readonly type: 'software' | 'hardware';
        readonly event: string;
        readonly count: bigint;
        readonly pid?: number | undefined;
      }
    | {
        readonly kind: 'watchpoint';
        readonly address: bigint;
        readonly length: 1 | 2 | 4 | 8;
        readonly mode: string;
        readonly pid?: number | undefined;
      }
    | { readonly kind: 'iterator'; readonly iterator: string; readonly pin?: string | undefined }
  );
