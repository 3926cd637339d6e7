/** Comparing text with a literal: word by word, up to and with its end. */
import type { Node } from 'acorn';
import type { Block } from '../../compiler/ir.ts';
import { copyIn, littleEndian, pieces, zero } from '../emit/memory.ts';
import { messages } from '../messages.ts';
import { expression } from './expression.ts';
import { addressOf, loadBytes, stackPlace } from './memory.ts';
import { describe, type Operand, type Place } from './operand.ts';
import type { Lowering } from './state.ts';

export function isText(operand: Operand): boolean {
  if (operand.kind === 'text' || operand.kind === 'fill') return true;
  return (
    operand.kind === 'place' && (operand.place.type.kind === 'chars' || operand.place.type.kind === 'bytes')
  );
}

/** Goes to `equal` if the text is exactly the literal: the same bytes, and then the end of the text. */
export function equalText(
  l: Lowering,
  left: Operand,
  right: Operand,
  node: Node,
  equal: Block,
  different: Block,
): void {
  const literal = left.kind === 'text' ? left : right.kind === 'text' ? right : undefined;
  const other = literal === left ? right : left;
  if (literal?.kind !== 'text') {
    l.fail(
      node,
      messages.unsupported('a comparison of two texts', 'Compare with a literal, or use both as a key.'),
    );
  }
  const place = readable(l, other, literal.bytes.length + 1, node);
  const length = lengthOf(l, place, literal.bytes, node);
  // The NUL that ends the text is compared too, unless the literal fills the whole field.
  const content = new Uint8Array(Math.min(literal.bytes.length + 1, length));
  content.set(literal.bytes);
  compareBytes(l, place, content, equal, different);
}

/** `text.startsWith('a literal')`, the one method that text has besides comparison. */
export function textOperation(l: Lowering, object: Operand, name: string, at: Node): Operand {
  if (name !== 'startsWith') {
    return l.fail(
      at,
      messages.unsupported(
        `.${name} of a text`,
        'Text can be compared with === and startsWith, copied, and used as a key; send it and do the rest in user space.',
      ),
    );
  }
  return {
    kind: 'operation',
    name,
    call(args, node) {
      if (args.length !== 1)
        return l.fail(node, messages.argumentCount('startsWith', '1 argument', args.length));
      const start = expression(l, args[0]);
      if (start.kind !== 'text') return l.fail(args[0], messages.mustBeConstant('the start of a text'));
      if (start.bytes.length === 0) return { kind: 'literal', value: 1n };
      const { b } = l;
      const [yes, no, join] = [b.block('starts'), b.block('differs'), b.block('join')];
      const result = b.variable('starts');
      const place = readable(l, object, start.bytes.length + 1, node);
      lengthOf(l, place, start.bytes, args[0]);
      compareBytes(l, place, start.bytes, yes, no);
      b.begin(yes);
      b.write(result, b.constant(1));
      b.jump(join);
      b.begin(no);
      b.write(result, b.constant(0));
      b.jump(join);
      b.begin(join);
      return { kind: 'boolean', value: b.read(result) };
    },
  };
}

/** Bytes of the text's memory; a literal that is longer than that is a mistake. */
function lengthOf(l: Lowering, { type }: Place, literal: Uint8Array, node: Node): number {
  const length = type.kind === 'chars' || type.kind === 'bytes' ? type.length : 0;
  if (literal.length > length) l.fail(node, messages.textTooLong(new TextDecoder().decode(literal), length));
  return length;
}

function compareBytes(l: Lowering, place: Place, content: Uint8Array, equal: Block, different: Block): void {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const parts = [...pieces(place.offset, content.length)];
  for (const [i, [offset, bytes]] of parts.entries()) {
    const word = loadBytes(l, place, place.offset + offset, bytes, false);
    const next = i === parts.length - 1 ? equal : l.b.block('same');
    l.b.branch('eq', word, l.b.constant(littleEndian(view, offset, bytes)), next, different);
    if (next !== equal) l.b.begin(next);
  }
}

/** Text in memory that plain loads can read at any width. */
function readable(l: Lowering, operand: Operand, atLeast: number, node: Node): Place {
  if (operand.kind === 'fill') {
    const length = Math.max(operand.length, atLeast);
    const copy = stackPlace(l, 'text', { kind: 'chars', length });
    if (!operand.complete) zero(l, copy.base, 0, length);
    operand.fill(copy.base, length);
    return copy;
  }
  if (operand.kind !== 'place') return l.fail(node, messages.wrongType('text', describe(operand)));
  const { place } = operand;
  if (place.memory === 'direct' || place.memory === 'kernelTyped') return place;
  const copy = stackPlace(l, 'text', place.type);
  const length = place.type.kind === 'chars' || place.type.kind === 'bytes' ? place.type.length : 0;
  copyIn(l, addressOf(l, copy), length, place.base, place.offset, place.memory);
  return copy;
}
