import { floorLog2 } from '../emit/numbers.ts';
import { type IntegerType, types } from '../lower/data-type.ts';
import { expression } from '../lower/expression.ts';
import { comparison, scalarOf } from '../lower/scalar.ts';
import { messages } from '../messages.ts';
import { constantArgument, numberArgument } from './arguments.ts';
import type { Builtin, Builtins } from './builtin.ts';

/** Keeps the low bits, as a C cast does. */
function cast(type: IntegerType): Builtin {
  return {
    kind: 'operation',
    arity: [1, 1],
    doc: `The low ${type.bits} bits as ${type.signed ? 'a signed' : 'an unsigned'} number.`,
    lower(l, args) {
      const value = numberArgument(l, args[0]);
      const { bits } = type;
      return { kind: 'scalar', value: bits === 64 ? value : l.b.extend(value, bits, type.signed), type };
    },
  };
}

function extreme(operator: '<' | '>'): Builtin {
  return {
    kind: 'operation',
    arity: [2, 2],
    doc: `The ${operator === '<' ? 'smaller' : 'larger'} of two numbers; a constant bound is seen by the kernel's loop check.`,
    lower(l, args, node) {
      const { b } = l;
      const [left, right] = args.map((arg) => expression(l, arg));
      const made = comparison(l, operator, left, right, node);
      const [first, second, join] = [b.block('first'), b.block('second'), b.block('join')];
      const result = b.variable('extreme');
      b.branch(made.op, made.left, made.right, first, second);
      b.begin(first);
      b.write(result, made.left);
      b.jump(join);
      b.begin(second);
      b.write(result, made.right);
      b.jump(join);
      b.begin(join);
      const sides = [scalarOf(l, left, args[0]).type, scalarOf(l, right, args[1]).type];
      const unsigned = sides.some(({ bits, signed }) => bits === 64 && !signed);
      const type = unsigned ? types.u64 : sides.some(({ signed }) => signed) ? types.i64 : types.u32;
      return { kind: 'scalar', value: b.read(result), type };
    },
  };
}

function swap(bits: 16 | 32 | 64): Builtin {
  return {
    kind: 'operation',
    arity: [1, 1],
    doc: `The low ${bits} bits with their bytes reversed: network to machine order and back on little-endian machines.`,
    lower: (l, args) => ({
      kind: 'scalar',
      value: l.b.byteSwap(numberArgument(l, args[0]), bits),
      type: bits === 64 ? types.u64 : types.u32,
    }),
  };
}

export const numbers: Builtins = {
  u8: cast(types.u8),
  u16: cast(types.u16),
  u32: cast(types.u32),
  u64: cast(types.u64),
  i8: cast(types.i8),
  i16: cast(types.i16),
  i32: cast(types.i32),
  i64: cast(types.i64),
  signed: cast(types.i64),
  unsigned: cast(types.u64),
  const: {
    kind: 'operation',
    arity: [1, 1],
    doc: 'A number beyond 2^53, from a bigint literal: `k.const(0xffffffff81000000n)`.',
    lower(l, args) {
      const value = constantArgument(l, args[0], 'the argument of k.const');
      if (value < -(2n ** 63n) || value >= 2n ** 64n) l.fail(args[0], messages.doesNotFit(value, '64 bits'));
      return { kind: 'literal', value };
    },
  },
  min: extreme('<'),
  max: extreme('>'),
  log2: {
    kind: 'operation',
    arity: [1, 1],
    doc: 'The exponent of the largest power of two that is not above the number; 0 for 0.',
    lower: (l, args) => ({
      kind: 'scalar',
      value: floorLog2(l, numberArgument(l, args[0])),
      type: types.u32,
    }),
  },
  swap16: swap(16),
  swap32: swap(32),
  swap64: swap(64),
  ntohs: swap(16),
  ntohl: swap(32),
};
