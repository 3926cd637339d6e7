/** Calls: of built-ins, and of the script's own functions. */

import { nearestNames } from '../../text/nearest.ts';
import type { CallExpr, Expr, IdentifierExpr } from '../ast/nodes.ts';
import type { Builtin } from '../builtin/builtin.ts';
import { builtins, findBuiltin } from '../builtin/table.ts';
import { typeText } from '../types/text.ts';
import { none, type Type } from '../types/type.ts';
import type { Body, FunctionSignature } from './body.ts';
import { fitsParameter } from './functions.ts';
import { settled } from './integers.ts';
import { configValues, knownRecord } from './known-records.ts';
import * as say from './messages.ts';

export function checkCall(body: Body, call: CallExpr): Type {
  const own = body.program.functions.get(call.name);
  if (own !== undefined) return checkOwn(body, call, own);
  const builtin = findBuiltin(call.name);
  if (builtin !== undefined) return checkBuiltin(body, call, builtin, call.args);
  if (call.name === 'config' && call.args.length === 0)
    return knownRecord(body, call, configValues(body.config));
  for (const argument of call.args) body.check(argument);
  const names = [...builtins.map(({ name }) => name), ...body.program.functions.keys()];
  const [near] = nearestNames(call.name, names);
  body.diagnostics.error(
    call.span,
    say.unknownFunction(call.name),
    near === undefined ? {} : { hint: `Did you mean '${near}'?` },
  );
  return none;
}

/** `assigned`: the call is the right side of `@m = …`. */
export function checkBuiltin(
  body: Body,
  call: CallExpr | IdentifierExpr,
  builtin: Builtin,
  args: readonly Expr[],
  assigned = false,
): Type {
  const { diagnostics } = body;
  const arity = builtin.arity ?? [0, 0];
  if (args.length < arity[0] || args.length > arity[1]) {
    if (builtin.lazy !== true) for (const argument of args) body.check(argument);
    diagnostics.error(call.span, say.wrongArity(builtin.name, arity, args.length));
    return none;
  }
  if (builtin.unsafe === true && !body.environment.unsafe) {
    diagnostics.error(call.span, say.unsafeFunction(builtin.name));
  }
  const provider = body.probe?.provider;
  if (provider !== undefined && builtin.probes !== undefined && !builtin.probes.includes(provider)) {
    const path = builtin.name === 'path';
    diagnostics.error(call.span, path ? say.pathElsewhere : say.notInProbes(builtin.name, provider));
  }
  if (builtin.lazy !== true) for (const argument of args) checkArgument(body, call, argument);
  if (builtin.kind === 'map' && !assigned) {
    diagnostics.error(call.span, say.mapFunctionElsewhere(builtin.name));
    return none;
  }
  const type = builtin.check(body, call, args);
  const effect = builtin.documentation.section === 'effect' || builtin.name === 'static_assert';
  if (type.kind === 'none' && hasNoValue(builtin, effect)) return body.setNone(call);
  return type;
}

const hasNoValue = (builtin: Builtin, effect: boolean): boolean =>
  effect || builtin.name === 'fail' || builtin.name === 'assert_str';

/** A call without a value as an argument is said by the function that it is an argument of, where that can tell. */
function checkArgument(body: Body, call: CallExpr | IdentifierExpr, argument: Expr): void {
  body.check(argument);
  if (!body.isNone(argument) || argument.kind === 'call') {
    const formatted = call.kind === 'call' && formats.has(call.name);
    if (!formatted && body.isNone(argument) && argument.kind === 'call') {
      body.diagnostics.error(argument.span, say.noneValue(argument.name));
    }
    return;
  }
  body.diagnostics.error(argument.span, say.invalidAssignment(argument.kind));
}

const formats: ReadonlySet<string> = new Set([
  'printf',
  'errorf',
  'warnf',
  'debugf',
  'cat',
  'system',
  'fail',
]);

function checkOwn(body: Body, call: CallExpr, { parameters, returns, source }: FunctionSignature): Type {
  const types = call.args.map((argument) => body.value(argument));
  if (types.length !== parameters.length) {
    body.diagnostics.error(call.span, say.callArguments(call.name, parameters.length, types.length), {
      related: [{ message: say.originalDefinition, span: source.nameSpan }],
    });
    return returns;
  }
  for (const [index, { name, type }] of parameters.entries()) {
    const given = types[index]!;
    const argument = call.args[index]!;
    if (given.kind === 'none' || fitsParameter(given, type, body.constantOf(argument))) continue;
    body.diagnostics.error(
      argument.span,
      say.callArgument(call.name, name, typeText(type), typeText(settled(given))),
    );
  }
  return returns.kind === 'void' ? body.setNone(call) : returns;
}
