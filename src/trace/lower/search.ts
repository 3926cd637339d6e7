/** Looking for one text in another. */
import type { FunctionBuilder } from '../../compiler/builder.ts';
import { helper } from '../../compiler/helpers.ts';
import type { IrFunction, Value } from '../../compiler/ir.ts';
import { addressAt } from '../../script/emit/memory.ts';
import { stackPointer, turnFunction } from './called-back.ts';
import type { Place } from './lowered.ts';
import type { Lowering } from './state.ts';

/** In the state: addresses of both texts, the result, the start that is looked at, and what became of it. */
const [hayAt, needleAt, foundAt, startAt, outcomeAt] = [0, 8, 16, 24, 32];

/** A start ends with the needle, with another byte, or with the end of the text. */
const [matches, differs, ends] = [0, 1, 2];

/**
 * The place of the needle, or -1. A function is called for each start (bpf_loop, Linux 5.17); where the first byte is
 * the needle's, it has another one called for each byte that follows. No loop is the verifier's to follow: it would end
 * in as many ways as the needle has bytes, for each of which the rest of the program is followed again.
 */
export function searchText(
  l: Lowering,
  hay: Place,
  haySize: number,
  needle: Place,
  needleSize: number,
): Value {
  const { b } = l;
  const [search, compare] = [l.module.functionName('search'), l.module.functionName('compare')];
  l.module.add(searcher(turnFunction(l, search), compare, haySize, needleSize));
  l.module.add(comparer(turnFunction(l, compare), haySize, needleSize));
  const state = b.slotAddress(b.slot('state', 40, 8, true));
  b.store(8, state, hayAt, addressAt(l, hay.base, hay.offset));
  b.store(8, state, needleAt, addressAt(l, needle.base, needle.offset));
  b.store(8, state, foundAt, b.constant(-1));
  l.call('loop', [b.constant(haySize), b.functionAddress(search), state, b.constant(0)]);
  return b.load(8, state, foundAt);
}

/** The byte of a text of the state at an index that is inside. */
function byteAt(b: FunctionBuilder, textAt: number, index: Value): Value {
  const text = b.load(8, b.parameter(1), textAt, { type: stackPointer });
  return b.load(1, b.binary('add', text, index, 64, text.type), 0);
}

function searcher(b: FunctionBuilder, compare: string, haySize: number, needleSize: number): IrFunction {
  const start = b.extend(b.parameter(0), 32, false);
  const state = b.parameter(1);
  const [begins, inside, open, alike] = [
    b.block('begins'),
    b.block('inside'),
    b.block('open'),
    b.block('alike'),
  ];
  const [found, unlike, stop, goOn] = [
    b.block('found'),
    b.block('unlike'),
    b.block('stop'),
    b.block('go on'),
  ];
  const first = byteAt(b, needleAt, b.constant(0));
  b.branch('eq', first, b.constant(0), found, begins);
  b.begin(begins);
  b.branch('ult', start, b.constant(haySize), inside, stop);
  b.begin(inside);
  const byte = byteAt(b, hayAt, start);
  // At the end of the text nothing can begin any more.
  b.branch('eq', byte, b.constant(0), stop, open);
  b.begin(open);
  b.branch('eq', byte, first, alike, goOn);
  b.begin(alike);
  if (needleSize > 1) {
    b.store(8, state, startAt, start);
    b.store(8, state, outcomeAt, b.constant(matches));
    b.call(helper('loop'), [b.constant(needleSize - 1), b.functionAddress(compare), state, b.constant(0)]);
    const outcome = b.load(8, state, outcomeAt);
    b.branch('eq', outcome, b.constant(matches), found, unlike);
    b.begin(unlike);
    b.branch('eq', outcome, b.constant(differs), goOn, stop);
  } else {
    b.jump(found);
  }
  b.begin(found);
  b.store(8, state, foundAt, start);
  b.jump(stop);
  b.begin(stop);
  b.return(b.constant(1));
  b.begin(goOn);
  b.return(b.constant(0));
  return b.finish();
}

function comparer(b: FunctionBuilder, haySize: number, needleSize: number): IrFunction {
  const index = b.binary('add', b.extend(b.parameter(0), 32, false), b.constant(1));
  const state = b.parameter(1);
  const [inNeedle, more, inside] = [b.block('in needle'), b.block('more'), b.block('inside')];
  const [goOn, unlike, differ, end, stop] = [
    b.block('go on'),
    b.block('unlike'),
    b.block('differ'),
    b.block('end'),
    b.block('stop'),
  ];
  b.branch('ult', index, b.constant(needleSize), inNeedle, stop);
  b.begin(inNeedle);
  const wanted = byteAt(b, needleAt, index);
  b.branch('eq', wanted, b.constant(0), stop, more);
  b.begin(more);
  const position = b.binary('add', b.load(8, state, startAt), index);
  b.branch('ult', position, b.constant(haySize), inside, end);
  b.begin(inside);
  const byte = byteAt(b, hayAt, position);
  b.branch('eq', byte, wanted, goOn, unlike);
  b.begin(unlike);
  b.branch('eq', byte, b.constant(0), end, differ);
  b.begin(differ);
  b.store(8, state, outcomeAt, b.constant(differs));
  b.jump(stop);
  b.begin(end);
  b.store(8, state, outcomeAt, b.constant(ends));
  b.jump(stop);
  b.begin(stop);
  b.return(b.constant(1));
  b.begin(goOn);
  b.return(b.constant(0));
  return b.finish();
}
