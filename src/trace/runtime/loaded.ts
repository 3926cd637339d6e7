/**
 * A script in the kernel, as the loop sees it: an interface, so that the loop, its order and its ends are tested
 * without a kernel. load.ts makes the real one.
 */
import type { Link } from '../../kernel/link/link.ts';
import type { RecordReader } from '../../kernel/stream/record.ts';
import type { CompiledProbe, GlobalName } from '../compiled.ts';
import type { Element } from '../print/map-table.ts';

export interface LoadedScript {
  /** Reads what came; undefined for a script that sends nothing. */
  readonly stream: EventStream | undefined;
  /** By the script's name, `@x`. */
  readonly maps: ReadonlyMap<string, MapAccess>;
  /** Runs a program that is attached to nothing: begin, end, signals, tests. */
  run(probe: CompiledProbe, options?: RunOptions): RunResult;
  /** Attaches one probe everywhere it belongs. Throws AttachError; then nothing of it is attached. */
  attach(probe: CompiledProbe): readonly Link[];
  /** What found no room so far: the ring by undefined, maps by their names. */
  lost(): readonly Loss[];
  /** Numbers that programs read: see CompiledScript.globals. */
  setGlobal(name: GlobalName, value: bigint): void;
  /** The tables for `dw_ustack` lack code of this process. */
  unwindMiss?(process: number): void;
  close(): void;
}

export interface Loss {
  readonly map: string | undefined;
  readonly count: bigint;
}

export interface RunOptions {
  /** How often. Default once. */
  readonly repeat?: number;
}

export interface RunResult {
  readonly result: number;
  /** Of one run. */
  readonly nanoseconds: number;
}

export interface MapAccess {
  elements(): Iterable<Element>;
  clear(): void;
  /** Every value becomes zero; keys stay. */
  zero(): void;
}

/** The part of RecordStream that the loop needs. */
export interface EventStream {
  consume(reader: RecordReader): number;
  each(reader: RecordReader, options?: { readonly signal?: AbortSignal }): Promise<void>;
  close(): void;
}
