/** Maps as a whole: what is in them, and taking out. */
import type { CallExpr, Expr, IdentifierExpr, MapExpr } from '../ast/nodes.ts';
import type { CheckContext, MapUse } from '../check/context.ts';
import * as say from '../check/messages.ts';
import { maps as lowerMaps } from '../lower/builtins/maps.ts';
import { kindText } from '../types/text.ts';
import { bool, int64, none, type Type } from '../types/type.ts';
import type { Builtin } from './builtin.ts';
import { unknown, wholeMap } from './rules.ts';

/** `f(@m, key)`: the map, keyed, and the key of its type. */
function mapAndKey(
  context: CheckContext,
  call: CallExpr | IdentifierExpr,
  args: readonly Expr[],
): MapUse | undefined {
  const map = wholeMap(context, call, args[0]!);
  if (map === undefined) {
    context.check(args[1]!);
    return undefined;
  }
  context.checkKey(map, args[1]!);
  return context.map(map);
}

function checkDelete(context: CheckContext, call: CallExpr | IdentifierExpr, args: readonly Expr[]): Type {
  const [first, key] = args;
  if (first!.kind !== 'map') {
    context.check(first!);
    context.diagnostics.error(first!.span, say.expectsMap('delete'));
  } else if (key !== undefined) {
    mapAndKey(context, call, args);
  } else if (first!.key !== undefined) {
    // Until 0.21 the only way to say it.
    context.checkEntry(first as MapExpr);
  } else {
    const { scalar, name } = context.map(first!);
    if (scalar === false) context.diagnostics.error(call.span, say.deleteKeyed(name));
  }
  return bool;
}

export const mapBuiltins: readonly Builtin[] = [
  {
    name: 'delete',
    kind: 'function',
    arity: [1, 2],
    lazy: true,
    check: checkDelete,
    lower: lowerMaps.delete,
    documentation: {
      section: 'effect',
      signature: 'bool delete(map m, mapkey k)',
      text: 'Takes a key out of a map, or the value out of a scalar one; true if it was there.',
      example: 'delete(@start, tid)',
    },
  },
  {
    name: 'has_key',
    kind: 'function',
    arity: [2, 2],
    lazy: true,
    check(context, call, args) {
      const use = mapAndKey(context, call, args);
      if (use?.scalar === true) context.diagnostics.error(args[0]!.span, say.notKeyed('has_key'));
      return bool;
    },
    lower: lowerMaps.has_key,
    documentation: {
      section: 'value',
      signature: 'bool has_key(map m, mapkey k)',
      text: 'Whether a key is in a map.',
    },
  },
  {
    name: 'find',
    kind: 'function',
    arity: [3, 3],
    lazy: true,
    check(context, call, args) {
      const use = mapAndKey(context, call, args);
      const [, , into] = args;
      if (into!.kind !== 'variable') context.diagnostics.error(into!.span, say.findVariable);
      else if (use?.value !== undefined) context.assign(into!, use.value);
      return bool;
    },
    lower: lowerMaps.find,
    documentation: {
      section: 'value',
      signature: 'bool find(map m, mapkey k, $v)',
      text: 'Whether a key is in a map; if so, its value is in `$v` afterwards.',
      example: 'if (find(@start, tid, $t)) { @ns = hist(nsecs - $t) }',
    },
  },
  {
    name: 'len',
    kind: 'function',
    arity: [1, 1],
    lazy: true,
    check(context, _call, args) {
      const [of] = args;
      if (of!.kind === 'map' && of!.key === undefined) {
        const use = context.map(of!);
        if (use.scalar !== true) return int64;
        if (use.value?.kind === 'kstack' || use.value?.kind === 'ustack') {
          context.check(of!);
          return int64;
        }
        context.diagnostics.error(of!.span, say.notKeyed('len'));
        return int64;
      }
      const type = context.check(of!);
      if (!unknown(type) && type.kind !== 'kstack' && type.kind !== 'ustack') {
        context.diagnostics.error(of!.span, say.lenArgument(kindText(type)));
      }
      return int64;
    },
    lower: lowerMaps.len,
    documentation: {
      section: 'value',
      signature: 'int64 len(map m | stack s)',
      text: 'How many keys a map has, or how many frames a stack.',
    },
  },
  {
    name: 'clear',
    kind: 'function',
    arity: [1, 1],
    lazy: true,
    check(context, call, args) {
      const map = wholeMap(context, call, args[0]!);
      if (map !== undefined) context.map(map);
      return none;
    },
    lower: lowerMaps.clear,
    documentation: {
      section: 'effect',
      signature: 'void clear(map m)',
      text: 'Takes all keys out of a map.',
    },
  },
  {
    name: 'zero',
    kind: 'function',
    arity: [1, 1],
    lazy: true,
    check(context, call, args) {
      const map = wholeMap(context, call, args[0]!);
      if (map !== undefined) context.map(map);
      return none;
    },
    lower: lowerMaps.zero,
    documentation: { section: 'effect', signature: 'void zero(map m)', text: 'Sets all values to 0.' },
  },
];
