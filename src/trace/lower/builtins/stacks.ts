/** Stacks: kept once each in a map of the kernel (types/layout.ts tells what stands for them). */

import type { Value } from '../../../compiler/ir.ts';
import type { Expr } from '../../ast/nodes.ts';
import type { StackType } from '../../types/type.ts';
import { LowerError } from '../errors.ts';
import type { Lowered } from '../lowered.ts';
import { frameMemory } from '../memory.ts';
import type { Lowering } from '../state.ts';
import { walkStack } from '../unwind.ts';
import type { Call, LowerBuiltins } from './lower-builtin.ts';
import { taskId } from './process.ts';

// BPF_F_USER_STACK and BPF_F_USER_BUILD_ID of include/uapi/linux/bpf.h.
const ofUser = 1 << 8;
const withBuildId = 1 << 11;

/** 0, or one more than the key. */
function stackId(l: Lowering, type: StackType): Value {
  const { b } = l;
  if (type.limit === 0) return b.constant(0);
  const flags = type.kind === 'ustack' ? ofUser : (l.hook.ownFrames ?? 0);
  const key = l.call('get_stackid', [l.context, b.mapAddress(l.script.stacks(type)), b.constant(flags)]);
  const id = b.variable('stack');
  b.write(id, key);
  l.choose(
    (yes, no) => b.branch('slt', key, b.constant(0), yes, no),
    () => b.write(id, b.constant(-1)),
  );
  return b.binary('add', b.read(id), b.constant(1));
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

function unwoundStack(l: Lowering, call: Call): Lowered {
  return {
    kind: 'made',
    type: l.facts.typeOf(call),
    write(to, offset) {
      l.b.store(8, to, offset, walkStack(l, call).id);
      l.b.store(4, to, offset + 8, taskId(l, 'process', true));
      l.b.store(4, to, offset + 12, l.b.constant(l.module.probeIndex));
    },
  };
}

/**
 * How many frames a stack has. Programs cannot look into a map of stacks, so the stack is taken once more: only of
 * `kstack` and `ustack` themselves.
 */
export function stackLength(l: Lowering, of: Expr): Value {
  const { b } = l;
  const type = l.facts.typeOf(of) as StackType;
  const direct = (of.kind === 'identifier' || of.kind === 'call') && type.limit > 0;
  if (!direct)
    throw new LowerError(of.span, 'len() of a stack can only be asked of kstack and ustack themselves.');
  if (of.name === 'dw_ustack') return walkStack(l, of).count;
  const depth = Math.min(type.limit, l.script.environment.maxStackDepth ?? 127);
  const size = type.mode === 'build_id' ? 32 : 8;
  const flags =
    (type.kind === 'ustack' ? ofUser : (l.hook.ownFrames ?? 0)) |
    (type.mode === 'build_id' ? withBuildId : 0);
  const frames = frameMemory(l, 'frames', depth * size);
  const bytes = l.call('get_stack', [l.context, frames, b.constant(depth * size), b.constant(flags)]);
  const length = b.variable('frames');
  b.write(length, b.constant(0));
  l.choose(
    (yes, no) => b.branch('sgt', bytes, b.constant(0), yes, no),
    () => b.write(length, b.binary('lshr', bytes, b.constant(Math.log2(size)))),
  );
  return b.read(length);
}

export const stacks: LowerBuiltins<'kstack' | 'ustack' | 'dw_ustack'> = {
  kstack: stack,
  ustack: stack,
  dw_ustack: unwoundStack,
};
