/** Stacks: kept once each in a map of the kernel (types/layout.ts tells what stands for them). */

import type { Value } from '../../../compiler/ir.ts';
import type { Expr } from '../../ast/nodes.ts';
import type { StackType } from '../../types/type.ts';
import type { Lowered } from '../lowered.ts';
import { addressOf, inMemory } from '../memory.ts';
import type { Lowering } from '../state.ts';
import type { Call, LowerBuiltins } from './lower-builtin.ts';
import { taskId } from './process.ts';

/** BPF_F_USER_STACK of include/uapi/linux/bpf.h. */
const ofUser = 1 << 8;

/** 0, or one more than the key. */
function stackId(l: Lowering, type: StackType): Value {
  const { b } = l;
  if (type.limit === 0) return b.constant(0);
  const flags = type.kind === 'ustack' ? ofUser : 0;
  const key = l.call('get_stackid', [l.context, b.mapAddress(l.script.stacks(type)), b.constant(flags)]);
  const id = b.variable('stack');
  b.write(id, b.binary('add', key, b.constant(1)));
  l.choose(
    (yes, no) => b.branch('slt', key, b.constant(0), yes, no),
    () => b.write(id, b.constant(0)),
  );
  return b.read(id);
}

function stack(l: Lowering, call: Call, _: readonly Expr[]): Lowered {
  const type = l.facts.typeOf(call) as StackType;
  if (type.kind === 'kstack') return { kind: 'scalar', value: stackId(l, type), type };
  return {
    kind: 'made',
    type,
    write(to, offset) {
      l.b.store(8, to, offset, stackId(l, type));
      l.b.store(4, to, offset + 8, taskId(l, 'process', true));
      l.b.store(4, to, offset + 12, l.b.constant(l.module.probeIndex));
    },
  };
}

/** How many frames a stack has. */
export function stackLength(l: Lowering, of: Expr): Value {
  const { b } = l;
  const type = l.facts.typeOf(of) as StackType;
  const lowered = l.lower(of);
  const id = lowered.kind === 'scalar' ? lowered.value : b.load(8, addressOf(l, inMemory(l, lowered)), 0);
  const length = b.variable('frames');
  b.write(length, b.constant(0));
  const key = l.b.slotAddress(l.b.slot('stack', 8));
  b.store(4, key, 0, b.binary('sub', id, b.constant(1)));
  const frames = l.call('map_lookup_elem', [b.mapAddress(l.script.stacks(type)), key], {
    kind: 'pointer',
    provenance: 'mapValue',
    nullable: true,
  });
  l.choose(
    (yes, no) => b.branch('ne', frames, b.constant(0), yes, no),
    () => {
      // Zeros are behind the last frame.
      const size = type.mode === 'build_id' ? 32 : 8;
      const [head, body, next, after] = [b.block('loop'), b.block('body'), b.block('next'), b.block('after')];
      b.jump(head);
      b.enter(head);
      b.branch('ult', b.read(length), b.constant(type.limit), body, after);
      b.begin(body);
      const distance = b.binary('mul', b.read(length), b.constant(size));
      const frame = b.load(8, b.binary('add', frames, distance, 64, frames.type), 0);
      b.branch('ne', frame, b.constant(0), next, after);
      b.begin(next);
      b.write(length, b.binary('add', b.read(length), b.constant(1)));
      b.jump(head);
      b.seal(head);
      b.begin(after);
    },
  );
  return b.read(length);
}

export const stacks: LowerBuiltins<'kstack' | 'ustack' | 'dw_ustack'> = {
  kstack: stack,
  ustack: stack,
  dw_ustack: stack,
};
