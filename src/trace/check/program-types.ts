/** Types of the program that a probe is in, by the names that its source file could use. */
import { DwarfError } from '../../dwarf/errors.ts';
import { findEnumeratorIn, findType, findTypeIn, type NameKind, typeNamesIn } from '../../dwarf/names.ts';
import type { Unit } from '../../dwarf/unit.ts';
import { ElfError } from '../../elf/errors.ts';
import type { DebuggedProgram } from '../../kernel/symbol/debug-info.ts';
import { nearestNames } from '../../text/nearest.ts';
import { enumTypeOf, typeOfEntry } from '../types/dwarf-types.ts';
import type { Type } from '../types/type.ts';
import type { NamedConstant, TypeNames } from './environment.ts';

type NameTag = 'struct' | 'union' | 'enum' | undefined;

const kindsOf = (tag: NameTag): readonly NameKind[] => (tag === undefined ? ['typedef', 'base'] : [tag]);

/**
 * The types that are known where a function is: those of its own unit come before the kernel's, those of other units
 * after them, since looking through them all takes its time.
 */
export function programTypes({ info }: DebuggedProgram, unit: Unit | undefined, outer: TypeNames): TypeNames {
  const inUnit = (name: string, tag: NameTag): Type | undefined =>
    unit &&
    guarded(() => {
      for (const kind of kindsOf(tag)) {
        const entry = findTypeIn(unit, kind, name);
        if (entry) return kind === 'enum' ? enumTypeOf(entry) : typeOfEntry(entry);
      }
      return undefined;
    });
  const elsewhere = (name: string, tag: NameTag): Type | undefined =>
    guarded(() => {
      for (const kind of kindsOf(tag)) {
        const entry = findType(info, kind, name, undefined);
        if (entry) return kind === 'enum' ? enumTypeOf(entry) : typeOfEntry(entry);
      }
      return undefined;
    });
  return {
    type(name, tag) {
      // What the script defines itself it means.
      const own = outer.defines?.(name, tag) ? undefined : inUnit(name, tag);
      return own ?? outer.type(name, tag) ?? elsewhere(name, tag);
    },
    constant(name): NamedConstant | undefined {
      const known = outer.constant(name);
      if (known || !unit) return known;
      return guarded(() => {
        const found = findEnumeratorIn(unit, name);
        if (!found) return undefined;
        const type = enumTypeOf(found.enum);
        const own = type.values.find((each) => each.name === name);
        return own && { value: own.value, type };
      });
    },
    suggest(name, tag) {
      const near = outer.suggest?.(name, tag) ?? [];
      if (!unit) return near;
      const names = guarded(() => kindsOf(tag).flatMap((kind) => [...typeNamesIn(unit, kind)])) ?? [];
      return [...new Set([...nearestNames(name, names), ...near])];
    },
  };
}

/** Types that make no sense are none, for a script. */
function guarded<T>(ask: () => T | undefined): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof DwarfError || error instanceof ElfError) return undefined;
    throw error;
  }
}
