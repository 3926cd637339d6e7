/** Stacks of kernel and user space. */
import type { CallExpr, Expr, IdentifierExpr } from '../ast/nodes.ts';
import type { CheckContext } from '../check/context.ts';
import * as say from '../check/messages.ts';
import { stacks as lowerStacks } from '../lower/builtins/stacks.ts';
import type { StackMode, Type } from '../types/type.ts';
import type { Builtin } from './builtin.ts';
import { unstable, wordOf } from './rules.ts';

/** Frames of a stack that says nothing else. */
const defaultLimit = 127;
/** More the kernel does not record: kernel.perf_event_max_stack can go there. */
const greatestLimit = 1024n;
const modes: readonly string[] = ['bpftrace', 'perf', 'raw', 'build_id'] satisfies StackMode[];

const modeOf = (expr: Expr): StackMode | undefined => {
  const word = wordOf(expr);
  return word !== undefined && modes.includes(word) ? (word as StackMode) : undefined;
};

/** `kstack`, `kstack(10)`, `kstack(perf)`, `kstack(perf, 10)`. */
function checkStack(
  kind: 'kstack' | 'ustack',
  context: CheckContext,
  call: CallExpr | IdentifierExpr,
  args: readonly Expr[],
): Type {
  let mode = context.config.stackMode;
  let limit = BigInt(defaultLimit);
  const [first, second] = args;
  if (first !== undefined && first.kind === 'identifier') {
    const found = modeOf(first);
    if (found !== undefined) mode = found;
    else context.diagnostics.error(first.span, say.unknownStackMode(call.name));
  }
  const depth = second ?? (first?.kind === 'identifier' ? undefined : first);
  if (second !== undefined && first?.kind !== 'identifier') {
    context.diagnostics.error(call.span, say.stackModeFirst);
  }
  if (depth !== undefined) {
    // A mode in the wrong place is told as a limit that is none.
    if (modeOf(depth) === undefined) context.check(depth);
    const value = context.constantOf(depth);
    if (typeof value !== 'bigint' || value < 0n) {
      context.diagnostics.error(call.span, say.stackLimitInvalid(call.name));
    } else if (value > greatestLimit) {
      context.diagnostics.error(call.span, say.stackLimit(call.name, value));
    } else {
      limit = value;
    }
  }
  if (kind === 'kstack' && mode === 'build_id') {
    context.diagnostics.error(call.span, say.buildIdKernel);
    mode = 'bpftrace';
  }
  return { kind, mode, limit: Number(limit) };
}

export const stackBuiltins: readonly Builtin[] = [
  {
    name: 'kstack',
    kind: 'value',
    arity: [0, 2],
    lazy: true,
    check: (context, call, args) => checkStack('kstack', context, call, args),
    lower: lowerStacks.kstack,
    documentation: {
      section: 'variable',
      signature: 'kstack kstack([bpftrace|perf|raw][, int limit])',
      text: 'Stack of the kernel; at most 127 frames if nothing is said.',
      example: 'profile:hz:99 { @[kstack(perf, 10)] = count() }',
    },
  },
  {
    name: 'ustack',
    kind: 'value',
    arity: [0, 2],
    lazy: true,
    check: (context, call, args) => checkStack('ustack', context, call, args),
    lower: lowerStacks.ustack,
    documentation: {
      section: 'variable',
      signature: 'ustack ustack([bpftrace|perf|raw|build_id][, int limit])',
      text: 'Stack of the program, by frame pointers; at most 127 frames if nothing is said.',
    },
  },
  {
    name: 'dw_ustack',
    kind: 'value',
    arity: [0, 2],
    lazy: true,
    check(context, call, args) {
      unstable(context, call, context.config.unstable.dwUstack, 'unstable_dw_ustack');
      return checkStack('ustack', context, call, args);
    },
    lower: lowerStacks.dw_ustack,
    documentation: {
      section: 'variable',
      signature: 'ustack dw_ustack([bpftrace|perf|raw][, int limit])',
      text: 'As ustack, by the unwind tables of programs (.eh_frame, .debug_frame), which need no frame pointers: of the processes of -p, -c and --dwarf-pid, on x86_64.',
    },
  },
];
