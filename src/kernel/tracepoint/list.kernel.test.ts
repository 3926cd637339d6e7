import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tracefs } from '../mounts.ts';
import { listTracepoints, suggestTracepoints, tracepointFormat, tracepointId } from './list.ts';

test('every tracepoint of the running kernel has a format that can be read', () => {
  const at = tracefs();
  const names = listTracepoints(at);
  assert.ok(names.length > 300);
  let checked = 0;
  for (const each of names) {
    const [category, name] = each.split(':') as [string, string];
    const format = tracepointFormat(at, category, name);
    // What ftrace records for itself is listed without being an event.
    if (format === undefined) continue;
    checked++;
    assert.equal(format.name, name);
    assert.ok(format.common.length >= 4, each);
    for (const field of format.fields)
      assert.ok(field.type !== '' && field.size >= 0, `${each} ${field.name}`);
  }
  assert.ok(checked > names.length * 0.9, `${checked} of ${names.length}`);
});

test('what is not there is undefined, and no path leads elsewhere', () => {
  const at = tracefs();
  assert.ok((tracepointId(at, 'sched', 'sched_switch') ?? 0) > 0);
  assert.equal(tracepointId(at, 'sched', 'no_such'), undefined);
  assert.equal(tracepointId(at, '..', 'events'), undefined);
  assert.equal(tracepointFormat(at, 'sched/../sched', 'sched_switch'), undefined);
});

test('a name in the wrong category is found in the right one', () => {
  const suggest = suggestTracepoints(tracefs());
  assert.deepEqual(suggest('syscalls:sched_switch'), ['sched:sched_switch']);
  assert.ok(suggest('sched:sched_swich').includes('sched:sched_switch'));
});
