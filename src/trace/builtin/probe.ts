/** What the event brings: arguments, return value, context, its name. */
import type { CallExpr, IdentifierExpr } from '../ast/nodes.ts';
import type { CheckContext } from '../check/context.ts';
import * as say from '../check/messages.ts';
import { probe as lowerProbe } from '../lower/builtins/probe.ts';
import type { Provider, ResolvedProbe } from '../probes/resolved.ts';
import { none, string, type Type, uint64, voidType } from '../types/type.ts';
import type { Builtin } from './builtin.ts';
import { registerArguments } from './registers.ts';
import { compiledAway } from './rules.ts';

/**
 * The probe whose event is within reach; undefined after saying that it is not: the body of a `for` is a function of
 * its own, and so are those of the script.
 */
function within(context: CheckContext, call: CallExpr | IdentifierExpr): ResolvedProbe | undefined {
  if (context.probe === undefined) context.diagnostics.error(call.span, say.outsideProbe(call.name));
  else if (context.inCallback) context.diagnostics.error(call.span, say.noContextInLoop(call.name));
  else return context.probe;
  return undefined;
}

const withArguments: readonly Provider[] = ['tracepoint', 'rawtracepoint', 'fentry', 'fexit', 'uprobe'];

const argsBuiltin: Builtin = {
  name: 'args',
  kind: 'value',
  perTarget: true,
  check(context, call) {
    const probe = within(context, call);
    if (probe === undefined) return none;
    if (!withArguments.includes(probe.provider)) {
      context.diagnostics.error(call.span, say.argsElsewhere(probe.provider));
      return none;
    }
    const found = context.environment.argumentsOf(probe);
    if (!('missing' in found)) return found;
    const { missing, hint, atPoint = false } = found;
    context.diagnostics.error(
      atPoint ? probe.attachPoint.span : call.span,
      missing,
      hint === undefined ? {} : { hint },
    );
    return none;
  },
  lower: lowerProbe.args,
  documentation: {
    section: 'variable',
    signature: 'struct args',
    text: 'All arguments of a tracepoint, rawtracepoint, fentry or fexit, by name; of a uprobe, where the program has debug information.',
    example: 'tracepoint:syscalls:sys_enter_openat { print(str(args.filename)) }',
  },
};

/** The struct behind `ctx`, by provider. */
function contextTarget({ provider, targets: [target] }: ResolvedProbe): string | undefined {
  switch (provider) {
    case 'kprobe':
    case 'kretprobe':
    case 'uprobe':
    case 'uretprobe':
    case 'usdt':
      return 'pt_regs';
    case 'profile':
    case 'interval':
    case 'software':
    case 'hardware':
    case 'watchpoint':
      return 'bpf_perf_event_data';
    case 'iter':
      return target?.kind === 'iterator' ? `bpf_iter__${target.iterator}` : undefined;
    default:
      return undefined;
  }
}

const contextBuiltin: Builtin = {
  name: 'ctx',
  kind: 'value',
  check(context, call) {
    const probe = within(context, call);
    if (probe === undefined) return none;
    if (probe.provider === 'tracepoint') {
      context.diagnostics.error(call.span, say.useArgsNotCtx);
      return none;
    }
    const name = contextTarget(probe);
    const target = name === undefined ? undefined : context.environment.types.type(name, 'struct');
    return { kind: 'context', target: target ?? voidType };
  },
  lower: lowerProbe.ctx,
  documentation: {
    section: 'variable',
    signature: 'void *ctx',
    text: 'The context of the program: registers, or what an iterator is at.',
  },
};

const returnProbes: readonly Provider[] = ['kretprobe', 'uretprobe', 'fexit'];

const returnBuiltin: Builtin = {
  name: 'retval',
  kind: 'value',
  check(context, call) {
    const probe = within(context, call);
    if (probe === undefined) return uint64;
    if (!returnProbes.includes(probe.provider)) {
      context.diagnostics.error(call.span, say.retvalElsewhere);
      return none;
    }
    if (probe.provider !== 'fexit') return uint64;
    return context.environment.returnOf?.(probe) ?? uint64;
  },
  lower: lowerProbe.retval,
  documentation: {
    section: 'variable',
    signature: 'uint64 retval',
    text: 'What the function returned; in fexit of its own type.',
  },
};

const functionProbes: readonly Provider[] = ['kprobe', 'kretprobe', 'fentry', 'fexit', 'uprobe', 'uretprobe'];

export const probeBuiltins: readonly Builtin[] = [
  argsBuiltin,
  contextBuiltin,
  returnBuiltin,
  {
    name: 'func',
    kind: 'value',
    check(context, call) {
      const probe = within(context, call);
      if (probe === undefined) return none;
      if (!functionProbes.includes(probe.provider)) {
        context.diagnostics.error(call.span, say.funcElsewhere(probe.provider));
        return none;
      }
      return { kind: probe.provider.startsWith('u') ? 'usym' : 'ksym' };
    },
    lower: lowerProbe.func,
    documentation: {
      section: 'variable',
      signature: 'string func',
      text: 'Name of the function that is traced.',
    },
  },
  {
    name: 'probe',
    kind: 'value',
    perTarget: true,
    compileTime: true,
    // Not the name that the script has given it.
    check: (context, call) => constantText(context, call, ({ name, targets }) => targets[0]?.name ?? name),
    lower: compiledAway,
    documentation: {
      section: 'variable',
      signature: 'string probe',
      text: 'Name of the probe, with wildcards filled in.',
    },
  },
  {
    name: 'probetype',
    kind: 'value',
    compileTime: true,
    check: (context, call) =>
      constantText(context, call, ({ provider }) => (specials.has(provider) ? 'special' : provider)),
    lower: compiledAway,
    documentation: {
      section: 'variable',
      signature: 'string probetype',
      text: 'Kind of the probe: `kprobe`, `tracepoint`, …; `special` for begin and end.',
    },
  },
];

const specials: ReadonlySet<string> = new Set(['begin', 'end', 'self']);

function constantText(
  context: CheckContext,
  call: CallExpr | IdentifierExpr,
  of: (probe: ResolvedProbe) => string,
): Type {
  if (context.probe === undefined) {
    context.diagnostics.error(call.span, say.outsideProbe(call.name));
    return none;
  }
  const text = of(context.probe);
  context.fold(call, text);
  return string(text.length + 1);
}

/** `arg0`, `arg1`, …: one entry for each number. */
const argumentBuiltins = new Map<string, Builtin>();

export function argumentBuiltin(name: string): Builtin | undefined {
  const match = /^arg(0|[1-9]\d{0,2})$/.exec(name);
  if (match === null || Number(match[1]) > 255) return undefined;
  let made = argumentBuiltins.get(name);
  if (made === undefined) argumentBuiltins.set(name, (made = makeArgument(name, Number(match[1]))));
  return made;
}

/** The number of `argN`. */
export const argumentNumber = (name: string): number => Number(name.slice(3));

function makeArgument(name: string, number: number): Builtin {
  return {
    name,
    kind: 'value',
    check(context, call) {
      const probe = within(context, call);
      if (probe === undefined) return uint64;
      switch (probe.provider) {
        case 'kprobe':
        case 'uprobe':
          if (number >= registerArguments(context.environment.architecture)) {
            const { architecture } = context.environment;
            context.diagnostics.error(call.span, say.noSuchArgument(architecture, name));
          }
          break;
        case 'usdt':
        case 'rawtracepoint':
          break;
        default:
          context.diagnostics.error(call.span, say.argNElsewhere(name));
      }
      return uint64;
    },
    lower: lowerProbe.argument,
    documentation: {
      section: 'variable',
      signature: 'uint64 arg0, arg1, …',
      text: 'Arguments of kprobe, uprobe, usdt and rawtracepoint, as numbers.',
    },
  };
}
