/**
 * Records of the ring buffer: what the program asks user space to do, in order. The u64 at their head is the number of
 * the action; its arguments follow where the action says. They are written straight into the ring's memory, every byte
 * of them, so nothing that lay there before gets out.
 */
import type { Value, ValueType } from '../../compiler/ir.ts';
import { zero } from '../../script/emit/memory.ts';
import type { Action, Field, Location } from '../compiled.ts';
import { lineText, positionOf, type Span } from '../source.ts';
import { layoutOf, roundUp, sequence } from '../types/layout.ts';
import { int64, type Type } from '../types/type.ts';
import type { Lowered } from './lowered.ts';
import { frameMemory, store, storeText, textSpare } from './memory.ts';
import type { Lowering } from './state.ts';

/** The ring buffer, in `CollectionSpec.maps`. */
export const ring = 'events';

const recordType: ValueType = { kind: 'pointer', provenance: 'ringRecord', nullable: true };

export interface Argument {
  readonly type: Type;
  /** Asked for when there is a place for it. */
  value(): Lowered;
}

export class Actions {
  readonly list: Action[] = [];

  get used(): boolean {
    return this.list.length > 0;
  }

  /**
   * Sends an action. Arguments are lowered in order; with `first`, before there is a record and whatever comes of it.
   *
   * Long text goes last and only as far as its NUL: most file names are far from max_strlen, and a ring that holds
   * twenty times the records loses none.
   */
  send(
    l: Lowering,
    args: readonly Argument[],
    action: (fields: readonly Field[]) => Action,
    { first = false }: { first?: boolean } = {},
  ): void {
    const last = longestText(args);
    const order = args.map((_, i) => i).filter((i) => i !== last);
    if (last !== undefined) order.push(last);
    const { offsets: sorted, layout } = sequence(
      order.map((i) => args[i]!.type),
      8,
    );
    const offsets = args.map((_, i) => sorted[order.indexOf(i)]!);
    const size = roundUp(layout.size, 8);
    const id = this.#add(action(args.map(({ type }, i) => ({ offset: offsets[i]!, type }))));
    /** Gives the number of bytes where it is not known before. */
    const fill = (record: Value): Value | undefined => {
      l.b.store(8, record, 0, l.b.constant(id));
      let end = 8;
      for (const i of order) {
        const at = offsets[i]!;
        zero(l, record, end, at - end);
        end = at + layoutOf(args[i]!.type).size;
      }
      let length: Value | undefined;
      for (const [i, { type, value }] of args.entries()) {
        const at = offsets[i]!;
        if (i === last) length = storeText(l, value(), record, at, layoutOf(type).size);
        else store(l, value(), type, record, at);
      }
      if (last === undefined) zero(l, record, end, size - end);
      return length && l.b.binary('add', length, l.b.constant(offsets[last!]!));
    };
    if (first || last !== undefined)
      this.#output(l, last === undefined ? size : layout.size + textSpare, fill);
    else this.reserve(l, size, fill);
  }

  /** A record of this action's own making: `fill` writes all bytes behind the first eight. */
  sendRaw(l: Lowering, size: number, action: Action, fill: (record: Value) => void): void {
    const id = this.#add(action);
    this.reserve(l, roundUp(size, 8), (record) => {
      l.b.store(8, record, 0, l.b.constant(id));
      fill(record);
    });
  }

  runtimeError(l: Lowering, message: string, span: Span): void {
    this.send(l, [], () => ({ kind: 'runtimeError', message, location: locationOf(span) }));
  }

  /** With `-k`, what a helper that failed came back with. */
  helperError(l: Lowering, helper: string, result: Value, span: Span): void {
    const { b } = l;
    if (!l.script.environment.helperWarnings) return;
    l.choose(
      (yes, no) => b.branch('slt', result, b.constant(0), yes, no),
      () =>
        this.send(
          l,
          [{ type: int64, value: () => ({ kind: 'scalar', value: result, type: int64 }) }],
          ([code]) => ({ kind: 'helperError', helper, code: code!, location: locationOf(span) }),
        ),
    );
  }

  reserve(l: Lowering, size: number, fill: (record: Value) => unknown): void {
    const { b } = l;
    const record = l.call(
      'ringbuf_reserve',
      [b.mapAddress(ring), b.constant(size), b.constant(0)],
      recordType,
    );
    l.choose(
      (yes, no) => b.branch('ne', record, b.constant(0), yes, no),
      () => {
        fill(record);
        l.call('ringbuf_submit', [record, b.constant(0)]);
      },
      () => l.script.losses.countRecord(l, ring),
    );
  }

  /** Made in the frame and then copied: for arguments that do something besides having a value, and for long text. */
  #output(l: Lowering, size: number, fill: (record: Value) => Value | undefined): void {
    const { b } = l;
    const record = frameMemory(l, 'record', size);
    const length = fill(record);
    if (!b.open) return;
    const args = [b.mapAddress(ring), record, length ?? b.constant(size), b.constant(0)];
    const result = l.call('ringbuf_output', args);
    l.choose(
      (yes, no) => b.branch('ne', result, b.constant(0), yes, no),
      () => l.script.losses.countRecord(l, ring),
    );
  }

  #add(action: Action): number {
    return this.list.push(action) - 1;
  }
}

/** Shorter text is not worth a copy. */
const longText = 128;

function longestText(args: readonly Argument[]): number | undefined {
  let found: number | undefined;
  for (const [i, { type }] of args.entries()) {
    if (type.kind !== 'string' || type.size < longText) continue;
    if (found === undefined || type.size > layoutOf(args[found]!.type).size) found = i;
  }
  return found;
}

export function locationOf(span: Span): Location {
  const { line, column } = positionOf(span.source, span.start);
  const end = positionOf(span.source, span.end);
  const excerpt =
    end.line === line ? { text: lineText(span.source, line), endColumn: end.column } : undefined;
  return { file: span.source.name, line, column, excerpt };
}
