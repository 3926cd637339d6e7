/** A kprobe and a kretprobe of one function in one program. */
import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { feature } from '../kernel/feature/features.ts';
import { compileScript } from './compile.ts';
import type { CompiledScript } from './compiled.ts';
import { trace } from './index.ts';
import { Machine } from './machine.ts';

function lacksSessions(t: TestContext): boolean {
  if (feature('kprobeSession').answer === 'yes') return false;
  t.skip('needs kprobe.session');
  return true;
}

function compiled(text: string, without: string[] = []): CompiledScript {
  const machine = new Machine({ without: new Set(without) });
  const { script } = compileScript({ name: 'stdin', text }, { machine });
  assert.ok(script);
  return script;
}

const both = `fn twice($a: uint64): uint64 { return $a * 2 }
  kprobe:vfs_open /pid == ${process.pid}/ { @in[func] = count(); @start[tid] = nsecs; @t = twice(2); for ($kv : @in) { @loop = $kv.1 } }
  kretprobe:vfs_open /pid == ${process.pid}/ { @out[retval] = count(); @u = twice(3); delete(@start, tid); for ($kv : @out) { @again = $kv.1 } }`;

test('the two sides of a function are one program, unless that is not wanted', (t) => {
  if (lacksSessions(t)) return;
  assert.deepEqual(
    compiled(both).probes.map(({ program, hook }) => [program, hook.kind === 'kprobe' && hook.session]),
    [
      ['vfs_open', true],
      ['vfs_open', true],
    ],
  );
  assert.equal(compiled(both, ['kprobe_session']).spec.programs.length, 2);
  const others = compiled(
    'kprobe:vfs_open { @a = 1 } kretprobe:vfs_read { @b = 1 } kprobe:vfs_open+4 { @c = 1 }',
  );
  assert.ok(others.probes.every(({ hook }) => hook.kind === 'kprobe' && !hook.session));
});

test('each side runs its own body', async (t) => {
  if (lacksSessions(t)) return;
  const run = await trace(both);
  try {
    for (let i = 0; i < 5; i++) closeSync(openSync('/proc/self/status', 'r'));
    const sum = (name: string): number => run.map(name).reduce((all, { value }) => all + Number(value), 0);
    // Whatever else this process opens meanwhile: it is counted on both sides.
    const entries = sum('@in');
    assert.ok(entries >= 5, 'entries');
    assert.ok(sum('@out') >= entries, 'returns');
    assert.equal(sum('@t'), 4);
    assert.equal(sum('@u'), 6);
    assert.deepEqual(run.map('@start'), []);
  } finally {
    await run.close();
  }
});
