/** What changes the course of the script, or of the program that is traced. */

import type { HelperName } from '../../../compiler/helpers.ts';
import type { Expr } from '../../ast/nodes.ts';
import { int64, uint64 } from '../../types/type.ts';
import { locationOf } from '../actions.ts';
import { condition } from '../conditions.ts';
import { type Lowered, nothing } from '../lowered.ts';
import type { Lowering } from '../state.ts';
import type { Call, LowerBuiltin, LowerBuiltins } from './lower-builtin.ts';

/** Ends the script after what it still has to print, and this run of the body at once. */
function exit(l: Lowering, _: Call, [code]: readonly Expr[]): Lowered {
  const value = code ? l.number(code) : l.b.constant(0);
  l.script.actions.send(
    l,
    [{ type: int64, value: () => ({ kind: 'scalar', value, type: int64 }) }],
    ([field]) => ({ kind: 'exit', code: field! }),
  );
  l.leave(l, undefined);
  return nothing;
}

function assertion(l: Lowering, call: Call, [test, message]: readonly Expr[]): Lowered {
  const text = String(l.facts.constantOf(message!));
  l.choose(
    (yes, no) => condition(l, test!, no, yes),
    () => {
      l.script.actions.send(l, [], () => ({
        kind: 'assertFailed',
        message: text,
        location: locationOf(call.span),
      }));
      l.leave(l, undefined);
    },
  );
  return nothing;
}

/** `numberOf` is the table of names. */
export function signal(helper: HelperName, numberOf: (name: string) => number | undefined): LowerBuiltin {
  return (l, _call, [which]) => {
    const known = l.facts.constantOf(which!);
    const value = typeof known === 'string' ? l.b.constant(numberOf(known) ?? 0) : l.number(which!);
    l.call(helper, [value]);
    return nothing;
  };
}

function override(l: Lowering, _: Call, [result]: readonly Expr[]): Lowered {
  l.call('override_return', [l.context, l.number(result!)]);
  return nothing;
}

function unwatch(l: Lowering, _: Call, [address]: readonly Expr[]): Lowered {
  l.script.actions.send(l, [{ type: uint64, value: () => l.lower(address!) }], ([field]) => ({
    kind: 'unwatch',
    address: field!,
  }));
  return nothing;
}

export const control: LowerBuiltins<'exit' | 'assert' | 'override' | 'unwatch'> = {
  exit,
  assert: assertion,
  override,
  unwatch,
};
