/** Addresses and their names. */

import * as say from '../check/messages.ts';
import { symbols as lowerSymbols } from '../lower/builtins/symbols.ts';
import { bool, pointerTo, type Type, uint8, uint16, uint32, uint64 } from '../types/type.ts';
import type { Builtin } from './builtin.ts';
import { compiledAway, isAddress, isInteger, literalText, requires } from './rules.ts';

const symbolName = /^[A-Za-z0-9./_-]+$/;
/** `uaddr`: a pointer to an integer as wide as the symbol is. */
const bySize: Readonly<Record<number, Type>> = { 1: uint8, 2: uint16, 4: uint32, 8: uint64 };

export const symbolBuiltins: readonly Builtin[] = [
  {
    name: 'ksym',
    kind: 'function',
    arity: [1, 1],
    check(context, call, args) {
      requires(context, call, args[0]!, 'integer or pointer', isAddress);
      return { kind: 'ksym' };
    },
    lower: lowerSymbols.ksym,
    documentation: {
      section: 'value',
      signature: 'ksym_t ksym(uint64 addr)',
      text: 'The kernel symbol that an address is in; looked up when it is printed.',
    },
  },
  {
    name: 'usym',
    kind: 'function',
    arity: [1, 1],
    check(context, call, args) {
      requires(context, call, args[0]!, 'integer or pointer', isAddress);
      return { kind: 'usym' };
    },
    lower: lowerSymbols.usym,
    documentation: {
      section: 'value',
      signature: 'usym_t usym(uint64 *addr)',
      text: "The symbol of the task's program that an address is in; looked up when it is printed.",
    },
  },
  {
    name: 'kaddr',
    kind: 'function',
    arity: [1, 1],
    compileTime: true,
    check(context, call, args) {
      const name = literalText(context, call, args[0]!);
      if (context.environment.portable) context.diagnostics.error(call.span, say.noKernelAddress);
      else if (name !== undefined && context.environment.kernelSymbol !== undefined) {
        const address = context.environment.kernelSymbol(name);
        if (address === undefined) context.diagnostics.error(call.span, say.unknownSymbol(name));
        else context.fold(call, address);
      }
      return uint64;
    },
    lower: compiledAway,
    documentation: {
      section: 'compile time',
      signature: 'uint64 kaddr(const string name)',
      text: 'Address of a kernel symbol.',
      example: '*kaddr("usbcore_name")',
    },
  },
  {
    name: 'percpu_kaddr',
    kind: 'function',
    arity: [1, 2],
    check(context, call, args) {
      const name = literalText(context, call, args[0]!);
      if (context.environment.portable) context.diagnostics.error(call.span, say.noKernelAddress);
      else if (name !== undefined && context.environment.kernelSymbol?.(name) === undefined) {
        if (context.environment.kernelSymbol !== undefined) {
          context.diagnostics.error(call.span, say.unknownVariable(name));
        }
      }
      if (args[1] !== undefined) requires(context, call, args[1], 'int', isInteger);
      return uint64;
    },
    lower: lowerSymbols.percpu_kaddr,
    documentation: {
      section: 'value',
      signature: 'uint64 percpu_kaddr(const string name[, int cpu])',
      text: 'Address of a per-CPU symbol on this CPU, or on the one that is given; 0 if there is no such CPU.',
    },
  },
  {
    name: 'uaddr',
    kind: 'function',
    arity: [1, 1],
    probes: ['uprobe', 'uretprobe', 'usdt'],
    perTarget: true,
    check(context, call, args) {
      const name = literalText(context, call, args[0]!);
      if (name === undefined) return pointerTo(uint64, 'user');
      if (!symbolName.test(name)) {
        context.diagnostics.error(call.span, say.notSymbol('uaddr', name));
        return pointerTo(uint64, 'user');
      }
      const lookUp = context.environment.userSymbol;
      if (lookUp === undefined || context.probe === undefined) return pointerTo(uint64, 'user');
      const symbol = lookUp(name, context.probe);
      if (symbol === undefined) context.diagnostics.error(call.span, say.unresolvedUser(name));
      return pointerTo(bySize[symbol?.size ?? 8] ?? uint64, 'user');
    },
    lower: lowerSymbols.uaddr,
    documentation: {
      section: 'value',
      signature: 'uint64 *uaddr(const string sym)',
      text: 'Address of a symbol of the program that the probe is in, as a pointer to what it holds.',
    },
  },
  {
    name: 'kfunc_exist',
    kind: 'function',
    arity: [1, 1],
    compileTime: true,
    check(context, call, args) {
      const name = literalText(context, call, args[0]!);
      if (name !== undefined) context.fold(call, context.environment.kernelFunction?.(name) ?? false);
      return bool;
    },
    lower: compiledAway,
    documentation: {
      section: 'compile time',
      signature: 'bool kfunc_exist(const string kfunc)',
      text: 'Whether this kernel has a kfunc of this name.',
    },
  },
  {
    name: 'kfunc_allowed',
    kind: 'function',
    arity: [1, 1],
    compileTime: true,
    check(context, call, args) {
      const name = literalText(context, call, args[0]!);
      const { probe, environment } = context;
      if (name !== undefined) {
        const allowed = probe !== undefined && (environment.kernelFunctionAllowed?.(name, probe) ?? false);
        context.fold(call, allowed);
      }
      return bool;
    },
    lower: compiledAway,
    documentation: {
      section: 'compile time',
      signature: 'bool kfunc_allowed(const string kfunc)',
      text: 'Whether the kfunc may be called in this kind of probe.',
    },
  },
];
