import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import {
  alu64Imm,
  callFunction,
  callHelper,
  callKfunc,
  exit,
  jumpIfImm,
  ldImm64,
  ldMap,
  ldMapValue,
  load,
  mov64,
  mov64Imm,
  store,
  storeImm,
} from '../asm/build.ts';
import type { Instruction } from '../asm/instruction.ts';
import { BtfBuilder } from '../btf/build.ts';
import { withFakeSys } from '../sys/syscall.ts';
import { loadCollection } from './collection.ts';
import { KernelError } from './errors.ts';
import { hasKernelTypes } from './feature/effects.ts';
import { u32Codec, u64Codec } from './map/codec.ts';
import { openMap, openPinnedMap } from './map/handle.ts';
import { KeyedMap } from './map/keyed.ts';
import { MapFlag } from './map/kind.ts';
import { enableStatistics, openProgram } from './program/program.ts';
import { VerifierError } from './program/verifier-error.ts';
import {
  AttachType,
  type CollectionSpec,
  type MapSpec,
  MapType,
  type ProgramSpec,
  ProgramType,
} from './spec.ts';

const counters: MapSpec = { name: 'counters', type: MapType.array, keySize: 4, valueSize: 8, maxEntries: 1 };

/** A socket filter that adds `step` to a counter in a map's value and returns 7. */
function counting(step: number): Instruction[] {
  return [
    ldMapValue(1, 'counters', 0),
    load(8, 2, 1, 0),
    alu64Imm('add', 2, step),
    store(8, 1, 0, 2),
    mov64Imm(0, 7),
    exit(),
  ];
}

function filter(
  name: string,
  instructions: readonly Instruction[],
  more: Partial<ProgramSpec> = {},
): ProgramSpec {
  return { name, type: ProgramType.socketFilter, instructions, ...more };
}

const packet = new Uint8Array(64);

/** Descriptors of this process that refer to BPF objects. */
function held(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.includes('bpf') || target.includes('btf') ? [target] : [];
    } catch {
      return [];
    }
  });
}

async function gone(open: () => void): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      open();
    } catch (error) {
      assert.match(String(error), /ENOENT/);
      return;
    }
    await new Promise((done) => setTimeout(done, 10));
  }
  assert.fail('still there after two seconds');
}

test('names that the kernel would refuse are made fit for it, and kept in full here (T13)', () => {
  const name = 'a-map/of many:words';
  using collection = loadCollection({
    maps: [{ name, type: MapType.array, keySize: 4, valueSize: 4, maxEntries: 1 }],
    programs: [],
  });
  const map = collection.map(name);
  assert.equal(map.name, name);
  assert.equal(map.info().name, 'a_map_of_many_w');
});

test('a program counts in a map, and everything is gone after close', async () => {
  const spec: CollectionSpec = { maps: [counters], programs: [filter('count', counting(3))] };
  const collection = loadCollection(spec);
  const program = collection.program('count');
  const map = collection.map('counters');
  assert.ok(map instanceof KeyedMap);
  const values = map.withCodecs(u32Codec, u64Codec);
  assert.equal(program.testRun({ data: packet, repeat: 5 }).result, 7);
  assert.equal(values.get(0), 15n);
  const { id, name, mapIds: used } = program.info();
  assert.equal(name, 'count');
  assert.deepEqual(used, [map.info().id]);
  const again = openProgram(id);
  assert.equal(again.info().tag, program.info().tag);
  again.close();
  const mapId = map.info().id;
  collection.close();
  collection.close();
  // The kernel lets go of a program's maps a grace period after the program.
  await gone(() => openProgram(id).close());
  await gone(() => openMap(mapId).close());
  assert.throws(() => values.get(0), /closed/);
});

test('contents are written before programs load, and frozen contents are constants', () => {
  const constants = new Uint8Array(new Uint32Array([41, 1]).buffer);
  const spec: CollectionSpec = {
    maps: [
      {
        name: '.rodata',
        type: MapType.array,
        keySize: 4,
        valueSize: 8,
        maxEntries: 1,
        flags: MapFlag.readOnlyProgram,
        contents: constants,
        freeze: true,
      },
    ],
    programs: [
      filter('add', [
        ldMapValue(1, '.rodata', 0),
        load(4, 0, 1, 0),
        load(4, 2, 1, 4),
        // Dead unless the verifier knows the second constant: the helper does not exist.
        jumpIfImm('jeq', 2, 1, 1),
        callHelper(9999),
        exit(),
      ]),
    ],
  };
  const collection = loadCollection(spec);
  try {
    assert.equal(collection.program('add').testRun({ data: packet }).result, 41);
    const map = collection.map('.rodata');
    assert.ok(map instanceof KeyedMap);
    assert.throws(
      () => map.set(0, new Uint8Array(8)),
      (error: unknown) => error instanceof Error && 'fault' in error && error.fault === 'readOnly',
    );
  } finally {
    collection.close();
  }
});

test('a refused program throws its place in the source, and leaves nothing', () => {
  const before = held();
  const source = { file: 'probe.ts', line: 12, column: 5, text: '    k.started.get(k.pid).value' };
  const instructions = [
    storeImm(4, 10, -4, 0),
    mov64(2, 10),
    alu64Imm('add', 2, -4),
    ldMap(1, 'started'),
    callHelper(1),
    load(8, 0, 0, 0),
    exit(),
  ];
  const spec: CollectionSpec = {
    maps: [counters, { name: 'started', type: MapType.hash, keySize: 4, valueSize: 8, maxEntries: 4 }],
    programs: [
      filter('fine', counting(1)),
      filter('broken', instructions, {
        lines: [
          { slot: 0, source: { ...source, line: 11, text: '  first' } },
          { slot: 6, source },
        ],
      }),
    ],
  };
  assert.throws(
    () => loadCollection(spec),
    (error: unknown) => {
      assert.ok(error instanceof VerifierError);
      assert.equal(error.program, 'broken');
      assert.equal(error.code, 'EACCES');
      assert.deepEqual(error.source, source);
      assert.equal(error.slot, 6);
      assert.match(error.complaint ?? '', /invalid mem access 'map_value_or_null'/);
      assert.match(error.message, /at probe\.ts:12:5: a pointer that may be null is used without a test/);
      assert.match(error.render(), /12 \| {5}k\.started[^\n]*\n\s+\| {5}\^/);
      return true;
    },
  );
  assert.deepEqual(held(), before);
});

test('a log that does not fit is asked for again', () => {
  // Each round makes the verifier walk the same code once more: some 300 KiB of log.
  const body: Instruction[] = [mov64Imm(0, 0)];
  for (let i = 0; i < 4000; i++) body.push(alu64Imm('add', 0, 1));
  body.push(load(8, 0, 0, 0), exit());
  assert.throws(
    () => loadCollection({ maps: [], programs: [filter('long', body)] }),
    (error: unknown) => {
      assert.ok(error instanceof VerifierError);
      assert.ok(error.log.length > 4000, `${error.log.length} lines`);
      assert.equal(error.slot, 4001);
      assert.match(error.message, /a plain number is used as a pointer/);
      return true;
    },
  );
});

test('functions, lines and types of a collection reach the kernel', () => {
  const types = new BtfBuilder();
  const int = types.int('int', 4, 'signed');
  const prototype = types.add({ kind: 'prototype', returns: int, parameters: [] });
  const main = types.add({ kind: 'function', name: 'main', prototype, linkage: 0 });
  const helper = types.add({ kind: 'function', name: 'helper', prototype, linkage: 0 });
  const u64 = types.int('u64', 8, 'unsigned');
  const value = types.struct('value', 16, [
    { name: 'a', type: u64, bitOffset: 0 },
    { name: 'b', type: u64, bitOffset: 64 },
  ]);
  const spec: CollectionSpec = {
    btf: types.encode(),
    maps: [
      {
        name: 'typed',
        type: MapType.hash,
        keySize: 4,
        valueSize: 16,
        maxEntries: 8,
        keyType: int,
        valueType: value,
      },
    ],
    programs: [
      filter('main', [callFunction('helper', 1), exit(), mov64Imm(0, 5), exit()], {
        functions: [
          { slot: 0, name: 'main', type: main },
          { slot: 2, name: 'helper', type: helper },
        ],
        // The helper has no line of its own at its start, and slot 99 does not exist.
        lines: [
          { slot: 1, source: { file: 'a.ts', line: 3, column: 2, text: 'return helper()' } },
          { slot: 3, source: { file: 'a.ts', line: 7, column: 2, text: 'return 5' } },
          { slot: 99, source: { file: 'a.ts', line: 9, column: 2, text: '' } },
        ],
      }),
    ],
  };
  const collection = loadCollection(spec, { logLevel: 2 });
  try {
    const program = collection.program('main');
    assert.equal(program.testRun({ data: packet }).result, 5);
    assert.notEqual(program.info().btfId, 0);
    assert.ok(
      program.log.some((line) => line.includes('return 5')),
      program.log.join('\n'),
    );
    assert.notEqual(collection.map('typed').info().btfId, 0);
  } finally {
    collection.close();
  }
});

test('a tracing program finds its target, and a wrong name gets near ones', (t) => {
  if (!hasKernelTypes()) return t.skip('needs kernel BTF: /sys/kernel/btf/vmlinux');
  const program = (name: string): ProgramSpec => ({
    name: 'tracing',
    type: ProgramType.tracing,
    attachType: AttachType.traceRawTp,
    attachTarget: { kind: 'rawTracepoint', name },
    instructions: [mov64Imm(0, 0), exit()],
  });
  loadCollection({ maps: [], programs: [program('sched_process_exec')] }).close();
  const iterator: ProgramSpec = {
    ...program(''),
    attachType: AttachType.traceIter,
    attachTarget: { kind: 'iterator', name: 'task' },
  };
  loadCollection({ maps: [], programs: [iterator] }).close();
  assert.throws(
    () => loadCollection({ maps: [], programs: [program('sched_proces_exec')] }),
    (error: unknown) => {
      assert.ok(error instanceof KernelError);
      assert.equal(error.code, 'noType');
      assert.match(error.message, /sched_process_exec/);
      return true;
    },
  );
  assert.throws(
    () => loadCollection({ maps: [], programs: [filter('kfunc', [callKfunc('no_such_kfunc_x'), exit()])] }),
    /no function no_such_kfunc_x that programs may call/,
  );
});

test('a reference to a map that the spec lacks is named', () => {
  assert.throws(
    () => loadCollection({ maps: [], programs: [filter('x', [ldMap(1, 'nowhere'), exit()])] }),
    /program "x": it refers to map "nowhere"/,
  );
});

test('a helper that does not exist is told from a wrong program', () => {
  assert.throws(
    () => loadCollection({ maps: [], programs: [filter('x', [callHelper(9999), exit()])] }),
    (error: unknown) => error instanceof VerifierError && /has no helper number 9999/.test(error.message),
  );
});

test('maps given from outside are used and stay open', () => {
  const owner = loadCollection({ maps: [counters], programs: [] });
  const user = loadCollection(
    { maps: [counters], programs: [filter('count', counting(2))] },
    { maps: new Map([['counters', owner.map('counters')]]) },
  );
  user.program('count').testRun({ data: packet });
  user.close();
  const map = owner.map('counters');
  assert.ok(map instanceof KeyedMap);
  assert.equal(map.withCodecs(u32Codec, u64Codec).get(0), 2n);
  owner.close();
});

test('statistics count runs while their descriptor is open', (t) => {
  const collection = loadCollection({ maps: [counters], programs: [filter('count', counting(1))] });
  const program = collection.program('count');
  try {
    const before = program.info().runCount;
    let statistics: ReturnType<typeof enableStatistics>;
    try {
      statistics = enableStatistics();
    } catch (error) {
      return t.skip(`needs BPF_ENABLE_STATS: ${String(error)}`);
    }
    program.testRun({ data: packet, repeat: 10 });
    statistics.close();
    // Not every kernel counts test runs: at least nothing may be taken away.
    assert.ok(program.info().runCount >= before);
  } finally {
    collection.close();
  }
});

test('a signal during loading is tried again, and a refusal without a log says what is known', () => {
  let loads = 0;
  const spec: CollectionSpec = { maps: [], programs: [filter('x', [mov64Imm(0, 0), exit()])] };
  const collection = withFakeSys(
    (call, real) => {
      if (call.bpf?.command !== 'programLoad') return real();
      loads++;
      return loads < 3 ? -11 : real();
    },
    () => loadCollection(spec),
  );
  assert.equal(loads, 3);
  collection.close();
  assert.throws(
    () =>
      withFakeSys(
        (call, real) => (call.bpf?.command === 'programLoad' ? -1 : real()),
        () => loadCollection(spec),
      ),
    (error: unknown) => {
      assert.ok(error instanceof KernelError);
      assert.equal(error.errno, 1);
      assert.doesNotMatch(error.message, /MEMLOCK/);
      assert.match(error.message, /load program "x" \(socketFilter\): BPF_PROG_LOAD: EPERM/);
      return true;
    },
  );
});

test('a 64-bit constant survives the way into the kernel', () => {
  const collection = loadCollection({
    maps: [counters],
    programs: [
      filter('wide', [
        ldMapValue(1, 'counters', 0),
        ldImm64(2, 0xfedcba9876543210n),
        store(8, 1, 0, 2),
        mov64Imm(0, 0),
        exit(),
      ]),
    ],
  });
  collection.program('wide').testRun({ data: packet });
  const map = collection.map('counters');
  assert.ok(map instanceof KeyedMap);
  assert.equal(map.withCodecs(u32Codec, u64Codec).get(0), 0xfedcba9876543210n);
  collection.close();
});

test('openPinnedMap tells a path that is not there', () => {
  assert.throws(() => openPinnedMap('/no/such/pin'), /ENOENT/);
});
