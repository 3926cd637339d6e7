import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followLinks } from './root.ts';

const links: Readonly<Record<string, string>> = {
  '/bin': 'usr/bin',
  '/usr/bin/awk': '/etc/alternatives/awk',
  '/etc/alternatives/awk': '/usr/bin/mawk',
  '/loop': '/loop',
  '/escape': '../../../../etc',
};

const follow = (path: string): string => followLinks(path, (each) => links[each]);

test('links are followed within the root, absolute ones too', () => {
  assert.equal(follow('/bin/sh'), '/usr/bin/sh');
  assert.equal(follow('/bin/awk'), '/usr/bin/mawk');
  assert.equal(follow('/a/./b/../c'), '/a/c');
});

test('nothing leads out of the root', () => {
  assert.equal(follow('/escape/passwd'), '/etc/passwd');
  assert.equal(follow('/../../x'), '/x');
});

test('a loop ends', () => {
  assert.equal(follow('/loop'), '/loop');
});
