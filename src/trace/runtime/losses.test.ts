import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Losses } from './losses.ts';
import type { ScriptOutput } from './output.ts';

/** Losses with counters to turn, and what they say. */
function turned(): { losses: Losses; counts: { events: bigint; map: bigint }; said: string[] } {
  const counts = { events: 0n, map: 0n };
  const said: string[] = [];
  const output = {
    lost: (count: bigint) => said.push(`lost ${count}`),
    warning: (text: string) => said.push(/^Map full; \d+ updates? of \S+/.exec(text)?.[0] ?? text),
  } as Pick<ScriptOutput, 'lost' | 'warning'> as ScriptOutput;
  const loaded = {
    lost: () => [
      { map: undefined, count: counts.events },
      { map: '@x', count: counts.map },
    ],
  };
  return { losses: new Losses(loaded, output), counts, said };
}

test('events are told as they are lost, each once', () => {
  const { losses, counts, said } = turned();
  losses.report(0);
  counts.events = 5n;
  losses.report(1);
  losses.report(2);
  counts.events = 7n;
  losses.finish();
  losses.summarize();
  assert.deepEqual(said, ['lost 5', 'lost 2', 'Total lost event count: 7']);
});

test('a full map is told at once, then after longer and longer', () => {
  const { losses, counts, said } = turned();
  const after: number[] = [];
  for (let second = 0; second < 200; second++) {
    counts.map += 1n;
    const before = said.length;
    losses.report(second * 1000);
    if (said.length > before) after.push(second);
  }
  assert.deepEqual(after, [0, 1, 3, 7, 15, 31, 63, 127, 191]);
  assert.equal(said[0], 'Map full; 1 update of @x');
  assert.equal(said[2], 'Map full; 2 updates of @x');
  losses.summarize();
  assert.equal(said.at(-1), 'Map full; 8 updates of @x');
});

test('a map that lost nothing more is not told again', () => {
  const { losses, counts, said } = turned();
  counts.map = 3n;
  losses.report(0);
  losses.report(100_000);
  losses.summarize();
  assert.deepEqual(said, ['Map full; 3 updates of @x']);
});
