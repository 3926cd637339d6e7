/** A measure: what it compares with, and its rows. */
import type { Row } from '../report.ts';

export interface Options {
  /** Once, to see that it runs; the numbers mean little. */
  readonly quick: boolean;
}

export interface Measure {
  readonly name: string;
  /** Commands of the originals: without them ours is measured alone. */
  readonly compares: readonly string[];
  run(options: Options, found: ReadonlySet<string>): Promise<Row[]>;
}

/** `count` rounds, one in quick mode. */
export function rounds(options: Options, count: number): number[] {
  return Array.from({ length: options.quick ? 1 : count }, (_, i) => i);
}
