/** Markers on kernels without cookies: places are told apart by their addresses. Runs on any kernel, and on Linux 5.10. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectBytes } from '../../test/support/objects.ts';
import { Observed, testPrograms } from '../../test/support/programs.ts';
import type { KeyedMap } from '../kernel/map/keyed.ts';
import { loadObject } from './object.ts';

/** The object is told that there are none, as a kernel before 5.15 tells it. */
const withoutCookies = { file: 'usdt.bpf.o', kconfig: 'LINUX_HAS_BPF_COOKIE=n\n' };

test('a marker gives its arguments by its address in the process', async () => {
  const { probed } = testPrograms();
  using program = new Observed(probed);
  using object = loadObject(objectBytes('usdt'), withoutCookies);
  const { plain } = object.programs;
  const link = plain!.attach({ target: `${probed}:probed:plain`, pid: program.pid, cookie: 77n });
  const addresses = () => [...(object.maps.__bpf_usdt_ip_to_spec_id as KeyedMap<bigint, number>).keys()];
  assert.ok(addresses().length > 0);
  await program.ask('usdt 1');
  const { variables } = object;
  assert.equal(variables.hits, 1);
  assert.equal(variables.count, 4);
  assert.equal(variables.cookie, 77n, "the object's own cookie is kept with the arguments");
  assert.equal(variables.constant, -7n);
  link.close();
  assert.deepEqual(addresses(), [], 'nothing is left of a marker that was detached');
  await program.ask('usdt 1');
  assert.equal(variables.hits, 1);
});

test('without cookies and without a process it is said which is missing', () => {
  const { probed } = testPrograms();
  using object = loadObject(objectBytes('usdt'), withoutCookies);
  const attach = (pid?: number) =>
    object.programs.plain!.attach({
      target: `${probed}:probed:plain`,
      ...(pid === undefined ? {} : { pid }),
    });
  assert.throws(() => attach(), /no cookies \(Linux 5\.15\).*say the process \(pid\)/);
  assert.throws(() => attach(process.pid), new RegExp(`process ${process.pid} has not mapped `));
});
