/**
 * Random expressions give what the language promises: they are compiled, run by an interpreter of instructions that
 * knows nothing of the compiler, and compared with a model of the rules that is written here.
 *
 * The rules. A value is the exact value of its type. Arithmetic is in 64 bits. Division and remainder are unsigned, by
 * zero they give 1. `>>` brings zeros. A comparison is signed if both sides are. Types are the checker's.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runBpf } from '../../../test/support/bpf-interpreter.ts';
import { fixedKernel } from '../../../test/support/fixed-kernel.ts';
import { FlatMemory } from '../../compiler/interpret.ts';
import type { BinaryExpr, Expr } from '../ast/nodes.ts';
import { checkProgram } from '../check/check.ts';
import type { CheckedProbe, ExprFacts } from '../checked.ts';
import { Diagnostics } from '../diagnostic.ts';
import { parseProgram } from '../parse/parse.ts';
import type { Type } from '../types/type.ts';
import { lowerProgram } from './program.ts';
import { checkEnvironmentFor, lowerEnvironmentFor } from './testing.ts';

/** Helpers whose results the script cannot know before: bpf_ktime_get_boot_ns, bpf_jiffies64. */
const [bootTime, jiffies] = [125, 118];

interface Inputs {
  readonly nsecs: bigint;
  readonly jiffies: bigint;
}

const types = ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'] as const;
const operators = ['+', '-', '*', '/', '%', '&', '|', '^', '<<', '>>'] as const;
const comparisons = ['==', '!=', '<', '<=', '>', '>='] as const;

const text: fc.Memo<string> = fc.memo((depth) => {
  const leaf = fc.oneof(
    fc.constantFrom('nsecs', 'jiffies'),
    fc
      .tuple(fc.constantFrom(...types), fc.constantFrom('nsecs', 'jiffies'))
      .map(([type, name]) => `(${type})${name}`),
    fc.integer({ min: 0, max: 300 }).map(String),
    fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }).map(String),
  );
  if (depth <= 1) return leaf;
  const inner = text(depth - 1);
  return fc.oneof(
    leaf,
    fc.tuple(inner, fc.constantFrom(...operators), inner).map(([a, sign, b]) => `(${a} ${sign} ${b})`),
    fc.tuple(fc.constantFrom('-', '~'), inner).map(([sign, a]) => `(${sign}(${a}))`),
    fc.tuple(fc.constantFrom(...types), inner).map(([type, a]) => `((${type})(${a}))`),
    fc
      .tuple(inner, fc.constantFrom(...comparisons), inner, inner, inner)
      .map(([a, sign, b, c, d]) => `(${a} ${sign} ${b} ? ${c} : ${d})`),
  );
});

/** The exact value of a type, of any number. */
function exact(type: Type, value: bigint): bigint {
  if (type.kind === 'bool') return value === 0n ? 0n : 1n;
  if (type.kind !== 'int') return BigInt.asIntN(64, value);
  return type.signed ? BigInt.asIntN(type.bits, value) : BigInt.asUintN(type.bits, value);
}

const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);

class Model {
  readonly #facts: ExprFacts;
  readonly #inputs: Inputs;

  constructor(facts: ExprFacts, inputs: Inputs) {
    this.#facts = facts;
    this.#inputs = inputs;
  }

  value(expr: Expr): bigint {
    const type = this.#facts.typeOf(expr);
    // Constants are the checker's: it folds them with their signs.
    const known = this.#facts.constantOf(expr);
    if (known !== undefined) return BigInt(known);
    switch (expr.kind) {
      case 'integer':
        return exact(type, expr.value);
      case 'identifier':
        return exact(type, expr.name === 'nsecs' ? this.#inputs.nsecs : this.#inputs.jiffies);
      case 'cast':
        return exact(type, this.value(expr.value));
      case 'unary':
        return exact(type, expr.operator === '-' ? -this.value(expr.operand) : ~this.value(expr.operand));
      case 'ternary':
        return exact(
          type,
          this.value(expr.condition) !== 0n ? this.value(expr.then!) : this.value(expr.otherwise),
        );
      case 'binary':
        return exact(type, this.#binary(expr));
      default:
        throw new Error(expr.kind);
    }
  }

  #binary(expr: BinaryExpr): bigint {
    const [a, b] = [this.value(expr.left), this.value(expr.right)];
    const signed = [expr.left, expr.right].every((side) => {
      const type = this.#facts.typeOf(side);
      return type.kind === 'int' && type.signed;
    });
    const [x, y] = signed ? [a, b] : [unsigned(a), unsigned(b)];
    switch (expr.operator) {
      case '+':
        return a + b;
      case '-':
        return a - b;
      case '*':
        return a * b;
      case '/':
        return unsigned(b) === 0n ? 1n : unsigned(a) / unsigned(b);
      case '%':
        return unsigned(b) === 0n ? 1n : unsigned(a) % unsigned(b);
      case '&':
        return a & b;
      case '|':
        return a | b;
      case '^':
        return a ^ b;
      case '<<':
        return a << (b & 63n);
      case '>>':
        return unsigned(a) >> (b & 63n);
      case '==':
        return x === y ? 1n : 0n;
      case '!=':
        return x !== y ? 1n : 0n;
      case '<':
        return x < y ? 1n : 0n;
      case '<=':
        return x <= y ? 1n : 0n;
      case '>':
        return x > y ? 1n : 0n;
      case '>=':
        return x >= y ? 1n : 0n;
      default:
        throw new Error(expr.operator);
    }
  }
}

/** The probe and its program; undefined where the checker refuses the expression. */
function compile(expression: string) {
  const diagnostics = new Diagnostics();
  const program = parseProgram({ name: 'stdin', text: `test:a { return ${expression} }` }, diagnostics);
  assert.equal(diagnostics.failed, false, expression);
  const { checked } = checkProgram(program, checkEnvironmentFor(fixedKernel));
  if (!checked) return undefined;
  const { spec } = lowerProgram(checked, lowerEnvironmentFor(fixedKernel));
  return { probe: checked.probes[0]!, instructions: spec.programs[0]!.instructions };
}

function returned({ body }: CheckedProbe): Expr {
  const [statement] = body.statements;
  assert.equal(statement?.kind, 'return');
  return statement.value!;
}

function run(instructions: Parameters<typeof runBpf>[0], inputs: Inputs): bigint {
  const memory = new FlatMemory();
  const lost = memory.allocate(4096);
  const stacks: bigint[] = [];
  return runBpf(instructions, [memory.allocate(64)], {
    read: (address, size) => memory.read(address, size as 8),
    write: (address, size, value) => memory.write(address, size as 8, value),
    pushStack: () => {
      stacks.push(memory.allocate(512));
      return stacks.at(-1)!;
    },
    popStack: () => void stacks.pop(),
    mapValue: () => lost,
    // Records find no place: what they would say is not the question here.
    call: (id) => (id === bootTime ? unsigned(inputs.nsecs) : id === jiffies ? unsigned(inputs.jiffies) : 0n),
    limit: 100_000,
  });
}

test('expressions compute what the language says', () => {
  let compiled = 0;
  const word = fc.oneof(
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    fc.bigInt({ min: -3n, max: 3n }).map(unsigned),
    fc.constantFrom(1n << 31n, 1n << 63n, (1n << 32n) - 1n),
  );
  fc.assert(
    fc.property(text(4), word, word, (expression, nsecs, ticks) => {
      const made = compile(expression);
      if (!made) return;
      compiled++;
      const inputs = { nsecs, jiffies: ticks };
      const expected = new Model(made.probe.facts, inputs).value(returned(made.probe));
      assert.equal(run(made.instructions, inputs), unsigned(expected), expression);
    }),
    { numRuns: 300 },
  );
  assert.ok(compiled > 150, `${compiled} of 300 were accepted`);
});
