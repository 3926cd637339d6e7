/** Where it runs: CPUs, numbers of the machine, registers. */
import * as say from '../check/messages.ts';
import { machine as lowerMachine } from '../lower/builtins/machine.ts';
import { uint8, uint64 } from '../types/type.ts';
import type { Builtin } from './builtin.ts';
import { isRegister } from './registers.ts';
import { compiledAway, literalText } from './rules.ts';

export const machineBuiltins: readonly Builtin[] = [
  {
    name: 'cpu',
    kind: 'value',
    check: () => uint64,
    lower: lowerMachine.cpu,
    documentation: { section: 'variable', signature: 'uint64 cpu', text: 'The CPU that the event is on.' },
  },
  {
    name: 'ncpus',
    kind: 'value',
    compileTime: true,
    check(context, call) {
      context.fold(call, BigInt(context.environment.cpus));
      return uint64;
    },
    lower: compiledAway,
    documentation: { section: 'variable', signature: 'uint64 ncpus', text: 'How many CPUs there are.' },
  },
  {
    name: 'numaid',
    kind: 'value',
    check: () => uint64,
    lower: lowerMachine.numaid,
    documentation: { section: 'variable', signature: 'uint64 numaid', text: 'The NUMA node of the CPU.' },
  },
  {
    name: 'rand',
    kind: 'value',
    check: () => uint64,
    lower: lowerMachine.rand,
    documentation: { section: 'variable', signature: 'uint64 rand', text: 'A random number.' },
  },
  {
    name: 'usermode',
    kind: 'value',
    probes: [
      'kprobe',
      'kretprobe',
      'uprobe',
      'uretprobe',
      'usdt',
      'profile',
      'interval',
      'software',
      'hardware',
      'watchpoint',
    ],
    check: () => uint8,
    lower: lowerMachine.usermode,
    documentation: {
      section: 'variable',
      signature: 'uint8 usermode',
      text: '1 if the event interrupted user code, else 0.',
    },
  },
  {
    name: 'reg',
    kind: 'function',
    arity: [1, 1],
    probes: [
      'kprobe',
      'kretprobe',
      'uprobe',
      'uretprobe',
      'usdt',
      'profile',
      'interval',
      'software',
      'hardware',
      'watchpoint',
    ],
    check(context, call, args) {
      const [name] = args;
      const text = name && literalText(context, call, name);
      if (text !== undefined && !isRegister(context.environment.architecture, text)) {
        context.diagnostics.error(call.span, say.notRegister(text, context.environment.architecture));
      }
      return uint64;
    },
    lower: lowerMachine.reg,
    documentation: {
      section: 'value',
      signature: 'uint64 reg(const string name)',
      text: 'A register by its name; `pc` and `sp` on every architecture.',
      example: 'reg("ip")',
    },
  },
];
