/** Call stacks: stored once each in a stackTrace map, known by a number. */
import { types } from '../lower/data-type.ts';
import { constantArgument, mapArgument } from './arguments.ts';
import type { Builtin, Builtins } from './builtin.ts';

/** BPF_F_USER_STACK of include/uapi/linux/bpf.h; the low byte of the flags skips innermost frames. */
const userStack = 1 << 8;

function stack(flags: number, whose: string): Builtin {
  return {
    kind: 'operation',
    arity: [1, 2],
    doc: `The id of the ${whose} stack in a stackTrace map, negative if it could not be taken; the second argument skips frames.`,
    lower(l, args) {
      const map = mapArgument(l, args[0], 'stackTrace');
      const skip = args[1] ? Number(constantArgument(l, args[1], 'the number of frames to skip')) & 0xff : 0;
      const id = l.call('get_stackid', [l.context, l.b.mapAddress(map), l.b.constant(flags | skip)]);
      return { kind: 'scalar', value: id, type: types.i64 };
    },
  };
}

export const stacks: Builtins = {
  kernelStack: stack(0, 'kernel'),
  userStack: stack(userStack, 'user'),
};
