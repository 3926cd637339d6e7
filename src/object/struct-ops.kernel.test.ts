/** Structures of functions of the kernel (`.struct_ops`): registered, seen to be called, and gone again. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { InputDevice } from '../../test/support/input-device.ts';
import { saw, testOfTable } from '../../test/support/kinds-seen.ts';
import { objectBytes } from '../../test/support/objects.ts';
import { connection } from '../../test/support/traffic.ts';
import { waitUntil } from '../../test/support/wait.ts';
import { olderThan } from '../kernel/feature/release.ts';
import { AttachError } from '../kernel/link/errors.ts';
import { vmlinux } from '../kernel/vmlinux.ts';
import { sendBytes } from '../sys/socket.ts';
import { sysTry } from '../sys/syscall.ts';
import { loadObject, openObject } from './object.ts';

/** What is sent by this congestion control, until the other end has got all of it. */
function sendBy(congestion: string): void {
  const [IPPROTO_TCP, TCP_CONGESTION] = [6, 13];
  const { client, peer } = connection('127.0.0.1');
  try {
    const name = Buffer.from(`${congestion}\0`);
    assert.equal(sysTry('setsockopt', client.number, IPPROTO_TCP, TCP_CONGESTION, name, name.length), 0);
    sendBytes(client.number, Buffer.from('hello'));
  } finally {
    client.close();
    peer.close();
  }
}

test('a structure of functions is registered, runs, and is gone when the object is closed', async () => {
  const known = (): string => readFileSync('/proc/sys/net/ipv4/tcp_available_congestion_control', 'utf8');
  {
    using object = loadObject(objectBytes('congestion'), { file: 'congestion.bpf.o' });
    assert.deepEqual(Object.keys(object.programs).sort(), ['quiet_avoid', 'quiet_ssthresh', 'quiet_undo']);
    object.attach();
    assert.match(known(), /bpfkit_quiet/);
    await waitUntil('the congestion control to run', () => {
      sendBy('bpfkit_quiet');
      return Number(object.variables.avoided) > 0;
    });
    saw(object.programs.quiet_avoid!.spec.section);
  }
  // A connection that has not ended yet keeps it.
  await waitUntil('the connections to end', () => !known().includes('bpfkit_quiet'));
});

test('a structure of functions by a link', (t) => {
  if (olderThan('6.4')) return t.skip('needs links of struct_ops');
  const open = openObject(objectBytes('congestion'), { file: 'congestion.bpf.o' });
  open.maps.quiet!.autocreate = false;
  open.maps.linked!.autocreate = true;
  using object = open.load();
  const known = (): string => readFileSync('/proc/sys/net/ipv4/tcp_available_congestion_control', 'utf8');
  const [link] = object.attach();
  assert.match(known(), /bpfkit_linked/);
  assert.ok(link!.info().id > 0, 'the kernel has a link of it');
  link!.close();
  assert.doesNotMatch(known(), /bpfkit_linked/);
  const again = object.attachStructOps('linked');
  assert.match(known(), /bpfkit_linked/);
  again.close();
});

/** Whether programs can be put in the place of such a structure's functions here. */
function canImplement(struct: string): boolean {
  return vmlinux().find(`bpf_struct_ops_${struct}`, 'struct') !== undefined;
}

test('a scheduler takes over all tasks, and gives them back', async (t) => {
  if (!canImplement('sched_ext_ops')) return t.skip('needs sched_ext');
  const state = (): string => readFileSync('/sys/kernel/sched_ext/state', 'utf8').trim();
  using object = loadObject(objectBytes('scheduler'), { file: 'scheduler.bpf.o' });
  const link = object.attachStructOps('counting');
  await waitUntil('tasks to run', () => Number(object.variables.ran) > 0);
  assert.equal(state(), 'enabled');
  assert.equal(readFileSync('/sys/kernel/sched_ext/root/ops', 'utf8').trim(), 'bpfkit_counting');
  assert.equal(object.variables.begun, 1n);
  for (const program of Object.values(object.programs)) saw(program.spec.section);
  link.close();
  await waitUntil('the kernel to schedule by itself', () => state() === 'disabled');
});

test('a structure is for the device that is named when it is attached', async (t) => {
  if (!canImplement('hid_bpf_ops')) return t.skip('needs hid_bpf_ops');
  if (!existsSync('/dev/uhid')) return t.skip('needs /dev/uhid');
  using device = await InputDevice.make();
  using without = loadObject(objectBytes('input'), { file: 'input.bpf.o' });
  assert.throws(() => without.attachStructOps('counted', { hid_id: device.id + 1000 }), AttachError);
  using object = loadObject(objectBytes('input'), { file: 'input.bpf.o' });
  const link = object.attachStructOps('counted', { hid_id: device.id });
  await waitUntil('the program to run', () => {
    device.send(1, 2, 3, 4);
    return Number(object.variables.events) > 0;
  });
  saw(object.programs.count_event!.spec.section);
  link.close();
  const before = object.variables.events;
  device.send(1, 2, 3, 4);
  assert.equal(object.variables.events, before);
});

testOfTable('struct-ops');
