/** What the event brings: arguments, return value, context, its name. */
import type { Expr } from '../../ast/nodes.ts';
import { uint64 } from '../../types/type.ts';
import { LowerError } from '../errors.ts';
import { argumentValue } from '../hooks/arguments.ts';
import type { Lowered } from '../lowered.ts';
import type { Lowering } from '../state.ts';
import type { Call, LowerBuiltins } from './lower-builtin.ts';
import { userSymbol } from './symbols.ts';

function missing(call: Call): never {
  throw new LowerError(call.span, `This probe has no ${call.name}.`);
}

/** The entry of the function: the kernel knows it even in the middle, and on the way out. */
function functionAddress(l: Lowering, call: Call): Lowered {
  const { compiled } = l.hook;
  const type = l.facts.typeOf(call);
  const asked = compiled.kind === 'uprobe' ? compiled.multi : true;
  const inside = l.hook.resolved.targets.some(
    (target) => target.kind === 'kernelFunction' && target.offset !== 0,
  );
  const value =
    asked && !inside ? l.call('get_func_ip', [l.context]) : (l.hook.register?.(l, 'pc') ?? l.b.constant(0));
  return type.kind === 'usym' ? userSymbol(l, value) : { kind: 'scalar', value, type };
}

export const probe: LowerBuiltins<'args' | 'ctx' | 'retval' | 'func' | 'argument'> = {
  args: (l: Lowering, call: Call): Lowered => l.hook.args?.(l, l.facts.typeOf(call)) ?? missing(call),
  ctx: (l: Lowering, call: Call): Lowered => ({
    kind: 'scalar',
    value: l.context,
    type: l.facts.typeOf(call),
  }),
  retval(l: Lowering, call: Call): Lowered {
    const { result, compiled } = l.hook;
    if (!result) return missing(call);
    return argumentValue(l, result(l), l.facts.typeOf(call), compiled.kind === 'tracing');
  },
  func: functionAddress,
  argument(l: Lowering, call: Call, _: readonly Expr[]): Lowered {
    const value = l.hook.argument?.(l, Number(/\d+$/.exec(call.name)?.[0]));
    return value ? { kind: 'scalar', value, type: uint64 } : missing(call);
  },
};
