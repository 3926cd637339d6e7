import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipv6Bytes } from './network.ts';

const hex = (text: string): string => Buffer.from(ipv6Bytes(text)).toString('hex');

test('long addresses as bytes', () => {
  assert.equal(hex('::'), '0'.repeat(32));
  assert.equal(hex('::1'), `${'0'.repeat(31)}1`);
  assert.equal(hex('fe80::1:2'), 'fe80000000000000' + '0000000000010002');
  assert.equal(hex('1:2:3:4:5:6:7:8'), '00010002000300040005000600070008');
  assert.equal(hex('::ffff:1.2.3.4'), '00000000000000000000ffff01020304');
  assert.equal(hex('2001:db8::'), `20010db8${'0'.repeat(24)}`);
});
