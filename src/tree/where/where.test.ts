import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TreeError } from '../errors.ts';
import type { Field } from '../fields.ts';
import { type PlainTask, snapshotOf } from '../plain.ts';
import { ValueState } from '../snapshot.ts';
import { checkCondition } from './check.ts';
import { rowTest } from './evaluate.ts';
import { globMatcher } from './glob.ts';
import { parseCondition } from './parse.ts';
import { pushText } from './push.ts';

const users = {
  nameOf: () => undefined,
  numberOf: (name: string) => ({ root: 0, ada: 1000 })[name],
};

const kernelField = (path: string): Field => {
  throw new TreeError('path', `no ${path}`);
};

const check = (text: string) => checkCondition(text, { kernelField, users });

const tasks: PlainTask[] = [
  { tid: 1, pid: 1, comm: 'init', euid: 0, reaper: 1, rss: 4096, state: 1n, start_time: 1n },
  { tid: 2, pid: 2, comm: 'ssh-agent', euid: 1000, uid: 1000, cmdline: 'ssh-agent\0-l\0', state: 0x20n },
  { tid: 3, pid: 2, comm: 'sshd', euid: 0, uid: 1000, cgroup_id: 9223372036854775809n, rss: 2n ** 30n },
  { tid: 4, pid: 4, comm: 'a\x1b"b', ns_level: 2, exepath: '/usr/bin/a', loginuid: -1 },
  { tid: 5, pid: 5, comm: 'cut', exepath: { state: ValueState.cut, bytes: Buffer.from('/long/pa') } },
];
const snapshot = snapshotOf(tasks, { time: 1_000_000_000_000_000_000n, uptime: 10_000_000_000n });

function matching(text: string): number[] {
  const holds = rowTest(check(text), snapshot);
  return [...snapshot.order].filter(holds).map((row) => snapshot.number('tid', row));
}

const cases: [text: string, tids: number[]][] = [
  ['euid == 0 && comm ~ "ssh*"', [3]],
  ['tid == 1 || tid == 2 && euid == 0', [1]],
  ['(tid == 1 || tid == 3) && euid == 0', [1, 3]],
  ['!(tid < 3)', [3, 4, 5]],
  ['!reaper && !(tid > 2)', [2]],
  ['reaper == true', [1]],
  ['reaper != true && tid in (1, 2, 9)', [2]],
  ['comm in ("init", \'cut\')', [1, 5]],
  ['5 > tid', [1, 2, 3, 4]],
  ['tid != pid', [3]],
  ['euid == "ada"', [2]],
  ['uid != euid', [3]],
  ['cgroup_id == 9223372036854775809', [3]],
  ['cgroup_id == 9223372036854775808', []],
  ['rss >= 1G', [3]],
  ['rss < 5K', [1]],
  ['state == "Z"', [2]],
  ['state ~ "[SZ]"', [1, 2]],
  ['cmdline ~ "*,-l"', [2]],
  ['comm == "a\\x1b\\"b"', [4]],
  ['comm == "a\\e\\"b"', [4]],
  ['loginuid == -1', [4]],
  ['start_time > "1990-01-01"', [1]],
  ['start_time > "2100-01-01 10:00"', []],
  ['exepath !~ "/usr/*"', [5]],
  ['exepath ~ "/long*"', [5]],
  ['t == 0x4', [4]],
  ['ns_level>0&&tid==4', [4]],
];

for (const [text, tids] of cases) {
  test(`${text} selects ${tids.join(', ') || 'nothing'}`, () => assert.deepEqual(matching(text), tids));
}

test('a comparison with a value that is not there is false, and its negation is true', () => {
  assert.deepEqual(matching('uid == 1000'), [2, 3]);
  assert.deepEqual(matching('uid != 1000'), []);
  assert.deepEqual(matching('!(uid == 1000)'), [1, 4, 5]);
});

const refused: [text: string, problem: RegExp, marked: string][] = [
  ['', /empty/, '^'],
  ['tid ==', /ends too early/, '^'],
  ['tid = 1', /write '=='/, '^'],
  ['tid == 1 & pid == 1', /write '&&'/, '^'],
  ['(tid == 1', /this '\(' has no '\)'/, '^'],
  ['tid == 1)', /the end was expected/, '^'],
  ['tid == 1 pid == 2', /expected here/, '^^^'],
  ['tid == "1"', /'tid' is a number, this is text/, '^^^'],
  ['comm == 1', /'comm' is text, this is a number: write it in quotes/, '^'],
  ['comm < "a"', /'<' compares numbers/, '^^^^^^^^^^'],
  ['tid == true', /this is true or false/, '^^^^'],
  ['reaper == 1', /this is a number/, '^'],
  ['tid', /compare it with something/, '^^^'],
  ['1 == 1', /both sides are values/, '^^^^^^'],
  ['pdi == 1', /there is no field 'pdi'/, '^^^'],
  ['mm.x == 1', /no mm\.x/, '^^^^'],
  ['euid == "nobody-here"', /no user of that name/, '^^^^^^^^^^^^^'],
  ['rss > 5s', /this is a duration/, '^^'],
  ['tid > 5K', /this is a size/, '^^'],
  ['rss > 5Q', /'Q' is no unit/, '^'],
  ['tid == 99999999999999999999', /does not fit 64 bits/, '^^^^^^^^^^^^^^^^^^^^'],
  ['comm == "x', /this string has no end/, '^'],
  ['comm == "\\q"', /this is no escape/, '^^'],
  ['comm ~ tid', /a pattern in quotes/, '^^^'],
  ['tid ~ "1*"', /'~' takes text/, '^^^'],
  ['1 < tid < 3', /do not chain/, '^'],
  ['(tid == 1) == true', /cannot be compared/, '^^'],
  ['tid in 1', /'\(' was expected/, '^'],
  ['tid in ()', /was expected/, '^'],
  ['tid == 1 #', /no meaning/, '^'],
  ['start_time > "yesterday"', /no date/, '^^^^^^^^^^^'],
];

for (const [text, problem, marked] of refused) {
  test(`${JSON.stringify(text)} is refused with a caret`, () => {
    assert.throws(
      () => check(text),
      (error) => {
        assert.ok(error instanceof TreeError, String(error));
        assert.equal(error.code, 'condition');
        assert.match(error.message, problem);
        const lines = error.message.split('\n');
        assert.equal(lines.at(-1)!.trim(), marked);
        return true;
      },
    );
  });
}

test('near names are suggested', () => {
  assert.throws(
    () => check('conm == "x"'),
    (error) => error instanceof TreeError && error.nearest.includes('comm'),
  );
});

test('10,000 parentheses, 10,000 negations and a megabyte are clean errors', () => {
  for (const [text, problem] of [
    [`${'('.repeat(10_000)}tid == 1${')'.repeat(10_000)}`, /nested more than 200 deep/],
    [`${'!'.repeat(10_000)}reaper`, /nested more than 200 deep/],
    ['tid == 1 || '.repeat(100_000), /1200000 characters; at most 65536/],
    [`comm == "${'x'.repeat(1 << 20)}"`, /at most 65536/],
    [`tid == ${'9'.repeat(60_000)}`, /does not fit 64 bits/],
  ] as const) {
    const start = performance.now();
    assert.throws(
      () => check(text),
      (error) => error instanceof TreeError && problem.test(error.message) && error.message.length < 400,
    );
    assert.ok(performance.now() - start < 500);
  }
});

test('long chains are no deep trees', () => {
  const text = Array.from({ length: 4000 }, (_, i) => `tid == ${i + 4}`).join(' || ');
  assert.deepEqual(matching(text), [4, 5]);
});

test('what is typed cannot drive the terminal from an error', () => {
  assert.throws(
    () => check('tid == 1 \x1b[2J'),
    (error) => error instanceof TreeError && !error.message.includes('\x1b'),
  );
});

test('any text is parsed or refused, never worse', () => {
  const parts = [
    'tid',
    ' ',
    '==',
    '&&',
    '||',
    '!',
    '(',
    ')',
    '"a"',
    '1',
    '~',
    'in',
    ',',
    '<',
    '5K',
    "'",
    '\\',
  ];
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(...parts), fc.string()), { maxLength: 20 }), (list) => {
      try {
        parseCondition(list.join(''));
        check(list.join(''));
      } catch (error) {
        if (!(error instanceof TreeError)) throw error;
      }
    }),
    { numRuns: 3000 },
  );
});

/** The same patterns by plain recursion: right, but slow. */
function slowGlob(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] === '*') {
    return slowGlob(pattern.slice(1), text) || (text !== '' && slowGlob(pattern, text.slice(1)));
  }
  return (
    text !== '' && (pattern[0] === '?' || pattern[0] === text[0]) && slowGlob(pattern.slice(1), text.slice(1))
  );
}

test('patterns match as the plain rule says', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
  fc.assert(
    fc.property(pattern, word, (glob, text) => {
      assert.equal(globMatcher(Buffer.from(glob))(Buffer.from(text)), slowGlob(glob, text));
    }),
    { numRuns: 5000 },
  );
});

test('sets in patterns', () => {
  const matches = (glob: string, text: string): boolean => globMatcher(Buffer.from(glob))(Buffer.from(text));
  assert.ok(matches('[a-c]x', 'bx') && !matches('[a-c]x', 'dx'));
  assert.ok(matches('[!a-c]x', 'dx') && !matches('[!a-c]x', 'bx'));
  assert.ok(matches('[]]', ']') && matches('[*]', '*') && !matches('[*]', 'a'));
  assert.ok(matches('[ab', '[ab'), 'a set without an end is text');
});

test('patterns that make others explode take linear time', () => {
  const text = Buffer.alloc(200_000, 0x61);
  const start = performance.now();
  assert.equal(globMatcher(Buffer.from(`${'*a'.repeat(1000)}*b`))(text), false);
  assert.equal(globMatcher(Buffer.from(`${'a*'.repeat(1000)}b`))(text), false);
  assert.equal(globMatcher(Buffer.from('*?a?b*'))(text), false);
  assert.ok(performance.now() - start < 1000);
});

test('the kernel gets what it can decide, and never more', () => {
  const push = (text: string): string | undefined => pushText(check(text), []);
  assert.equal(push('tid == 5'), 'row.tid === 1 || (row.tid === 5n)');
  assert.equal(push('tid == 5 && comm == "x"'), 'row.tid === 1 || ((row.tid === 5n))');
  assert.equal(push('tid == 5 || comm == "x"'), undefined);
  assert.equal(push('!(tid == 5 && comm == "x")'), undefined);
  assert.equal(push('!(tid == 5 || reaper)'), 'row.tid === 1 || !((row.tid === 5n) || (row.reaper !== 0))');
  assert.equal(push('vpid == 1'), undefined, 'numbers of namespaces are found in user space');
  assert.equal(push('run_time > 5s'), undefined);
});
