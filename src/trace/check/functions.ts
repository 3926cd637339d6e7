/** The script's own functions: what they take and give. */
import type { Program, Subprogram } from '../ast/nodes.ts';
import { walk } from '../ast/walk.ts';
import { findBuiltin } from '../builtin/table.ts';
import type { Diagnostics } from '../diagnostic.ts';
import { typeText } from '../types/text.ts';
import { int64, type Type } from '../types/type.ts';
import type { FunctionSignature } from './body.ts';
import type { Constant } from './context.ts';
import { fitsIn, settled, widens } from './integers.ts';
import * as say from './messages.ts';
import { unify } from './unify.ts';

/** R1 to R5. */
const mostParameters = 5;

export function signaturesOf(
  program: Program,
  diagnostics: Diagnostics,
  resolve: (type: Subprogram['returns']) => Type | undefined,
): Map<string, FunctionSignature> {
  const signatures = new Map<string, FunctionSignature>();
  for (const item of program.items) {
    if (item.kind !== 'subprogram') continue;
    const before = signatures.get(item.name);
    if (before !== undefined) {
      diagnostics.error(item.nameSpan, say.functionRedefined(item.name), {
        related: [{ message: say.originalDefinition, span: before.source.nameSpan }],
      });
      continue;
    }
    if (findBuiltin(item.name) !== undefined) {
      diagnostics.error(item.nameSpan, say.functionBuiltin(item.name));
    }
    if (item.parameters.length > mostParameters) {
      diagnostics.error(item.nameSpan, say.tooManyParameters(item.name));
    }
    const parameters = item.parameters.map(({ name, type }) => {
      const resolved = resolve(type) ?? int64;
      if (!isPassed(resolved)) diagnostics.error(type.span, say.functionType(typeText(resolved)));
      return { name, type: resolved };
    });
    const returns = resolve(item.returns) ?? int64;
    if (!isPassed(returns) && returns.kind !== 'void') {
      diagnostics.error(item.returns.span, say.functionType(typeText(returns)));
    }
    signatures.set(item.name, { source: item, parameters, returns });
  }
  return signatures;
}

/** The kernel gives every call a frame of its own, at most eight deep, and takes no function that calls itself. */
export function checkRecursion(
  functions: ReadonlyMap<string, FunctionSignature>,
  diagnostics: Diagnostics,
): void {
  const calls = new Map<string, Set<string>>();
  for (const [name, { source }] of functions) {
    const called = new Set<string>();
    walk(source.body, (node) => {
      if (node.kind === 'call' && functions.has(node.name)) called.add(node.name);
    });
    calls.set(name, called);
  }
  for (const [name, { source }] of functions) {
    const chain = wayBack(name, name, calls, new Set());
    if (chain !== undefined) diagnostics.error(source.nameSpan, say.recursiveFunction([name, ...chain]));
  }
}

function wayBack(
  from: string,
  to: string,
  calls: ReadonlyMap<string, ReadonlySet<string>>,
  seen: Set<string>,
): readonly string[] | undefined {
  for (const next of calls.get(from) ?? []) {
    if (next === to) return [next];
    if (seen.has(next)) continue;
    seen.add(next);
    const rest = wayBack(next, to, calls, seen);
    if (rest !== undefined) return [next, ...rest];
  }
  return undefined;
}

/** Goes into one register. */
const isPassed = ({ kind }: Type): boolean =>
  kind === 'int' || kind === 'bool' || kind === 'enum' || kind === 'pointer';

/** Whether a value may be passed as, or returned as, this type. */
export function fitsParameter(given: Type, wanted: Type, constant: Constant | undefined): boolean {
  if (wanted.kind === 'int') {
    if (typeof constant === 'bigint') return fitsIn(constant, wanted);
    if (given.kind === 'bool') return true;
    if (given.kind === 'enum') return given.bits <= wanted.bits;
    return given.kind === 'int' && (widens(given, wanted) || (given.bits === 64 && wanted.bits === 64));
  }
  return unify(wanted, settled(given)) !== undefined && given.kind === wanted.kind;
}
