/** The language of bodies, run by the kernel: each program runs once, for one getppid(2) of this process. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineProgram } from './define.ts';
import { arrayMap, hash } from './maps.ts';
import { array, bool, chars, i8, i16, i32, i64, struct, u8, u16, u32, u64 } from './schema.ts';
import type { LoadedArray } from './types/loaded.ts';

const params = { me: u32(process.pid) };
const out = arrayMap(i64, 24);

interface Runnable {
  load(): Promise<{ readonly out: LoadedArray<bigint>; close(): void }>;
}

/** What the program wrote to the first slots of `out`. */
async function results(program: Runnable, count: number): Promise<number[]> {
  const loaded = await program.load();
  try {
    assert.ok(process.ppid > 0);
    return Array.from({ length: count }, (_, i) => Number(loaded.out.get(i)));
  } finally {
    loaded.close();
  }
}

test('loops end where they should: for, while, range, break, continue, labels', async () => {
  const program = defineProgram({
    params,
    maps: { out },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        let sum = 0;
        for (let i = 0; i < 100; i++) sum += i;
        k.out.set(0, sum);
        let down = 0;
        for (let i = 10; i > 0; i -= 3) down = down * 100 + i;
        k.out.set(1, down);
        let n = 0;
        let square = 0;
        while (square < 1000 && n < 100) {
          n++;
          square = n * n;
        }
        k.out.set(2, n);
        let odd = 0;
        for (const i of k.range(2, 20)) {
          if (i % 2 === 0) continue;
          if (i > 15) break;
          odd += i;
        }
        k.out.set(3, odd);
        let pairs = 0;
        outer: for (const i of k.range(8)) {
          for (const j of k.range(8)) {
            if (j > i) continue outer;
            if (i === 5) break outer;
            pairs++;
          }
        }
        k.out.set(4, pairs);
        let none = 7;
        for (let i = 5; i < 5; i++) none = 0;
        k.out.set(5, none);
      },
    },
  });
  let sum = 0;
  for (let i = 0; i < 100; i++) sum += i;
  assert.deepEqual(await results(program, 6), [sum, 10070401, 32, 3 + 5 + 7 + 9 + 11 + 13 + 15, 15, 7]);
});

test('switch falls through, has a default anywhere, and break leaves it', async () => {
  // As text: the project's compiler takes no case that falls through.
  const kind = new Function(`return (k, value) => {
    let result = 0;
    switch (value) {
      default: result = 9; break;
      case 1: result += 1;
      case 2: result += 10; break;
      case 3: { const inner = value * 100; result = inner; }
    }
    return result;
  }`)() as (k: object, value: number) => number;
  const program = defineProgram({
    params,
    maps: { out },
    functions: { kind },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        for (const i of k.range(5)) k.out.set(i, k.kind(i));
      },
    },
  });
  assert.deepEqual(await results(program, 5), [9, 11, 10, 300, 9]);
});

test('functions call functions, return early, and take four numbers', async () => {
  interface K {
    readonly pid: number;
    readonly me: number;
    readonly out: { set(index: number, value: number): number };
    add(a: number, b: number, c: number, d: number): number;
    sign(x: number): number;
    both(x: number): number;
    nothing(): void;
  }
  const define = defineProgram as unknown as (source: object) => Runnable;
  const program = define({
    params,
    maps: { out },
    functions: {
      add(_k: K, a: number, b: number, c: number, d: number) {
        return a + b * 10 + c * 100 + d * 1000;
      },
      sign(_k: K, x: number) {
        if (x < 0) return -1;
        return x > 0 ? 1 : 0;
      },
      both(k: K, x: number) {
        return k.sign(x) * k.add(1, 2, 3, x);
      },
      nothing(k: K) {
        k.out.set(5, 55);
      },
    },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k: K) {
        if (k.pid !== k.me) return;
        k.out.set(0, k.add(1, 2, 3, 4));
        k.out.set(1, k.sign(-5));
        k.out.set(2, k.both(-4));
        k.out.set(3, k.sign(0));
        k.out.set(4, k.both(k.sign(7)));
        k.nothing();
      },
    },
  });
  assert.deepEqual(await results(program, 6), [4321, -1, 3679, 0, 1321, 55]);
});

test('parameters are constants of the program, and switch code off', async () => {
  const program = defineProgram({
    params: { ...params, factor: i64(3), on: bool(false), big: u64(0) },
    maps: { out },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        k.out.set(0, k.factor * 2);
        if (k.on) k.out.set(1, 1);
        else k.out.set(1, 2);
        if (!k.on && k.factor) k.out.set(2, 3);
        k.out.set(3, k.big >> 60);
        if (k.ktime() < k.big || k.ktime() < k.big / 2)
          k.out.set(4, 1); // constant only as long as big is 0
        else k.out.set(4, 0);
      },
    },
  });
  const run = async (given?: { factor?: bigint | number; on?: boolean; big?: bigint }): Promise<number[]> =>
    results({ load: () => program.load(given ? { params: given } : {}) }, 5);
  assert.deepEqual(await run(), [6, 2, 3, 0, 0]);
  assert.deepEqual(await run({ factor: -7, on: true, big: 2n ** 64n - 1n }), [-14, 1, 0, 15, 1]);
  await assert.rejects(run({ factor: 2n ** 63n }), /params\.factor: 9223372036854775808 does not fit in i64/);
  await assert.rejects(run({ factr: 1 } as never), /factr/);
});

test('?. ?? && || ! and ?: choose as in JavaScript', async () => {
  const Pair = struct('Pair', { a: u32, b: i32 });
  const program = defineProgram({
    params,
    maps: { out, pairs: hash(u32, Pair), counts: hash(u32, u64) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        k.pairs.set(1, { a: 5, b: -6 });
        k.counts.set(1, 0);
        k.out.set(0, k.pairs.get(1)?.b ?? 77);
        k.out.set(1, k.pairs.get(2)?.b ?? 77);
        k.out.set(2, k.counts.get(1)?.value ?? 77);
        k.out.set(3, k.counts.get(2)?.value ?? 77);
        const pair = k.pairs.get(1);
        k.out.set(4, pair && pair.a > 4 ? 1 : 2);
        if (k.pairs.get(1)?.b === -6) k.out.set(5, 1);
        if (k.pairs.get(2)?.b !== -6) k.out.set(6, 1);
        const zero = k.pid - k.me;
        k.out.set(7, zero || 8);
        k.out.set(8, zero === 0 && k.pid !== 0 ? 9 : 10);
        if (!k.pairs.get(2) && !(k.pid === 0)) k.out.set(9, 11);
        if (pair === undefined || k.pairs.get(2) !== undefined) k.out.set(10, 1);
        if ((k.pairs.get(2)?.a ?? 0) > 1 || k.pairs.get(2)?.a === undefined) k.out.set(11, 1);
        if (k.counts.get(1)?.value === undefined || -7 < (k.pairs.get(2)?.b ?? -9)) k.out.set(12, 1);
      },
    },
  });
  assert.deepEqual(await results(program, 13), [-6, 77, 0, 77, 1, 1, 1, 8, 9, 11, 0, 1, 0]);
});

test('nested structs, arrays with checked indices, and every width keep their values in memory', async () => {
  const Inner = struct('Inner', { a: u8, b: i16, list: array(u32, 4) });
  const Outer = struct('Outer', { c: i8, inner: Inner, more: array(Inner, 3), name: chars(8), on: bool });
  const program = defineProgram({
    params: { ...params, three: u32(3) },
    maps: { out, table: arrayMap(Outer, 2) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        const o = k.table.get(1);
        if (!o) return;
        o.c = -3;
        o.inner.a = 300 & 0xff;
        o.inner.b = -30_000;
        o.inner.list[2] = 0xffff_ffff;
        o.more[1]!.b = 12;
        o.on = true;
        o.name = 'abc';
        const i = k.pid & 3; // every index below 4
        o.inner.list[i] = 1000 + i;
        for (const j of k.range(3)) o.more[j]!.list[j] = j + 1;
        k.out.set(0, o.c);
        k.out.set(1, o.inner.a);
        k.out.set(2, o.inner.b);
        k.out.set(3, o.inner.list[i]!);
        k.out.set(4, o.more[0]!.list[0]! + o.more[1]!.list[1]! * 10 + o.more[2]!.list[2]! * 100);
        k.out.set(5, o.more[1]!.b);
        k.out.set(6, o.on ? 1 : 0);
        k.out.set(7, o.name === 'abc' ? 1 : 0);
        k.out.set(8, o.name === 'ab' ? 1 : 0);
        k.out.set(9, o.name === 'abcd' ? 1 : 0);
        k.out.set(10, o.inner.list.length);
        o.c += 100;
        o.c += 100; // wraps as i8
        k.out.set(11, o.c);
        k.out.set(12, o.inner.a++);
        k.out.set(13, ++o.inner.a);
      },
    },
  });
  const index = process.pid & 3;
  const found = await results(program, 14);
  assert.deepEqual(found, [-3, 44, -30_000, 1000 + index, 321, 12, 1, 1, 0, 0, 4, -59, 44, 46]);
});

test('numbers are cut, converted, swapped and compared as the manual says', async () => {
  const program = defineProgram({
    params: { ...params, minus: i64(-8), all: u64(2n ** 64n - 1n) },
    maps: { out },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        const zero = k.pid - k.me;
        const minus = zero + k.minus;
        const all = k.u64(zero - 1);
        k.out.set(0, minus / 3);
        k.out.set(1, minus % 3);
        k.out.set(2, minus >> 1);
        k.out.set(3, all >> 60);
        k.out.set(4, minus >>> 60);
        k.out.set(5, k.i8(0x1ff + zero));
        k.out.set(6, k.u16(minus));
        k.out.set(7, k.swap32(0x01020304 + zero));
        k.out.set(8, k.ntohs(0x1234 + zero));
        k.out.set(9, k.log2(1000 + zero));
        k.out.set(10, k.min(minus, 3));
        k.out.set(11, k.max(minus, 3));
        k.out.set(12, minus < 0 ? 1 : 0);
        k.out.set(13, all > 5 ? 1 : 0);
        k.out.set(14, (zero + 10) / zero);
        k.out.set(15, (zero + 10) % zero);
        k.out.set(16, 1 << (zero + 65));
        k.out.set(17, k.const(0xffff_ffff_8100_0000n) >> 32);
        k.out.set(18, ~zero);
        k.out.set(19, k.log2(zero));
      },
    },
  });
  const expected = [
    -2, -2, -4, 15, 15, -1, 65528, 0x04030201, 0x3412, 9, -8, 3, 1, 1, 0, 10, 2, 0xffffffff, -1, 0,
  ];
  assert.deepEqual(await results(program, 20), expected);
});

test('values larger than the stack are kept elsewhere', async () => {
  const Large = struct('Large', { head: u64, text: chars(1024), tail: u64 });
  const program = defineProgram({
    params,
    maps: { out, large: hash(u32, Large) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        const entry = k.large.getOrInit(1, { head: 11, text: 'some text', tail: 22 });
        entry.tail += 1;
        k.out.set(0, entry.head);
        k.out.set(1, k.large.get(1)?.tail ?? 0);
        if (entry.text === 'some text') k.out.set(2, 1);
        k.out.set(3, entry.text[4] as unknown as number);
      },
    },
  });
  assert.deepEqual(await results(program, 4), [11, 23, 1, 32]);
});

test('u8 to i64 fields of maps hold what user space wrote', async () => {
  const All = struct('All', { a: u8, b: u16, c: u32, d: u64, e: i8, f: i16, g: i32, h: i64 });
  const program = defineProgram({
    params,
    maps: { out, all: arrayMap(All, 1) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        const v = k.all.get(0);
        if (!v) return;
        k.out.set(0, v.a);
        k.out.set(1, v.b);
        k.out.set(2, v.c);
        k.out.set(3, v.d >> 1);
        k.out.set(4, v.e);
        k.out.set(5, v.f);
        k.out.set(6, v.g);
        k.out.set(7, v.h / 2);
        k.out.set(8, v.e + v.f + v.g < 0 ? 1 : 0);
      },
    },
  });
  const loaded = await program.load();
  try {
    const value = {
      a: 255,
      b: 65535,
      c: 2 ** 32 - 1,
      d: 2n ** 40n,
      e: -128,
      f: -32768,
      g: -(2 ** 31),
      h: -10n,
    };
    loaded.all.set(0, value);
    assert.ok(process.ppid > 0);
    const found = Array.from({ length: 9 }, (_, i) => Number(loaded.out.get(i)));
    assert.deepEqual(found, [255, 65535, 2 ** 32 - 1, 2 ** 39, -128, -32768, -(2 ** 31), -5, 1]);
    assert.deepEqual(loaded.all.get(0), value);
  } finally {
    loaded.close();
  }
});

test('lists fill arrays, and texts are compared by their start', async () => {
  const Lists = struct('Lists', {
    a: array(u32, 3),
    b: array(struct('Two', { x: u8, y: u16 }), 2),
    name: chars(16),
  });
  const program = defineProgram({
    params,
    maps: { out, lists: hash(u32, Lists) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        k.lists.set(1, {
          a: [1, k.pid, 3],
          b: [
            { x: 1, y: 2 },
            { x: 3, y: 4 },
          ],
          name: 'a long name',
        });
        const found = k.lists.get(1);
        if (!found) return;
        k.out.set(0, found.a[2]! * 1000 + found.b[1]!.y * 10 + found.b[0]!.x);
        k.out.set(1, found.a[1]!);
        k.out.set(2, found.name.startsWith('a long') ? 1 : 0);
        k.out.set(3, found.name.startsWith('a lonx') ? 1 : 0);
        k.out.set(4, found.name.startsWith('a long name of') ? 1 : 0);
        if (k.comm().startsWith('no such')) k.out.set(5, 1);
        switch (found.name) {
          case 'a long':
            k.out.set(7, 1);
            break;
          case 'a long name':
            k.out.set(7, 2);
            break;
          default:
            k.out.set(7, 3);
        }
        if (!k.task.comm.startsWith('') || found.name.startsWith('a')) k.out.set(6, 1);
      },
    },
  });
  assert.deepEqual(await results(program, 8), [3041, process.pid, 1, 0, 0, 0, 1, 2]);
});
