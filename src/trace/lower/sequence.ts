/** Printing of iterators: bpf_seq_printf (Linux 5.7) writes text into the file that somebody reads. */
import { storeConstant } from '../../script/emit/memory.ts';
import type { Expr } from '../ast/nodes.ts';
import type { Format } from '../print/format-spec.ts';
import { latin1 } from './expressions.ts';
import { currentIterator } from './iterator-file.ts';
import { kernelFormat } from './kernel-format.ts';
import { addressOf, frameMemory, inMemory, registerOf } from './memory.ts';
import type { Lowering } from './state.ts';

/** MAX_BPRINTF_VARARGS of kernel/bpf/helpers.c. */
const mostValues = 12;

/** False if the kernel cannot print it. */
export function sequencePrintf(l: Lowering, format: Format, values: readonly Expr[]): boolean {
  const { b } = l;
  const text = values.length <= mostValues ? kernelFormat(l, format, values) : undefined;
  const sequence = currentIterator(l);
  if (text === undefined || !sequence) return false;
  const content = latin1(`${text}\0`);
  const data = frameMemory(l, 'values', Math.max(8, values.length * 8));
  for (const [i, value] of values.entries()) {
    const lowered = l.lower(value);
    const bytes = l.facts.typeOf(value).kind === 'string' || typeof l.facts.constantOf(value) === 'string';
    b.store(8, data, i * 8, bytes ? addressOf(l, inMemory(l, lowered)) : registerOf(l, lowered));
  }
  const template = frameMemory(l, 'format', content.length);
  storeConstant(l, template, 0, content);
  l.call('seq_printf', [sequence, template, b.constant(content.length), data, b.constant(values.length * 8)]);
  return true;
}
