/** Going through the bytes of a text, and how long it is. */
import type { FunctionBuilder } from '../../compiler/builder.ts';
import type { IrFunction, Value } from '../../compiler/ir.ts';
import { addressAt } from '../../script/emit/memory.ts';
import { stackPointer, turnFunction } from './called-back.ts';
import { eachIndex } from './each-index.ts';
import type { Place } from './lowered.ts';
import { frameMemory } from './memory.ts';
import type { Lowering } from './state.ts';

/** Longer texts are looked through by a function that the kernel calls. */
const ownBytes = 64;

/** bpf_loop is there from Linux 5.17 on. */
export function measuredByCall(l: Lowering, size: number): boolean {
  return size > ownBytes && l.environment.btf.find('bpf_loop', 'function') !== undefined;
}

/** Bytes before the NUL, or `size` if there is none. */
export function textLength(l: Lowering, text: Place, size: number): Value {
  return measuredByCall(l, size) ? calledRounds(l, text, size) : forgotten(l, knownLength(l, text, size));
}

/** Known to the verifier, who follows all rounds and keeps a way out for each: helpers may write behind it. */
export function knownLength(l: Lowering, text: Place, size: number): Value {
  return eachIndex(l, size, (index, next, out) => {
    l.b.branch('ne', byteAt(l, text, index), l.b.constant(0), next, out);
  });
}

/** A byte at a distance that the caller has made sure is inside. */
export function byteAt({ b }: Lowering, { base, offset }: Place, index: Value): Value {
  return b.load(1, b.binary('add', base, index, 64, base.type), offset);
}

/**
 * The number (of 32 bits), of which the verifier knows nothing any more: else it follows the rest of the program once
 * for each length. Four bytes in the middle of a word of the stack are no spilled register to it
 * (check_stack_write_fixed_off in kernel/bpf/verifier.c).
 */
function forgotten(l: Lowering, value: Value): Value {
  const word = frameMemory(l, 'length', 8);
  l.b.store(4, word, 4, value);
  return l.b.load(4, word, 4);
}

/** In the state: the address of the text, and how much of it has been looked at. */
const [textAt, lengthAt] = [0, 8];

/** Rounds that the verifier follows once: in a loop of the script it would give up on so many. */
function calledRounds(l: Lowering, text: Place, size: number): Value {
  const { b } = l;
  const step = text.offset % 8 === 0 && size % 8 === 0 ? 8 : 1;
  const name = l.module.functionName('length');
  l.module.add(measure(turnFunction(l, name), size, step));
  const state = b.slotAddress(b.slot('state', 16, 8, true));
  b.store(8, state, textAt, addressAt(l, text.base, text.offset));
  b.store(8, state, lengthAt, b.constant(0));
  l.call('loop', [b.constant(size / step), b.functionAddress(name), state, b.constant(0)]);
  return b.load(8, state, lengthAt);
}

function measure(b: FunctionBuilder, size: number, step: 1 | 8): IrFunction {
  const round = b.extend(b.parameter(0), 32, false);
  const at = step === 1 ? round : b.binary('shl', round, b.constant(3));
  const state = b.parameter(1);
  const [inside, goOn, ended, stop] = [
    b.block('inside'),
    b.block('go on'),
    b.block('ended'),
    b.block('stop'),
  ];
  b.branch('ule', at, b.constant(size - step), inside, stop);
  b.begin(inside);
  const text = b.load(8, state, textAt, { type: stackPointer });
  const bytes = b.load(step, b.binary('add', text, at, 64, text.type), 0);
  if (step === 1) b.branch('eq', bytes, b.constant(0), ended, goOn);
  const nuls = step === 1 ? undefined : nulsOf(b, bytes);
  if (nuls) b.branch('ne', nuls, b.constant(0), ended, goOn);
  b.begin(goOn);
  b.store(8, state, lengthAt, b.binary('add', at, b.constant(step)));
  b.return(b.constant(0));
  b.begin(ended);
  b.store(8, state, lengthAt, nuls ? b.binary('add', at, bytesBefore(b, nuls)) : at);
  b.jump(stop);
  b.begin(stop);
  b.return(b.constant(1));
  return b.finish();
}

const [ones, tops] = [0x0101_0101_0101_0101n, 0x8080_8080_8080_8080n];

/** The top bit of bytes that are 0: the lowest of them is in the first one, what is above it may be wrong. */
function nulsOf(b: FunctionBuilder, word: Value): Value {
  const less = b.binary('sub', word, b.constant(ones));
  const inverse = b.binary('xor', word, b.constant(-1));
  return b.binary('and', b.binary('and', less, inverse), b.constant(tops));
}

function bytesBefore(b: FunctionBuilder, nuls: Value): Value {
  const lowest = b.binary('and', nuls, b.binary('sub', b.constant(0), nuls));
  const below = b.binary('sub', b.binary('lshr', lowest, b.constant(7)), b.constant(1));
  // A one in each byte before it: their sum is in the top byte of the product.
  const counted = b.binary('mul', b.binary('and', below, b.constant(ones)), b.constant(ones));
  return b.binary('lshr', counted, b.constant(56));
}
