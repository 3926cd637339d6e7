/**
 * Where a variable is at an instruction, as far as a probe can follow: in a register, in memory a fixed distance from
 * one, or nowhere because it is a constant. Longer expressions are left alone.
 *
 * A location is either one expression for all of a function, which unoptimised code has and which does not hold before
 * the prologue has stored the arguments, or a list by addresses (.debug_loclists; .debug_loc before DWARF 5).
 */
import { At, LocationEntry, Op } from './constants.ts';
import type { Entry } from './entry.ts';
import { tooMany, unknown } from './errors.ts';
import { MAX_RANGES } from './limits.ts';
import { listOffset, readWindow } from './ranges.ts';
import type { Reader } from './reader.ts';

export type Location =
  /** The value is in a register of the processor, as DWARF numbers them. */
  | { readonly kind: 'register'; readonly register: number }
  /** The value is a register and a number. */
  | { readonly kind: 'sum'; readonly register: number; readonly offset: number }
  /** The value is in memory, so far behind a register. */
  | { readonly kind: 'memory'; readonly register: number; readonly offset: number }
  /** In memory, so far behind the address that the stack had before the call (the canonical frame address). */
  | { readonly kind: 'frame'; readonly offset: number }
  | { readonly kind: 'constant'; readonly value: bigint };

export type Located =
  /** Of a list, which says exactly where it holds. */
  | { readonly exact: true; readonly location: Location | undefined }
  /** For the whole function; it may not hold yet where the function begins. */
  | { readonly exact: false; readonly location: Location | undefined };

/** Undefined where nothing is said for this address. Throws DwarfError. */
export function locationAt(entry: Entry, address: number, copy: Entry): Located | undefined {
  const value = entry.constant(At.constValue);
  if (value !== undefined) return { exact: true, location: { kind: 'constant', value } };
  const expression = entry.block(At.location);
  if (expression) return { exact: false, location: evaluate(expression, copy) };
  const list = entry.list(At.location);
  if (!list) return undefined;
  const found =
    entry.unit.header.version >= 5 ? inList(entry, list, address) : inOldList(entry, list, address);
  return found && { exact: true, location: evaluate(found, copy) };
}

/** One operation, and perhaps one that says that it gave the value and not the place. */
export function evaluate(expression: Reader, copy: Entry): Location | undefined {
  if (expression.done) return undefined;
  const op = expression.u8();
  let made: Location | undefined;
  if (op >= Op.reg0 && op <= Op.reg31) made = { kind: 'register', register: op - Op.reg0 };
  else if (op === Op.regx) made = { kind: 'register', register: expression.uleb() };
  else if (op >= Op.breg0 && op <= Op.breg31) made = near(expression, op - Op.breg0);
  else if (op === Op.bregx) made = near(expression, expression.uleb());
  else if (op === Op.fbreg) made = inFrame(expression.sleb(), copy);
  else if (op === Op.entryValue || op === Op.gnuEntryValue) made = atEntry(expression, copy);
  else if (op === Op.implicitValue) made = implicit(expression);
  else {
    const value = literal(op, expression);
    if (value === undefined) return undefined;
    made = { kind: 'constant', value };
    // A constant without more is an address.
    if (expression.done || expression.u8() !== Op.stackValue) return undefined;
  }
  if (expression.done || !made) return made;
  if (expression.u8() !== Op.stackValue || !expression.done) return undefined;
  if (made.kind === 'memory') return { kind: 'sum', register: made.register, offset: made.offset };
  return made.kind === 'sum' || made.kind === 'constant' ? made : undefined;
}

const near = (expression: Reader, register: number): Location => ({
  kind: 'memory',
  register,
  offset: expression.sleb(),
});

/** Whether unoptimised code keeps the address of a variable where others keep its value. */
export function isBehindPointer(entry: Entry): boolean {
  const expression = entry.block(At.location);
  if (!expression || expression.done || expression.u8() !== Op.fbreg) return false;
  expression.skipLeb();
  return !expression.done && expression.u8() === Op.deref && expression.done;
}

/** Relative to what the function says its frame is. */
function inFrame(offset: number, copy: Entry): Location | undefined {
  const base = copy.block(At.frameBase);
  if (!base || base.done) return undefined;
  const op = base.u8();
  if (op === Op.callFrameCfa) return { kind: 'frame', offset };
  if (op >= Op.reg0 && op <= Op.reg31) return { kind: 'memory', register: op - Op.reg0, offset };
  if (op >= Op.breg0 && op <= Op.breg31) {
    return { kind: 'memory', register: op - Op.breg0, offset: base.sleb() + offset };
  }
  return undefined;
}

/** What a register had at entry: at entry that is what it has. */
function atEntry(expression: Reader, copy: Entry): Location | undefined {
  const inner = expression.take(expression.uleb());
  const reader = expression.part(expression.offset - inner.length, inner.length);
  const found = evaluate(reader, copy);
  return found?.kind === 'register' ? { kind: 'sum', register: found.register, offset: 0 } : undefined;
}

function implicit(expression: Reader): Location | undefined {
  const bytes = expression.take(expression.uleb());
  if (bytes.length > 8) return undefined;
  let value = 0n;
  const ordered = expression.littleEndian ? bytes.toReversed() : bytes;
  for (const byte of ordered) value = (value << 8n) | BigInt(byte);
  return { kind: 'constant', value };
}

function literal(op: number, expression: Reader): bigint | undefined {
  if (op >= Op.lit0 && op <= Op.lit31) return BigInt(op - Op.lit0);
  switch (op) {
    case Op.const1u:
      return BigInt(expression.u8());
    case Op.const1s:
      return BigInt(expression.i8());
    case Op.const2u:
      return BigInt(expression.u16());
    case Op.const2s:
      return BigInt.asIntN(16, BigInt(expression.u16()));
    case Op.const4u:
      return BigInt(expression.u32());
    case Op.const4s:
      return BigInt.asIntN(32, BigInt(expression.u32()));
    case Op.const8u:
    case Op.const8s:
      return expression.big64();
    case Op.constu:
      return expression.bigLeb(false);
    case Op.consts:
      return expression.bigLeb(true);
    default:
      return undefined;
  }
}

type Place = NonNullable<ReturnType<Entry['list']>>;

function inList({ unit }: Entry, place: Place, address: number): Reader | undefined {
  const offset = listOffset(unit, place, 'debug_loclists');
  const { addressSize } = unit.header;
  return readWindow(unit, 'debug_loclists', offset, (reader) => {
    let base = unit.baseAddress;
    let otherwise: Reader | undefined;
    for (let count = 0; count < MAX_RANGES; count++) {
      const at = reader.offset;
      const kind = reader.u8();
      let low = 0;
      let high = 0;
      switch (kind) {
        case LocationEntry.endOfList:
          return otherwise;
        case LocationEntry.baseAddressx:
          base = unit.indexedAddress(reader.uleb());
          continue;
        case LocationEntry.baseAddress:
          base = reader.sized(addressSize);
          continue;
        case LocationEntry.gnuViewPair:
          reader.skipLeb();
          reader.skipLeb();
          continue;
        case LocationEntry.startxEndx:
          low = unit.indexedAddress(reader.uleb());
          high = unit.indexedAddress(reader.uleb());
          break;
        case LocationEntry.startxLength:
          low = unit.indexedAddress(reader.uleb());
          high = low + reader.uleb();
          break;
        case LocationEntry.offsetPair:
          low = base + reader.uleb();
          high = base + reader.uleb();
          break;
        case LocationEntry.startEnd:
          low = reader.sized(addressSize);
          high = reader.sized(addressSize);
          break;
        case LocationEntry.startLength:
          low = reader.sized(addressSize);
          high = low + reader.uleb();
          break;
        case LocationEntry.defaultLocation:
          break;
        default:
          throw unknown('debug_loclists', at, 'kind of location', kind);
      }
      const size = reader.uleb();
      const expression = reader.part(reader.offset, size);
      reader.skip(size);
      if (kind === LocationEntry.defaultLocation) otherwise = expression;
      else if (low <= address && address < high) return expression;
    }
    throw tooMany('debug_loclists', offset, 'locations', MAX_RANGES);
  });
}

function inOldList({ unit }: Entry, place: Place, address: number): Reader | undefined {
  if (!('offset' in place)) return undefined;
  const { addressSize } = unit.header;
  const largest = addressSize === 8 ? 2 ** 64 : 2 ** 32 - 1;
  return readWindow(unit, 'debug_loc', place.offset, (reader) => {
    let base = unit.baseAddress;
    for (let count = 0; count < MAX_RANGES; count++) {
      const low = reader.sized(addressSize);
      const high = reader.sized(addressSize);
      if (low === 0 && high === 0) return undefined;
      if (low >= largest) {
        base = high;
        continue;
      }
      const size = reader.u16();
      const expression = reader.part(reader.offset, size);
      reader.skip(size);
      if (base + low <= address && address < base + high) return expression;
    }
    throw tooMany('debug_loc', place.offset, 'locations', MAX_RANGES);
  });
}
