/**
 * Random expressions give what the manual promises: they are compiled, run by an interpreter of instructions
 * that knows nothing of the compiler, and compared with a model that is written here from the manual's rules.
 *
 * The rules (docs/kernel-programs.md, Numbers). A value is one of three kinds: `small` (u8, u16, u32 and truth
 * values: never negative), `signed` (i8 to i64) and `unsigned` (u64). One unsigned operand makes an operation
 * unsigned; otherwise it is signed. Constants are exact and take their kind from their size.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runBpf } from '../../test/support/bpf-interpreter.ts';
import { fixedKernel } from '../../test/support/fixed-kernel.ts';
import { define } from '../../test/support/kernel-program.ts';
import { FlatMemory } from '../compiler/interpret.ts';
import { ProgramError } from './diagnostic.ts';
import { arrayMap } from './maps.ts';
import { i8, i16, i32, i64, struct, structLayout, u8, u16, u32, u64 } from './schema.ts';

type Kind = 'small' | 'signed' | 'unsigned' | 'literal';

interface Known {
  readonly kind: Kind;
  readonly value: bigint;
}

type Expression =
  | { readonly op: 'field'; readonly name: Field }
  | { readonly op: 'literal'; readonly value: bigint }
  | { readonly op: 'unary'; readonly sign: string; readonly inner: Expression }
  | { readonly op: 'binary'; readonly sign: string; readonly left: Expression; readonly right: Expression }
  | { readonly op: 'choice'; readonly test: Expression; readonly yes: Expression; readonly no: Expression }
  | { readonly op: 'cast'; readonly to: Field; readonly inner: Expression }
  | {
      readonly op: 'extreme';
      readonly which: 'min' | 'max';
      readonly left: Expression;
      readonly right: Expression;
    };

const types = { u8, u16, u32, u64, i8, i16, i32, i64 };
type Field = keyof typeof types;
const names = Object.keys(types) as Field[];
const shape = struct('Data', { ...types, out: u64 });
const kindOf = (name: Field): Kind =>
  name === 'u64' ? 'unsigned' : name.startsWith('i') ? 'signed' : 'small';
const bitsOf = (name: Field): number => Number(name.slice(1));
const cut = (name: Field, value: bigint): bigint =>
  name.startsWith('i') ? BigInt.asIntN(bitsOf(name), value) : BigInt.asUintN(bitsOf(name), value);

// The model

/** A constant that meets a value: its kind follows from its size. */
function settle({ kind, value }: Known): Known {
  if (kind !== 'literal') return { kind, value };
  if (value < 0n) return { kind: 'signed', value };
  if (value < 2n ** 32n) return { kind: 'small', value };
  return { kind: value < 2n ** 63n ? 'signed' : 'unsigned', value };
}

const wrap = (kind: Kind, value: bigint): bigint =>
  kind === 'unsigned' ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value);

function binary(sign: string, a: Known, b: Known): Known {
  const exact = a.kind === 'literal' && b.kind === 'literal';
  if (exact) {
    const folded = constants(sign, a.value, b.value);
    if (folded !== undefined) return { kind: 'literal', value: folded };
  }
  const [left, right] = [settle(a), settle(b)];
  const unsigned = left.kind === 'unsigned' || right.kind === 'unsigned';
  const common: Kind = unsigned ? 'unsigned' : 'signed';
  const [x, y] = [wrap(common, left.value), wrap(common, right.value)];
  const small = left.kind === 'small' && right.kind === 'small';
  const count = BigInt.asUintN(6, right.value);
  switch (sign) {
    case '+':
      return { kind: common, value: wrap(common, x + y) };
    case '-':
      return { kind: common, value: wrap(common, x - y) };
    case '*':
      return { kind: common, value: wrap(common, x * y) };
    case '/':
      return { kind: small ? 'small' : common, value: y === 0n ? 0n : wrap(common, x / y) };
    case '%':
      return {
        kind: small ? 'small' : common,
        value: y === 0n ? x : wrap(common, x % y),
      };
    case '&':
      return {
        kind: left.kind === 'small' || right.kind === 'small' ? 'small' : common,
        value: wrap(common, BigInt.asUintN(64, x) & BigInt.asUintN(64, y)),
      };
    case '|':
      return { kind: small ? 'small' : common, value: wrap(common, x | y) };
    case '^':
      return { kind: small ? 'small' : common, value: wrap(common, x ^ y) };
    case '<<': {
      const kind = left.kind === 'unsigned' ? 'unsigned' : 'signed';
      return { kind, value: wrap(kind, left.value << count) };
    }
    case '>>': {
      return { kind: left.kind, value: wrap(left.kind, left.value) >> count };
    }
    default: {
      const kind = left.kind === 'small' ? 'small' : 'unsigned';
      return { kind, value: BigInt.asUintN(64, left.value) >> count };
    }
  }
}

function constants(sign: string, a: bigint, b: bigint): bigint | undefined {
  const shift = b >= 0n && b < 64n;
  switch (sign) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return b === 0n ? undefined : a / b;
    case '%':
      return b === 0n ? undefined : a % b;
    case '&':
      return a & b;
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '<<':
      return shift ? a << b : undefined;
    case '>>':
      return shift ? a >> b : undefined;
    default:
      return shift ? BigInt.asUintN(64, a) >> b : undefined;
  }
}

function compare(sign: string, a: Known, b: Known): boolean {
  let [x, y] = [a.value, b.value];
  if (a.kind !== 'literal' || b.kind !== 'literal') {
    const [left, right] = [settle(a), settle(b)];
    const common = left.kind === 'unsigned' || right.kind === 'unsigned' ? 'unsigned' : 'signed';
    [x, y] = [wrap(common, x), wrap(common, y)];
  }
  switch (sign) {
    case '<':
      return x < y;
    case '<=':
      return x <= y;
    case '>':
      return x > y;
    case '>=':
      return x >= y;
    default:
      return (sign === '===') === (x === y);
  }
}

const truth = (value: boolean): Known => ({ kind: 'small', value: value ? 1n : 0n });
const isComparison = (sign: string): boolean => ['<', '<=', '>', '>=', '===', '!=='].includes(sign);

/** Both sides of a choice become one kind. */
function choose(taken: Known, sides: readonly Known[]): Known {
  const kinds = sides.map((side) => settle(side).kind);
  const kind = kinds.includes('unsigned') ? 'unsigned' : kinds.includes('signed') ? 'signed' : 'small';
  return { kind, value: wrap(kind, taken.value) };
}

function evaluate(e: Expression, fields: Readonly<Record<Field, bigint>>): Known {
  switch (e.op) {
    case 'field':
      return { kind: kindOf(e.name), value: fields[e.name] };
    case 'literal':
      return { kind: 'literal', value: e.value };
    case 'unary': {
      const inner = evaluate(e.inner, fields);
      if (e.sign === '!') return truth(inner.value === 0n);
      if (inner.kind === 'literal')
        return { kind: 'literal', value: e.sign === '-' ? -inner.value : ~inner.value };
      const minusOne: Known = { kind: 'literal', value: -1n };
      if (e.sign === '~') return binary('^', inner, minusOne);
      return binary('-', { kind: 'literal', value: 0n }, inner);
    }
    case 'binary': {
      const [left, right] = [evaluate(e.left, fields), evaluate(e.right, fields)];
      if (e.sign === '&&') return truth(left.value !== 0n && right.value !== 0n);
      if (isComparison(e.sign)) return truth(compare(e.sign, left, right));
      return binary(e.sign, left, right);
    }
    case 'choice': {
      const [yes, no] = [evaluate(e.yes, fields), evaluate(e.no, fields)];
      return choose(evaluate(e.test, fields).value !== 0n ? yes : no, [yes, no]);
    }
    case 'cast':
      return { kind: kindOf(e.to), value: cut(e.to, evaluate(e.inner, fields).value) };
    case 'extreme': {
      const [left, right] = [evaluate(e.left, fields), evaluate(e.right, fields)];
      const first = compare(e.which === 'min' ? '<' : '>', left, right);
      return choose(first ? left : right, [left, right]);
    }
  }
}

// The program

function print(e: Expression): string {
  switch (e.op) {
    case 'field':
      return `m.${e.name}`;
    case 'literal':
      return e.value < 0n ? `(${e.value})` : String(e.value);
    case 'unary':
      return `(${e.sign} ${print(e.inner)})`;
    case 'binary':
      if (e.sign === '&&') return `(!!${print(e.left)} && !!${print(e.right)})`;
      return `(${print(e.left)} ${e.sign} ${print(e.right)})`;
    case 'choice':
      return `(${print(e.test)} ? ${print(e.yes)} : ${print(e.no)})`;
    case 'cast':
      return `k.${e.to}(${print(e.inner)})`;
    case 'extreme':
      return `k.${e.which}(${print(e.left)}, ${print(e.right)})`;
  }
}

function run(text: string, fields: Readonly<Record<Field, bigint>>, isa: 'v3' | 'v4'): bigint {
  const body = new Function(`return (k) => { const m = k.data.get(0); if (!m) return; m.out = ${text}; }`)();
  const program = define({
    maps: { data: arrayMap(shape, 1) },
    probes: { 'rawtracepoint:sched_switch': body },
  });
  const { spec } = program.compile({}, { ...fixedKernel, isa });
  const memory = new FlatMemory(1 << 14);
  const layout = structLayout(shape.shape.kind === 'struct' ? shape.shape.fields : []);
  const data = memory.allocate(layout.size);
  for (const [i, name] of names.entries()) {
    memory.write(data + BigInt(layout.offsets[i]), (bitsOf(name) / 8) as 1, fields[name]);
  }
  const marks: number[] = [];
  runBpf(spec.programs[0].instructions, [memory.allocate(64)], {
    read: (address, size) => BigInt.asUintN(size * 8, memory.read(address, size as 1)),
    write: (address, size, value) => memory.write(address, size as 1, value),
    pushStack: () => {
      marks.push(memory.mark);
      return memory.allocate(512);
    },
    popStack: () => memory.release(marks.pop() ?? 0),
    mapValue: () => 0n,
    call: () => data,
    limit: 10_000,
  });
  return BigInt.asUintN(64, memory.read(data + BigInt(layout.offsets[names.length]), 8));
}

const boundaries = [0n, 1n, 2n, 7n, 8n, 63n, 64n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0xffffn];
const wide = [0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 1n << 32n, (1n << 53n) - 1n];
const anyInteger = fc.oneof(
  fc.constantFrom(...boundaries, ...wide, ...boundaries.map((n) => -n), ...wide.map((n) => -n)),
  fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n),
);
const literals = fc.oneof(
  fc.constantFrom(...boundaries, ...wide, ...boundaries.map((n) => -n)),
  fc.bigInt(-(2n ** 53n) + 1n, 2n ** 53n - 1n),
);
const signs = [
  '+',
  '-',
  '*',
  '/',
  '%',
  '&',
  '|',
  '^',
  '<<',
  '>>',
  '>>>',
  '<',
  '<=',
  '>',
  '>=',
  '===',
  '!==',
  '&&',
];

const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'e' },
    {
      arbitrary: fc.record({ op: fc.constant('field' as const), name: fc.constantFrom(...names) }),
      weight: 3,
    },
    { arbitrary: fc.record({ op: fc.constant('literal' as const), value: literals }), weight: 1 },
    {
      arbitrary: fc.record({
        op: fc.constant('unary' as const),
        sign: fc.constantFrom('-', '~', '!'),
        inner: tie('expression'),
      }),
      weight: 1,
    },
    {
      arbitrary: fc.record({
        op: fc.constant('binary' as const),
        sign: fc.constantFrom(...signs),
        left: tie('expression'),
        right: tie('expression'),
      }),
      weight: 5,
    },
    {
      arbitrary: fc.record({
        op: fc.constant('choice' as const),
        test: tie('expression'),
        yes: tie('expression'),
        no: tie('expression'),
      }),
      weight: 1,
    },
    {
      arbitrary: fc.record({
        op: fc.constant('cast' as const),
        to: fc.constantFrom(...names),
        inner: tie('expression'),
      }),
      weight: 1,
    },
    {
      arbitrary: fc.record({
        op: fc.constant('extreme' as const),
        which: fc.constantFrom('min' as const, 'max' as const),
        left: tie('expression'),
        right: tie('expression'),
      }),
      weight: 1,
    },
  ),
}));
const inputs = fc.record(
  Object.fromEntries(names.map((name) => [name, anyInteger.map((n) => cut(name, n))])) as Record<
    Field,
    fc.Arbitrary<bigint>
  >,
);

for (const isa of ['v3', 'v4'] as const) {
  test(`arithmetic is what the manual says, with instructions of ${isa}`, () => {
    let compiled = 0;
    fc.assert(
      fc.property(expression, inputs, (e, fields) => {
        const text = `m.u8 - m.u8 + ${print(e)}`;
        let result: bigint;
        try {
          result = run(text, fields, isa);
        } catch (error) {
          // `u32 < 0` and constants beyond 64 bits are refused, as the manual says too.
          if (error instanceof ProgramError && ['constant-comparison', 'does-not-fit'].includes(error.code))
            return;
          throw error;
        }
        compiled++;
        const zero: Known = { kind: 'signed', value: 0n };
        const expected = BigInt.asUintN(64, binary('+', zero, evaluate(e, fields)).value);
        assert.equal(result, expected, text);
      }),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 250) },
    );
    assert.ok(compiled > 80);
  });
}
