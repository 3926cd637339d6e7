import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settings } from './settings.ts';
import { findSetting, settingsManual } from './settings-manual.ts';

test('every setting is in the manual, in order, and no other', () => {
  assert.deepEqual(
    settingsManual.map(({ name }) => name),
    [...settings.keys()],
  );
});

test('a setting is found as the environment writes it too', () => {
  assert.equal(findSetting('BPFTRACE_MAX_STRLEN')?.name, 'max_strlen');
  assert.equal(findSetting('nothing'), undefined);
});
