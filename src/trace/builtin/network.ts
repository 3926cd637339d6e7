/** Addresses of networks. */
import { isIP, isIPv4 } from 'node:net';
import * as say from '../check/messages.ts';
import { network as lowerNetwork } from '../lower/builtins/network.ts';
import { layoutOf } from '../types/layout.ts';
import { kindText } from '../types/text.ts';
import { uint8, uint64 } from '../types/type.ts';
import type { Builtin } from './builtin.ts';
import { isAddress, isInteger, requires, unknown } from './rules.ts';

export const networkBuiltins: readonly Builtin[] = [
  {
    name: 'ntop',
    kind: 'function',
    arity: [1, 2],
    check(context, call, args) {
      const address = args.at(-1)!;
      if (args.length === 2) requires(context, call, args[0]!, 'int', isInteger);
      const type = context.typeOf(address);
      if (unknown(type)) return { kind: 'inet' };
      if (
        type.kind === 'array' ||
        type.kind === 'string' ||
        type.kind === 'buffer' ||
        type.kind === 'struct'
      ) {
        const { size } = type.kind === 'array' ? layoutOf(type) : type;
        if (size !== 4 && size !== 16) context.diagnostics.error(call.span, say.ntopSize);
      } else if (!isInteger(type)) {
        context.diagnostics.error(call.span, say.ntopArgument(kindText(type)));
      }
      return { kind: 'inet' };
    },
    lower: lowerNetwork.ntop,
    documentation: {
      section: 'value',
      signature: 'inet ntop([int64 af, ] int addr)',
      text: 'An IPv4 or IPv6 address as text; the family is told by the size if it is not given.',
    },
  },
  {
    name: 'pton',
    kind: 'function',
    arity: [1, 1],
    check(context, call, args) {
      const value = context.constantOf(args[0]!);
      const type = context.typeOf(args[0]!);
      if (typeof value !== 'string') {
        if (!unknown(type)) context.diagnostics.error(call.span, say.ptonLiteral);
        return { kind: 'array', element: uint8, length: 16 };
      }
      if (isIP(value) === 0 || value.includes('%')) {
        // What has neither sign of an address is no address at all.
        const said = /[.:]/.test(value) ? say.ptonInvalid(value) : say.ptonArgument(value);
        context.diagnostics.error(call.span, said);
      }
      return { kind: 'array', element: uint8, length: isIPv4(value) ? 4 : 16 };
    },
    lower: lowerNetwork.pton,
    documentation: {
      section: 'compile time',
      signature: 'uint8[4|16] pton(const string addr)',
      text: 'The bytes of an address, as they go over the wire.',
    },
  },
  {
    name: 'macaddr',
    kind: 'function',
    arity: [1, 1],
    check(context, call, args) {
      const [from] = args;
      const type = context.typeOf(from!);
      if (unknown(type)) return { kind: 'macaddr' };
      if (type.kind === 'string' && typeof context.constantOf(from!) === 'string') {
        context.diagnostics.error(call.span, say.macaddrLiteral);
      } else if (type.kind === 'array' || type.kind === 'string') {
        if (layoutOf(type).size !== 6) context.diagnostics.error(call.span, say.macaddrSize);
      } else if (!isAddress(type)) {
        context.diagnostics.error(call.span, say.macaddrArgument(kindText(type)));
      }
      return { kind: 'macaddr' };
    },
    lower: lowerNetwork.macaddr,
    documentation: {
      section: 'value',
      signature: 'macaddr_t macaddr(char *mac)',
      text: 'Six bytes as a hardware address: `08:00:2B:01:02:03`.',
    },
  },
  {
    name: 'socket_cookie',
    kind: 'function',
    arity: [1, 1],
    probes: ['fentry', 'fexit', 'iter', 'rawtracepoint'],
    check(context, call, args) {
      requires(context, call, args[0]!, 'pointer', (type) => type.kind === 'pointer');
      return uint64;
    },
    lower: lowerNetwork.socket_cookie,
    documentation: {
      section: 'value',
      signature: 'uint64 socket_cookie(struct sock *sk)',
      text: 'A number of its own for each socket.',
    },
  },
];
