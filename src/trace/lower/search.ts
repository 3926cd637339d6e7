/** Looking for one text in another. */
import { FunctionBuilder } from '../../compiler/builder.ts';
import { type IrFunction, scalar64, type Value, type ValueType } from '../../compiler/ir.ts';
import { addressAt } from '../../script/emit/memory.ts';
import type { Place } from './lowered.ts';
import type { Lowering } from './state.ts';

const stackPointer: ValueType = { kind: 'pointer', provenance: 'stack', nullable: false };

/** In the state: addresses of both texts, and the result. */
const [hayAt, needleAt, foundAt] = [0, 8, 16];

/**
 * The place of the needle, or -1. A function of its own is called for each start (bpf_loop, Linux 5.17): it compares
 * until a byte differs, stops when the needle has ended, and stops when the text has ended. The loop in it is the
 * verifier's to follow, once for all starts.
 */
export function searchText(
  l: Lowering,
  hay: Place,
  haySize: number,
  needle: Place,
  needleSize: number,
): Value {
  const { b } = l;
  const name = l.module.functionName('search');
  l.module.add(searcher(name, haySize, needleSize));
  const state = b.slotAddress(b.slot('search', 24, 8, true));
  b.store(8, state, hayAt, addressAt(l, hay.base, hay.offset));
  b.store(8, state, needleAt, addressAt(l, needle.base, needle.offset));
  b.store(8, state, foundAt, b.constant(-1));
  l.call('loop', [b.constant(haySize), b.functionAddress(name), state, b.constant(0)]);
  return b.load(8, state, foundAt);
}

function searcher(name: string, haySize: number, needleSize: number): IrFunction {
  const b = new FunctionBuilder(name, 'callback', [
    { name: 'start', type: scalar64 },
    { name: 'state', type: stackPointer },
  ]);
  const start = b.extend(b.parameter(0), 32, false);
  const state = b.parameter(1);
  const hay = b.load(8, state, hayAt, { type: stackPointer });
  const needle = b.load(8, state, needleAt, { type: stackPointer });
  const index = b.variable('index');
  b.write(index, b.constant(0));
  const [head, body, inside, same, next] = [
    b.block('loop'),
    b.block('body'),
    b.block('inside'),
    b.block('same'),
    b.block('next'),
  ];
  const [found, differs, stop, goOn] = [
    b.block('found'),
    b.block('differs'),
    b.block('stop'),
    b.block('go on'),
  ];
  b.jump(head);
  b.enter(head);
  b.branch('ult', b.read(index), b.constant(needleSize), body, found);
  b.begin(body);
  const wanted = b.load(1, b.binary('add', needle, b.read(index), 64, needle.type), 0);
  const notEnded = b.block('more');
  b.branch('eq', wanted, b.constant(0), found, notEnded);
  b.begin(notEnded);
  const position = b.binary('add', start, b.read(index));
  b.branch('ult', position, b.constant(haySize), inside, stop);
  b.begin(inside);
  const byte = b.load(1, b.binary('add', hay, position, 64, hay.type), 0);
  b.branch('eq', byte, wanted, same, differs);
  b.begin(same);
  b.jump(next);
  b.begin(next);
  b.write(index, b.binary('add', b.read(index), b.constant(1)));
  b.jump(head);
  b.seal(head);
  b.begin(found);
  b.store(8, state, foundAt, start);
  b.jump(stop);
  b.begin(differs);
  // At the end of the text nothing can begin any more.
  b.branch('eq', byte, b.constant(0), stop, goOn);
  b.begin(stop);
  b.return(b.constant(1));
  b.begin(goOn);
  b.return(b.constant(0));
  return b.finish();
}
