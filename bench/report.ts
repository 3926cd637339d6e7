/** What a measure says, and the table of all of them. */

export type Unit = 'ms' | 'ns' | 'MB' | 'KB' | 'instructions' | 'lost' | 'ms/s';

export interface Row {
  readonly what: string;
  readonly unit: Unit;
  readonly ours: readonly number[];
  /** Absent where there is no original, or where it could not be measured. */
  readonly original?: readonly number[] | undefined;
  /** What the original is. */
  readonly against?: string;
  /** In words, and as a test of the medians. */
  readonly goal?: { readonly text: string; reached(ours: number, original: number | undefined): boolean };
}

export interface Missing {
  readonly what: string;
  readonly reason: string;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >>> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export const noSlower: NonNullable<Row['goal']> = {
  text: 'no more than the original',
  reached: (ours, original) => original !== undefined && ours <= original,
};

export function below(limit: number, unit: Unit): NonNullable<Row['goal']> {
  return { text: `under ${limit} ${unit}`, reached: (ours) => ours < limit };
}

/** A row as data, for `--json`: medians, extremes, and whether the goal is reached. */
export function rowData({ what, unit, ours, original, against, goal }: Row): Record<string, unknown> {
  const [mine, theirs] = [median(ours), original && median(original)];
  return {
    what,
    unit,
    ours: mine,
    oursLeast: Math.min(...ours),
    oursMost: Math.max(...ours),
    runs: ours.length,
    ...(original === undefined
      ? {}
      : { original: theirs, originalLeast: Math.min(...original), originalMost: Math.max(...original) }),
    ...(against === undefined ? {} : { against }),
    ...(theirs ? { ratio: mine / theirs } : {}),
    ...(goal === undefined ? {} : { goal: goal.text, reached: goal.reached(mine, theirs) }),
  };
}

function number(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

/** `12.3 (11.9-14.0) ms`; the spread only where there is one. */
function amount(values: readonly number[] | undefined, unit: Unit): string {
  if (values === undefined || values.length === 0) return '-';
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const spread = least === most ? '' : ` (${number(least)}-${number(most)})`;
  return `${number(median(values))}${spread}${unit === 'instructions' ? '' : ` ${unit}`}`;
}

const headings = ['what', 'ours', 'original', 'ratio', 'against', 'goal', 'reached'] as const;

function cells(row: Row): string[] {
  const data = rowData(row);
  return [
    row.what,
    amount(row.ours, row.unit),
    amount(row.original, row.unit),
    typeof data.ratio === 'number' ? (data.ratio as number).toFixed(2) : '-',
    row.against ?? '-',
    row.goal?.text ?? '-',
    row.goal === undefined ? '-' : data.reached ? 'yes' : 'NO',
  ];
}

/** Lines of a table, columns as wide as their widest cell. */
export function tableOf(rows: readonly Row[]): string[] {
  const lines = [[...headings], ...rows.map(cells)];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
