import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { CountingProgram } from '../../../test/support/counting-program.ts';
import * as asm from '../../asm/build.ts';
import { Open, openPath } from '../../sys/file.ts';
import { openProcess } from '../../sys/namespace.ts';
import { olderThan } from '../feature/release.ts';
import { createMap } from '../map/create.ts';
import { handleOf } from '../map/handle.ts';
import type { KeyedMap } from '../map/keyed.ts';
import { bpffs, cgroup2 } from '../mounts.ts';
import { AttachType, MapType, ProgramType } from '../spec.ts';
import { attachIterator, type IteratorScope } from './iterator.ts';
import { openPinnedLink } from './open.ts';

/** Writes one byte for each object: the context's second pointer, which is NULL at the end. */
function walker(t: TestContext, name: string): CountingProgram {
  const program = new CountingProgram(ProgramType.tracing, {
    attachType: AttachType.traceIter,
    attachTarget: { kind: 'iterator', name },
    body: [
      asm.load(8, 2, 6, 8),
      asm.jumpIfImm('jeq', 2, 0, 7),
      asm.load(8, 1, 6, 0),
      asm.load(8, 1, 1, 0),
      asm.storeImm(1, 10, -1, 0x2a),
      asm.mov64(2, 10),
      asm.alu64Imm('add', 2, -1),
      asm.mov64Imm(3, 1),
      asm.callHelper(127),
      asm.mov64Imm(0, 0),
    ],
  });
  t.after(() => program.close());
  return program;
}

function count(program: CountingProgram, target: string, scope?: IteratorScope): number {
  const link = attachIterator(program.program, { target, ...(scope === undefined ? {} : { scope }) });
  try {
    return link.read().length;
  } finally {
    link.close();
  }
}

test('a walk on another thread gives the same, whatever was expected of its length', async (t) => {
  const program = walker(t, 'bpf_map');
  const maps = Array.from({ length: 5 }, () =>
    createMap({ name: 'counted', type: MapType.array, keySize: 4, valueSize: 4, maxEntries: 1 }),
  );
  t.after(() => {
    for (const { fd } of maps) fd.close();
  });
  const link = attachIterator(program.program, { target: 'bpf_map' });
  t.after(() => link.close());
  for (const expected of [0, 1, 1_000_000]) {
    const walked = link.readLater(expected);
    // The thread that reads is another one: this one is busy.
    const end = performance.now() + 20;
    while (performance.now() < end);
    const bytes = await walked;
    // Maps of others come and go.
    assert.ok(bytes.length >= maps.length, `${bytes.length}`);
    assert.ok(bytes.every((byte) => byte === 0x2a));
  }
});

test('a task iterator walks over one thread, one process, or everything', (t) => {
  if (olderThan('6.1')) return t.skip('needs task scopes');
  const program = walker(t, 'task');
  const threads = readdirSync('/proc/self/task').length;
  assert.equal(count(program, 'task', { kind: 'thread', tid: process.pid }), 1);
  assert.equal(count(program, 'task', { kind: 'process', pid: process.pid }), threads);
  const fd = openProcess(process.pid);
  assert.equal(count(program, 'task', { kind: 'processFd', fd: fd.number }), threads);
  fd.close();
  assert.ok(count(program, 'task') > threads);
  assert.equal(count(program, 'task', { kind: 'thread', tid: 2 ** 30 }), 0);
});

test('what a task iterator was limited to can be asked', (t) => {
  if (olderThan('6.1')) return t.skip('needs task scopes');
  const program = walker(t, 'task');
  const link = attachIterator(program.program, {
    target: 'task',
    scope: { kind: 'thread', tid: process.pid },
  });
  const { id: _, programId: __, ...rest } = link.describe();
  assert.deepEqual(rest, { type: 'iterator', target: 'task', tid: process.pid, pid: 0 });
  link.close();
});

test('an iterator walks over the elements of a map', (t) => {
  const { fd, shape } = createMap({ name: 'm', type: MapType.hash, keySize: 4, valueSize: 4, maxEntries: 8 });
  const map = handleOf(fd, shape) as KeyedMap<Uint8Array, Uint8Array>;
  t.after(() => map.close());
  for (let i = 0; i < 5; i++) map.set(Uint8Array.from([i, 0, 0, 0]), new Uint8Array(4));
  // bpf_iter__bpf_map_elem: meta, map, key, value. The map is there at the end too, the key is not.
  const program = new CountingProgram(ProgramType.tracing, {
    attachType: AttachType.traceIter,
    attachTarget: { kind: 'iterator', name: 'bpf_map_elem' },
    body: [
      asm.load(8, 2, 6, 16),
      asm.jumpIfImm('jeq', 2, 0, 7),
      asm.load(8, 1, 6, 0),
      asm.load(8, 1, 1, 0),
      asm.storeImm(1, 10, -1, 0x2a),
      asm.mov64(2, 10),
      asm.alu64Imm('add', 2, -1),
      asm.mov64Imm(3, 1),
      asm.callHelper(127),
      asm.mov64Imm(0, 0),
    ],
  });
  t.after(() => program.close());
  const scope = { kind: 'map', fd: map.fd.number } as const;
  assert.equal(count(program, 'bpf_map_elem', scope), 5);
  const link = attachIterator(program.program, { target: 'bpf_map_elem', scope });
  assert.equal((link.describe() as { mapId?: number }).mapId, map.info().id);
  link.close();
  assert.throws(() => count(program, 'bpf_map_elem'), { name: 'AttachError' });
});

test('a cgroup iterator walks over a group, those below and those above', (t) => {
  const root = cgroup2();
  if (root === undefined) return t.skip('needs cgroup2');
  if (olderThan('6.1')) return t.skip('needs cgroup iterators');
  const program = walker(t, 'cgroup');
  const path = `${root}/bpfkit-iter-${process.pid}`;
  mkdirSync(`${path}/below/deep`, { recursive: true });
  t.after(() => {
    for (const part of ['/below/deep', '/below', '']) rmdirSync(`${path}${part}`);
  });
  const group = openPath(path, Open.readOnly | Open.directory);
  t.after(() => group.close());
  const walk = (order: 'self' | 'parentsFirst' | 'childrenFirst' | 'upwards'): number =>
    count(program, 'cgroup', { kind: 'cgroup', fd: group.number, order });
  assert.deepEqual(
    [walk('self'), walk('parentsFirst'), walk('childrenFirst'), walk('upwards')],
    [1, 3, 3, 2],
  );
  const scope = { kind: 'cgroup', fd: group.number, order: 'self' } as const;
  const link = attachIterator(program.program, { target: 'cgroup', scope });
  const { cgroupId, order } = link.describe() as { cgroupId?: bigint; order?: number };
  assert.deepEqual([cgroupId, order], [statSync(path, { bigint: true }).ino, 1]);
  link.close();
});

test('a pinned iterator is a file that anybody reads', (t) => {
  const program = walker(t, 'bpf_prog');
  const path = `${bpffs()}/bpfkit-walk-${process.pid}`;
  const link = attachIterator(program.program, { target: 'bpf_prog' });
  link.pin(path);
  t.after(() => rmSync(path, { force: true }));
  link.close();
  const text = readFileSync(path, 'latin1');
  assert.match(text, /^\*+$/);
  const opened = openPinnedLink(path);
  assert.equal(opened.kind, 'iterator');
  assert.equal(opened.target, 'bpf_prog');
  opened.close();
});

test('an iterator’s program is replaced while its link stays', (t) => {
  const [first, second] = [walker(t, 'task'), walker(t, 'task')];
  const link = attachIterator(first.program, { target: 'task' });
  link.read();
  link.update(second.program);
  link.read();
  assert.ok(first.runs > 0 && second.runs > 0);
  link.close();
});
