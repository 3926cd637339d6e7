/**
 * The types that go into the kernel with an object: those that its functions, maps and variables refer to, and no
 * others. What an object knows of the kernel for CO-RE, and what it declares of kernel functions, stays outside,
 * so the kernel never sees what it would not accept.
 *
 * Ids keep their order: where the kernel wants a variable before the section that holds it, the compiler wrote it so.
 */
import type { Btf } from '../../btf/btf.ts';
import { encodeBtf } from '../../btf/encode.ts';
import type { BtfType, TypeId } from '../../btf/types.ts';
import { type BtfFeature, standIn } from './btf-fixes.ts';

export interface LocalTypes {
  readonly bytes: Uint8Array;
  /** From the object's ids to those in `bytes`. */
  readonly ids: ReadonlyMap<TypeId, TypeId>;
}

export interface LocalTypesOptions {
  /** Records that stand for the object's own: sections with their real sizes, hidden functions as static. */
  readonly amended: ReadonlyMap<TypeId, BtfType>;
  /** Records that follow, and refer to each other by negative ids: -1 is the first. Default none. */
  readonly added?: readonly BtfType[];
  /** Whether the kernel that gets the types knows something. */
  readonly knows: (feature: BtfFeature) => boolean;
  readonly littleEndian: boolean;
}

/** Encodes what the roots reach. Undefined if they reach nothing. */
export function localTypes(
  btf: Btf,
  roots: Iterable<TypeId>,
  options: LocalTypesOptions,
): LocalTypes | undefined {
  const read = (id: TypeId): BtfType => options.amended.get(id) ?? btf.type(id);
  const reached = reach(btf, roots, read);
  if (reached.size === 0) return undefined;
  const ordered = [...reached].sort((a, b) => a - b);
  const ids = new Map<TypeId, TypeId>([[0, 0]]);
  for (const [index, id] of ordered.entries()) ids.set(id, index + 1);
  const { added: more = [] } = options;
  for (const index of more.keys()) ids.set(-1 - index, ordered.length + index + 1);
  const mapped = withParameterNames(
    [...ordered.map(read), ...more].map((type) => renumbered(type, (old) => ids.get(old) ?? 0)),
  );
  const { types, added } = fixed(mapped, options.knows);
  return { bytes: encodeBtf([...types, ...added], options.littleEndian), ids };
}

/**
 * The kernel refuses a function whose parameters have no names, and clang -O0 writes none (libbpf goes on without any
 * types there, and loses maps and global functions that need them).
 */
function withParameterNames(types: readonly BtfType[]): readonly BtfType[] {
  const prototypes = new Set(types.flatMap((type) => (type.kind === 'function' ? [type.prototype] : [])));
  return types.map((type, index) =>
    type.kind === 'prototype' && prototypes.has(index + 1)
      ? {
          ...type,
          // The three dots are a last parameter of no type, which has no name.
          parameters: type.parameters.map((one, i) =>
            one.name === '' && one.type !== 0 ? { ...one, name: `arg${i + 1}` } : one,
          ),
        }
      : type,
  );
}

/** Everything that the roots refer to, and the declaration tags of all of it. */
function reach(btf: Btf, roots: Iterable<TypeId>, read: (id: TypeId) => BtfType): Set<TypeId> {
  const reached = new Set<TypeId>();
  const visit = (root: TypeId): void => {
    const stack = [root];
    for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
      if (id === 0 || reached.has(id)) continue;
      reached.add(id);
      stack.push(...referred(read(id)));
    }
  };
  for (const root of roots) visit(root);
  const tags: { readonly id: TypeId; readonly target: TypeId }[] = [];
  for (let id = 1; id < btf.count; id++) {
    if (btf.kind(id) !== 'declTag') continue;
    const tag = btf.type(id);
    if (tag.kind === 'declTag') tags.push({ id, target: tag.target });
  }
  // A tag adds nothing but itself: what it is about is there already.
  for (const { id, target } of tags) if (reached.has(target)) visit(id);
  return reached;
}

function referred(type: BtfType): readonly TypeId[] {
  switch (type.kind) {
    case 'pointer':
    case 'typedef':
    case 'volatile':
    case 'const':
    case 'restrict':
    case 'typeTag':
    case 'declTag':
      return [type.target];
    case 'array':
      return [type.element, type.index];
    case 'struct':
    case 'union':
      return type.members.map((member) => member.type);
    case 'function':
      return [type.prototype];
    case 'prototype':
      return [type.returns, ...type.parameters.map((parameter) => parameter.type)];
    case 'variable':
      return [type.type];
    case 'section':
      return type.variables.map((variable) => variable.type);
    case 'void':
    case 'int':
    case 'enum':
    case 'enum64':
    case 'forward':
    case 'float':
      return [];
  }
}

/** The same record with other ids. */
export function renumbered(type: BtfType, to: (id: TypeId) => TypeId): BtfType {
  switch (type.kind) {
    case 'pointer':
    case 'typedef':
    case 'volatile':
    case 'const':
    case 'restrict':
    case 'typeTag':
    case 'declTag':
      return { ...type, target: to(type.target) };
    case 'array':
      return { ...type, element: to(type.element), index: to(type.index) };
    case 'struct':
    case 'union':
      return { ...type, members: type.members.map((member) => ({ ...member, type: to(member.type) })) };
    case 'function':
      return { ...type, prototype: to(type.prototype) };
    case 'prototype':
      return {
        ...type,
        returns: to(type.returns),
        parameters: type.parameters.map((parameter) => ({ ...parameter, type: to(parameter.type) })),
      };
    case 'variable':
      return { ...type, type: to(type.type) };
    case 'section':
      return {
        ...type,
        variables: type.variables.map((variable) => ({ ...variable, type: to(variable.type) })),
      };
    case 'void':
    case 'int':
    case 'enum':
    case 'enum64':
    case 'forward':
    case 'float':
      return type;
  }
}

/** Records that the kernel does not know, replaced by ones that it does, each in its place. */
function fixed(
  types: readonly BtfType[],
  knows: (feature: BtfFeature) => boolean,
): { readonly types: BtfType[]; readonly added: BtfType[] } {
  const added: BtfType[] = [];
  let filler: TypeId | undefined;
  const byteType = (): TypeId => {
    if (filler === undefined) {
      added.push({
        kind: 'int',
        name: 'enum64_placeholder',
        size: 1,
        bits: 8,
        bitOffset: 0,
        encoding: 'unsigned',
      });
      filler = types.length + added.length;
    }
    return filler;
  };
  return { types: types.map((type) => standIn(type, knows, byteType)), added };
}
