/** Ways through the tree that do not depend on what is looked for. */
import type {
  AssignStatement,
  BlockExpr,
  Expr,
  Item,
  MapExpr,
  Node,
  RangeExpr,
  Statement,
  TypeExpr,
  VariableExpr,
} from './nodes.ts';

/** What stands directly below a node, in source order; a `_` that is assigned to is no node. */
export function childrenOf(node: Node): readonly Node[] {
  const children: Node[] = [];
  mapChildren(node, (child) => {
    children.push(child);
    return child;
  });
  return children;
}

/** Calls `visit` for a node and all below it, parents first; below a node that it answers `false` for, nothing. */
export function walk(node: Node, visit: (node: Node) => unknown): void {
  if (visit(node) === false) return;
  for (const child of childrenOf(node)) walk(child, visit);
}

/**
 * A node of the same kind whose children are what `change` made of them; the node itself if none changed. What takes
 * the place of a child has to fit there: an expression for an expression, a statement for a statement.
 */
export function mapChildren<N extends Node>(node: N, change: (child: Node) => Node): N {
  return rebuild(node, change) as N;
}

/** Replaces from the leaves up: `change` sees a node whose children are done. */
export function rewrite<N extends Node>(node: N, change: (node: Node) => Node): N {
  return change(mapChildren(node, (child) => rewrite(child, change))) as N;
}

/** The node with these properties; the same object if it has them already. */
function withProperties<N extends Node>(node: N, properties: Partial<N>): N {
  for (const key of Object.keys(properties) as (keyof N)[])
    if (properties[key] !== node[key]) return { ...node, ...properties };
  return node;
}

function rebuild(node: Node, change: (child: Node) => Node): Node {
  const one = <C extends Node>(child: C): C => change(child) as C;
  const maybe = <C extends Node>(child: C | undefined): C | undefined => child && one(child);
  const many = <C extends Node>(list: readonly C[]): readonly C[] => mapList(list, one);
  switch (node.kind) {
    case 'program':
      return withProperties(node, {
        definitions: many(node.definitions),
        config: maybe(node.config),
        items: many<Item>(node.items),
      });
    case 'config':
      return withProperties(node, { entries: many(node.entries) });
    case 'macro':
      return withProperties(node, { body: one(node.body) });
    case 'subprogram':
      return withProperties(node, {
        parameters: mapList(node.parameters, (parameter) => {
          const type = one(parameter.type);
          return type === parameter.type ? parameter : { ...parameter, type };
        }),
        returns: one(node.returns),
        body: one(node.body),
      });
    case 'probe':
      return withProperties(node, {
        attachPoints: many(node.attachPoints),
        predicate: maybe(node.predicate),
        body: one(node.body),
      });
    case 'definition':
    case 'comment':
    case 'configEntry':
    case 'import':
    case 'mapDeclaration':
    case 'attachPoint':
      return node;
    case 'range':
      return withProperties(node, { from: one(node.from), to: one(node.to) });
    case 'namedType':
    case 'pointerType':
    case 'arrayType':
    case 'typeofType':
      return rebuildType(node, one);
    case 'assign':
    case 'let':
    case 'expression':
    case 'while':
    case 'unroll':
    case 'for':
    case 'break':
    case 'continue':
    case 'return':
    case 'importStatement':
      return rebuildStatement(node, one);
    default:
      return rebuildExpr(node, one);
  }
}

type One = <C extends Node>(child: C) => C;

function mapList<T>(list: readonly T[], change: (element: T) => T): readonly T[] {
  const changed = list.map(change);
  return changed.some((element, i) => element !== list[i]) ? changed : list;
}

function rebuildType(node: TypeExpr, one: One): TypeExpr {
  switch (node.kind) {
    case 'namedType':
      return node;
    case 'pointerType':
      return withProperties(node, { target: one(node.target) });
    case 'arrayType':
      return withProperties(node, { element: one(node.element) });
    case 'typeofType':
      return withProperties(node, { of: one<TypeExpr | Expr>(node.of) });
    default:
      return node satisfies never;
  }
}

function rebuildStatement(node: Statement, one: One): Statement {
  const maybe = <C extends Node>(child: C | undefined): C | undefined => child && one(child);
  switch (node.kind) {
    case 'assign': {
      const target: AssignStatement['target'] =
        node.target.kind === 'discard' ? node.target : one<Expr>(node.target);
      return withProperties(node, { target, value: one(node.value) });
    }
    case 'let':
      return withProperties(node, {
        variable: one<VariableExpr>(node.variable),
        type: maybe(node.type),
        value: maybe(node.value),
      });
    case 'expression':
      return withProperties(node, { expression: one(node.expression) });
    case 'while':
      return withProperties(node, { condition: one(node.condition), body: one(node.body) });
    case 'unroll':
      return withProperties(node, { count: one(node.count), body: one(node.body) });
    case 'for':
      return withProperties(node, {
        variable: one<VariableExpr>(node.variable),
        over: one<MapExpr | RangeExpr>(node.over),
        body: one<BlockExpr>(node.body),
      });
    case 'return':
      return withProperties(node, { value: maybe(node.value) });
    case 'break':
    case 'continue':
    case 'importStatement':
      return node;
    default:
      return node satisfies never;
  }
}

function rebuildExpr(node: Expr, one: One): Expr {
  const maybe = <C extends Node>(child: C | undefined): C | undefined => child && one(child);
  switch (node.kind) {
    case 'integer':
    case 'boolean':
    case 'string':
    case 'identifier':
    case 'positional':
    case 'positionalCount':
    case 'variable':
      return node;
    case 'map':
      return withProperties(node, { key: maybe(node.key) });
    case 'call':
      return withProperties(node, { args: mapList(node.args, (argument) => one(argument)) });
    case 'unary':
      return withProperties(node, { operand: one(node.operand) });
    case 'binary':
      return withProperties(node, { left: one(node.left), right: one(node.right) });
    case 'ternary':
      return withProperties(node, {
        condition: one(node.condition),
        then: maybe(node.then),
        otherwise: one(node.otherwise),
      });
    case 'cast':
      return withProperties(node, { type: one(node.type), value: one(node.value) });
    case 'field':
    case 'tupleAccess':
      return withProperties(node, { base: one(node.base) });
    case 'index':
      return withProperties(node, { base: one(node.base), index: one(node.index) });
    case 'tuple':
      return withProperties(node, { elements: mapList(node.elements, (element) => one(element)) });
    case 'record':
      return withProperties(node, {
        fields: mapList(node.fields, (field) => {
          const value = one(field.value);
          return value === field.value ? field : { ...field, value };
        }),
      });
    case 'block':
      return withProperties(node, {
        statements: mapList(node.statements, (statement) => one(statement)),
        value: maybe(node.value),
      });
    case 'if':
      return withProperties(node, {
        condition: one(node.condition),
        then: one(node.then),
        otherwise: maybe(node.otherwise),
      });
    case 'typeQuery':
      return withProperties(node, { of: one<TypeExpr | Expr>(node.of) });
    case 'offsetof':
      return withProperties(node, { of: one<TypeExpr | Expr>(node.of) });
    case 'comptime':
      return withProperties(node, { expression: one(node.expression) });
    default:
      return node satisfies never;
  }
}
