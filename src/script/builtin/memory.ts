/** Memory that no type leads to: strings behind addresses, user memory, paths. */
import type { Node } from 'acorn';
import type { HelperName } from '../../compiler/helpers.ts';
import { fromBtf, sizeOf, types } from '../lower/data-type.ts';
import { expression } from '../lower/expression.ts';
import { addressOf, aggregate, writePlace, zero } from '../lower/memory.ts';
import { describe, type Operand } from '../lower/operand.ts';
import { scalarOf } from '../lower/scalar.ts';
import type { Lowering } from '../lower/state.ts';
import { messages } from '../messages.ts';
import { destination, numberArgument } from './arguments.ts';
import type { Builtin, Builtins } from './builtin.ts';

/** Bytes of a string that no field bounds. */
const defaultStringLength = 64;

function string(name: HelperName, where: string): Builtin {
  return {
    kind: 'operation',
    arity: [1, 2],
    doc: `The NUL-terminated string at a ${where} address: as a value, or written to a field; the result is its length with the NUL, or negative.`,
    lower(l, args, node) {
      const source = stringSource(l, args[0], name);
      if (args.length === 1) return source;
      const place = destination(l, args[1]);
      if (place.type.kind !== 'chars' && place.type.kind !== 'bytes') {
        return l.fail(args[1], messages.wrongType('a text field', describe({ kind: 'place', place })));
      }
      if (source.kind !== 'fill') {
        writePlace(l, place, source, node);
        return { kind: 'literal', value: BigInt(place.type.length) };
      }
      zero(l, place.base, place.offset, place.type.length);
      return { kind: 'scalar', value: source.fill(addressOf(l, place), place.type.length), type: types.i64 };
    },
  };
}

function stringSource(l: Lowering, node: Node, name: HelperName): Operand {
  const operand = expression(l, node);
  // A field that holds text already, such as k.task.comm, needs no second look.
  if (operand.kind === 'fill' || (operand.kind === 'place' && operand.place.type.kind === 'chars'))
    return operand;
  const { value } = scalarOf(l, operand, node);
  return {
    kind: 'fill',
    title: 'a string',
    length: defaultStringLength,
    complete: false,
    fill: (address, size) => l.call(name, [address, l.b.constant(size), value]),
  };
}

function copy(name: HelperName, where: string): Builtin {
  return {
    kind: 'operation',
    arity: [2, 2],
    doc: `Fills a field with bytes from a ${where} address; 0, or a negative error and the field is zero.`,
    lower(l, args) {
      const value = numberArgument(l, args[0]);
      const place = destination(l, args[1]);
      const size = l.b.constant(sizeOf(place.type));
      return { kind: 'scalar', value: l.call(name, [addressOf(l, place), size, value]), type: types.i64 };
    },
  };
}

export const memory: Builtins = {
  str: string('probe_read_kernel_str', 'kernel'),
  userStr: string('probe_read_user_str', 'user'),
  read: copy('probe_read_kernel', 'kernel'),
  readUser: copy('probe_read_user', 'user'),
  path: {
    kind: 'operation',
    arity: [2, 2],
    doc: 'Writes the full path of a `struct path` to a text field; its length with the NUL, or negative. Linux 5.10; iterators and some functions only.',
    lower(l, args) {
      const operand = expression(l, args[0]);
      const from = aggregate(operand);
      if (from?.type.kind !== 'struct' || from.type.name !== 'struct path') {
        return l.fail(args[0], messages.wrongType('a struct path', describe(operand)));
      }
      const place = destination(l, args[1]);
      zero(l, place.base, place.offset, sizeOf(place.type));
      const length = l.call('d_path', [
        addressOf(l, from),
        addressOf(l, place),
        l.b.constant(sizeOf(place.type)),
      ]);
      return { kind: 'scalar', value: length, type: types.i64 };
    },
  },
  cast: {
    kind: 'operation',
    arity: [2, 2],
    doc: "An address as a kernel struct: `k.cast(address, 'file').f_inode.i_ino`.",
    lower(l, args) {
      const value = numberArgument(l, args[0]);
      const name = expression(l, args[1]);
      if (name.kind !== 'text') return l.fail(args[1], messages.mustBeConstant('the name of the struct'));
      const { btf } = l.program.environment;
      const wanted = new TextDecoder().decode(name.bytes).replace(/^(struct|union) /, '');
      const id = btf.find(wanted, 'struct') ?? btf.find(wanted, 'union');
      if (id === undefined) {
        return l.fail(
          args[1],
          messages.unknownField('the kernel', `struct ${wanted}`, btf.suggest(wanted, 'struct')),
        );
      }
      return { kind: 'pointer', value, target: fromBtf(btf, id), memory: 'kernelRaw', writable: false };
    },
  },
  addressOf: {
    kind: 'operation',
    arity: [1, 1],
    doc: 'The address of a kernel object, as a number.',
    lower(l, args) {
      const operand = expression(l, args[0]);
      const place = operand.kind === 'place' ? operand.place : undefined;
      const value = place ? addressOf(l, place) : scalarOf(l, operand, args[0]).value;
      return { kind: 'scalar', value, type: types.u64 };
    },
  },
};
