/**
 * Runs the instructions of a frame entry: from which address on which rule is in force.
 *
 * They are a program for a table with a row an address and a column a register. Only three columns matter for walking a
 * stack of x86-64: the CFA, rbp and the return address.
 */
import { ElfError } from '../errors.ts';
import type { CommonEntry, FrameEntry } from './entries.ts';
import { expressionOf, type KnownExpression } from './expression.ts';
import { FrameReader, malformed } from './reader.ts';
import { encodeRule, RBP_IN_FRAME, RBP_LOST, RuleKind } from './rule.ts';

/** DWARF's numbers of registers: System V ABI, AMD64 supplement, figure 3.36. */
const Register = { rbp: 6, rsp: 7 } as const;

type Saved =
  | { readonly kind: 'same' | 'undefined' | 'other' }
  /** At CFA + offset. */
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'expression'; readonly expression: KnownExpression | undefined };

type FrameAddress =
  | { readonly kind: 'register'; readonly register: number; readonly offset: number }
  | { readonly kind: 'expression'; readonly expression: KnownExpression | undefined };

interface Row {
  readonly cfa: FrameAddress;
  readonly rbp: Saved;
  readonly ra: Saved;
}

const same: Saved = { kind: 'same' };
const unknown: Row = { cfa: { kind: 'expression', expression: undefined }, rbp: same, ra: same };
const returnAddressOffset = -8;
const maxRemembered = 64;

/** What the common instructions leave behind; they are run once, however many functions share them. */
const initialRows = new WeakMap<CommonEntry, Row>();

function initialRow(view: FrameReader['view'], entry: FrameEntry): Row {
  const known = initialRows.get(entry.common);
  if (known) return known;
  const machine = new Machine(view, entry, unknown);
  let row = unknown;
  try {
    machine.run(entry.common.from, entry.common.to, () => {});
    row = machine.row;
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
  }
  initialRows.set(entry.common, row);
  return row;
}

/** Calls `row` for each change, in order of address: the linked address, and the rule (rule.ts) from there on. */
export function interpret(
  view: FrameReader['view'],
  entry: FrameEntry,
  row: (address: number, rule: number) => void,
): void {
  const { start, size } = entry;
  const machine = new Machine(view, entry, initialRow(view, entry));
  let from = start;
  machine.run(entry.from, entry.to, (address) => {
    if (address > from && from < start + size) row(from, ruleOf(machine.row));
    from = Math.max(from, address);
  });
  if (from < start + size) row(from, ruleOf(machine.row));
}

class Machine {
  readonly #view: FrameReader['view'];
  readonly #entry: FrameEntry;
  readonly #initial: Row;
  readonly #remembered: Row[] = [];
  row: Row;

  constructor(view: FrameReader['view'], entry: FrameEntry, initial: Row) {
    this.#view = view;
    this.#entry = entry;
    this.#initial = initial;
    this.row = initial;
  }

  /** `advance` is called before the row changes to that of the address. */
  run(from: number, to: number, advance: (address: number) => void): void {
    const reader = new FrameReader(this.#view, from);
    const { codeFactor, dataFactor, pointerEncoding } = this.#entry.common;
    let address = this.#entry.start;
    const forward = (by: number): void => {
      address += by * codeFactor;
      advance(address);
    };
    while (reader.at < to) {
      const op = reader.u8();
      const low = op & 0x3f;
      switch (op >> 6) {
        case 1:
          forward(low);
          continue;
        case 2:
          this.#save(low, { kind: 'offset', offset: reader.uleb() * dataFactor });
          continue;
        case 3:
          this.#restore(low);
          continue;
        default:
          break;
      }
      switch (low) {
        case 0x00: // nop
          break;
        case 0x01: {
          const place = reader.pointer(pointerEncoding, 0);
          if (place === undefined || (pointerEncoding & 0x70) !== 0)
            throw malformed(reader, 'a relative DW_CFA_set_loc');
          address = place;
          advance(address);
          break;
        }
        case 0x02:
          forward(reader.u8());
          break;
        case 0x03:
          forward(reader.u16());
          break;
        case 0x04:
          forward(reader.u32());
          break;
        case 0x05: // offset_extended
          this.#save(reader.uleb(), { kind: 'offset', offset: reader.uleb() * dataFactor });
          break;
        case 0x06: // restore_extended
          this.#restore(reader.uleb());
          break;
        case 0x07:
          this.#save(reader.uleb(), { kind: 'undefined' });
          break;
        case 0x08:
          this.#save(reader.uleb(), same);
          break;
        case 0x09: // register
          this.#save(reader.uleb(), { kind: 'other' });
          reader.uleb();
          break;
        case 0x0a: // remember_state
          if (this.#remembered.length >= maxRemembered) throw malformed(reader, 'too many remembered states');
          this.#remembered.push(this.row);
          break;
        case 0x0b: // restore_state
          this.row = this.#remembered.pop() ?? this.row;
          break;
        case 0x0c: // def_cfa
          this.#cfa(reader.uleb(), reader.uleb());
          break;
        case 0x0d: // def_cfa_register
          this.#cfa(reader.uleb(), this.#offset());
          break;
        case 0x0e: // def_cfa_offset
          this.#cfa(this.#register(), reader.uleb());
          break;
        case 0x0f:
          this.row = { ...this.row, cfa: { kind: 'expression', expression: this.#expression(reader) } };
          break;
        case 0x10: // expression
          this.#save(reader.uleb(), { kind: 'expression', expression: this.#expression(reader) });
          break;
        case 0x11: // offset_extended_sf
          this.#save(reader.uleb(), { kind: 'offset', offset: reader.sleb() * dataFactor });
          break;
        case 0x12: // def_cfa_sf
          this.#cfa(reader.uleb(), reader.sleb() * dataFactor);
          break;
        case 0x13: // def_cfa_offset_sf
          this.#cfa(this.#register(), reader.sleb() * dataFactor);
          break;
        case 0x14: // val_offset
          this.#save(reader.uleb(), { kind: 'other' });
          reader.uleb();
          break;
        case 0x15: // val_offset_sf
          this.#save(reader.uleb(), { kind: 'other' });
          reader.sleb();
          break;
        case 0x16: // val_expression
          this.#save(reader.uleb(), { kind: 'other' });
          reader.skip(reader.uleb());
          break;
        case 0x2d: // GNU_window_save
          break;
        case 0x2e: // GNU_args_size
          reader.uleb();
          break;
        case 0x2f: // GNU_negative_offset_extended
          this.#save(reader.uleb(), { kind: 'offset', offset: -reader.uleb() * dataFactor });
          break;
        default:
          throw malformed(reader, `instruction ${op} of which nobody knows the length`);
      }
    }
  }

  #expression(reader: FrameReader): KnownExpression | undefined {
    const length = reader.uleb();
    const end = reader.at + length;
    reader.view.check(reader.at, length);
    const found = expressionOf(new FrameReader(reader.view, reader.at), end);
    reader.at = end;
    return found;
  }

  #register(): number {
    return this.row.cfa.kind === 'register' ? this.row.cfa.register : -1;
  }

  #offset(): number {
    return this.row.cfa.kind === 'register' ? this.row.cfa.offset : 0;
  }

  #cfa(register: number, offset: number): void {
    this.row = { ...this.row, cfa: { kind: 'register', register, offset } };
  }

  #save(register: number, saved: Saved): void {
    if (register === Register.rbp) this.row = { ...this.row, rbp: saved };
    if (register === this.#entry.common.returnRegister) this.row = { ...this.row, ra: saved };
  }

  #restore(register: number): void {
    if (register === Register.rbp) this.row = { ...this.row, rbp: this.#initial.rbp };
    if (register === this.#entry.common.returnRegister) this.row = { ...this.row, ra: this.#initial.ra };
  }
}

/** The row as rule.ts has it. */
function ruleOf({ cfa, rbp, ra }: Row): number {
  if (ra.kind === 'undefined') return RuleKind.end;
  if (ra.kind === 'expression') return signalRule(cfa, rbp, ra.expression);
  if (ra.kind !== 'offset' || ra.offset !== returnAddressOffset) return RuleKind.unsupported;
  const saved = savedRbp(rbp);
  if (cfa.kind === 'register') {
    if (cfa.register !== Register.rsp && cfa.register !== Register.rbp) return RuleKind.unsupported;
    const kind = cfa.register === Register.rsp ? RuleKind.stackPointer : RuleKind.framePointer;
    return encodeRule({ kind, rbp: saved, offset: cfa.offset, plus8: false });
  }
  const { expression } = cfa;
  if (expression === undefined) return RuleKind.unsupported;
  if (expression.kind === 'plt') {
    return encodeRule({ kind: RuleKind.plt, rbp: saved, offset: expression.pushed, plus8: false });
  }
  if (expression.kind !== 'memory' || (expression.plus !== 0 && expression.plus !== 8))
    return RuleKind.unsupported;
  const { register, offset, plus } = expression;
  if (register !== Register.rsp && register !== Register.rbp) return RuleKind.unsupported;
  const kind = register === Register.rsp ? RuleKind.atStackPointer : RuleKind.atFramePointer;
  return encodeRule({ kind, rbp: saved, offset, plus8: plus === 8 });
}

function savedRbp(rbp: Saved): number {
  switch (rbp.kind) {
    case 'same':
      return 0;
    case 'offset': {
      const words = -rbp.offset / 8;
      return Number.isInteger(words) && words >= 1 && words < RBP_IN_FRAME ? words : RBP_LOST;
    }
    case 'expression': {
      const { expression } = rbp;
      const inFrame =
        expression?.kind === 'address' && expression.register === Register.rbp && expression.offset === 0;
      return inFrame ? RBP_IN_FRAME : RBP_LOST;
    }
    default:
      return RBP_LOST;
  }
}

/** Distances in `struct sigcontext` of arch/x86/include/uapi/asm/sigcontext.h: from rsp to rip, and to rbp. */
const signalFrame = { rip: 8, rbp: -40 } as const;

function signalRule(cfa: FrameAddress, rbp: Saved, ra: KnownExpression | undefined): number {
  const saved = cfa.kind === 'expression' ? cfa.expression : undefined;
  const frame = rbp.kind === 'expression' ? rbp.expression : undefined;
  if (saved?.kind !== 'memory' || ra?.kind !== 'address' || frame?.kind !== 'address')
    return RuleKind.unsupported;
  const { register, offset, plus } = saved;
  const fits =
    plus === 0 &&
    [register, ra.register, frame.register].every((each) => each === Register.rsp) &&
    ra.offset === offset + signalFrame.rip &&
    frame.offset === offset + signalFrame.rbp;
  return fits ? encodeRule({ kind: RuleKind.signal, rbp: 0, offset, plus8: false }) : RuleKind.unsupported;
}
