/**
 * From a parsed condition to one whose names are fields and whose types agree.
 *
 * There are three classes of values: numbers (also users, sizes, times), text, and true or false. They never mix,
 * with two exceptions that people expect: a user field takes a user's name, a time takes a date.
 */
import { nearestNames } from '../../text/nearest.ts';
import { TreeError } from '../errors.ts';
import { type Field, type FieldType, fieldNames, findField } from '../fields.ts';
import type { UserNames } from '../users.ts';
import { conditionError, type Span } from './errors.ts';
import { globMatcher, type Matcher } from './glob.ts';
import { type Comparison, type Expression, type Operand, parseCondition } from './parse.ts';

export type NumberOperand =
  | { readonly kind: 'field'; readonly field: Field }
  | { readonly kind: 'number'; readonly value: bigint }
  /** Nanoseconds since 1970, compared with a time since boot. */
  | { readonly kind: 'date'; readonly value: bigint };

/** A condition that can be tested. A comparison with a value that a task lacks is false, whatever its operator. */
export type Test =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Test[] }
  | { readonly kind: 'not'; readonly operand: Test }
  | {
      readonly kind: 'compare';
      readonly operator: Comparison;
      readonly left: NumberOperand;
      readonly right: NumberOperand;
    }
  | { readonly kind: 'boolean'; readonly field: Field; readonly wanted: boolean }
  | { readonly kind: 'text'; readonly field: Field; readonly bytes: Uint8Array; readonly negated: boolean }
  | { readonly kind: 'match'; readonly field: Field; readonly matcher: Matcher; readonly negated: boolean };

export interface CheckOptions {
  /** A kernel field by its path; throws TreeError for one that is not there. */
  readonly kernelField: (path: string) => Field;
  /** Default: no user has a name. */
  readonly users?: UserNames;
}

type ValueClass = 'number' | 'text' | 'boolean';

const CLASSES = {
  ...{ integer: 'number', user: 'number', long: 'number', owner: 'number', time: 'number' },
  ...{ duration: 'number', size: 'number', address: 'number' },
  ...{ bytes: 'text', arguments: 'text', state: 'text', boolean: 'boolean' },
} as const satisfies Record<FieldType, ValueClass>;

const WORDS = { number: 'a number', text: 'text', boolean: 'true or false' } as const;

class Checker {
  readonly #text: string;
  readonly #options: CheckOptions;

  constructor(text: string, options: CheckOptions) {
    this.#text = text;
    this.#options = options;
  }

  check(expression: Expression): Test {
    switch (expression.kind) {
      case 'and':
      case 'or':
        return { kind: expression.kind, terms: expression.terms.map((term) => this.check(term)) };
      case 'not':
        return { kind: 'not', operand: this.check(expression.operand) };
      case 'compare':
        return this.#compare(expression.operator, expression.left, expression.right, expression);
      case 'match':
        return this.#match(expression.left, expression.right, expression.negated);
      case 'in': {
        const { left, values } = expression;
        return { kind: 'or', terms: values.map((value) => this.#compare('==', left, value, expression)) };
      }
      case 'value':
        return this.#truth(expression.operand);
    }
  }

  #fail(span: Span, problem: string, nearest: readonly string[] = []): never {
    throw conditionError(this.#text, span, problem, nearest);
  }

  #field(operand: Operand & { readonly kind: 'field' }): Field {
    const { name } = operand;
    const known = findField(name);
    if (known !== undefined) return known;
    if (!/[.[]/.test(name)) {
      this.#fail(operand, `there is no field '${name}'`, nearestNames(name, fieldNames()));
    }
    try {
      return this.#options.kernelField(name);
    } catch (error) {
      if (error instanceof TreeError) this.#fail(operand, error.message, error.nearest);
      throw error;
    }
  }

  #class(operand: Operand): ValueClass {
    switch (operand.kind) {
      case 'field':
        return CLASSES[this.#field(operand).type];
      case 'string':
        return 'text';
      default:
        return operand.kind;
    }
  }

  #compare(operator: Comparison, left: Operand, right: Operand, whole: Span): Test {
    if (left.kind !== 'field') {
      if (right.kind !== 'field') this.#fail(whole, 'a field is missing: both sides are values');
      return this.#compare(MIRRORED[operator], right, left, whole);
    }
    const field = this.#field(left);
    const kind = CLASSES[field.type];
    if (kind === 'number') {
      const other = this.#number(right, field);
      return { kind: 'compare', operator, left: { kind: 'field', field }, right: other };
    }
    const other = this.#class(right);
    if (other !== kind) this.#unlike(field, kind, right, other);
    if (operator !== '==' && operator !== '!=') {
      this.#fail(whole, `'${operator}' compares numbers; '${field.long}' is ${WORDS[kind]}`);
    }
    if (right.kind === 'boolean') {
      return { kind: 'boolean', field, wanted: right.value === (operator === '==') };
    }
    if (right.kind !== 'string') this.#fail(right, 'a field of this type can be compared with a value only');
    return { kind: 'text', field, bytes: right.bytes, negated: operator === '!=' };
  }

  #unlike(field: Field, kind: ValueClass, right: Operand, other: ValueClass): never {
    const advice = kind === 'text' && other === 'number' ? ': write it in quotes' : '';
    this.#fail(right, `'${field.long}' is ${WORDS[kind]}, this is ${WORDS[other]}${advice}`);
  }

  #number(right: Operand, field: Field): NumberOperand {
    switch (right.kind) {
      case 'number': {
        const { unit, value } = right;
        const takes = field.type === 'time' ? 'duration' : field.type;
        if (unit !== undefined && takes !== unit.of) {
          this.#fail(right, `this is a ${unit.of}, '${field.long}' is none`);
        }
        return { kind: 'number', value };
      }
      case 'field': {
        const other = this.#field(right);
        if (CLASSES[other.type] !== 'number') this.#unlike(field, 'number', right, CLASSES[other.type]);
        return { kind: 'field', field: other };
      }
      case 'string':
        return this.#named(right, field);
      case 'boolean':
        return this.#unlike(field, 'number', right, 'boolean');
    }
  }

  /** A user's name or a date. */
  #named(right: Operand & { readonly kind: 'string' }, field: Field): NumberOperand {
    const name = Buffer.from(right.bytes).toString('utf8');
    if (field.type === 'user' || field.type === 'owner') {
      const uid = this.#options.users?.numberOf?.(name);
      if (uid === undefined) this.#fail(right, 'this machine has no user of that name');
      return { kind: 'number', value: BigInt(uid) };
    }
    if (field.type !== 'time') this.#unlike(field, 'number', right, 'text');
    const date = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?Z?)?$/.test(name)
      ? Date.parse(/:/.test(name) ? `${name.replace(' ', 'T').replace('Z', '')}Z` : name)
      : Number.NaN;
    if (Number.isNaN(date)) this.#fail(right, "this is no date of UTC, as in '2026-11-20 21:30:00'");
    return { kind: 'date', value: BigInt(date) * 1_000_000n };
  }

  #match(left: Operand, right: Operand, negated: boolean): Test {
    if (left.kind !== 'field') this.#fail(left, "'~' takes a field on its left");
    const field = this.#field(left);
    const kind = CLASSES[field.type];
    if (kind !== 'text') this.#fail(left, `'~' takes text; '${field.long}' is ${WORDS[kind]}`);
    if (right.kind !== 'string') this.#fail(right, 'a pattern in quotes was expected here, as in "ssh*"');
    if (right.bytes.length > 4096) this.#fail(right, 'a pattern has at most 4096 bytes');
    return { kind: 'match', field, matcher: globMatcher(right.bytes), negated };
  }

  #truth(operand: Operand): Test {
    if (operand.kind === 'field') {
      const field = this.#field(operand);
      if (field.type === 'boolean') return { kind: 'boolean', field, wanted: true };
      this.#fail(operand, `'${field.long}' is ${WORDS[CLASSES[field.type]]}: compare it with something`);
    }
    this.#fail(operand, 'a comparison was expected here');
  }
}

const MIRRORED = {
  ...{ '==': '==', '!=': '!=' },
  ...{ '<': '>', '<=': '>=', '>': '<', '>=': '<=' },
} as const satisfies Record<Comparison, Comparison>;

/** Reads and checks a condition. Throws TreeError with a caret under what is wrong. */
export function checkCondition(text: string, options: CheckOptions): Test {
  return new Checker(text, options).check(parseCondition(text));
}

/** Every field that a condition looks at; repeats stay. */
export function testFields(test: Test): Field[] {
  switch (test.kind) {
    case 'and':
    case 'or':
      return test.terms.flatMap(testFields);
    case 'not':
      return testFields(test.operand);
    case 'compare':
      return [test.left, test.right].flatMap((side) => (side.kind === 'field' ? [side.field] : []));
    default:
      return [test.field];
  }
}
