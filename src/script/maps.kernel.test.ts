/** Every kind of map with every operation, on both sides: in a program, and in user space. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { possibleCpus } from '../kernel/cpus.ts';
import { MapError } from '../kernel/errors.ts';
import { defineProgram } from './define.ts';
import {
  arrayMap,
  hash,
  linearHistogram,
  log2Histogram,
  lpmTrie,
  lruHash,
  lruPerCpuHash,
  perCpuArray,
  perCpuHash,
  queue,
  stack,
} from './maps.ts';
import { bytes, chars, i64, struct, u32, u64 } from './schema.ts';

const params = { me: u32(process.pid) };
const out = arrayMap(i64, 32);
const Pair = struct('Pair', { a: u32, b: u64 });

/** Fires `tracepoint:syscalls:sys_enter_getppid` once a call. */
function getppid(times = 1): void {
  for (let i = 0; i < times; i++) assert.ok(process.ppid > 0);
}

test('a hash: get, set, modes, has, delete, increment, getOrInit, structs in place', async () => {
  const program = defineProgram({
    params,
    maps: { out, numbers: hash(u32, u64), pairs: hash(u32, Pair), named: hash(chars(8), u32) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        k.out.set(0, k.numbers.set(1, 10));
        k.out.set(1, k.numbers.get(1)?.value ?? 0);
        k.out.set(2, k.numbers.set(1, 11, 'new')); // -EEXIST
        k.out.set(3, k.numbers.set(2, 12, 'existing')); // -ENOENT
        k.out.set(4, k.numbers.set(1, 13, 'existing'));
        k.out.set(5, k.numbers.has(1) && !k.numbers.has(2) ? 1 : 0);
        k.out.set(6, k.numbers.delete(2)); // -ENOENT
        k.numbers.increment(3);
        k.numbers.increment(3, 5);
        const at = k.numbers.get(3);
        if (at) {
          at.value += 100;
          at.value *= 2;
          k.out.set(7, at.value);
        }
        const first = k.pairs.getOrInit(7, { a: 1, b: 2 });
        first.a += 1;
        first.b = 40;
        const again = k.pairs.getOrInit(7, { a: 100, b: 200 });
        k.out.set(8, again.a);
        k.out.set(9, again.b);
        k.pairs.set(8, again);
        k.out.set(10, k.pairs.get(8)?.b ?? 0);
        k.named.set('one', 1);
        k.out.set(11, k.named.get('one')?.value ?? 0);
        k.out.set(12, k.named.has('on') || k.named.has('onex') ? 1 : 0);
      },
    },
  });
  const loaded = await program.load();
  try {
    getppid();
    const found = Array.from({ length: 13 }, (_, i) => Number(loaded.out.get(i)));
    assert.deepEqual(found, [0, 10, -17, -2, 0, 1, -2, 212, 2, 40, 40, 1, 0]);
    assert.deepEqual([...loaded.numbers].sort(), [
      [1, 13n],
      [3, 212n],
    ]);
    assert.deepEqual(loaded.pairs.get(7), { a: 2, b: 40n });
    assert.equal(loaded.named.get('one'), 1);
    loaded.named.set('two', 2);
    assert.equal(loaded.named.insert('two', 3), false);
    assert.equal(loaded.named.replace('two', 4), true);
    assert.equal(loaded.named.delete('two'), true);
    assert.equal(loaded.named.delete('two'), false);
    assert.equal(loaded.named.has('one'), true);
    assert.throws(() => loaded.numbers.set(1, -1), /^RangeError: numbers value: -1 does not fit in u64$/);
    assert.throws(() => loaded.pairs.set(1, { a: 1 } as never), /pairs value: the field "b" is missing/);
    loaded.numbers.clear();
    assert.deepEqual([...loaded.numbers.keys()], []);
  } finally {
    loaded.close();
  }
});

test('a full hash refuses entries, and every one is counted', async () => {
  const program = defineProgram({
    params,
    maps: {
      set: hash(u32, u64, 10),
      increment: hash(u32, u64, 10),
      init: hash(u32, u64, 10),
      perCpu: perCpuHash(u32, u64, 10),
      todo: queue(u32, 10),
      lifo: stack(u32, 10),
      waits: log2Histogram(u32, 10),
      sent: arrayMap(u64, 1),
    },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        const n = k.sent.get(0);
        if (!n) return;
        n.value += 1;
        const key = k.u32(n.value);
        k.set.set(key, 1);
        k.increment.increment(key);
        k.init.getOrInit(key, 5).value += 1;
        k.perCpu.increment(key);
        k.todo.push(key);
        k.lifo.push(key);
        k.waits.record(key, 5);
      },
    },
  });
  const loaded = await program.load();
  try {
    assert.deepEqual(Object.values(loaded.lost()), [0n, 0n, 0n, 0n, 0n, 0n, 0n]);
    getppid(100);
    assert.equal(loaded.sent.get(0), 100n);
    assert.deepEqual(
      { ...loaded.lost() },
      { set: 90n, increment: 90n, init: 90n, perCpu: 90n, todo: 90n, lifo: 90n, waits: 90n },
    );
    assert.equal([...loaded.set].length, 10);
    assert.ok([...loaded.init.values()].every((value) => value === 6n));
    assert.throws(
      () => loaded.set.set(1000, 1),
      (error) => error instanceof MapError && error.fault === 'full',
    );
    assert.equal(loaded.todo.push(1), false);
  } finally {
    loaded.close();
  }
});

test('an LRU hash makes room, and loses nothing that it tells of', async () => {
  const program = defineProgram({
    params,
    maps: { recent: lruHash(u32, u64, 64), perCpu: lruPerCpuHash(u32, u64, 64), sent: arrayMap(u32, 1) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        const n = k.sent.get(0);
        if (!n) return;
        n.value += 1;
        k.recent.set(n.value, n.value);
        k.perCpu.increment(n.value);
      },
    },
  });
  const loaded = await program.load();
  try {
    getppid(1000);
    assert.equal(loaded.sent.get(0), 1000);
    const left = [...loaded.recent];
    assert.ok(left.length > 0 && left.length <= 64, `${left.length} entries`);
    for (const [key, value] of left) assert.equal(BigInt(key), value);
    const [key] = [...loaded.perCpu.keys()];
    assert.equal(loaded.perCpu.sum(key ?? 0), 1n);
  } finally {
    loaded.close();
  }
});

test('arrays and per-CPU arrays: every index is there, values by CPU and as sums', async () => {
  const program = defineProgram({
    params,
    maps: { plain: arrayMap(Pair, 3), perCpu: perCpuArray(u64, 2), structs: perCpuArray(Pair, 1), out },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        const pair = k.plain.get(2);
        if (pair) pair.b += 3;
        if (!k.plain.get(3)) k.out.set(0, 1);
        k.perCpu.increment(1);
        k.perCpu.increment(1, 2);
        k.perCpu.increment(9); // past the end: nothing happens
        const mine = k.structs.get(0);
        if (mine) mine.a = k.cpu + 1;
      },
    },
  });
  const loaded = await program.load();
  try {
    getppid(10);
    assert.deepEqual(loaded.plain.get(2), { a: 0, b: 30n });
    assert.equal(loaded.plain.get(3), undefined);
    assert.equal(loaded.out.get(0), 1n);
    assert.equal(loaded.perCpu.sum(1), 30n);
    assert.equal(loaded.perCpu.get(1)?.length, possibleCpus());
    for (const [cpu, { a }] of (loaded.structs.get(0) ?? []).entries()) assert.ok(a === 0 || a === cpu + 1);
    assert.throws(() => loaded.plain.set(3, { a: 1, b: 1 }), MapError);
    loaded.perCpu.set(0, new Array(possibleCpus()).fill(2n));
    assert.equal(loaded.perCpu.sum(0), BigInt(2 * possibleCpus()));
  } finally {
    loaded.close();
  }
});

test('queues give the oldest first, stacks the newest', async () => {
  const program = defineProgram({
    params,
    maps: { todo: queue(u32, 8), pairs: stack(Pair, 8), out },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        k.out.set(0, k.todo.pop()?.value ?? -1);
        for (const i of k.range(3)) {
          k.todo.push(i + 1);
          k.pairs.push({ a: i + 1, b: i * 10 });
        }
        k.out.set(1, k.todo.peek()?.value ?? -1);
        k.out.set(2, k.todo.pop()?.value ?? -1);
        k.out.set(3, k.pairs.pop()?.b ?? -1);
        const top = k.pairs.peek();
        if (top) k.out.set(4, top.a);
      },
    },
  });
  const loaded = await program.load();
  try {
    getppid();
    assert.deepEqual(
      Array.from({ length: 5 }, (_, i) => Number(loaded.out.get(i))),
      [-1, 1, 1, 20, 2],
    );
    assert.deepEqual(
      [loaded.todo.peek(), loaded.todo.pop(), loaded.todo.pop(), loaded.todo.pop()],
      [2, 2, 3, undefined],
    );
    assert.deepEqual(
      [loaded.pairs.pop(), loaded.pairs.pop(), loaded.pairs.pop()],
      [{ a: 2, b: 10n }, { a: 1, b: 0n }, undefined],
    );
    assert.equal(loaded.todo.push(9), true);
    assert.equal(loaded.todo.peek(), 9);
  } finally {
    loaded.close();
  }
});

test('a trie finds the longest prefix', async () => {
  const Route = struct('Route', { prefixlen: u32, address: bytes(4) });
  const program = defineProgram({
    params,
    maps: {
      routes: lpmTrie(Route, u32, 16),
      looked: arrayMap(struct('Looked', { key: Route, answer: u32 }), 1),
    },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        const looked = k.looked.get(0);
        if (looked) looked.answer = k.routes.get(looked.key)?.value ?? 0;
      },
    },
  });
  const loaded = await program.load();
  try {
    const key = (prefixlen: number, ...address: number[]) => ({
      prefixlen,
      address: new Uint8Array(address),
    });
    loaded.routes.set(key(8, 10, 0, 0, 0), 8);
    loaded.routes.set(key(16, 10, 1, 0, 0), 16);
    const ask = (...address: number[]): number => {
      loaded.looked.set(0, { key: key(32, ...address), answer: 99 });
      getppid();
      return loaded.looked.get(0)?.answer ?? -1;
    };
    assert.deepEqual([ask(10, 1, 2, 3), ask(10, 2, 2, 3), ask(11, 1, 2, 3)], [16, 8, 0]);
    assert.equal(loaded.routes.get(key(32, 10, 1, 9, 9)), 16);
    assert.equal([...loaded.routes].length, 2);
  } finally {
    loaded.close();
  }
});

test('histograms count every value in its class', async () => {
  const program = defineProgram({
    params,
    maps: {
      values: arrayMap(i64, 1),
      byPower: log2Histogram(),
      linear: linearHistogram({ min: -10, max: 20, step: 10 }),
      byKey: log2Histogram(struct('Who', { pid: u32, comm: chars(16) })),
    },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        const value = k.values.get(0);
        if (!value) return;
        k.byPower.record(value.value);
        k.linear.record(value.value);
        k.byKey.record({ pid: k.pid, comm: 'x' }, value.value);
      },
    },
  });
  const loaded = await program.load();
  try {
    const values = [-5n, -11n, 0n, 1n, 2n, 3n, 4n, 19n, 20n, 1n << 40n, (1n << 63n) - 1n, -(1n << 63n)];
    for (const value of values) {
      loaded.values.set(0, value);
      getppid();
    }
    const log2 = loaded.byPower.read();
    for (const { from, to, count } of log2) {
      assert.equal(
        count,
        BigInt(values.filter((value) => value >= from && value < to).length),
        `${from} to ${to}`,
      );
    }
    assert.equal(
      log2.reduce((sum, { count }) => sum + count, 0n),
      BigInt(values.length),
    );
    assert.deepEqual(
      loaded.linear.read().map(({ from, to, count }) => [from, to, count]),
      [
        [-(2n ** 63n), -10n, 2n],
        [-10n, 0n, 1n],
        [0n, 10n, 5n],
        [10n, 20n, 1n],
        [20n, 2n ** 64n, 3n],
      ],
    );
    const keyed = [...loaded.byKey.read()];
    assert.equal(keyed.length, 1);
    assert.equal(keyed[0]?.[0].pid, process.pid);
    assert.deepEqual(keyed[0]?.[1], log2);
  } finally {
    loaded.close();
  }
});

test('increments by several processes at once are exact, shared and per CPU', async () => {
  const program = defineProgram({
    params: { parent: u32(process.pid) },
    maps: {
      shared: hash(u32, u64),
      array: arrayMap(u64, 1),
      small: arrayMap(u32, 1),
      perCpu: perCpuHash(u32, u64),
      cell: hash(u32, Pair),
    },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.task.real_parent.tgid !== k.parent) return;
        k.shared.increment(1);
        k.array.increment(0, 2);
        k.small.increment(0);
        k.perCpu.increment(1);
        k.cell.getOrInit(1, { a: 0, b: 0 }).b += 3;
      },
    },
  });
  const loaded = await program.load();
  try {
    const times = 20_000;
    const script = `for (let i = 0; i < ${times}; i++) process.ppid`;
    const children = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ['-e', script], { stdio: 'ignore' }),
    );
    await Promise.all(children.map((child) => once(child, 'exit')));
    const total = loaded.array.get(0) ?? 0n;
    // Node asks for its parent at its start too; all counters must agree to the last one.
    const calls = total / 2n;
    assert.ok(calls >= BigInt(4 * times), `${calls} calls`);
    assert.ok(calls < BigInt(4 * times + 100), `${calls} calls`);
    assert.equal(loaded.shared.get(1), calls);
    assert.equal(BigInt(loaded.small.get(0) ?? 0), calls);
    assert.equal(loaded.perCpu.sum(1), calls);
    assert.equal(loaded.cell.get(1)?.b, calls * 3n);
    assert.deepEqual(Object.values(loaded.lost()), [0n, 0n, 0n]);
  } finally {
    loaded.close();
  }
});
