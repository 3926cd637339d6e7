/** What cannot be compiled for this kernel or this kind of probe, and only lowering finds out. */
import type { Span } from '../source.ts';

export class LowerError extends Error {
  readonly span: Span;
  readonly hint: string | undefined;

  constructor(span: Span, message: string, hint?: string) {
    super(message);
    this.hint = hint;
    this.name = 'LowerError';
    this.span = span;
  }
}
