import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Constant } from './context.ts';
import type { CheckEnvironment } from './environment.ts';
import { readInteger } from './parameters.ts';
import { check, shown } from './testing.ts';

/** What `_ = expression` is, and what is said of it. */
function constantIn(
  expression: string,
  changes: Partial<CheckEnvironment>,
): { value: Constant | undefined; said: string[] } {
  const { checked, diagnostics } = check(`begin { _ = ${expression}; }`, changes);
  const [statement] = checked?.probes[0]?.body.statements ?? [];
  const value =
    statement?.kind === 'assign' ? checked!.probes[0]!.facts.constantOf(statement.value) : undefined;
  return { value, said: diagnostics.list.map(shown) };
}

for (const [text, value] of [
  ['0', 0n],
  ['12', 12n],
  ['-12', -12n],
  ['+3', 3n],
  ['0x1f', 31n],
  ['0b101', 5n],
  ['017', 15n],
  ['1_000', 1000n],
  ['1e6', 1_000_000n],
  ['5ms', 5_000_000n],
  ['18446744073709551615', 18446744073709551615n],
  ['-9223372036854775808', -9223372036854775808n],
  ['-9223372036854775809', undefined],
  ['18446744073709551616', undefined],
  ['', undefined],
  ['x', undefined],
  ['12x', undefined],
  ['--5', undefined],
] as const) {
  test(`the parameter ${JSON.stringify(text)} is ${value === undefined ? 'no number' : `the number ${value}`}`, () => {
    assert.equal(readInteger(text), value);
  });
}

for (const [expression, positional, value, said] of [
  ['$1', ['5'], 5n, []],
  ['$1 + 1', ['-5'], -4n, []],
  ['$#', ['a', 'b'], 2n, []],
  ['$2', ['5'], 0n, ['warning 13-15: Positional parameter $2 is empty or not provided.']],
  ['$1', ['abc'], 'abc', []],
  ['$1 == "abc"', ['abc'], true, []],
  ['str($1)', ['abc'], 'abc', []],
  ['str($1)', ['12'], '12', []],
  ['str($1 + 1)', ['abc'], 'bc', []],
  ['str(1 + $1)', ['abc'], 'bc', []],
  ['str($1 + 3)', ['abc'], '', []],
  ['str($1 + 4)', ['abc'], undefined, ['error 17-23: cannot use offset that exceeds string size (3)']],
  ['str($1, 2)', ['abc'], 'ab', []],
  ['str($1)', ['ü'], '\u00c3\u00bc', []],
  ['str($1) == "abc"', ['abc'], true, []],
  ['str($1)', [], '', ['warning 17-19: Positional parameter $1 is empty or not provided.']],
] as [string, string[], Constant | undefined, string[]][]) {
  test(`${expression} with ${JSON.stringify(positional)} is ${String(value)}`, () => {
    assert.deepEqual(constantIn(expression, { positional }), { value, said });
  });
}

for (const [expression, named, value, said] of [
  ['getopt("x")', {}, false, []],
  ['getopt("x")', { x: true }, true, []],
  ['getopt("x")', { x: 'false' }, false, []],
  ['getopt("x", true)', {}, true, []],
  ['getopt("x", true)', { x: '0' }, false, []],
  ['getopt("x", 5)', {}, 5n, []],
  ['getopt("x", 5)', { x: '0x10' }, 16n, []],
  ['getopt("x", -5)', { x: '-7' }, -7n, []],
  ['getopt("x", "a")', { x: 'text' }, 'text', []],
  ['getopt("x", "a")', { x: true }, '', []],
  [
    'getopt("x", 5)',
    { x: 'many' },
    undefined,
    ["error 13-27: Invalid value for option --x: 'many'. Expected a number."],
  ],
  [
    'getopt("x", 5)',
    { x: true },
    undefined,
    ["error 13-27: Invalid value for option --x: ''. Expected a number."],
  ],
  [
    'getopt("x")',
    { x: 'maybe' },
    undefined,
    ["error 13-24: Invalid value for option --x: 'maybe'. Expected true, false, 1 or 0."],
  ],
  [
    '1',
    { y: true, z: '1' },
    undefined,
    ['error: unexpected program command line options: --y, --z (no custom program options defined.)'],
  ],
  [
    '1',
    { help: true },
    undefined,
    ['error: unexpected program command line options: --help (no custom program options defined.)'],
  ],
  ['getopt("help")', { help: true }, true, []],
  [
    'getopt("limit", 5, "how many")',
    { help: true },
    undefined,
    ['error: unexpected program command line options: --help (expected program options:\n--limit: how many)'],
  ],
] as [string, Record<string, string | true>, Constant | undefined, string[]][]) {
  test(`${expression} with the options ${JSON.stringify(named)} is ${String(value)}`, () => {
    assert.deepEqual(constantIn(expression, { named: new Map(Object.entries(named)) }), { value, said });
  });
}

test('the options of a script are known with what they are for, even if it has errors', () => {
  const { options } = check('begin { _ = getopt("limit", 5, "how many"); _ = getopt("all"); nope() }');
  assert.deepEqual(
    [...options],
    [
      ['limit', 'how many'],
      ['all', ''],
    ],
  );
});
