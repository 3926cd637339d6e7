import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bpfFd, bpfTry, ElementCall } from './bpf.ts';
import { mapInfoFields, objectInfo } from './bpf-info.ts';
import { Epoll, EventFd } from './epoll.ts';
import { SysError } from './errors.ts';
import { Fd } from './fd.ts';
import { cString, FileSystem, fileSystemType, openPath, readAt, readInto } from './file.ts';
import { Mapping, Protection, pageSize } from './memory.ts';
import { PerfFlag, PerfSoftware, PerfType, perfEventOpen, perfIoctl } from './perf.ts';
import { watch, watchByTimer } from './poll.ts';
import { capabilities, getLimit, Limit } from './process.ts';
import { sys, sysAsync, sysTry, withFakeSys } from './syscall.ts';

const ENOENT = 2;

function arrayMap(flags = 0): Fd {
  return bpfFd(
    'mapCreate',
    {
      mapType: 2,
      keySize: 4,
      valueSize: 8,
      maxEntries: 4,
      mapFlags: flags,
      mapName: new TextEncoder().encode('sys_test'),
    },
    'map "sys_test"',
  );
}

test('a refused call throws its own errno, also with other calls before it', () => {
  assert.throws(
    () => sys('close', [9999]),
    (error) => error instanceof SysError && error.code === 'EBADF' && error.call === 'close',
  );
  assert.equal(sysTry('close', 9999), -9);
});

test('a hundred thousand failures in a row all give their errno', () => {
  let wrong = 0;
  for (let i = 0; i < 100_000; i++) {
    if (sysTry('close', 9999) !== -9) wrong++;
    const garbage = { i, text: `${i}` };
    if (garbage.text.length === 0) wrong++;
  }
  assert.equal(wrong, 0);
});

test('errno of a call on another thread is that thread’s', async () => {
  assert.equal(await sysAsync('close', 9999), -9);
  assert.equal(await sysAsync('openat', -100, cString('/no/such/file'), 0), -ENOENT);
});

test('an array map is made, written, read and described', () => {
  const fd = arrayMap();
  const call = new ElementCall(fd.number, 4, 8);
  new Uint32Array(call.key.buffer)[0] = 2;
  call.value.set([1, 2, 3, 4, 5, 6, 7, 8]);
  assert.equal(call.run('mapUpdateElem'), 0);
  call.value.fill(0);
  assert.equal(call.run('mapLookupElem'), 0);
  assert.deepEqual([...call.value], [1, 2, 3, 4, 5, 6, 7, 8]);
  new Uint32Array(call.key.buffer)[0] = 4;
  assert.equal(call.run('mapLookupElem'), -ENOENT);
  assert.equal(call.run('mapGetNextKey', 0, true), 0);
  assert.equal(call.run('mapDeleteElem'), -22, 'elements of arrays cannot be deleted');
  const info = objectInfo(fd.number, mapInfoFields);
  assert.equal(new TextDecoder().decode(info.raw('name')), 'sys_test');
  assert.equal(info.number('valueSize'), 8);
  fd.close();
  fd.close();
  assert.throws(() => fd.number, /closed/);
});

test('a mapped array map shows what was written into its memory', () => {
  const fd = arrayMap(1 << 10);
  const mapping = Mapping.of(fd.number, pageSize(), { protection: Protection.read | Protection.write });
  new Uint32Array(mapping.buffer)[2] = 77;
  const call = new ElementCall(fd.number, 4, 8);
  new Uint32Array(call.key.buffer)[0] = 1;
  assert.equal(call.run('mapLookupElem'), 0);
  assert.equal(call.value[0], 77);
  mapping.close();
  mapping.close();
  assert.throws(() => mapping.buffer, /closed/);
  fd.close();
});

test('a missing id answers ENOENT without an exception', () => {
  assert.equal(bpfTry('programGetFdById', { id: 0x7fffffff }).result, -ENOENT);
});

test('a descriptor below 3 is moved up', () => {
  const low = sys('fcntl', [1, 1030, 50]);
  const owned = Fd.own(low, 'x');
  assert.equal(owned.number, low);
  owned.close();
  let asked: readonly unknown[] = [];
  const moved = withFakeSys(
    (call) => {
      if (call.name === 'fcntl') asked = call.args;
      return call.name === 'fcntl' ? 41 : 0;
    },
    () => Fd.own(0, 'x'),
  );
  assert.equal(moved.number, 41);
  assert.deepEqual(asked.slice(0, 3), [0, 1030, 3]);
});

test('a software event opens, starts and stops', () => {
  const fd = perfEventOpen(
    {
      type: PerfType.software,
      config: PerfSoftware.cpuClock,
      samplePeriod: 1000000,
      flags: PerfFlag.disabled,
    },
    0,
    -1,
    'cpu clock',
  );
  perfIoctl(fd.number, 0x2400);
  perfIoctl(fd.number, 0x2401);
  const count = new Uint8Array(8);
  assert.equal(readInto(fd.number, count), 8);
  fd.close();
});

test('files are read by descriptor, and the file system under a path is told', () => {
  const directory = mkdtempSync(join(tmpdir(), 'bpfkit-sys-'));
  const path = join(directory, 'a');
  writeFileSync(path, 'hello');
  const fd = openPath(path);
  const bytes = new Uint8Array(16);
  assert.equal(readAt(fd.number, bytes, 1), 4);
  assert.equal(new TextDecoder().decode(bytes.subarray(0, 4)), 'ello');
  fd.close();
  rmSync(directory, { recursive: true });
  assert.throws(() => openPath('/no/such/file'), /openat \/no\/such\/file: ENOENT/);
  assert.notEqual(fileSystemType('/proc'), FileSystem.bpf);
});

test('an event descriptor wakes the loop once a signal, and the watch lets the process end', async () => {
  const event = new EventFd();
  const seen: bigint[] = [];
  const { promise, resolve } = withResolvers();
  const watched = watch(event.fd.number, () => {
    seen.push(event.take());
    if (seen.length === 2) resolve();
    else event.signal();
  });
  event.signal();
  await promise;
  assert.deepEqual(seen, [1n, 1n]);
  watched.close();
  watched.close();
  event.close();
});

test('without the bridge’s poll a timer finds what is readable', async () => {
  const event = new EventFd();
  const set = new Epoll();
  set.add(event.fd.number);
  const { promise, resolve } = withResolvers();
  const watched = watchByTimer(set, () => {
    event.take();
    resolve();
  });
  event.signal();
  await promise;
  watched.close();
  assert.throws(() => set.fd.number, /closed/);
  event.close();
});

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

test('a regular file cannot be watched: an error, not an abort', () => {
  const fd = openSync('/proc/self/exe', 'r');
  assert.throws(
    () => watch(fd, () => {}),
    (error) => error instanceof SysError && error.code === 'EPERM',
  );
  closeSync(fd);
});

test('epoll tells which descriptor is ready', () => {
  const [a, b, set] = [new EventFd(), new EventFd(), new Epoll()];
  set.add(a.fd.number);
  set.add(b.fd.number);
  assert.deepEqual(set.wait(0), []);
  b.signal();
  assert.deepEqual(set.wait(-1), [b.fd.number]);
  set.remove(b.fd.number);
  assert.deepEqual(set.wait(0), []);
  for (const one of [a, b, set]) one.close();
});

test('limits and capabilities agree with /proc', () => {
  const status = readFileSync('/proc/self/status', 'latin1');
  assert.equal(capabilities(), BigInt(`0x${/CapEff:\s*([0-9a-f]+)/.exec(status)?.[1]}`));
  const soft = /Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  assert.equal(getLimit(Limit.openFiles).current, BigInt(soft ?? -1));
});
