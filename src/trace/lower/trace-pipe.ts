/** `debugf`: a line in the kernel's trace pipe, with up to three numbers or texts. */
import { storeConstant } from '../../script/emit/memory.ts';
import type { Expr } from '../ast/nodes.ts';
import type { Format } from '../print/format-spec.ts';
import type { Span } from '../source.ts';
import { LowerError } from './errors.ts';
import { latin1 } from './expressions.ts';
import { kernelFormat } from './kernel-format.ts';
import { addressOf, frameMemory, inMemory, registerOf } from './memory.ts';
import type { Lowering } from './state.ts';

/** What bpf_trace_printk takes. */
const mostValues = 3;

export function tracePrintk(l: Lowering, format: Format, values: readonly Expr[], span: Span): void {
  const text = values.length <= mostValues ? kernelFormat(l, format, values) : undefined;
  if (text === undefined) {
    throw new LowerError(span, 'debugf takes up to 3 numbers or strings, in formats that the kernel knows.');
  }
  const content = latin1(`${text}\0`);
  const args = values.map((value) => {
    const lowered = l.lower(value);
    const bytes = l.facts.typeOf(value).kind === 'string' || typeof l.facts.constantOf(value) === 'string';
    return bytes ? addressOf(l, inMemory(l, lowered)) : registerOf(l, lowered);
  });
  const template = frameMemory(l, 'format', content.length);
  storeConstant(l, template, 0, content);
  l.call('trace_printk', [template, l.b.constant(content.length), ...args]);
}
