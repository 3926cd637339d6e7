/** Memory that no type leads to: strings behind addresses, user memory, paths. */
import type { CallExpression, MemberExpression, Node } from 'acorn';
import type { HelperName } from '../../compiler/helpers.ts';
import type { Value } from '../../compiler/ir.ts';
import { zero } from '../emit/memory.ts';
import { fieldExists } from '../lower/condition.ts';
import { fromBtf, type StructType, sizeOf, types } from '../lower/data-type.ts';
import { expression, memberTarget } from '../lower/expression.ts';
import { addressOf, aggregate, readPlace, stackPlace, writePlace } from '../lower/memory.ts';
import { describe, type Operand } from '../lower/operand.ts';
import { scalarOf } from '../lower/scalar.ts';
import type { Lowering } from '../lower/state.ts';
import { messages } from '../messages.ts';
import { constantArgument, destination, numberArgument } from './arguments.ts';
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
      if (!place.scratch) zero(l, place.base, place.offset, place.type.length);
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

/** A number behind an address that no type leads to: an element of argv, a field of a struct of a library. */
function peek(memory: 'kernelRaw' | 'user', where: string): Builtin {
  return {
    kind: 'operation',
    arity: [1, 2],
    doc: `The unsigned number of 8 bytes at a ${where} address, or of 1, 2 or 4 as the second argument says; 0 if it cannot be read.`,
    lower(l, args) {
      const base = numberArgument(l, args[0]);
      const bytes = args[1] ? constantArgument(l, args[1], 'the number of bytes') : 8n;
      const type = { 1: types.u8, 2: types.u16, 4: types.u32, 8: types.u64 }[Number(bytes)];
      if (!type) return l.fail(args[1], messages.wrongType('1, 2, 4 or 8', `${bytes}`));
      return readPlace(l, { base, offset: 0, type, memory, writable: false });
    },
  };
}

/** Kernels before 6.2 have no such kfunc and ask for none: there it compiles to nothing. */
function rcu(name: string, doc: string): Builtin {
  return {
    kind: 'operation',
    arity: [0, 0],
    doc,
    lower(l) {
      const btfId = l.program.environment.btf.find(name, 'function');
      if (btfId !== undefined) l.b.call({ kind: 'kfunc', btfId, name, pure: false }, []);
      return { kind: 'undefined' };
    },
  };
}

/**
 * For each pointer that is read from an object that helpers may be given, the verifier of Linux 6.2 to 6.18 searches all
 * types of the kernel by name, several times (btf_nested_type_is_trusted in kernel/bpf/btf.c): half a millisecond each. Not
 * for what bpf_rdonly_cast gives. Kernels without it have nothing to search for.
 */
function untrusted(l: Lowering, value: Value, { name }: StructType): Value {
  const { btf } = l.program.environment;
  const cast = btf.find('bpf_rdonly_cast', 'function');
  const struct = btf.find(name.replace(/^struct /, ''), 'struct');
  if (cast === undefined || struct === undefined) return value;
  const callee = { kind: 'kfunc', btfId: cast, name: 'bpf_rdonly_cast', pure: false } as const;
  return l.b.call(callee, [value, l.b.constant(struct)], {
    kind: 'pointer',
    provenance: 'kernelTyped',
    nullable: false,
  });
}

/** Text that is written in the call itself. */
function textArgument(l: Lowering, node: Node, what: string): string {
  const operand = expression(l, node);
  if (operand.kind !== 'text') return l.fail(node, messages.mustBeConstant(what));
  return new TextDecoder().decode(operand.bytes);
}

/** A struct or union of this kernel, by its name. */
function structArgument(l: Lowering, node: Node): StructType {
  const { btf } = l.program.environment;
  const wanted = textArgument(l, node, 'the name of the struct').replace(/^(struct|union) /, '');
  const id = btf.find(wanted, 'struct') ?? btf.find(wanted, 'union');
  const type = id === undefined ? undefined : fromBtf(btf, id);
  if (type?.kind === 'struct') return type;
  return l.fail(node, messages.unknownField('the kernel', `struct ${wanted}`, btf.suggest(wanted, 'struct')));
}

/** Where an object is: of a struct or number inside another one its own place, of a pointer what it points to. */
function addressArgument(l: Lowering, node: Node): Value {
  if (node.type === 'MemberExpression') {
    const target = memberTarget(l, node as MemberExpression);
    if ('base' in target) {
      const pointer = target.type.kind === 'pointer' ? readPlace(l, target) : undefined;
      return pointer ? scalarOf(l, pointer, node).value : addressOf(l, target);
    }
  }
  const operand = expression(l, node);
  return operand.kind === 'place' ? addressOf(l, operand.place) : scalarOf(l, operand, node).value;
}

/** A per-CPU value may take 32 KiB (PCPU_MIN_UNIT_SIZE); several buffers share it. */
const maxBuffer = 16_384;

export const memory: Builtins = {
  str: string('probe_read_kernel_str', 'kernel'),
  userStr: string('probe_read_user_str', 'user'),
  read: copy('probe_read_kernel', 'kernel'),
  readUser: copy('probe_read_user', 'user'),
  peek: peek('kernelRaw', 'kernel'),
  peekUser: peek('user', 'user'),
  path: {
    kind: 'operation',
    arity: [2, 2],
    doc: 'Writes the full path of a `struct path` to a text field; its length with the NUL, or negative. Linux 5.10 in some functions, 5.12 in iterators.',
    lower(l, args) {
      const operand = expression(l, args[0]);
      const from = aggregate(operand);
      if (from?.type.kind !== 'struct' || from.type.name !== 'struct path') {
        return l.fail(args[0], messages.wrongType('a struct path', describe(operand)));
      }
      const place = destination(l, args[1]);
      if (!place.scratch) zero(l, place.base, place.offset, sizeOf(place.type));
      const length = l.call('d_path', [
        addressOf(l, from),
        addressOf(l, place),
        l.b.constant(sizeOf(place.type)),
      ]);
      return { kind: 'scalar', value: length, type: types.i64 };
    },
  },
  buffer: {
    kind: 'operation',
    arity: [1, 1],
    doc: 'Bytes of memory for one run, up to 16384, as the target of k.str, k.path and k.readTask. What they hold before is undefined.',
    lower(l, args) {
      const length = Number(constantArgument(l, args[0], 'the size of the buffer'));
      if (length < 1 || length > maxBuffer)
        return l.fail(args[0], messages.outOfBounds(BigInt(length), maxBuffer));
      const place = stackPlace(l, 'buffer', { kind: 'chars', length });
      return { kind: 'place', place: { ...place, scratch: true } };
    },
  },
  readTask: {
    kind: 'operation',
    arity: [3, 4],
    doc: 'Copies user memory of a task (task, address, field or buffer, length): 0, or a negative error. Sleepable iterators, Linux 5.18.',
    available: (l) =>
      l.probe.maySleep
        ? undefined
        : messages.notInProbe(
            'readTask',
            l.probe.title,
            'Only probes that may sleep can wait for user pages: iter:task.',
          ),
    lower(l, args) {
      l.program.sleeps = true;
      const task = expression(l, args[0]);
      if (task.kind !== 'pointer') return l.fail(args[0], messages.wrongType('a task', describe(task)));
      const address = numberArgument(l, args[1]);
      const place = destination(l, args[2]);
      const length = args[3] ? numberArgument(l, args[3]) : l.b.constant(sizeOf(place.type));
      const zeroFlags = l.b.constant(0);
      const result = l.call('copy_from_user_task', [
        addressOf(l, place),
        length,
        address,
        task.value,
        zeroFlags,
      ]);
      return { kind: 'scalar', value: result, type: types.i64 };
    },
  },
  rcuLock: rcu(
    'bpf_rcu_read_lock',
    'Begins a section in which what RCU protects stays valid; needed around pointer walks in sleepable probes since Linux 6.2, and nothing before.',
  ),
  rcuUnlock: rcu('bpf_rcu_read_unlock', 'Ends the section of k.rcuLock.'),
  reading: {
    kind: 'operation',
    arity: [1, 1],
    doc: 'A kernel object for nothing but reading its members and theirs: `const p = k.reading(k.item.task)`. Loads faster.',
    lower(l, args) {
      const object = expression(l, args[0]);
      if (object.kind !== 'pointer' || object.target?.kind !== 'struct') {
        return l.fail(args[0], messages.wrongType('a kernel object', describe(object)));
      }
      return { ...object, value: untrusted(l, object.value, object.target) };
    },
  },
  cast: {
    kind: 'operation',
    arity: [2, 2],
    doc: "An address as a kernel struct: `k.cast(address, 'file').f_inode.i_ino`.",
    lower(l, args) {
      const value = numberArgument(l, args[0]);
      const target = structArgument(l, args[1]);
      return { kind: 'pointer', value, target, memory: 'kernelRaw', writable: false };
    },
  },
  containerOf: {
    kind: 'operation',
    arity: [3, 3],
    doc: "The kernel struct that an object is a member of: `k.containerOf(file.f_path.mnt, 'mount', 'mnt').mnt_id`.",
    lower(l, args) {
      const inner = addressArgument(l, args[0]);
      const target = structArgument(l, args[1]);
      const name = textArgument(l, args[2], 'the name of the member');
      const member = target.member(name);
      if (!member || member.bitfield) {
        const names = target.memberNames();
        return l.fail(
          args[2],
          messages.unknownField(target.name, name, l.program.nearest(name, names), names),
        );
      }
      const value = member.offset === 0 ? inner : l.b.binary('sub', inner, l.b.constant(member.offset));
      return { kind: 'pointer', value, target, memory: 'kernelRaw', writable: false };
    },
  },
  sizeOf: {
    kind: 'operation',
    arity: [1, 1],
    doc: "The bytes of a struct on this kernel: `k.sizeOf('inode')`.",
    lower: (l, args) => ({ kind: 'literal', value: BigInt(structArgument(l, args[0]).size) }),
  },
  exists: {
    kind: 'operation',
    arity: [1, 1],
    doc: 'True if this kernel has the field: `if (k.exists(k.task.loginuid))`. What it guards is left out where the field is missing.',
    lower(l, _, node) {
      return { kind: 'literal', value: fieldExists(l, node as CallExpression) ? 1n : 0n };
    },
  },
  addressOf: {
    kind: 'operation',
    arity: [1, 1],
    doc: 'The address of a kernel object, or of a number inside one: `k.addressOf(sock.skc_daddr)`.',
    lower: (l, args) => ({ kind: 'scalar', value: addressArgument(l, args[0]), type: types.u64 }),
  },
};
