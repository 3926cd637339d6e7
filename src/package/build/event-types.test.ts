import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../../../test/support/project.ts';
import { eventTypesOf } from './event-types.ts';

test('structs of a header are found past comments and attributes, and never in them', () => {
  const header = readFileSync(join(projectRoot, 'test/package/odd-header.h'), 'utf8');
  const { structs, typedefs } = eventTypesOf(header);
  assert.deepEqual([...structs], ['packed_event', 'aligned_event', 'tagged']);
  assert.deepEqual([...typedefs], ['plain_t']);
});

test('a header that is cut off anywhere is read to its end', () => {
  const header = readFileSync(join(projectRoot, 'test/package/odd-header.h'), 'utf8');
  for (let length = 0; length < header.length; length++) {
    const { structs } = eventTypesOf(header.slice(0, length));
    assert.ok(structs.size <= 3);
  }
});
