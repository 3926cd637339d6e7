/** `dw_ustack` through functions that keep no frame pointers. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Observed, testPrograms } from '../../test/support/programs.ts';
import { vmlinux } from '../kernel/vmlinux.ts';
import { ScriptError, type StackFrame, trace } from './index.ts';

const config = { unstable_dw_ustack: 'enable' };

function isMissing(t: TestContext): boolean {
  const missing =
    process.arch === 'x64'
      ? vmlinux().find('bpf_find_vma', 'function') === undefined && 'bpf_loop'
      : 'unwind tables of this architecture';
  if (missing) t.skip(`needs ${missing}`);
  return missing !== false;
}

/** What `value` is each time that the program comes to `spot`. */
async function observe(commands: readonly string[], value: string): Promise<unknown[]> {
  const { unwound } = testPrograms();
  const program = new Observed(unwound);
  try {
    // It has been through main once, so that it has mapped everything.
    await program.ask('recursion 1');
    const script = `uprobe:${unwound}:spot { print(${value}); }`;
    await using run = await trace(script, { pid: program.pid, config });
    for (const command of commands) assert.equal(await program.ask(command), command.split(' ')[0]);
    const values: unknown[] = [];
    for await (const event of run) {
      if (event.kind === 'attached') continue;
      assert.equal(event.kind, 'value');
      if (event.kind === 'value') values.push(event.value);
      if (values.length === commands.length) break;
    }
    return values;
  } finally {
    await program.end();
    program[Symbol.dispose]();
  }
}

async function stackOf(command: string): Promise<string[]> {
  const [stack] = (await observe([command], 'dw_ustack(1000)')) as [StackFrame[]];
  return namesOf(stack);
}

function namesOf(stack: readonly StackFrame[]): string[] {
  return stack.map(({ name }) => name ?? '?');
}

/** The functions of the program itself; those of the C library are named as its distribution wants. */
function own(names: readonly string[]): string[] {
  const ours = new Set([
    'spot',
    'recurse',
    'on_signal',
    'raised',
    'aligned',
    'growing',
    'compared',
    'sorted',
  ]);
  return names.filter((name) => ours.has(name) || name === 'threaded' || name === 'main');
}

test('recursion is seen to its end, and where the program began', async (t) => {
  if (isMissing(t)) return;
  const names = await stackOf('recursion 300');
  assert.deepEqual(own(names), ['spot', ...Array(300).fill('recurse'), 'main']);
  assert.equal(names.at(-1), '_start');
});

for (const command of ['signal', 'other']) {
  test(`from a handler of signals to what was interrupted: ${command}`, async (t) => {
    if (isMissing(t)) return;
    const names = await stackOf(command);
    assert.deepEqual(own(names), ['spot', 'on_signal', 'raised', 'main']);
    assert.equal(names.at(-1), '_start');
  });
}

for (const [command, ...functions] of [
  ['aligned', 'aligned'],
  ['growing 100', 'growing'],
  ['sorted', 'compared', 'sorted'],
] as const) {
  test(`through ${functions.join(' and ')}`, async (t) => {
    if (isMissing(t)) return;
    const names = await stackOf(command);
    assert.deepEqual(own(names), ['spot', ...functions, 'main']);
    assert.equal(names.at(-1), '_start');
  });
}

test('a stack of a thread ends where the thread began', async (t) => {
  if (isMissing(t)) return;
  const names = await stackOf('thread');
  assert.deepEqual(own(names), ['spot', 'recurse', 'recurse', 'threaded']);
  assert.ok(names.length > 4, names.join());
});

test('no more frames than were asked for', async (t) => {
  if (isMissing(t)) return;
  for (const [limit, expected] of [
    [1, 1],
    [3, 3],
    [127, 127],
    [1024, 304],
  ] as const) {
    const [stack] = (await observe(['recursion 300'], `dw_ustack(${limit})`)) as [StackFrame[]];
    // Of main's callers the C library has some.
    assert.equal(Math.min(stack.length, 304), expected, `${limit}`);
  }
  assert.deepEqual(await observe(['recursion 300'], 'dw_ustack(0)'), [[]]);
  assert.deepEqual(await observe(['recursion 300', 'recursion 1'], 'len(dw_ustack(9))'), [9n, 6n]);
});

test('equal stacks are equal keys', async (t) => {
  if (isMissing(t)) return;
  const { unwound } = testPrograms();
  using program = new Observed(unwound);
  await program.ask('recursion 1');
  const script = `uprobe:${unwound}:spot { @[dw_ustack] = count(); }`;
  await using run = await trace(script, { pid: program.pid, config });
  for (const command of ['aligned', 'signal', 'aligned', 'aligned']) await program.ask(command);
  const rows = run.map('@').map(({ key, value }) => [own(namesOf(key as StackFrame[]))[1], value]);
  assert.deepEqual(rows.sort(), [
    ['aligned', 3n],
    ['on_signal', 1n],
  ]);
  await program.end();
});

test('without a process nobody knows which tables are needed', async (t) => {
  if (isMissing(t)) return;
  await assert.rejects(trace('begin { print(dw_ustack); }', { config }), ScriptError);
});
