/** The interface of the built package, as it was agreed on. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { apiTexts } from '../../scripts/api.ts';
import { projectRoot } from '../support/project.ts';

const texts = apiTexts(projectRoot);

test('every entry point has a text of its interface, and no other text is there', () => {
  assert.deepEqual(readdirSync(join(projectRoot, 'test/api')).sort(), [...texts.keys()].sort());
});

for (const [name, text] of texts) {
  test(`the interface of ${name} is the one that was agreed on`, () => {
    const agreed = readFileSync(join(projectRoot, 'test/api', name), 'utf8');
    assert.ok(text.length > 100);
    assert.equal(text, agreed, "'npm run api' writes it anew: the difference belongs into the review");
  });
}
