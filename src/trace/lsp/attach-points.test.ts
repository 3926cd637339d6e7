import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttachPoint } from '../ast/nodes.ts';
import { testEnvironment } from '../check/testing.ts';
import { defaultConfig } from '../config.ts';
import { Diagnostics } from '../diagnostic.ts';
import { AttachPoints, type AttachPointsOptions } from './attach-points.ts';

function setUp(options: AttachPointsOptions = {}, fails?: Error) {
  const asked: string[] = [];
  const known = new AttachPoints(options);
  const environment = {
    ...testEnvironment,
    resolve: (...words: Parameters<typeof testEnvironment.resolve>) => {
      asked.push(words[0].text);
      if (fails !== undefined) throw fails;
      return testEnvironment.resolve(...words);
    },
  };
  const check = (...texts: readonly string[]) => {
    const one = known.over(environment);
    const diagnostics = new Diagnostics();
    const probes = texts.flatMap((text, start): readonly { readonly attachPoint: AttachPoint }[] => {
      const span = { source: { name: 'x', text }, start, end: start + text.length };
      return one.resolve({ kind: 'attachPoint', text, span }, defaultConfig, diagnostics) ?? [];
    });
    return { probes, said: diagnostics.list };
  };
  return { asked, check };
}

test('what was found is kept, and is told at the place where it stands now', () => {
  const { asked, check } = setUp();
  check('kprobe:f', 'kprobe:missing');
  const { probes, said } = check('begin', 'kprobe:missing', 'kprobe:f');
  assert.deepEqual(asked, ['kprobe:f', 'kprobe:missing', 'begin']);
  assert.deepEqual(
    probes.map(({ attachPoint }) => attachPoint.span.start),
    [0, 2],
  );
  assert.deepEqual(
    said.map(({ span }) => span?.start),
    [1],
  );
});

test('no more is kept than is allowed', () => {
  const { asked, check } = setUp({ most: 1 });
  check('kprobe:f', 'kprobe:g');
  check('kprobe:f');
  assert.deepEqual(asked, ['kprobe:f', 'kprobe:g', 'kprobe:f']);
});

test('a text with too many attach points is not waited for, and the next look goes on', () => {
  let time = 0;
  const { asked, check } = setUp({ patience: 15, now: () => (time += 10) });
  assert.equal(check('kprobe:a', 'kprobe:b', 'kprobe:c').probes.length, 1);
  assert.deepEqual(asked, ['kprobe:a']);
  assert.equal(check('kprobe:a', 'kprobe:b').probes.length, 2);
});

test('lists that may not be read, and parameters of the script, are no errors', () => {
  const refused = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
  assert.deepEqual(setUp({}, refused).check('tracepoint:a:b'), { probes: [], said: [] });
  assert.throws(() => setUp({}, new TypeError('a mistake of ours')).check('kprobe:f'), TypeError);
  const { asked, check } = setUp();
  assert.deepEqual(check('uprobe:$1:main'), { probes: [], said: [] });
  assert.deepEqual(asked, []);
});
