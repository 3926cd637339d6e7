import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { after, test } from 'node:test';
import * as asm from '../../asm/build.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { loadCollection } from '../collection.ts';
import { attachRawTracepoint } from '../link/raw-tracepoint.ts';
import type { KeyedMap } from '../map/keyed.ts';
import { bpffs } from '../mounts.ts';
import { enableStatistics } from '../program/program.ts';
import { MapType, ProgramType } from '../spec.ts';
import { machineCode, translatedCode } from './code.ts';
import { mapEntries } from './entries.ts';
import { findObjects } from './find.ts';
import { Holders } from './holders.ts';
import { listLinks, listMaps, listPrograms, listTypes } from './list.ts';
import { readPins } from './pins.ts';

const types = new BtfBuilder();
const u32 = types.int('unsigned int', 4, 'unsigned');
const u64 = types.int('unsigned long', 8, 'unsigned');
const key = types.struct('where', 8, [
  { name: 'cpu', type: u32, bitOffset: 0 },
  { name: 'kind', type: u32, bitOffset: 32 },
]);
const main = types.function('a_name_that_is_longer_than_the_kernel_keeps', u32, [
  { name: 'ctx', type: types.pointer(u64) },
]);

const file = 'counted.ts';
const collection = loadCollection({
  btf: types.encode(),
  maps: [
    {
      name: 'objects_hash',
      type: MapType.hash,
      keySize: 8,
      valueSize: 8,
      maxEntries: 16,
      keyType: key,
      valueType: u64,
    },
    {
      name: 'objects_cell',
      type: MapType.array,
      keySize: 4,
      valueSize: 8,
      maxEntries: 1,
      valueType: u64,
      keyType: u32,
    },
  ],
  programs: [
    {
      name: 'a_name_that_is_longer_than_the_kernel_keeps',
      type: ProgramType.rawTracepoint,
      instructions: [
        asm.storeImm(8, 10, -8, 0),
        asm.ldMap(1, 'objects_hash'),
        asm.mov64(2, 10),
        asm.alu64Imm('add', 2, -8),
        asm.callHelper(1),
        asm.ldMapValue(7, 'objects_cell', 0),
        asm.mov64Imm(1, 1),
        asm.atomic('add', 8, 7, 0, 1),
        asm.mov64Imm(0, 0),
        asm.exit(),
      ],
      functions: [{ slot: 0, name: 'a_name_that_is_longer_than_the_kernel_keeps', type: main }],
      lines: [
        { slot: 0, source: { file, line: 7, column: 3, text: 'const here = seen.get(where);' } },
        { slot: 6, source: { file, line: 8, column: 3, text: 'runs += 1;' } },
      ],
    },
  ],
});
const program = collection.program('a_name_that_is_longer_than_the_kernel_keeps');
const hash = collection.map('objects_hash') as KeyedMap<unknown, unknown>;
const link = attachRawTracepoint(program, 'sys_enter');
const folder = `${bpffs()}/bpfkit-objects-${process.pid}`;
mkdirSync(folder);
after(() => {
  rmSync(folder, { recursive: true, force: true });
  link.close();
  collection.close();
});

test('a program is listed with its whole name, its size, its maps and who holds it', () => {
  const id = program.info().id;
  program.pin(`${folder}/program`);
  using _statistics = enableStatistics();
  process.ppid;
  const listed = [...listPrograms()].find((one) => one.id === id);
  assert.ok(listed);
  assert.equal(listed.fullName, 'a_name_that_is_longer_than_the_kernel_keeps');
  assert.equal(listed.name, 'a_name_that_is_');
  assert.equal(listed.type, ProgramType.rawTracepoint);
  assert.ok(listed.gpl);
  assert.ok(listed.translatedSize >= 12 * 8);
  assert.ok((listed.memory ?? 0) > 0);
  assert.ok(listed.runCount > 0n && listed.runNanoseconds > 0n, `${listed.runCount} runs`);
  const age = Date.now() - listed.loadedTime.getTime();
  assert.ok(age > -2000 && age < 120_000, `loaded ${age} ms ago`);
  assert.deepEqual(
    [...listed.mapIds].sort(),
    [...collection.maps.values()].map((map) => map.info().id).sort(),
  );
  assert.ok(listed.holders.some(({ pid }) => pid === process.pid));
  assert.deepEqual(listed.pinned, [`${folder}/program`]);
});

test('a map is listed with its types, memory and pins', () => {
  const { id, btfId } = hash.info();
  hash.pin(`${folder}/map`);
  const listed = [...listMaps()].find((one) => one.id === id);
  assert.ok(listed);
  assert.equal(listed.keyType, key);
  assert.equal(listed.valueType, u64);
  assert.ok((listed.memory ?? 0) > 0);
  assert.deepEqual(listed.pinned, [`${folder}/map`]);
  assert.ok(listed.holders.some(({ pid }) => pid === process.pid));
  const btf = [...listTypes()].find((one) => one.id === btfId);
  assert.ok(btf);
  assert.ok(btf.mapIds.includes(id));
  assert.deepEqual(btf.programIds, [program.info().id]);
  assert.equal(btf.kernel, false);
});

test('a link is listed with its place', () => {
  const { id } = link.describe();
  link.pin(`${folder}/link`);
  const listed = [...listLinks()].find((one) => one.link.id === id);
  assert.equal(listed?.place, 'sys_enter');
  assert.equal(listed.link.type, 'rawTracepoint');
  assert.deepEqual(listed.pinned, [`${folder}/link`]);
});

test('objects are found by id, name, tag, whole name and path', () => {
  const { id, tag } = program.info();
  for (const name of [
    String(id),
    'a_name_that_is_',
    'a_name_that_is_longer_than_the_kernel_keeps',
    `${folder}/program`,
  ]) {
    assert.ok(findObjects('program', name).includes(id), name);
  }
  assert.ok(findObjects('program', tag).includes(id));
  assert.deepEqual(findObjects('map', `${folder}/map`), [hash.info().id]);
  assert.ok(findObjects('btf', 'vmlinux').length === 1);
  assert.throws(() => findObjects('map', 'objects_hasj'), /did you mean .*objects_hash/);
  assert.throws(() => findObjects('map', `${folder}/program`), /a program is pinned at .*, not a map/);
  assert.throws(() => findObjects('map', `${folder}/nothing`), /nothing is pinned/);
});

test('code has names of helpers and maps, the function and its source lines', () => {
  const code = translatedCode(program.fd.number);
  const text = code.map((line) => line.text).join('\n');
  assert.match(text, /r1 = map\[objects_hash, id:\d+\]/);
  assert.match(text, /map\[objects_cell, id:\d+\]\+0/);
  // The look-up is inlined, or a call by name where it is not and addresses may be seen.
  assert.match(text, /call (?:htab_map_lookup_elem|__htab_map_lookup_elem|bpf_map_lookup_elem|unknown)#/);
  assert.equal(code[0]?.function, 'a_name_that_is_longer_than_the_kernel_keeps');
  const lines = code.flatMap(({ source }) => (source === undefined ? [] : [source]));
  assert.deepEqual(
    lines.map(({ line, column, text }) => [line, column, text]),
    [
      [7, 3, 'const here = seen.get(where);'],
      [8, 3, 'runs += 1;'],
    ],
  );
  assert.equal(lines[0]?.file, file);
});

test('the slots of the code are those that bpftool prints', (t) => {
  const { status, stdout } = spawnSync(
    'bpftool',
    ['prog', 'dump', 'xlated', 'id', String(program.info().id)],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0) return t.skip('needs bpftool');
  const theirs = stdout.split('\n').flatMap((line) => /^\s*(\d+): /.exec(line)?.[1] ?? []);
  assert.deepEqual(
    translatedCode(program.fd.number).map(({ slot }) => String(slot)),
    theirs,
  );
});

test('machine code is given by function, or not at all', () => {
  const functions = machineCode(program.fd.number);
  const { machineSize } = program.info();
  if (machineSize === 0) return assert.deepEqual(functions, []);
  assert.equal(
    functions.reduce((sum, { bytes }) => sum + bytes.length, 0),
    machineSize,
  );
});

test('entries have the types that the map was made with', () => {
  hash.set({ cpu: 3, kind: 9 }, 2n ** 63n);
  hash.set({ cpu: 4, kind: 0 }, 5n);
  const entries = [...mapEntries(hash.info().id)] as { key: { cpu: number }; value: bigint }[];
  entries.sort((a, b) => a.key.cpu - b.key.cpu);
  assert.deepEqual(entries, [
    { key: { cpu: 3, kind: 9 }, value: 2n ** 63n },
    { key: { cpu: 4, kind: 0 }, value: 5n },
  ]);
});

test('holders are read from the descriptors of all processes', () => {
  const holders = Holders.read();
  for (const [kind, id] of [
    ['program', program.info().id],
    ['map', hash.info().id],
    ['link', link.describe().id],
  ] as const) {
    const found = holders.of(kind, id).filter(({ pid }) => pid === process.pid);
    assert.equal(found.length, 1, kind);
    assert.ok(found[0]!.comm.length > 0);
  }
  assert.deepEqual(holders.of('map', 0), []);
  assert.ok(readPins().size >= 3);
});
