/** Numbers of the kernel that have names: errors, signals, system calls. */

import { network as lowerNetwork } from '../lower/builtins/network.ts';
import type { Type } from '../types/type.ts';
import type { Builtin } from './builtin.ts';
import { isInteger, requires } from './rules.ts';

function named(table: 'errno' | 'signal' | 'syscall', name: string, text: string, example: string): Builtin {
  return {
    name,
    kind: 'function',
    arity: [1, 1],
    check(context, call, args): Type {
      requires(context, call, args[0]!, 'int', isInteger);
      return { kind: 'named', table };
    },
    lower: lowerNetwork.named,
    documentation: { section: 'value', signature: `string ${name}(int n)`, text, example },
  };
}

export const nameBuiltins: readonly Builtin[] = [
  named('errno', 'strerror', 'The text of an error number.', 'print(strerror(2))'),
  named('signal', 'signal_name', 'The name of a signal.', 'print(signal_name(9))'),
  named('syscall', 'syscall_name', 'The name of a system call.', 'print(syscall_name(args.id))'),
];
