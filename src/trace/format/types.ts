/** Types as text. */
import type { TypeExpr } from '../ast/nodes.ts';

/** `of` writes what is in `typeof(…)`. */
export function typeText(
  type: TypeExpr,
  of: (of: Extract<TypeExpr, { kind: 'typeofType' }>['of']) => string,
): string {
  switch (type.kind) {
    case 'namedType':
      return type.tag === undefined ? type.name : `${type.tag} ${type.name}`;
    case 'pointerType': {
      const target = typeText(type.target, of);
      const spaced = type.target.kind === 'namedType' && type.target.tag !== undefined;
      return `${target}${spaced ? ' ' : ''}*`;
    }
    case 'arrayType':
      return `${typeText(type.element, of)}[${type.length ?? ''}]`;
    case 'typeofType':
      return `typeof(${of(type.of)})`;
    default:
      return type satisfies never;
  }
}
