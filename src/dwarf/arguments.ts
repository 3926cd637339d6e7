/**
 * Where the arguments of a function are when it is entered, in terms of the registers that a probe sees.
 *
 * Optimised code says it by lists of locations; they hold from the first instruction on, also for copies whose arguments
 * the compiler moved or made constants of. Unoptimised code only says where the arguments will be after the prologue, so
 * the calling convention has to tell where they come from.
 */
import { type ArgumentPlace, argumentPlaces, type Convention, type PassedType } from './calling.ts';
import { At } from './constants.ts';
import type { Entry } from './entry.ts';
import { orUndefined, type Parameter, parametersOf } from './functions.ts';
import { isBehindPointer, type Location, locationAt } from './location.ts';
import { resultOf } from './types.ts';

/** As struct pt_regs calls it; a number for one of the numbered registers of arm64. */
export type RegisterName = string | number;

export type ArgumentSource =
  /** The value, eight bytes in each. */
  | { readonly kind: 'registers'; readonly names: readonly RegisterName[] }
  | { readonly kind: 'sum'; readonly register: RegisterName; readonly offset: number }
  /** The value is in memory. */
  | { readonly kind: 'memory'; readonly register: RegisterName; readonly offset: number }
  /** The value is in memory, at an address that is where `source` says. */
  | { readonly kind: 'behind'; readonly source: ArgumentSource }
  | { readonly kind: 'constant'; readonly value: bigint };

export type ArgumentGap =
  /** Floating-point and vector registers are not handed to programs of the kernel. */
  | 'vector'
  /** Nothing says where it is. */
  | 'unknown';

export interface DebugArgument {
  readonly name: string;
  /** Undefined for what is not read. */
  readonly type: Entry | undefined;
  readonly source: ArgumentSource | ArgumentGap;
}

interface Machine {
  /** By DWARF's numbers. */
  readonly registers: readonly RegisterName[];
  /** DWARF's numbers of the registers that integers are passed in. */
  readonly arguments: readonly number[];
  readonly stack: RegisterName;
  /** Bytes between the stack pointer at entry and the first argument on the stack: a return address, or nothing. */
  readonly belowArguments: number;
  /** The lowest number of a floating-point register. */
  readonly vectors: number;
}

// x86-64 psABI, figure 3.36; DWARF for the Arm 64-bit Architecture, table 4.1.
const machines: Record<Convention, Machine> = {
  x64: {
    registers: [
      ...['ax', 'dx', 'cx', 'bx', 'si', 'di', 'bp', 'sp'],
      ...['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'],
    ],
    arguments: [5, 4, 1, 2, 8, 9],
    stack: 'sp',
    belowArguments: 8,
    vectors: 17,
  },
  arm64: {
    registers: [...Array.from({ length: 31 }, (_, i) => i), 'sp'],
    arguments: [0, 1, 2, 3, 4, 5, 6, 7],
    stack: 'sp',
    belowArguments: 0,
    vectors: 64,
  },
};

/**
 * The arguments of the copy of a function that has the instruction at an address. Throws DwarfError.
 * @param atEntry whether its arguments are still where the caller left them; else only what is said for the address
 * counts, and what is relative to a frame that was set up
 */
export function argumentsAt(
  copy: Entry,
  address: number,
  convention: Convention,
  atEntry: boolean,
): readonly DebugArgument[] {
  const machine = machines[convention];
  const parameters = parametersOf(copy);
  let places: readonly ArgumentPlace[] | undefined;
  return parameters.map((parameter, index): DebugArgument => {
    const { entry, type, name = `arg${index}` } = parameter;
    const said = entry && orUndefined(() => locationAt(entry, address, copy));
    let source = said?.location && sourceOf(said.location, said.exact, atEntry, machine);
    // Where nothing is said at all, the copy has lost the argument.
    if (source === undefined && atEntry && entry?.has(At.location)) {
      places ??= argumentPlaces(parameters.map(passed), resultOf(copy), convention);
      source = placed(places[index]!, machine);
    }
    return { name, type, source: source ?? 'unknown' };
  });
}

function passed({ type, entry }: Parameter): PassedType {
  return { type, behind: entry !== undefined && isBehindPointer(entry) };
}

function sourceOf(
  location: Location,
  exact: boolean,
  atEntry: boolean,
  machine: Machine,
): ArgumentSource | ArgumentGap | undefined {
  if (location.kind === 'constant') return location;
  if (location.kind === 'frame') {
    // What lies below is the function's own, and not written yet; later the stack pointer is elsewhere.
    if (location.offset < 0 || !atEntry) return undefined;
    return { kind: 'memory', register: machine.stack, offset: location.offset + machine.belowArguments };
  }
  const { register } = location;
  if (register >= machine.vectors) return exact ? 'vector' : undefined;
  const name = machine.registers[register];
  if (name === undefined) return undefined;
  // For the whole function: then it is so from the start only where the register is one that arguments come in.
  if (!exact && atEntry && !machine.arguments.includes(register)) return undefined;
  if (location.kind === 'register') return { kind: 'registers', names: [name] };
  return { kind: location.kind, register: name, offset: location.offset };
}

function placed(place: ArgumentPlace, machine: Machine): ArgumentSource | ArgumentGap {
  switch (place.kind) {
    case 'registers':
      return {
        kind: 'registers',
        names: place.numbers.map((number) => machine.registers[machine.arguments[number]!]!),
      };
    case 'stack':
      return { kind: 'memory', register: machine.stack, offset: place.offset + machine.belowArguments };
    case 'behind': {
      const source = placed(place.place, machine);
      return typeof source === 'string' ? source : { kind: 'behind', source };
    }
    case 'vector':
      return 'vector';
    case 'nothing':
      return 'unknown';
  }
}
