import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bpffs } from '../kernel/mounts.ts';
import { KernelString, ScriptError, type TraceEvent, trace } from './index.ts';

async function all(script: string, options: Parameters<typeof trace>[1] = {}): Promise<TraceEvent[]> {
  const run = await trace(script, options);
  const events: TraceEvent[] = [];
  try {
    for await (const event of run) events.push(event);
  } finally {
    await run.close();
  }
  return events;
}

test('printf brings its text and its typed arguments', async () => {
  const events = await all(
    'begin { printf("%d %s\\n", (int32)7, "x"); print(((int64)1, "two", true)); printf("%llu", (uint64)-1); exit() }',
  );
  assert.deepEqual(events[0], { kind: 'attached', probes: 1 });
  const [, first, second, third] = events;
  assert.ok(first?.kind === 'printf' && second?.kind === 'value' && third?.kind === 'printf');
  assert.equal(first.text, '7 x\n');
  assert.equal(first.args[0], 7);
  assert.ok(first.args[1] instanceof KernelString && first.args[1].equals('x'));
  assert.deepEqual(third.args, [2n ** 64n - 1n]);
  assert.ok(Array.isArray(second.value));
  assert.equal(second.value[0], 1n);
  assert.equal(String(second.value[1]), 'two');
  assert.equal(second.value[2], true);
});

test('maps are told at the end, and can be read while the script runs', async () => {
  const run = await trace('begin { @a = 5; @h = hist(5); @s["k"] = stats(4) } interval:s:100 { }');
  try {
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(
      run.map('@a').map(({ key, value }) => [key, Number(value)]),
      [[undefined, 5]],
    );
    assert.deepEqual(run.map('@h')[0]?.value, [{ low: 4n, high: 8n, count: 1n }]);
    assert.equal(String(run.map('@s')[0]?.key), 'k');
    assert.deepEqual(run.map('@s')[0]?.value, { count: 1n, average: 4n, total: 4n });
    assert.throws(() => run.map('@nope'), RangeError);
    assert.equal(await run.stop(), 0);
    const names: string[] = [];
    for await (const event of run) if (event.kind === 'map' && event.final) names.push(event.map);
    assert.deepEqual(names, ['@a', '@h', '@s']);
  } finally {
    await run.close();
  }
});

test('a script without probes is an error', async () => {
  await assert.rejects(trace('// nothing'), { name: 'ScriptError', message: 'No probes to attach' });
});

test('a script that is wrong is an error with its place', async () => {
  await assert.rejects(trace('begin { print($x) }'), (error) => {
    assert.ok(error instanceof ScriptError);
    assert.match(error.message, /^stdin:1:\d+-\d+: ERROR: Undefined or undeclared variable: \$x/);
    return true;
  });
});

test('parameters, named ones and settings reach the script', async () => {
  const events = await all('begin { printf("%d %s %d", $1, str($2), getopt("n", 0)); exit() }', {
    parameters: [41, 'text'],
    named: { n: 9 },
  });
  const printed = events.find((event) => event.kind === 'printf');
  assert.equal(printed?.text, '41 text 9');
});

test('events of other processes arrive, and leaving the loop detaches', async () => {
  const run = await trace('tracepoint:sched:sched_process_exec { printf("%s\\n", str(args.filename)) }');
  const children = setInterval(() => spawnSync('/bin/sh', ['-c', ':']), 20);
  let seen = '';
  for await (const event of run) {
    if (event.kind !== 'printf' || !event.text.includes('/bin/sh')) continue;
    seen = event.text;
    break;
  }
  clearInterval(children);
  assert.match(seen, /\/bin\/sh\n$/);
  assert.equal(await run.finished, 0);
  await run.close();
});

test('exit codes are those of the script', async () => {
  const run = await trace('begin { exit(7) }');
  assert.equal(await run.finished, 7);
  await run.close();
});

test('who reads slowly gets every event that the ring could keep, and is told of the others', async () => {
  const run = await trace('begin { $i = 0; while ($i < 2000) { printf("%d", $i); $i++ } }');
  let count = 0;
  let lost = 0n;
  for await (const event of run) {
    if (event.kind === 'printf') count++;
    if (event.kind === 'lost') lost += event.count;
  }
  assert.equal(BigInt(count) + lost, 2000n);
  await run.close();
});

test('a pinned iterator stays, as a file that is read; the script reads nothing', async () => {
  const path = join(bpffs(), `bpfkit_iter_${process.pid}`);
  try {
    await all(
      `iter:task:${path} { if (ctx.task->pid == ${process.pid}) { printf("<%d %s>\\n", pid, "me") } }`,
    );
    assert.equal(readFileSync(path, 'utf8'), `<${process.pid} me>\n`);
    await assert.rejects(all(`iter:task:${path} { printf("again") }`), /EEXIST/);
  } finally {
    rmSync(path, { force: true });
  }
});
