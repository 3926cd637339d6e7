/** Bytes at addresses: read, compared, swapped, written. */
import type { CallExpr, Expr, IdentifierExpr } from '../ast/nodes.ts';
import type { CheckContext } from '../check/context.ts';
import * as say from '../check/messages.ts';
import { memory as lowerMemory } from '../lower/builtins/memory.ts';
import { layoutOf } from '../types/layout.ts';
import { kindText } from '../types/text.ts';
import {
  type AddressSpace,
  bool,
  buffer,
  int64,
  pointerTo,
  string,
  type Type,
  uint64,
  voidType,
} from '../types/type.ts';
import type { Builtin } from './builtin.ts';
import { isAddress, isInteger, isPointer, requires, unknown } from './rules.ts';

function checkBuf(context: CheckContext, call: CallExpr | IdentifierExpr, args: readonly Expr[]): Type {
  const [from, length] = args;
  const type = context.typeOf(from!);
  const most = context.config.maxStrlen;
  if (!unknown(type) && !isAddress(type) && type.kind !== 'string' && type.kind !== 'array') {
    if (type.kind !== 'buffer') {
      context.diagnostics.error(call.span, say.bufArgument(kindText(type)));
      return buffer(most);
    }
  }
  let size: number;
  if (length === undefined) {
    if (type.kind === 'buffer') size = type.size;
    else if (type.kind === 'array') size = layoutOf(type).size;
    else {
      if (!unknown(type)) context.diagnostics.error(call.span, say.bufLength(kindText(type)));
      size = most;
    }
  } else {
    requires(context, call, length, 'int', isInteger);
    const value = context.constantOf(length);
    if (typeof value !== 'bigint') size = most;
    else if (value < 0n) {
      context.diagnostics.error(call.span, say.negativeLength('buf', value));
      size = most;
    } else {
      if (value > BigInt(most)) {
        context.diagnostics.warning(call.span, say.lengthShortened('buf', value, most));
        size = most;
      } else size = Number(value);
    }
  }
  return buffer(Math.min(size, most));
}

/** `kptr` and `uptr`: where the memory behind an address lies. */
const inSpace =
  (space: AddressSpace): Builtin['check'] =>
  (context, call, args) => {
    const type = context.typeOf(args[0]!);
    requires(context, call, args[0]!, 'integer or pointer', isAddress);
    return isPointer(type) ? { ...type, space } : unknown(type) ? type : pointerTo(voidType, space);
  };

export const memoryBuiltins: readonly Builtin[] = [
  {
    name: 'buf',
    kind: 'function',
    arity: [1, 2],
    check: checkBuf,
    lower: lowerMemory.buf,
    documentation: {
      section: 'value',
      signature: 'buffer buf(void *data, [int64 length])',
      text: 'Bytes as they are; arrays know their length.',
      example: 'printf("%rx\\n", buf(args.buff, args.len))',
    },
  },
  {
    name: 'bswap',
    kind: 'function',
    arity: [1, 1],
    check(context, call, args) {
      const type = context.typeOf(args[0]!);
      if (unknown(type)) return type;
      if (type.kind !== 'int') {
        context.diagnostics.error(call.span, say.bswapArgument(kindText(type)));
        return uint64;
      }
      return { kind: 'int', bits: type.bits, signed: false };
    },
    lower: lowerMemory.bswap,
    documentation: {
      section: 'value',
      signature: 'uintN bswap(uintN n)',
      text: 'The bytes of an integer in the other order.',
    },
  },
  {
    name: 'memcmp',
    kind: 'function',
    arity: [3, 3],
    check(context, call, args) {
      for (const argument of args.slice(0, 2)) {
        requires(context, call, argument, 'pointer, string, buffer or array', (type) =>
          ['pointer', 'string', 'buffer', 'array', 'struct', 'int', 'inet', 'macaddr'].includes(type.kind),
        );
      }
      requires(context, call, args[2]!, 'int', isInteger);
      const count = context.constantOf(args[2]!);
      if (typeof count === 'bigint' && count < 0n) {
        context.diagnostics.error(call.span, say.negativeLength('memcmp', count));
      }
      return int64;
    },
    lower: lowerMemory.memcmp,
    documentation: {
      section: 'value',
      signature: 'int64 memcmp(void *a, void *b, uint64 n)',
      text: 'Below, at, or above 0: how the first `n` bytes compare.',
    },
  },
  {
    name: 'kptr',
    kind: 'function',
    arity: [1, 1],
    check: inSpace('kernel'),
    lower: lowerMemory.kptr,
    documentation: {
      section: 'value',
      signature: 'T * kptr(T * ptr)',
      text: 'Says that the address is one of the kernel.',
    },
  },
  {
    name: 'uptr',
    kind: 'function',
    arity: [1, 1],
    check: inSpace('user'),
    lower: lowerMemory.uptr,
    documentation: {
      section: 'value',
      signature: 'T * uptr(T * ptr)',
      text: 'Says that the address is one of user space.',
    },
  },
  {
    name: 'is_err',
    kind: 'function',
    arity: [1, 1],
    check(context, call, args) {
      requires(context, call, args[0]!, 'integer or pointer', isAddress);
      return bool;
    },
    lower: lowerMemory.is_err,
    documentation: {
      section: 'value',
      signature: 'bool is_err(T value)',
      text: 'Whether a pointer of the kernel is an error number in truth (`IS_ERR`).',
    },
  },
  {
    name: 'path',
    kind: 'function',
    arity: [1, 2],
    probes: ['fentry', 'fexit', 'iter'],
    check(context, _call, args) {
      const [from, length] = args;
      const type = context.typeOf(from!);
      const ofPath = type.kind === 'pointer' ? type.target : type;
      if (!unknown(type) && ofPath.kind !== 'struct') {
        context.diagnostics.error(from!.span, say.pathArgument(kindText(type)));
      }
      let size = context.config.maxStrlen;
      if (length !== undefined) {
        const value = context.constantOf(length);
        if (typeof value !== 'bigint') {
          if (!unknown(context.typeOf(length))) {
            context.diagnostics.error(length.span, say.invalidValue('path', 'size'));
          }
        } else if (value < 0n) {
          context.diagnostics.error(length.span, say.negativeLength('path', value));
        } else size = Math.max(1, Math.min(size, Number(value)));
      }
      return string(size);
    },
    lower: lowerMemory.path,
    documentation: {
      section: 'value',
      signature: 'string path(struct path * path [, const int32 size])',
      text: 'The full name of a file, of its `struct path`.',
      example: 'fentry:filp_close { print(path(args.filp.f_path)) }',
    },
  },
  {
    name: 'write_user',
    kind: 'function',
    arity: [3, 3],
    unsafe: true,
    check(context, call, args) {
      requires(context, call, args[0]!, 'integer or pointer', isAddress);
      requires(context, call, args[2]!, 'int', isInteger);
      return { kind: 'none' };
    },
    lower: lowerMemory.write_user,
    documentation: {
      section: 'effect',
      signature: 'void write_user(void *dst, T src, uint64 n)',
      text: "Writes bytes into the task's memory.",
    },
  },
];
