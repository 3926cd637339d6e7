/** A printf format taken apart, once per script. */

export interface Format {
  readonly parts: readonly (string | FormatSpecifier)[];
}

export interface FormatSpecifier {
  /** As written: `%-10s`. */
  readonly text: string;
  readonly left: boolean;
  readonly plus: boolean;
  readonly alternate: boolean;
  readonly zero: boolean;
  readonly width: number | undefined;
  readonly precision: number | undefined;
  /** `hh`, `l`, …; '' without. */
  readonly length: string;
  /** `d`, `s`, `rx`, `gr`, … */
  readonly conversion: string;
}
