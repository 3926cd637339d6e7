/**
 * The part of a condition that the kernel's walk can decide by itself, as text over its row: what cannot match is
 * not even handed over. The rest is decided in user space, which tests every task again; so the text may let too many
 * tasks through but never too few.
 */
import { type Field, type NumberField, storageOf } from '../fields.ts';
import { haveBit } from '../walk-text.ts';
import type { NumberOperand, Test } from './check.ts';

/**
 * The text, or undefined where the kernel can decide nothing. Process 1 is always let through, because its absence
 * tells that this kernel hides tasks (see source.ts).
 *
 * @param longs the walk's columns of numbers, in their order.
 */
export function pushText(test: Test, longs: readonly Field[]): string | undefined {
  const text = push(test, longs, false);
  return text === undefined ? undefined : `row.tid === 1 || ${text}`;
}

/** @param exact whether the text must be neither weaker nor stronger: below `!`, weaker would be stronger. */
function push(test: Test, longs: readonly Field[], exact: boolean): string | undefined {
  switch (test.kind) {
    case 'and':
    case 'or': {
      const parts = test.terms.map((term) => push(term, longs, exact));
      const known = parts.filter((part) => part !== undefined);
      // A conjunction is only weaker without a term; a disjunction needs all of them.
      if (known.length < parts.length && (exact || test.kind === 'or')) return undefined;
      if (known.length === 0) return undefined;
      return `(${known.join(test.kind === 'and' ? ' && ' : ' || ')})`;
    }
    case 'not': {
      const operand = push(test.operand, longs, true);
      return operand === undefined ? undefined : `!${operand}`;
    }
    case 'compare':
      return compare(test, longs);
    case 'boolean':
      return isInKernel(test.field) ? `(row.${test.field.long} ${test.wanted ? '!==' : '==='} 0)` : undefined;
    default:
      return undefined;
  }
}

const isInKernel = ({ source }: Field): boolean => source.kind === 'kernel';

const isSigned = (operand: NumberOperand): boolean =>
  operand.kind !== 'field' || operand.field.signed !== false;

function compare(
  { operator, left, right }: Test & { readonly kind: 'compare' },
  longs: readonly Field[],
): string | undefined {
  const field = left.kind === 'field' ? left : right;
  if (right.kind === 'field' && left.kind === 'field' && isSigned(left) !== isSigned(right)) return undefined;
  const [a, b] = [left, right].map((side) => operandText(side, isSigned(field), longs));
  if (a === undefined || b === undefined) return undefined;
  const same = operator === '==' ? '===' : operator === '!=' ? '!==' : operator;
  return `(${a.there}${b.there}${a.value} ${same} ${b.value})`;
}

interface OperandText {
  /** Tests, each with `&&` behind it, that the value is there. */
  readonly there: string;
  readonly value: string;
}

function operandText(
  operand: NumberOperand,
  signed: boolean,
  longs: readonly Field[],
): OperandText | undefined {
  if (operand.kind === 'date') return undefined;
  if (operand.kind === 'number') {
    const { value } = operand;
    const fits = signed ? value >= -(1n << 63n) && value < 1n << 63n : value >= 0n;
    return fits ? { there: '', value: `${value}n` } : undefined;
  }
  const { field } = operand;
  if (!isInKernel(field)) return undefined;
  if (storageOf(field) === 'number') return { there: '', value: `row.${field.long as NumberField}` };
  const index = longs.findIndex(({ long }) => long === field.long);
  if (index < 0) return undefined;
  const { word, bit } = haveBit(index);
  return { there: `(have${word} & ${bit}) !== 0 && `, value: `row.c${index}` };
}
