/** Trees of the tracing language as one line of text, for tests: every operation in parentheses. */
import type { BlockExpr, Expr, Item, Statement, TypeExpr } from '../../src/trace/ast/nodes.ts';

const list = (expressions: readonly Expr[]): string => expressions.map(exprText).join(' ');

function isType(of: TypeExpr | Expr): of is TypeExpr {
  return (
    of.kind === 'namedType' ||
    of.kind === 'pointerType' ||
    of.kind === 'arrayType' ||
    of.kind === 'typeofType'
  );
}

const either = (of: TypeExpr | Expr): string => (isType(of) ? `type ${typeText(of)}` : exprText(of));

export function typeText(type: TypeExpr): string {
  switch (type.kind) {
    case 'namedType':
      return type.tag ? `${type.tag}:${type.name}` : type.name;
    case 'pointerType':
      return `${typeText(type.target)}*`;
    case 'arrayType':
      return `${typeText(type.element)}[${type.length ?? ''}]`;
    default:
      return `typeof<${either(type.of)}>`;
  }
}

export function exprText(expr: Expr): string {
  switch (expr.kind) {
    case 'integer':
      return `${expr.value}${expr.suffix ?? ''}`;
    case 'boolean':
      return String(expr.value);
    case 'string':
      return JSON.stringify(expr.bytes);
    case 'identifier':
    case 'variable':
      return expr.name;
    case 'positional':
      return `$${expr.index}`;
    case 'positionalCount':
      return '$#';
    case 'map':
      return expr.key ? `${expr.name}[${exprText(expr.key)}]` : expr.name;
    case 'call':
      return `${expr.name}(${list(expr.args)})`;
    case 'unary':
      return expr.postfix
        ? `(post ${exprText(expr.operand)} ${expr.operator})`
        : `(${expr.operator} ${exprText(expr.operand)})`;
    case 'binary':
      return `(${exprText(expr.left)} ${expr.operator} ${exprText(expr.right)})`;
    case 'ternary':
      return `(${exprText(expr.condition)} ? ${expr.then ? exprText(expr.then) : ''} : ${exprText(expr.otherwise)})`;
    case 'cast':
      return `(cast ${typeText(expr.type)} ${exprText(expr.value)})`;
    case 'field':
      return `(${exprText(expr.base)} ${expr.arrow ? '->' : '.'} ${expr.name})`;
    case 'index':
      return `(${exprText(expr.base)} at ${exprText(expr.index)})`;
    case 'tupleAccess':
      return `(${exprText(expr.base)} . ${expr.index})`;
    case 'tuple':
      return `<${list(expr.elements)}>`;
    case 'record':
      return `<${expr.fields.map(({ name, value }) => `${name}=${exprText(value)}`).join(' ')}>`;
    case 'block':
      return blockText(expr);
    case 'if':
      return `(if ${exprText(expr.condition)} ${blockText(expr.then)}${expr.otherwise ? ` ${blockText(expr.otherwise)}` : ''})`;
    case 'typeQuery':
      return `${expr.query}<${either(expr.of)}>`;
    case 'offsetof':
      return `offsetof<${either(expr.of)} ${expr.path.join('.')}>`;
    case 'comptime':
      return `(comptime ${exprText(expr.expression)})`;
    default:
      return expr satisfies never;
  }
}

/** The value of a block stands behind `=>`. */
export function blockText({ statements, value }: BlockExpr): string {
  const parts = [...statements.map(statementText), ...(value ? [`=> ${exprText(value)}`] : [])];
  return `{${parts.join('; ')}}`;
}

export function statementText(statement: Statement): string {
  switch (statement.kind) {
    case 'assign': {
      const target = statement.target.kind === 'discard' ? '_' : exprText(statement.target);
      return `${target} ${statement.operator} ${exprText(statement.value)}`;
    }
    case 'let': {
      const type = statement.type ? `: ${typeText(statement.type)}` : '';
      return `let ${statement.variable.name}${type}${statement.value ? ` = ${exprText(statement.value)}` : ''}`;
    }
    case 'expression':
      return exprText(statement.expression);
    case 'while':
      return `while ${exprText(statement.condition)} ${blockText(statement.body)}`;
    case 'unroll':
      return `unroll ${exprText(statement.count)} ${blockText(statement.body)}`;
    case 'for': {
      const { over } = statement;
      const range = over.kind === 'range' ? `${exprText(over.from)}..${exprText(over.to)}` : exprText(over);
      return `for ${statement.variable.name} in ${range} ${blockText(statement.body)}`;
    }
    case 'break':
    case 'continue':
      return statement.kind;
    case 'return':
      return statement.value ? `return ${exprText(statement.value)}` : 'return';
    case 'importStatement':
      return `import ${JSON.stringify(statement.path)}`;
    default:
      return statement satisfies never;
  }
}

export function itemText(item: Item): string {
  switch (item.kind) {
    case 'import':
      return `import ${JSON.stringify(item.path)}`;
    case 'mapDeclaration':
      return `let ${item.map} = ${item.type}(${item.size})`;
    case 'macro':
      return `macro ${item.name}(${item.parameters.map(({ kind, name }) => `${kind} ${name}`).join(', ')}) ${blockText(item.body)}`;
    case 'subprogram':
      return `fn ${item.name}(${item.parameters.map(({ name, type }) => `${name}: ${typeText(type)}`).join(', ')}): ${typeText(item.returns)} ${blockText(item.body)}`;
    case 'probe': {
      const points = item.attachPoints.map(({ name, text }) =>
        name === undefined ? `[${text}]` : `${name}=[${text}]`,
      );
      return `${points.join(' ')}${item.predicate ? ` /${exprText(item.predicate)}/` : ''} ${blockText(item.body)}`;
    }
    default:
      return item satisfies never;
  }
}
