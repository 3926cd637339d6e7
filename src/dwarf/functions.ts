/**
 * The functions of a unit by their addresses, their parameters, and what was inlined into them.
 *
 * A function may have several entries: a declaration in its class, an abstract one with what all of its copies share,
 * and one for each copy, with its addresses and where its parameters are.
 */
import { At, Tag } from './constants.ts';
import type { Entry } from './entry.ts';
import { DwarfError, tooMany } from './errors.ts';
import { MAX_DEPTH, MAX_MEMBERS } from './limits.ts';
import { rangesOf } from './ranges.ts';
import type { Unit } from './unit.ts';

interface FunctionRange {
  readonly low: number;
  readonly high: number;
  readonly offset: number;
}

interface UnitFunctions {
  readonly ranges: readonly FunctionRange[];
  /** Functions inside of functions and classes were looked for as well. */
  readonly whole: boolean;
}

const known = new WeakMap<Unit, UnitFunctions>();

/** The copy of a function that has the instruction at an address. Throws DwarfError where entries are broken. */
export function functionAt(unit: Unit, address: number): Entry | undefined {
  let functions = known.get(unit);
  if (!functions) known.set(unit, (functions = { ranges: collect(unit, false), whole: false }));
  const found = search(functions.ranges, address);
  if (found) return unit.entryAt(found.offset);
  if (functions.whole) return undefined;
  known.set(unit, { ranges: collect(unit, true), whole: true });
  return functionAt(unit, address);
}

function search(ranges: readonly FunctionRange[], address: number): FunctionRange | undefined {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]!.low <= address) low = middle + 1;
    else high = middle;
  }
  const found = ranges[low - 1];
  return found && address < found.high ? found : undefined;
}

function collect(unit: Unit, everywhere: boolean): readonly FunctionRange[] {
  const found: FunctionRange[] = [];
  const walk = (parent: Entry, depth: number): void => {
    if (depth > MAX_DEPTH) return;
    for (const child of parent.children()) {
      if (child.tag === Tag.subprogram) {
        for (const [low, high] of rangesOf(child))
          if (low > 0) found.push({ low, high, offset: child.offset });
        if (everywhere) walk(child, depth + 1);
      } else if (everywhere || child.tag === Tag.namespace) {
        walk(child, depth + 1);
      }
    }
  };
  walk(unit.root, 0);
  return found.sort((a, b) => a.low - b.low);
}

export interface Parameter {
  /** Undefined for one that has none. */
  readonly name: string | undefined;
  /** Undefined for void, and for what is not read. */
  readonly type: Entry | undefined;
  /** Says where it is in this copy; undefined where the copy does not have it. */
  readonly entry: Entry | undefined;
}

/** The parameters of a copy of a function, in the order of its declaration. */
export function parametersOf(copy: Entry): readonly Parameter[] {
  const own = formalParameters(copy);
  const declared =
    copy.reference(At.abstractOrigin) ?? (own.length === 0 ? copy.reference(At.specification) : undefined);
  const listed = declared ? declaredParameters(declared) : [];
  if (listed.length === 0) return own.map((entry) => ({ name: entry.name, type: typeOf(entry), entry }));
  const byOrigin = new Map(own.map((entry) => [entry.reference(At.abstractOrigin)?.offset, entry]));
  return listed.map((entry) => ({
    name: entry.name,
    type: typeOf(entry),
    entry: byOrigin.get(entry.offset),
  }));
}

function declaredParameters(entry: Entry): readonly Entry[] {
  const own = formalParameters(entry);
  if (own.length > 0) return own;
  const before = entry.reference(At.specification) ?? entry.reference(At.abstractOrigin);
  return before ? formalParameters(before) : [];
}

function formalParameters(entry: Entry): readonly Entry[] {
  const found: Entry[] = [];
  for (const child of entry.children()) {
    if (child.tag !== Tag.formalParameter) continue;
    if (found.length >= MAX_MEMBERS) throw tooMany('debug_info', child.offset, 'parameters', MAX_MEMBERS);
    found.push(child);
  }
  return found;
}

/** The type of a variable, parameter, member or function; undefined for void. */
export function typeOf(entry: Entry): Entry | undefined {
  return entry.inherited((each) => each.reference(At.type));
}

/** A function that was inlined, and where its caller, which may be inlined itself, calls it. */
export interface InlinedCall {
  readonly entry: Entry;
  readonly callFile: number | undefined;
  readonly callLine: number | undefined;
}

/** What is inlined at an address of a function, outermost first. Throws DwarfError where entries are broken. */
export function inlinedAt(copy: Entry, address: number): readonly InlinedCall[] {
  const found: InlinedCall[] = [];
  let parent: Entry | undefined = copy;
  for (let depth = 0; parent && depth < MAX_DEPTH; depth++) {
    let next: Entry | undefined;
    for (const child of parent.children()) {
      if (child.tag !== Tag.inlinedSubroutine && child.tag !== Tag.lexicalBlock) continue;
      const ranges = rangesOf(child);
      if (!ranges.some(([low, high]) => low <= address && address < high)) continue;
      if (child.tag === Tag.inlinedSubroutine) {
        found.push({
          entry: child,
          callFile: child.number(At.callFile),
          callLine: child.number(At.callLine),
        });
      }
      next = child;
      break;
    }
    parent = next;
  }
  return found;
}

/** The name that symbol tables have, or else the plain one. */
export function functionName(entry: Entry): string | undefined {
  return entry.inherited((each) => each.text(At.linkageName) ?? each.text(At.mipsLinkageName)) ?? entry.name;
}

/** What `use` gives; undefined where it meets debug information that is broken or not read. */
export function orUndefined<T>(use: () => T | undefined): T | undefined {
  try {
    return use();
  } catch (error) {
    if (error instanceof DwarfError) return undefined;
    throw error;
  }
}

/** The types of what a function takes; `...` at the end where it takes more. */
export function formalTypes(entry: Entry): readonly (Entry | undefined | '...')[] {
  const found: (Entry | undefined | '...')[] = [];
  for (const child of entry.children()) {
    if (child.tag === Tag.unspecifiedParameters) found.push('...');
    if (child.tag !== Tag.formalParameter) continue;
    if (found.length >= MAX_MEMBERS) throw tooMany('debug_info', child.offset, 'parameters', MAX_MEMBERS);
    found.push(typeOf(child));
  }
  return found;
}
