/** `-lv` of a program: what its functions take, by its debug information. */
import { declarationText } from '../../dwarf/format.ts';
import { functionAt, orUndefined, parametersOf } from '../../dwarf/functions.ts';
import { ElfError } from '../../elf/errors.ts';
import type { DebugPrograms } from '../../kernel/symbol/debug-info.ts';
import type { UserProbes } from '../probes/environment.ts';

/** Answers for a path and a symbol; the functions of a file are read once. */
export function userParameters(
  user: Pick<UserProbes, 'functions'>,
  debug: DebugPrograms,
): (path: string, name: string) => readonly string[] {
  const places = new Map<string, ReadonlyMap<string, number>>();
  const offsetOf = (path: string, name: string): number | undefined => {
    let known = places.get(path);
    if (!known) {
      known = new Map(user.functions(path).map((each) => [each.name, each.fileOffset]));
      places.set(path, known);
    }
    return known.get(name);
  };
  return (path, name) => {
    const program = debug.of(path);
    if ('problem' in program) return [];
    const offset = offsetOf(path, name);
    const address = offset === undefined ? undefined : program.addressOf(offset);
    if (address === undefined) return [];
    try {
      const lines = orUndefined(() => {
        const unit = program.info.unitAt(address);
        const copy = unit && functionAt(unit, address);
        return (
          copy &&
          parametersOf(copy).map(({ type, name: own }, index) => declarationText(type, own ?? `arg${index}`))
        );
      });
      return lines ?? [];
    } catch (error) {
      if (error instanceof ElfError) return [];
      throw error;
    }
  };
}
