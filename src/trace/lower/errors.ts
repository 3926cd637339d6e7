/** What cannot be compiled for this kernel or this kind of probe, and only lowering finds out. */
import type { Span } from '../source.ts';

export class LowerError extends Error {
  readonly span: Span;

  constructor(span: Span, message: string) {
    super(message);
    this.name = 'LowerError';
    this.span = span;
  }
}
