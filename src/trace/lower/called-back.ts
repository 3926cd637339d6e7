/** Functions that the kernel calls back. */
import { FunctionBuilder } from '../../compiler/builder.ts';
import { scalar64, type ValueType } from '../../compiler/ir.ts';
import type { Lowering } from './state.ts';

/** What such a function gets of its caller: memory on the caller's stack. */
export const stackPointer: ValueType = { kind: 'pointer', provenance: 'stack', nullable: false };

/** A function for bpf_loop: the number of the turn, and the state. It stands where its caller does in the source. */
export function turnFunction(l: Lowering, name: string): FunctionBuilder {
  const builder = new FunctionBuilder(name, 'callback', [
    { name: 'turn', type: scalar64 },
    { name: 'state', type: stackPointer },
  ]);
  builder.source = l.b.source;
  return builder;
}
