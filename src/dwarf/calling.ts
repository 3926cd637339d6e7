/**
 * Where arguments are when a function is entered, by the calling conventions of x86-64 (System V ABI, 3.2.3) and of
 * arm64 (AAPCS64, 6.8.2): what fits takes the next registers for integers, floating-point numbers have registers of
 * their own, and the rest lies on the stack.
 *
 * For functions that keep to them: what a compiler changed between its own functions, it says in the locations.
 */
import { At, Tag } from './constants.ts';
import type { Entry } from './entry.ts';
import { alignOf, arrayOf, isFloat, isPointer, isStruct, membersOf, sizeOf, strip } from './types.ts';

export type ArgumentPlace =
  /** Whole, or its eight bytes in order; numbered as arguments are. */
  | { readonly kind: 'registers'; readonly numbers: readonly number[] }
  /** Bytes from the first argument on the stack. */
  | { readonly kind: 'stack'; readonly offset: number }
  /** The place has its address. */
  | { readonly kind: 'behind'; readonly place: ArgumentPlace }
  /** In a register for floating-point numbers or vectors, which the kernel does not hand to programs. */
  | { readonly kind: 'vector' }
  /** An empty struct. */
  | { readonly kind: 'nothing' };

export type Convention = 'x64' | 'arm64';

export interface PassedType {
  /** Undefined for void. */
  readonly type: Entry | undefined;
  /** Its address is passed, although the source passes the value: a class with a destructor. */
  readonly behind: boolean;
}

/** The places of the arguments of one function. Throws DwarfError where its types are broken. */
export function argumentPlaces(
  parameters: readonly PassedType[],
  result: Entry | undefined,
  convention: Convention,
): readonly ArgumentPlace[] {
  return convention === 'x64' ? placesOnX64(parameters, result) : placesOnArm64(parameters, result);
}

/** C++: the value has a constructor or destructor that must know where it is. */
const BY_REFERENCE = 4;
const AT_CALLING_CONVENTION = 0x36;

function isByReference(type: Entry | undefined): boolean {
  const entry = strip(type);
  if (entry === undefined || !isStruct(entry)) return false;
  // clang leaves a class with constructors to the file that defines them.
  return entry.number(AT_CALLING_CONVENTION) === BY_REFERENCE || entry.flag(At.declaration);
}

const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;

class Stack {
  #next = 0;

  take(size: number, align: number): ArgumentPlace {
    const offset = roundUp(this.#next, Math.max(8, align));
    this.#next = offset + roundUp(size, 8);
    return { kind: 'stack', offset };
  }
}

type Class = 'integer' | 'float';

/** Parts of a type that are looked at; sixteen bytes have no more, unless the types are broken. */
const MAX_PARTS = 128;

function placesOnX64(parameters: readonly PassedType[], result: Entry | undefined): ArgumentPlace[] {
  let integers = 0;
  let floats = 0;
  const stack = new Stack();
  const take = (classes: readonly Class[]): ArgumentPlace | undefined => {
    const wanted = classes.filter((each) => each === 'integer').length;
    if (integers + wanted > 6 || floats + classes.length - wanted > 8) return undefined;
    const numbers = classes.flatMap((each) => (each === 'integer' ? [integers++] : []));
    floats += classes.length - wanted;
    return numbers.length === classes.length ? { kind: 'registers', numbers } : { kind: 'vector' };
  };
  if (isByReference(result) || classesOf(result) === 'memory') take(['integer']);
  return parameters.map(({ type, behind }): ArgumentPlace => {
    if (behind || isByReference(type)) {
      return { kind: 'behind', place: take(['integer']) ?? stack.take(8, 8) };
    }
    const classes = classesOf(type);
    if (classes === 'memory') return stack.take(sizeOf(type), alignOf(type) > 8 ? 16 : 8);
    if (classes.length === 0) return { kind: 'nothing' };
    return take(classes) ?? stack.take(sizeOf(type), alignOf(type) > 8 ? 16 : 8);
  });
}

/** The class of each eight bytes of a type. */
function classesOf(type: Entry | undefined): readonly Class[] | 'memory' {
  const size = sizeOf(type);
  const entry = strip(type);
  if (!entry) return [];
  if (entry.tag === Tag.baseType) {
    if (!isFloat(entry)) return size > 8 ? ['integer', 'integer'] : ['integer'];
    // The 80 bits of the x87, and complex numbers of them.
    const isLong = size === 16 && (entry.name ?? '').includes('long double');
    return isLong || size > 16 ? 'memory' : ['float'];
  }
  if (!isStruct(entry) && entry.tag !== Tag.arrayType) return ['integer'];
  if (size > 16) return 'memory';
  const classes: (Class | undefined)[] = Array(Math.ceil(size / 8)).fill(undefined);
  if (!classify(entry, 0, classes, { left: MAX_PARTS })) return 'memory';
  return classes.filter((each) => each !== undefined);
}

/** Marks the eight bytes that a part of a type lies in. False for what is not where its alignment wants it. */
function classify(
  type: Entry | undefined,
  at: number,
  classes: (Class | undefined)[],
  budget: { left: number },
): boolean {
  const entry = strip(type);
  if (!entry || budget.left-- <= 0) return true;
  const size = sizeOf(entry);
  if (isStruct(entry)) {
    return membersOf(entry).every((member) => {
      if (member.bitSize > 0) {
        classes[Math.floor((at * 8 + member.bitOffset) / 64)] = 'integer';
        return true;
      }
      return classify(member.type, at + member.bitOffset / 8, classes, budget);
    });
  }
  if (entry.tag === Tag.arrayType) {
    const { element, counts } = arrayOf(entry);
    const each = sizeOf(element);
    const count = Math.min(
      16,
      counts.reduce((product, one) => product * one, 1),
    );
    for (let i = 0; i < count && each > 0; i++) {
      if (!classify(element, at + i * each, classes, budget)) return false;
    }
    return true;
  }
  if (size === 0) return true;
  if (at % alignOf(entry) !== 0 || (isFloat(entry) && size > 8)) return false;
  const own: Class = isFloat(entry) ? 'float' : 'integer';
  for (let index = Math.floor(at / 8); index <= Math.floor((at + size - 1) / 8); index++) {
    if (classes[index] !== 'integer') classes[index] = own;
  }
  return true;
}

function placesOnArm64(parameters: readonly PassedType[], result: Entry | undefined): ArgumentPlace[] {
  let next = 0;
  let floats = 0;
  const stack = new Stack();
  const integers = (count: number, align: number): ArgumentPlace | undefined => {
    const from = align > 8 ? roundUp(next, 2) : next;
    if (from + count > 8) {
      next = 8;
      return undefined;
    }
    next = from + count;
    return { kind: 'registers', numbers: Array.from({ length: count }, (_, i) => from + i) };
  };
  // A large result has a register of its own, x8; one with a destructor does not.
  if (isByReference(result)) integers(0, 8);
  return parameters.map(({ type, behind }): ArgumentPlace => {
    const entry = strip(type);
    if (!entry) return { kind: 'nothing' };
    const size = sizeOf(entry);
    const pointer = (): ArgumentPlace => ({ kind: 'behind', place: integers(1, 8) ?? stack.take(8, 8) });
    if (behind || isByReference(type)) return pointer();
    const floating = sameFloats(entry);
    if (floating > 0) {
      if (floats + floating <= 8) {
        floats += floating;
        return { kind: 'vector' };
      }
      floats = 8;
      return stack.take(size, alignOf(entry));
    }
    const isWhole = !isStruct(entry) && entry.tag !== Tag.arrayType;
    if (isWhole || isPointer(entry)) {
      return integers(size > 8 ? 2 : 1, size > 8 ? 16 : 8) ?? stack.take(size, size > 8 ? 16 : 8);
    }
    if (size > 16) return pointer();
    if (size === 0) return { kind: 'nothing' };
    return integers(Math.ceil(size / 8), alignOf(entry)) ?? stack.take(size, alignOf(entry));
  });
}

/** How many registers a floating-point number takes, or a struct of one to four of the same kind; else 0. */
function sameFloats(type: Entry): number {
  const kinds: number[] = [];
  const walk = (one: Entry | undefined, depth: number): boolean => {
    const entry = strip(one);
    if (!entry || depth > 8 || kinds.length > 4) return false;
    if (isFloat(entry)) return kinds.push(sizeOf(entry)) > 0;
    if (entry.tag === Tag.arrayType) {
      const { element, counts } = arrayOf(entry);
      const count = counts.reduce((product, each) => product * each, 1);
      return count > 0 && count <= 4 && Array.from({ length: count }).every(() => walk(element, depth + 1));
    }
    if (!isStruct(entry) || entry.tag === Tag.unionType) return false;
    const members = membersOf(entry);
    return members.length > 0 && members.every((member) => walk(member.type, depth + 1));
  };
  const all = walk(type, 0) && kinds.length <= 4 && kinds.every((size) => size === kinds[0]);
  return all ? kinds.length : 0;
}
