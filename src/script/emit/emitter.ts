/** What code that is common to the languages needs of a lowering: it knows no syntax tree and no language. */
import type { FunctionBuilder } from '../../compiler/builder.ts';
import type { HelperName } from '../../compiler/helpers.ts';
import type { Value, ValueType } from '../../compiler/ir.ts';
import type { Environment } from '../environment.ts';

export interface Emitter {
  readonly b: FunctionBuilder;
  call(name: HelperName, args: readonly Value[], type?: ValueType): Value;
}

/** An emitter inside a probe. */
export interface ProbeEmitter extends Emitter {
  readonly environment: Environment;
  /** The program's first argument, as the kernel gave it. */
  readonly context: Value;
}

/** How bytes at an address may be read. */
export type Memory =
  /** Plain loads: stack, map values, reserved events, the context. */
  | 'direct'
  /** Plain loads at constant offsets that the verifier makes safe: pointers with a BTF type. */
  | 'kernelTyped'
  /** Only by bpf_probe_read_kernel. */
  | 'kernelRaw'
  /** Only by bpf_probe_read_user. */
  | 'user'
  /**
   * An address of nobody knows which: bpf_probe_read decides by its value, where kernel and user addresses do not
   * overlap (x86-64, arm64).
   */
  | 'either';
