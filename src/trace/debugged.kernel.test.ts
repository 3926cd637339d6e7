import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Observed, testPrograms } from '../../test/support/programs.ts';
import { trace } from './index.ts';

/** What a script prints while a program calls each of its functions once. */
async function printed(program: string, script: (path: string) => string): Promise<string[]> {
  using observed = new Observed(program);
  const run = await trace(script(program), { pid: observed.pid });
  const lines: string[] = [];
  try {
    await observed.ask('call 1');
    await run.stop();
    for await (const event of run) if (event.kind === 'printf') lines.push(event.text.trimEnd());
  } finally {
    await run.close();
  }
  return lines;
}

for (const name of ['debugged', 'optimized'] as const) {
  test(`arguments of ${name} code are what the program passed`, async () => {
    const lines = await printed(
      testPrograms()[name],
      (path) => `
        uprobe:${path}:scalars { printf("%d %d %d %u %lld %d\\n", args.c, args.u, args.s, args.n, args.l, args.b) }
        uprobe:${path}:pointers { printf("%s %d %d\\n", str(args.text), args.outer.pair[1].number, args.outer.next.high) }
        uprobe:${path}:many { printf("%d %d %lld\\n", args.f, args.g, args.h) }
        uprobe:${path}:values { printf("%d %d %d\\n", args.s.b, args.m.b, args.last) }
        uprobe:${path}:floats { printf("%d %d\\n", args.first, args.second) }`,
    );
    const expected = [
      '99 200 -2 4000000000 1099511627776 1',
      'text 2 -3',
      '6 7 8589934592',
      '2 4 8',
      '11 12',
    ];
    assert.deepEqual(lines, expected);
  });
}

test('a struct that is passed by value in memory is read from there', async (t) => {
  // On arm64 the caller passes its address.
  if (process.arch !== 'x64') return t.skip('needs x86: this is another architecture');
  const lines = await printed(
    testPrograms().debugged,
    (path) => `uprobe:${path}:values { printf("%d %d\\n", args.l.a, args.l.c) }`,
  );
  assert.deepEqual(lines, ['5 7']);
});

test('a line of the source is reached as often as it runs', async () => {
  const lines = await printed(
    testPrograms().debugged,
    (path) =>
      `uprobe:${path}@debugged.c:73 { printf("inlined\\n") } uprobe:${path}@debugged.c:79 { printf("once\\n") }`,
  );
  assert.deepEqual(lines.sort(), ['inlined', 'inlined', 'once']);
});
