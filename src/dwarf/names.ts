/**
 * Types by their names. There is no list of them in most files, so units are searched: first the one that somebody is
 * in, as C would, then the others in their order, up to a limit. What was found in a unit is kept.
 */
import { At, Tag } from './constants.ts';
import type { Entry } from './entry.ts';
import { orUndefined } from './functions.ts';
import type { DebugInfo } from './info.ts';
import { MAX_DEPTH } from './limits.ts';
import type { Unit } from './unit.ts';

export type NameKind = 'struct' | 'union' | 'enum' | 'typedef' | 'base';

/** Bytes of units that one search looks through. */
const MAX_SEARCHED = 1 << 28;

const kinds: ReadonlyMap<number, NameKind> = new Map<number, NameKind>([
  [Tag.structureType, 'struct'],
  [Tag.classType, 'struct'],
  [Tag.unionType, 'union'],
  [Tag.enumerationType, 'enum'],
  [Tag.typedef, 'typedef'],
  [Tag.baseType, 'base'],
]);

interface UnitNames {
  /** Offsets of definitions, by `struct foo`. */
  readonly types: ReadonlyMap<string, number>;
  /** Offsets of enums, for the enumerators of each. */
  readonly enums: readonly number[];
  enumerators?: ReadonlyMap<string, { readonly enum: number; readonly value: bigint }>;
}

const known = new WeakMap<Unit, UnitNames>();

function namesOf(unit: Unit): UnitNames {
  let names = known.get(unit);
  if (!names) known.set(unit, (names = collect(unit)));
  return names;
}

/** Broken entries end the list: those before them count. */
function collect(unit: Unit): UnitNames {
  const types = new Map<string, number>();
  const enums: number[] = [];
  const walk = (parent: Entry, depth: number): void => {
    for (const child of parent.children()) {
      if (child.tag === Tag.namespace && depth < MAX_DEPTH) walk(child, depth + 1);
      const kind = kinds.get(child.tag);
      if (kind === undefined || child.flag(At.declaration)) continue;
      if (kind === 'enum') enums.push(child.offset);
      const name = child.text(At.name);
      const key = `${kind} ${name}`;
      if (name !== undefined && !types.has(key)) types.set(key, child.offset);
    }
  };
  orUndefined(() => walk(unit.root, 0));
  return { types, enums };
}

/** A definition by its name without namespaces; undefined where no unit has one. */
export function findType(
  info: DebugInfo,
  kind: NameKind,
  name: string,
  first: Unit | undefined,
): Entry | undefined {
  const key = `${kind} ${name}`;
  for (const unit of searched(info, first)) {
    const offset = namesOf(unit).types.get(key);
    if (offset !== undefined) return orUndefined(() => unit.entryAt(offset));
  }
  return undefined;
}

/** Only in one unit, and among types that have units of their own: what its source file could name. */
export function findTypeIn(unit: Unit, kind: NameKind, name: string): Entry | undefined {
  const key = `${kind} ${name}`;
  const holder = namesOf(unit).types.has(key) ? unit : typeUnitsByName(unit.info).get(key);
  const offset = holder && namesOf(holder).types.get(key);
  return offset === undefined ? undefined : orUndefined(() => holder!.entryAt(offset));
}

const apart = new WeakMap<DebugInfo, ReadonlyMap<string, Unit>>();

/** Units of types by the names in them. */
function typeUnitsByName(info: DebugInfo): ReadonlyMap<string, Unit> {
  let found = apart.get(info);
  if (!found) {
    const all = new Map<string, Unit>();
    let left = MAX_SEARCHED;
    for (const unit of info.typeUnits().values()) {
      left -= unit.header.end - unit.header.offset;
      if (left < 0) break;
      for (const key of namesOf(unit).types.keys()) if (!all.has(key)) all.set(key, unit);
    }
    apart.set(info, (found = all));
  }
  return found;
}

export interface FoundEnumerator {
  readonly enum: Entry;
  readonly value: bigint;
}

/** An enumerator of one unit. */
export function findEnumeratorIn(unit: Unit, name: string): FoundEnumerator | undefined {
  const names = namesOf(unit);
  if (!names.enumerators) {
    const all = new Map<string, { enum: number; value: bigint }>();
    for (const offset of names.enums) {
      orUndefined(() => {
        for (const child of unit.entryAt(offset)?.children() ?? []) {
          const own = child.tag === Tag.enumerator ? child.text(At.name) : undefined;
          const value = own === undefined ? undefined : child.constant(At.constValue);
          if (own !== undefined && value !== undefined && !all.has(own))
            all.set(own, { enum: offset, value });
        }
        return undefined;
      });
    }
    names.enumerators = all;
  }
  const found = names.enumerators.get(name);
  const entry = found && orUndefined(() => unit.entryAt(found.enum));
  return found && entry ? { enum: entry, value: found.value } : undefined;
}

/** Names that a unit has for types of a kind, to tell those near to one that it has not. */
export function typeNamesIn(unit: Unit, kind: NameKind): readonly string[] {
  const prefix = `${kind} `;
  return [...namesOf(unit).types.keys()]
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
}

function* searched(info: DebugInfo, first: Unit | undefined): Generator<Unit> {
  if (first) yield first;
  let left = MAX_SEARCHED;
  for (const unit of info.units()) {
    if (unit === first) continue;
    left -= unit.header.end - unit.header.offset;
    if (left < 0) return;
    yield unit;
  }
}

/** The definition of what is only declared in its own unit; the entry itself where there is none. */
export function definitionOf(entry: Entry): Entry {
  const kind = kinds.get(entry.tag);
  if (kind === undefined || !entry.flag(At.declaration)) return entry;
  const name = entry.name;
  return (name === undefined ? undefined : findType(entry.unit.info, kind, name, entry.unit)) ?? entry;
}
