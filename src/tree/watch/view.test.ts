import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KernelString } from '../../text/kernel-string.ts';
import { drawing } from '../../text/terminal.ts';
import { textWidth } from '../../text/width.ts';
import { requireField } from '../format.ts';
import { plainSymbols } from '../symbols.ts';
import { durationText, endText, signalName } from './ending.ts';
import type { TaskFacts } from './event.ts';
import { initialView, type Key, parseKeys, press, type ViewState } from './keys.ts';
import { LiveTree } from './model.ts';
import { type Picture, picture } from './picture.ts';

const same = (text: string): string => text;
const colors = { bold: same, dim: (text: string) => `<${text}>`, red: same, green: same, yellow: same };
const options = { format: [], symbols: plainSymbols, users: { nameOf: () => undefined }, colors };

function facts(
  tid: number,
  rptid: number,
  comm: string | Uint8Array,
  more: Partial<TaskFacts> = {},
): TaskFacts {
  return {
    ...{ tid, pid: tid, rptid, rppid: rptid, start: BigInt(tid), vtid: tid, nsLevel: 0, euid: 0 },
    ...{ reaper: false, comm: KernelString.from(typeof comm === 'string' ? Buffer.from(comm) : comm) },
    ...more,
  };
}

function treeOf(...tasks: TaskFacts[]): LiveTree {
  const tree = new LiveTree();
  tree.reconcile({ began: 1n, tasks: tasks.map((task) => ({ ...task, zombie: false })) }, 0, false);
  return tree;
}

const machine = (): LiveTree =>
  treeOf(
    ...[facts(1, 0, 'init'), facts(2, 1, 'sh'), facts(3, 2, 'make'), facts(4, 1, 'cron')],
    ...[facts(5, 1, 'sh', { pid: 2 }), facts(6, 5, 'child', { rppid: 2 })],
  );

function show(tree: LiveTree, view: Partial<ViewState> = {}, columns = 80, rows = 9, more = {}): Picture {
  const input = {
    tree,
    details: undefined,
    view: { ...initialView, ...view },
    size: { columns, rows },
    lost: 0n,
  };
  return picture(input, { ...options, ...more });
}

test('a tree of processes: children of threads hang below the process', () => {
  assert.deepEqual(show(machine()).lines, [
    '5 processes, 6 tasks; since start: 0 started, 0 executed, 0 ended',
    '[init] tid: 1, pid: 1',
    '├─ [sh] tid: 2, pid: 2',
    '│  ├─ [make] tid: 3, pid: 3',
    '│  └─ [child] tid: 6, pid: 6',
    '└─ [cron] tid: 4, pid: 4',
    '',
    '',
    '1-5 of 5  q quit  / filter  t threads  p pause  arrows, pages scroll',
  ]);
});

test('with threads each is a line, and has its own children', () => {
  assert.deepEqual(show(machine(), { threads: true }).lines.slice(1, 7), [
    '[init] tid: 1, pid: 1',
    '├─ [sh] tid: 2, pid: 2',
    '│  └─ [make] tid: 3, pid: 3',
    '├─ [cron] tid: 4, pid: 4',
    '└─ {sh} tid: 5, pid: 2',
    '   └─ [child] tid: 6, pid: 6',
  ]);
});

test('a filter keeps what matches and its parents, with lines that fit', () => {
  assert.deepEqual(show(machine(), { filter: 'CHI' }).lines.slice(1, 5), [
    '[init] tid: 1, pid: 1',
    '└─ [sh] tid: 2, pid: 2',
    '   └─ [child] tid: 6, pid: 6',
    '',
  ]);
});

test('a condition shows the trees of what matches', () => {
  const condition = { kind: 'equals', field: requireField('comm'), value: 'sh' } as const;
  assert.deepEqual(show(machine(), {}, 80, 9, { condition }).lines.slice(1, 5), [
    '[sh] tid: 2, pid: 2',
    '├─ [make] tid: 3, pid: 3',
    '└─ [child] tid: 6, pid: 6',
    '',
  ]);
});

test('an ended process is grey, with how it ended', () => {
  const tree = machine();
  tree.apply(
    {
      ...{ ...facts(4, 1, 'cron'), kind: 'exit', time: 9n, processEnded: true, status: 0x8b },
      ...{ runTime: 2_500_000_000n, cpuTime: 13_000_000n },
    },
    1,
  );
  const line = show(tree).lines[5];
  assert.equal(line, '<└─ [cron] tid: 4, pid: 4 killed by SIGSEGV (core dumped), ran 2.5 s, CPU 13 ms>');
});

test('fields that no event tells are left open until they are read', () => {
  const format = [requireField('pid'), requireField('cmdline')];
  assert.equal(show(machine(), {}, 80, 9, { format }).lines[1], '[init] p: 1, cmd: …');
});

test('scrolling stays inside, and the last line tells where', () => {
  const at = (top: number): Picture => show(machine(), { top }, 80, 5);
  assert.equal(at(0).lines[4]?.startsWith('1-3 of 5'), true);
  assert.equal(at(99).lines[4]?.startsWith('3-5 of 5'), true);
  assert.equal(at(99).top, 2);
  assert.equal(at(-4).top, 0);
});

const hostile = [
  '\x1b[2J',
  'a\nb',
  '\u202eevil',
  '同歩同歩同歩',
  'e\u0301\u0301\u0301',
  '\x9b31m',
  '👩‍👩‍👧',
  '',
];

test('no size and no name makes a line too wide, one too many, or one that acts on the terminal', () => {
  const name = fc.oneof(
    fc.constantFrom(...hostile).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 16 }),
  );
  fc.assert(
    fc.property(
      fc.array(name, { maxLength: 8 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 12 }),
      fc.record({ top: fc.integer(), threads: fc.boolean(), paused: fc.boolean(), typing: fc.boolean() }),
      fc.constantFrom('', 'a', ...hostile),
      (names, columns, rows, view, filter) => {
        const tree = treeOf(...names.map((comm, i) => facts(i + 1, Math.floor(i / 2), comm)));
        const { lines } = show(tree, { ...view, filter }, columns, rows, {
          colors: { ...colors, dim: same },
        });
        assert.equal(lines.length, rows);
        for (const line of lines) {
          assert.ok(textWidth(line) <= columns, line);
          assert.doesNotMatch(line, /[\p{Cc}\u202e\u200d]/u);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('keys, and sequences that are no keys', () => {
  const kinds = (bytes: string): string[] =>
    parseKeys(bytes).map((key) => (key.kind === 'text' ? key.text : key.kind));
  assert.deepEqual(kinds('q/\x1b[A\x1b[6~\x1bOB\r\x7f'), [
    'q',
    '/',
    'up',
    'pageDown',
    'down',
    'enter',
    'backspace',
  ]);
  assert.deepEqual(kinds('\x1b'), ['escape']);
  assert.deepEqual(kinds('\x1b[1;5C\x1b[?1;2c\x01同'), ['同']);
  assert.deepEqual(kinds('\x03'), ['interrupt']);
});

const typed = (view: ViewState, bytes: string): ViewState => {
  let now = view;
  for (const key of parseKeys(bytes)) {
    const step = press(now, key, 10, 100);
    assert.equal(step.kind, 'view');
    if (step.kind === 'view') now = step.view;
  }
  return now;
};

test('a filter is typed, corrected, kept and dropped', () => {
  const view = typed(initialView, '/qux\x7f');
  assert.deepEqual([view.filter, view.typing], ['qu', true]);
  assert.deepEqual(typed(view, '\r').typing, false);
  assert.equal(typed(view, '\x1b').filter, '');
});

test('letters switch, q and Ctrl-C leave', () => {
  const view = typed(initialView, 'tp');
  assert.deepEqual([view.threads, view.paused], [true, true]);
  assert.equal(typed(initialView, '\x1b[6~\x1b[B').top, 10);
  for (const bytes of ['q', '\x03']) {
    assert.deepEqual(press(initialView, parseKeys(bytes)[0] as Key, 10, 100), { kind: 'quit' });
  }
});

/** A terminal that knows what `drawing` uses. */
function apply(screen: Map<number, string>, bytes: string): void {
  for (const [, row, text] of bytes.matchAll(/\x1b\[(\d+);1H\x1b\[0m(.*?)\x1b\[0m\x1b\[K/gs)) {
    screen.set(Number(row), text ?? '');
  }
}

test('only lines that changed are drawn, and the screen is what was asked for', () => {
  const line = fc.constantFrom('', 'a', 'b', 'c');
  fc.assert(
    fc.property(fc.array(fc.array(line, { maxLength: 6 }), { maxLength: 6 }), (pictures) => {
      const screen = new Map<number, string>();
      let before: readonly string[] | undefined;
      for (const lines of pictures) {
        apply(screen, drawing(before, lines));
        assert.equal(drawing(lines, lines), '');
        before = lines;
        for (let row = 1; row <= 6; row++) assert.equal(screen.get(row) ?? '', lines[row - 1] ?? '');
      }
    }),
  );
});

test('a picture comes in one synchronized update', () => {
  assert.match(drawing(['a'], ['b']), /^\x1b\[\?2026h.*\x1b\[\?2026l$/s);
});

test('how processes end, in words', () => {
  const end = (status: number): string => endText({ status, runTime: undefined, cpuTime: undefined });
  assert.equal(end(0), 'exit 0');
  assert.equal(end(0xff00), 'exit 255');
  assert.equal(end(9), 'killed by SIGKILL');
  assert.equal(
    endText({ status: undefined, runTime: undefined, cpuTime: undefined }),
    'ended, its event was lost',
  );
  assert.equal(signalName(34), 'SIGRTMIN+2');
});

test('durations with three digits', () => {
  const shown = [0n, 999n, 1_500n, 12_345_678n, 1_250_000_000n, 200_000_000_000n, 90_000_000_000_000n].map(
    durationText,
  );
  assert.deepEqual(shown, ['0 us', '1 us', '2 us', '12.3 ms', '1.25 s', '3 min 20 s', '1 d 1 h']);
});
