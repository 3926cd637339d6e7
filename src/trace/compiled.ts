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
  /** Loss counters (kernel/stream/lost.ts): their index by the script's map name (`@x`); the ring's by its name in `ring`. */
  readonly lostMap: string | undefined;
  readonly lossIndex: ReadonlyMap<string, number>;
  /** Names in `spec.maps` of the maps of stacks that the script fills: `stackMapName` of a type gives them. */
  readonly stackMaps: readonly string[];
  /** It uses `dw_ustack`: the maps of kernel/unwind/layout.ts are in `spec.maps`, to be sized and filled. */
  readonly unwinds: boolean;
  /**
   * Numbers of 8 bytes that the runtime writes before it runs anything, in an array map of one element that can be
   * mapped. Offsets only of what the script reads.
   */
  readonly globals:
    | { readonly map: string; readonly offsets: Readonly<Partial<Record<GlobalName, number>>> }
    | undefined;
}

/**
 * `startTime`: CLOCK_MONOTONIC in ns, for `elapsed`. `childPid`: of `-c`, 0 without. `taiOffset`: CLOCK_TAI minus
 * CLOCK_BOOTTIME in ns, for `nsecs(sw_tai)`. `dayOffset`: the same of CLOCK_REALTIME, for tseries.
 */
export type GlobalName = 'startTime' | 'childPid' | 'taiOffset' | 'dayOffset';

export interface CompiledProbe {
  /** In `spec.programs`. */
  readonly program: string;
  readonly resolved: ResolvedProbe;
  /** How the program is attached: lowering chose the program type for it. */
  readonly hook: /** BPF_PROG_TEST_RUN: begin, end, self, test, bench. */
    | { readonly kind: 'testRun' }
    /** tp_btf, fentry, fexit, iter: the target is in the program. */
    | { readonly kind: 'tracing' }
    /**
     * Called by another program, which is attached once (as `tracing`) for all that it calls: this one goes into the
     * map of programs (BPF_MAP_TYPE_PROG_ARRAY) at `index`.
     */
    | {
        readonly kind: 'dispatched';
        readonly dispatcher: string;
        readonly map: string;
        readonly index: number;
      }
    /** By name: one program (BPF_PROG_TYPE_RAW_TRACEPOINT) serves all targets; their event is the name. */
    | { readonly kind: 'rawTracepoint' }
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
  /** For messages: the line, and where in it the place ends, exclusive. Undefined for a place of several lines. */
  readonly excerpt?: { readonly text: string; readonly endColumn: number } | undefined;
}

/** What a record of the ring buffer asks user space to do. The record may end behind the NUL of its last string. */
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
  /** `print(@m[k])` of what is more than a number: one row; the key, as the map has it without a bucket, is at `key`. */
  | { readonly kind: 'printEntry'; readonly map: string; readonly key: number }
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
  /** `dw_ustack` met code of a process that its tables do not know. */
  | { readonly kind: 'unwindMiss'; readonly process: Field }
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
