import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addAddress,
  addVeth,
  enterNewNetwork,
  hasInterfaceKind,
  removeInterface,
  secondNetwork,
  up,
} from '../../test/support/network.ts';
import { SysError } from './errors.ts';
import { inNetwork } from './namespace.ts';
import {
  addClsact,
  findInterface,
  listFilters,
  listInterfaces,
  removeClsact,
  setXdp,
  TcParent,
} from './route.ts';

enterNewNetwork();
const veth = hasInterfaceKind('veth');
const needsVeth = veth ? false : 'needs veth';

test('interfaces are found by name and number, and those that are not there are not', () => {
  const lo = findInterface('lo');
  assert.equal(lo?.name, 'lo');
  assert.deepEqual(findInterface(lo.index), lo);
  assert.deepEqual(lo.xdp, {});
  for (const absent of ['nothere0', 'a-name-that-is-longer-than-any', 4711, '']) {
    assert.equal(findInterface(absent), undefined, String(absent));
  }
});

test('a pair across two namespaces is seen from both sides', { skip: needsVeth }, () => {
  const other = secondNetwork();
  addVeth('here0', 'there0', other);
  up('here0');
  addAddress('here0', '10.7.0.1', 24);
  addAddress('here0', 'fd07::1', 64);
  assert.ok(listInterfaces().some(({ name }) => name === 'here0'));
  assert.ok(!listInterfaces().some(({ name }) => name === 'there0'));
  inNetwork(other, () => {
    assert.ok(findInterface('there0') !== undefined);
    assert.equal(findInterface('here0'), undefined);
  });
  assert.ok(findInterface('here0') !== undefined);
  removeInterface('here0');
  inNetwork(other, () => assert.equal(findInterface('there0'), undefined));
  other.close();
});

test('a clsact is made once, lists nothing, and goes', { skip: needsVeth }, (t) => {
  addVeth('tc0', 'tc1');
  t.after(() => removeInterface('tc0'));
  const index = findInterface('tc0')!.index;
  assert.deepEqual(listFilters(index, TcParent.ingress), []);
  assert.equal(addClsact(index), true);
  assert.equal(addClsact(index), false);
  assert.deepEqual(listFilters(index, TcParent.egress), []);
  removeClsact(index);
  assert.throws(() => removeClsact(index), SysError);
});

test('what the kernel refuses is a SysError with its words', () => {
  assert.throws(
    () => setXdp(findInterface('lo')!.index, 0x7fffffff, { subject: 'interface lo' }),
    (error: unknown) => error instanceof SysError && error.message.includes('RTM_SETLINK interface lo'),
  );
});
