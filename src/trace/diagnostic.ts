/**
 * What a phase has to say about a script: data, not text. Messages are made in the `messages.ts` of each
 * phase's folder, so that wording is reviewed in one place; `render.ts` prints them as bpftrace does.
 */
import type { Span } from './source.ts';

export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** Undefined: about the program as a whole. */
  readonly span?: Span | undefined;
  readonly hint?: string | undefined;
  /** The message is the whole line, with a place and a word of its own: what clang says about C definitions. */
  readonly verbatim?: boolean | undefined;
  /** Other places that explain: "This is the initial declaration." */
  readonly related?: readonly { readonly message: string; readonly span: Span }[];
}

type More = Pick<Diagnostic, 'hint' | 'related' | 'verbatim'>;

/** Collects what the phases say; errors first when printed. */
export class Diagnostics {
  readonly list: Diagnostic[] = [];

  error(span: Span | undefined, message: string, more: More = {}): void {
    this.#add({ severity: 'error', message, span, ...more });
  }

  warning(span: Span | undefined, message: string, more: More = {}): void {
    this.#add({ severity: 'warning', message, span, ...more });
  }

  get failed(): boolean {
    return this.list.some(({ severity }) => severity === 'error');
  }

  /** The same thing is said once, however often a fix-point passes the place. */
  #add(made: Diagnostic): void {
    const same = (one: Diagnostic): boolean =>
      one.message === made.message &&
      one.severity === made.severity &&
      one.span?.source === made.span?.source &&
      one.span?.start === made.span?.start &&
      one.span?.end === made.span?.end;
    if (!this.list.some(same)) this.list.push(made);
  }
}
