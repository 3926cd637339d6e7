/**
 * A script as the runtime gets it: what to load, where to attach, and how to read what comes back. Made by
 * lowering without a kernel; nothing here refers to the syntax tree.
 */
import type { CollectionSpec } from '../kernel/spec.ts';
import type { Config } from './config.ts';
import type { Format } from './print/format-spec.ts';
import type { ResolvedProbe } from './probes/resolved.ts';
import type { Type } from './types/type.ts';

export interface CompiledScript {
  readonly config: Config;
  readonly spec: CollectionSpec;
  readonly probes: readonly CompiledProbe[];
  readonly maps: readonly ScriptMap[];
  /** By the id at the head of each record. */
  readonly actions: readonly Action[];
  /** Names in `spec.maps` of the ring buffer, of the loss counters, of stacks; undefined where not needed. */
  readonly ring: string | undefined;
  /** Loss counters of ring and maps (kernel/stream/lost.ts): their index by map name; the ring's is `ring`. */
  readonly lostMap: string | undefined;
  readonly lossIndex: ReadonlyMap<string, number>;
  readonly stackMap: string | undefined;
  /** Global numbers that the runtime writes before it attaches: start time, child's pid, own pid. */
  readonly globals: { readonly map: string; readonly offsets: Readonly<Record<string, number>> } | undefined;
}

export interface CompiledProbe {
  /** In `spec.programs`. */
  readonly program: string;
  readonly resolved: ResolvedProbe;
  /** How the program is attached: lowering chose the program type for it. */
  readonly hook: /** BPF_PROG_TEST_RUN: begin, end, self, test, bench. */
    | { readonly kind: 'testRun' }
    /** tp_btf, fentry, fexit, iter: the target is in the program. */
    | { readonly kind: 'tracing' }
    | { readonly kind: 'iterator' }
    | { readonly kind: 'tracepoint' }
    | {
        readonly kind: 'kprobe';
        readonly multi: boolean;
        readonly session: boolean;
        readonly atReturn: boolean;
      }
    | { readonly kind: 'uprobe'; readonly multi: boolean; readonly atReturn: boolean }
    | { readonly kind: 'usdt' }
    | { readonly kind: 'perf' }
    | { readonly kind: 'breakpoint' };
}

export interface ScriptMap {
  /** With its `@`; the map's name in `spec.maps` is `kernelName`. */
  readonly name: string;
  readonly kernelName: string;
  readonly key: Type;
  readonly value: Type;
  readonly scalar: boolean;
  readonly perCpu: boolean;
  readonly maxEntries: number;
}

/** Bytes of a record from its start: the u64 action id is at 0 and arguments begin at 8. */
export interface Field {
  readonly offset: number;
  readonly type: Type;
}

export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What a record of the ring buffer asks user space to do. */
export type Action =
  | {
      readonly kind: 'printf' | 'errorf' | 'warnf' | 'debugf' | 'system' | 'cat';
      readonly format: Format;
      readonly args: readonly Field[];
      readonly location: Location;
    }
  | { readonly kind: 'print'; readonly value: Field }
  /** `print(@m[, top[, div]])` */
  | {
      readonly kind: 'printMap';
      readonly map: string;
      readonly top: Field | undefined;
      readonly div: Field | undefined;
    }
  | { readonly kind: 'clear' | 'zero'; readonly map: string }
  | { readonly kind: 'time'; readonly format: string }
  /** Strings of `width` bytes each, one after the other; `count` says how many are set. */
  | {
      readonly kind: 'join';
      readonly separator: string;
      readonly count: Field;
      readonly first: number;
      readonly width: number;
    }
  | { readonly kind: 'exit'; readonly code: Field }
  | { readonly kind: 'skboutput'; readonly path: string; readonly length: Field; readonly first: number }
  | { readonly kind: 'unwatch'; readonly address: Field }
  /** `-k`: a helper came back with an error. */
  | {
      readonly kind: 'helperError';
      readonly helper: string;
      readonly code: Field;
      readonly location: Location;
    }
  /** Division by zero, cpid without a child, … */
  | { readonly kind: 'runtimeError'; readonly message: string; readonly location: Location }
  /** `assert(c, msg)` that failed: prints and ends the script with 1. */
  | { readonly kind: 'assertFailed'; readonly message: string; readonly location: Location };
