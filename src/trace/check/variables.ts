/** Variables: declared by `let` or their first assignment, widened by every later one. */
import type { Expr, LetStatement, VariableExpr } from '../ast/nodes.ts';
import type { Span } from '../source.ts';
import { typeText } from '../types/text.ts';
import { isAggregate, none, type Type } from '../types/type.ts';
import type { Body } from './body.ts';
import { fitsIn, settled, widens } from './integers.ts';
import * as say from './messages.ts';
import { plainName } from './names.ts';
import type { Variable } from './scope.ts';
import { isKnown, sameType, unify } from './unify.ts';

export function readVariable(body: Body, expr: VariableExpr): Type {
  const variable = body.scope.find(expr.name);
  if (variable === undefined) {
    const elsewhere = [...body.variables].find(({ name }) => name === expr.name);
    const name = plainName(expr.name);
    body.diagnostics.error(
      expr.span,
      say.undefinedVariable(name),
      elsewhere === undefined ? {} : { hint: say.declareBefore(name) },
    );
    return none;
  }
  body.facts.setVariable(expr, variable);
  if (!variable.assigned) body.diagnostics.warning(expr.span, say.usedUnassigned(plainName(expr.name)));
  if (variable.type.kind === 'none') body.diagnostics.error(expr.span, say.unresolvedVariable);
  return variable.type;
}

/** Puts a value of this type into a variable, in the statement at `place`, and gives the type that the variable has. */
export function assignVariable(
  body: Body,
  target: VariableExpr,
  type: Type,
  value: Expr | undefined,
  place: Span,
  computed = false,
): Type {
  const { name } = target;
  const variable =
    body.scope.find(name) ??
    body.declare(target, { name, declared: place, origin: 'assignment' }, none, false);
  body.facts.setVariable(target, variable);
  variable.assigned = true;
  return store(body, variable, target, type, value, place, computed);
}

/** `computed`: the value comes of the variable itself (`$x += 1`): it is cut to a declared type. */
function store(
  body: Body,
  variable: Variable,
  target: VariableExpr,
  type: Type,
  value: Expr | undefined,
  place: Span,
  computed: boolean,
): Type {
  if (!isKnown(type)) return variable.type;
  const name = plainName(variable.name);
  const source = value?.span ?? target.span;
  if (isAggregate(type) || type.kind === 'void') {
    body.diagnostics.error(source, say.notInVariable(typeText(type)));
    return variable.type;
  }
  if (type.kind === 'struct' && value !== undefined && isArgs(value)) {
    body.diagnostics.error(source, say.argsInVariable);
    return variable.type;
  }
  if (variable.type.kind === 'none') {
    body.widen(variable, type);
    return type;
  }
  if (variable.fixed) {
    checkFixed(body, variable, place, type, value, computed);
    return variable.type;
  }
  const unified = unify(variable.type, type);
  if (unified === undefined) {
    body.diagnostics.error(
      place,
      say.variableMismatch(name, typeText(settled(type)), typeText(settled(variable.type))),
    );
    return variable.type;
  }
  if (unified.lossy && !computed) body.diagnostics.warning(target.span, say.signsMixed(name));
  if (!sameType(unified.type, variable.type)) body.widen(variable, growth(body, unified.type));
  return variable.type;
}

const isArgs = (expr: Expr): boolean =>
  (expr.kind === 'identifier' || expr.kind === 'call') && expr.name === 'args';

/** A string that has grown in every pass so far would do so until it has its greatest size. */
export function growth(body: Body, type: Type): Type {
  if (type.kind !== 'string' || !body.program.late) return type;
  return { kind: 'string', size: Math.max(type.size, body.config.maxStrlen) };
}

/** A declared type takes what fits, and nothing else. */
function checkFixed(
  body: Body,
  variable: Variable,
  place: Span,
  type: Type,
  value: Expr | undefined,
  computed: boolean,
): void {
  const name = plainName(variable.name);
  const has = variable.type;
  if (has.kind === 'int' && (type.kind === 'int' || type.kind === 'enum')) {
    if (computed) return;
    const constant = value === undefined ? undefined : body.constantOf(value);
    if (typeof constant === 'bigint') {
      if (!fitsIn(constant, has)) {
        body.diagnostics.error(place, say.variableMismatch(name, typeText(settled(type)), typeText(has)));
      }
      return;
    }
    if (type.kind === 'int' && widens(type, has)) return;
    if (type.kind === 'int' && type.bits === 64 && has.bits === 64) {
      body.diagnostics.warning(value?.span ?? place, say.signsMixed(name));
      return;
    }
    if (type.kind === 'enum' && type.bits <= has.bits) return;
  } else if ((has.kind === 'string' || has.kind === 'buffer') && has.kind === type.kind) {
    if (type.size <= has.size) return;
  } else if (has.kind === 'pointer' && type.kind === 'pointer') {
    const anything = has.target.kind === 'void' || type.target.kind === 'void';
    if (anything || sameType(has.target, type.target)) {
      if (has.space === 'unknown' && type.space !== 'unknown') {
        body.widen(variable, { ...has, space: type.space });
      }
      return;
    }
  } else {
    const unified = unify(has, settled(type));
    if (unified !== undefined && sameType(settled(unified.type), has)) return;
  }
  body.diagnostics.error(place, say.variableMismatch(name, typeText(settled(type)), typeText(has)));
}

export function checkLet(body: Body, statement: LetStatement): void {
  const { variable: target, type: written, value } = statement;
  const given = value === undefined ? none : body.value(value);
  const resolved = written === undefined ? none : (body.resolve(written) ?? none);
  if (isAggregate(resolved) || resolved.kind === 'void') {
    body.diagnostics.error(written!.span, say.notDeclarable(typeText(resolved)));
    return;
  }
  const declared = { ...statement.span, end: target.span.end };
  declareNew(body, target, { declared, origin: 'let' }, resolved, resolved.kind !== 'none');
  if (value !== undefined) {
    const type = assignVariable(body, target, given, value, statement.span);
    body.facts.setType(target, type);
  } else {
    const variable = body.scope.find(target.name)!;
    body.facts.setVariable(target, variable);
    body.facts.setType(target, variable.type);
  }
}

/** Declares a name that must not be there yet. */
export function declareNew(
  body: Body,
  target: VariableExpr,
  by: Pick<Variable, 'declared' | 'origin'>,
  type: Type,
  fixed: boolean,
): Variable {
  const { name } = target;
  const before = body.scope.find(name);
  if (before !== undefined) {
    const refused = by.origin === 'loop' ? say.loopShadows : say.alreadyDeclared;
    body.diagnostics.error(by.declared, refused(plainName(name)), {
      related: [{ message: say.declaredBy[before.origin], span: before.declared }],
    });
  }
  return body.declare(target, { name, ...by }, type, fixed);
}
