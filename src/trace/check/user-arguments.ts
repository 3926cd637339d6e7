/** What `args` is at the entry of a program's function, and where lowering finds each of them: out of debug information. */
import { type ArgumentSource, argumentsAt, type DebugArgument } from '../../dwarf/arguments.ts';
import type { Convention } from '../../dwarf/calling.ts';
import { DwarfError } from '../../dwarf/errors.ts';
import { functionAt } from '../../dwarf/functions.ts';
import { rangesOf } from '../../dwarf/ranges.ts';
import { ElfError } from '../../elf/errors.ts';
import type { DebuggedProgram, NoDebugInfo } from '../../kernel/symbol/debug-info.ts';
import type { ProbeTarget } from '../probes/resolved.ts';
import { typeOfEntry } from '../types/dwarf-types.ts';
import { layoutOf, roundUp } from '../types/layout.ts';
import type { StructMember, StructType } from '../types/type.ts';
import type { ArgumentsMissing } from './environment.ts';
import * as say from './messages.ts';

export interface UserArguments {
  readonly type: StructType;
  readonly sources: ReadonlyMap<string, ArgumentSource>;
}

type UserFunction = Extract<ProbeTarget, { kind: 'userFunction' }>;

export function userArguments(
  target: UserFunction,
  program: DebuggedProgram | NoDebugInfo,
  convention: Convention,
): UserArguments | ArgumentsMissing {
  const refuse = (why: string): ArgumentsMissing => ({
    missing: say.argumentsUnparsed(target.name, why),
    atPoint: true,
  });
  if ('problem' in program) return refuse(program.problem ?? say.noDebugInformation(target.path));
  try {
    const found = find(target, program, convention);
    if (!found || found.length === 0) {
      const { info } = program;
      const address = program.addressOf(Number(target.fileOffset));
      const split = address === undefined ? undefined : info.unitAt(address)?.splitName;
      if (split !== undefined) return refuse(say.splitDebugInformation(split));
      return { missing: say.noParameters, ...(found ? { hint: say.hasNoParameters(target.symbol) } : {}) };
    }
    return structOf(target, found);
  } catch (error) {
    if (error instanceof DwarfError || error instanceof ElfError) return refuse(error.message);
    throw error;
  }
}

/** Undefined where nothing is known of the function. */
function find(
  target: UserFunction,
  program: DebuggedProgram,
  convention: Convention,
): readonly DebugArgument[] | undefined {
  const address = program.addressOf(Number(target.fileOffset));
  const unit = address === undefined ? undefined : program.info.unitAt(address);
  const copy = unit && functionAt(unit, address!);
  if (!copy) return undefined;
  // `f+8` means that the arguments of `f` are still where they were.
  const atEntry = target.symbol !== '' || rangesOf(copy).some(([low]) => low === address);
  return argumentsAt(copy, address!, convention, atEntry);
}

function structOf(target: UserFunction, list: readonly DebugArgument[]): UserArguments {
  const members: StructMember[] = [];
  const sources = new Map<string, ArgumentSource>();
  const absent = new Map<string, string>();
  let end = 0;
  for (const { name, type: entry, source } of list) {
    if (typeof source === 'string') {
      absent.set(name, source === 'vector' ? say.parameterInVector(name) : say.parameterLost(name));
      continue;
    }
    if (sources.has(name)) continue;
    const type = typeOfEntry(entry);
    const { size, align } = layoutOf(type);
    if (source.kind === 'registers' && size > source.names.length * 8) {
      absent.set(name, say.parameterLost(name));
      continue;
    }
    const offset = roundUp(end, Math.max(1, align));
    end = offset + size;
    members.push({ name, type, offset });
    sources.set(name, source);
  }
  const byName = new Map(members.map((member) => [member.name, member]));
  const type: StructType = {
    kind: 'struct',
    name: `struct ${target.name}_args`,
    size: roundUp(end, 8),
    align: 8,
    member: (wanted) => byName.get(wanted),
    memberNames: () => members.map((member) => member.name),
    absent: (wanted) => absent.get(wanted) ?? say.noParameter(wanted),
  };
  return { type, sources };
}
