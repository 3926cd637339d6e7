/** Events: what is left out is zero, what is lost is counted, and bytes stay as they were. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { KernelString } from '../text/kernel-string.ts';
import { defineProgram } from './define.ts';
import { arrayMap, hash, ringbuf } from './maps.ts';
import { array, bool, bytes, chars, i64, struct, u8, u16, u32, u64 } from './schema.ts';

const params = { me: u32(process.pid) };

function getppid(times = 1): void {
  for (let i = 0; i < times; i++) assert.ok(process.ppid > 0);
}

/** The next `count` events. */
async function take<T>(events: AsyncIterable<T>, count: number): Promise<T[]> {
  const found: T[] = [];
  for await (const event of events) {
    found.push(event);
    if (found.length === count) break;
  }
  return found;
}

test('what a reserved event leaves out is zero, whatever the ring held before', async () => {
  const Full = struct('Full', { a: u64, b: array(u64, 14) });
  const Sparse = struct('Sparse', {
    a: u8,
    b: u64,
    list: array(u32, 8),
    text: chars(16),
    c: u16,
    d: i64,
    tail: u8,
  });
  const program = defineProgram({
    params: { ...params, mode: u32(0) },
    maps: { modes: arrayMap(u32, 1), events: ringbuf(Full, 4096), sparse: ringbuf(Sparse, 4096) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        const mode = k.modes.get(0)?.value ?? 0;
        if (mode === 0) {
          // Fills the whole ring with ones, and gives every record back.
          const e = k.sparse.reserve();
          if (!e) return;
          e.a = 255;
          e.b = -1;
          for (let i = 0; i < 8; i++) e.list[i] = -1;
          e.text = 'xxxxxxxxxxxxxxxx';
          e.c = -1;
          e.d = -1;
          e.tail = 255;
          e.discard();
          return;
        }
        const e = k.sparse.reserve();
        if (!e) return;
        if (mode === 1) e.b = 1;
        else if (mode === 2) k.str(k.task.comm, e.text);
        else if (mode === 3) {
          for (let i = 0; i < 3; i++) e.list[i * 2] = i + 1;
        } else k.str(0, e.text); // nothing can be read there
        e.submit();
      },
    },
  });
  const loaded = await program.load();
  try {
    const seen: unknown[] = [];
    const events = loaded.sparse[Symbol.asyncIterator]();
    let next = events.next(); // somebody reads, so the ring goes around
    for (let i = 0; i < 40; i++) {
      getppid(10);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    for (const mode of [1, 2, 3, 4]) {
      loaded.modes.set(0, mode);
      getppid();
      const { value } = await next;
      if (mode < 4) next = events.next();
      const { text, ...rest } = value as { text: KernelString };
      seen.push({ ...rest, text: String(text) });
    }
    await events.return?.();
    const zero = { a: 0, b: 0n, list: [0, 0, 0, 0, 0, 0, 0, 0], c: 0, d: 0n, tail: 0, text: '' };
    const comm = readFileSync('/proc/self/comm', 'utf8').trim();
    assert.deepEqual(seen, [
      { ...zero, b: 1n },
      { ...zero, text: comm },
      { ...zero, list: [1, 0, 2, 0, 3, 0, 0, 0] },
      zero,
    ]);
    assert.ok(loaded.lost().sparse < 200n);
  } finally {
    loaded.close();
  }
});

test('padding inside of an event and its end are zero too', async () => {
  const Odd = struct('Odd', { a: u8, b: u64, c: u8 });
  const program = defineProgram({
    params,
    maps: { events: ringbuf(Odd, 4096), raw: hash(Odd, u32) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        k.events.emit({ a: 1, b: 2, c: 3 });
        k.raw.set({ a: 1, b: 2, c: 3 }, 1);
      },
    },
  });
  const loaded = await program.load();
  try {
    getppid(2);
    assert.deepEqual(await take(loaded.events, 2), [
      { a: 1, b: 2n, c: 3 },
      { a: 1, b: 2n, c: 3 },
    ]);
    // A key with other padding would be another key.
    assert.equal(loaded.raw.get({ a: 1, b: 2n, c: 3 }), 1);
    assert.equal([...loaded.raw].length, 1);
  } finally {
    loaded.close();
  }
});

test('a full ring loses events, and delivered + lost = produced', async () => {
  const Event = struct('Event', { n: u64, pad: bytes(40) });
  const program = defineProgram({
    params,
    maps: { count: arrayMap(u64, 1), reserved: ringbuf(Event, 4096), emitted: ringbuf(u64, 4096) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        const n = k.count.get(0);
        if (!n) return;
        n.value += 1;
        k.emitted.emit(n.value);
        const e = k.reserved.reserve();
        if (!e) return;
        e.n = n.value;
        e.submit();
      },
    },
  });
  const loaded = await program.load();
  try {
    getppid(1000);
    assert.equal(loaded.count.get(0), 1000n);
    const lost = loaded.lost();
    assert.ok(
      (lost.reserved ?? 0n) > 800n && (lost.emitted ?? 0n) > 500n,
      JSON.stringify(Object.values(lost).map(Number)),
    );
    const delivered = await take(loaded.reserved, 1000 - Number(lost.reserved));
    assert.deepEqual(
      delivered.map(({ n }) => n),
      delivered.map((_, i) => BigInt(i + 1)),
    );
    const numbers = await take(loaded.emitted, 1000 - Number(lost.emitted));
    assert.equal(numbers.length + Number(loaded.emitted.lost), 1000);
    assert.equal(numbers.at(-1), BigInt(numbers.length));
    // There is room again: nothing more is lost.
    getppid();
    assert.deepEqual(
      (await take(loaded.reserved, 1)).map(({ n }) => n),
      [1001n],
    );
    assert.equal(loaded.reserved.lost, lost.reserved);
  } finally {
    loaded.close();
  }
});

test('a hundred thousand events arrive in order and complete, one by one and in batches', async () => {
  const program = defineProgram({
    params,
    maps: { count: arrayMap(u64, 1), events: ringbuf(struct('N', { n: u64 }), 8 << 20) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        const n = k.count.get(0);
        if (!n) return;
        n.value += 1;
        k.events.emit({ n: n.value });
      },
    },
  });
  const loaded = await program.load();
  try {
    const total = 100_000;
    let next = 1n;
    const reader = (async () => {
      for await (const batch of loaded.events.batches()) {
        for (const { n } of batch) assert.equal(n, next++);
        if (next > BigInt(total)) break;
      }
    })();
    for (let i = 0; i < total / 1000; i++) {
      getppid(1000);
      await new Promise(setImmediate);
    }
    await reader;
    assert.equal(next, BigInt(total + 1));
    assert.equal(loaded.events.lost, 0n);
  } finally {
    loaded.close();
  }
});

/** Names that other programs have broken on. */
const names: readonly (readonly [title: string, name: Uint8Array])[] = [
  ['escape sequences', Buffer.from('\x1b[2J\x1b]0;x\x07')],
  ['a newline and a tab', Buffer.from('two\nlines\t!')],
  ['closing parentheses', Buffer.from(') R 1 (x')],
  ['the name of a prototype', Buffer.from('__proto__')],
  ['the name of a constructor', Buffer.from('constructor')],
  ['invalid UTF-8', Buffer.from([0xff, 0xfe, 0x80, 0xc3])],
  ['half a character', Buffer.from('ääääääääx').subarray(0, 15)],
  ['the longest name', Buffer.from('exactly-fifteen')],
  ['one blank', Buffer.from(' ')],
  ['nothing', Buffer.from('')],
];

test('names of any bytes come through events, keys and comparisons intact', async () => {
  const Named = struct('Named', { comm: chars(16), task: chars(16), same: bool });
  const program = defineProgram({
    params,
    maps: { events: ringbuf(Named, 65_536), counts: hash(chars(16), u32) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        const e = k.events.reserve();
        if (!e) return;
        k.comm(e.comm);
        e.task = k.task.comm;
        e.same = k.comm() === '__proto__';
        e.submit();
        k.counts.increment(k.comm());
      },
    },
  });
  const before = readFileSync('/proc/self/comm');
  const loaded = await program.load();
  try {
    for (const [, name] of names) {
      writeFileSync('/proc/self/comm', Buffer.concat([name, Buffer.alloc(1)]));
      getppid();
    }
    const events = await take(loaded.events, names.length);
    const counts = new Map(
      [...loaded.counts].map(([name, count]) => [Buffer.from(name.bytes).toString('hex'), count]),
    );
    for (const [i, [title, name]] of names.entries()) {
      const event = events[i];
      assert.deepEqual(Buffer.from(event?.comm.bytes ?? []), Buffer.from(name), title);
      assert.deepEqual(Buffer.from(event?.task.bytes ?? []), Buffer.from(name), title);
      assert.equal(event?.same, title === 'the name of a prototype', title);
      assert.equal(counts.get(Buffer.from(name).toString('hex')), 1, title);
      assert.equal(/[\x00-\x1f\x7f]/.test(String(event?.comm)), false, 'printed without control characters');
    }
    assert.equal(counts.size, names.length);
  } finally {
    loaded.close();
    writeFileSync('/proc/self/comm', before.subarray(0, -1));
  }
});
