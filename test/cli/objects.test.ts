/** Live objects of the kernel, through the built command line, beside what bpftool says. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, test } from 'node:test';
import * as asm from '../../src/asm/build.ts';
import { BtfBuilder } from '../../src/btf/build.ts';
import { loadCollection } from '../../src/kernel/collection.ts';
import { attachRawTracepoint } from '../../src/kernel/link/raw-tracepoint.ts';
import type { KeyedMap } from '../../src/kernel/map/keyed.ts';
import { MapType, ProgramType } from '../../src/kernel/spec.ts';
import { bpfkit } from '../support/command.ts';

const root = process.geteuid?.() === 0;
const forRoot = root ? {} : { skip: 'needs root' };

function load() {
  const types = new BtfBuilder();
  const u32 = types.int('unsigned int', 4, 'unsigned');
  const u64 = types.int('unsigned long', 8, 'unsigned');
  const collection = loadCollection({
    btf: types.encode(),
    maps: [
      {
        name: 'cli_counts',
        type: MapType.hash,
        keySize: 4,
        valueSize: 8,
        maxEntries: 8,
        keyType: u32,
        valueType: u64,
      },
    ],
    programs: [
      {
        name: 'cli_program',
        type: ProgramType.rawTracepoint,
        instructions: [asm.ldMap(1, 'cli_counts'), asm.mov64Imm(0, 0), asm.exit()],
      },
    ],
  });
  const link = attachRawTracepoint(collection.program('cli_program'), 'sys_enter');
  after(() => {
    link.close();
    collection.close();
  });
  return { program: collection.program('cli_program'), map: collection.map('cli_counts'), link };
}

const loaded = root ? load() : undefined;

async function lines(...words: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await bpfkit(words);
  assert.equal(code, 0, stderr.toString());
  return stdout.toString().trimEnd().split('\n');
}

async function json(...words: string[]): Promise<Record<string, unknown>[]> {
  return (await lines(...words, '--json')).map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('every kind is listed, as a table and as JSON lines', forRoot, async () => {
  const { program, map, link } = loaded!;
  const row = (list: Record<string, unknown>[], id: number): Record<string, unknown> | undefined =>
    list.find((one) => one.id === id);
  const programs = await json('list', 'programs');
  const found = row(programs, program.info().id);
  assert.equal(found?.type, 'raw_tracepoint');
  assert.equal(found.name, 'cli_program');
  assert.deepEqual(found.map_ids, [map.info().id]);
  assert.ok((found.pids as { pid: number }[]).some(({ pid }) => pid === process.pid));
  const text = (await lines('list', 'programs')).find((line) => line.includes('cli_program'));
  assert.match(
    text ?? '',
    new RegExp(`^ *${program.info().id}  raw_tracepoint  +cli_program  +${program.info().tag}`),
  );

  assert.equal(row(await json('list', 'maps'), map.info().id)?.type, 'hash');
  const listed = row(await json('list', 'links'), link.describe().id);
  assert.deepEqual(
    [listed?.type, listed?.prog_id, listed?.place, listed?.tp_name],
    ['raw_tracepoint', program.info().id, 'sys_enter', 'sys_enter'],
  );
  const types = await json('list', 'btf');
  assert.ok(types.some(({ name, kernel }) => name === 'vmlinux' && kernel === true));
  assert.deepEqual(row(types, map.info().btfId)?.map_ids, [map.info().id]);
});

test('what bpftool knows of a program, bpfkit says too', forRoot, async (t) => {
  const id = String(loaded!.program.info().id);
  const theirs = spawnSync('bpftool', ['-j', 'prog', 'show', 'id', id], { encoding: 'utf8' });
  if (theirs.status !== 0) return t.skip('needs bpftool');
  const expected = JSON.parse(theirs.stdout) as Record<string, unknown>;
  const [shown] = await json('show', 'program', id);
  for (const name of [
    'id',
    'type',
    'name',
    'tag',
    'gpl_compatible',
    'uid',
    'bytes_xlated',
    'bytes_jited',
    'bytes_memlock',
    'map_ids',
  ]) {
    assert.deepEqual(shown?.[name], expected[name], name);
  }
  const seconds = Date.parse(String(shown?.loaded_at)) / 1000;
  assert.ok(Math.abs(seconds - Number(expected.loaded_at)) <= 2);
});

test('what bpftool knows of a map and a link, bpfkit says too', forRoot, async (t) => {
  const { map, link } = loaded!;
  const ask = (kind: string, id: number): Record<string, unknown> | undefined => {
    const { status, stdout } = spawnSync('bpftool', ['-j', kind, 'show', 'id', String(id)], {
      encoding: 'utf8',
    });
    return status === 0 ? (JSON.parse(stdout) as Record<string, unknown>) : undefined;
  };
  const theirMap = ask('map', map.info().id);
  if (theirMap === undefined) return t.skip('needs bpftool');
  const [shownMap] = await json('show', 'map', String(map.info().id));
  for (const name of [
    'id',
    'type',
    'name',
    'flags',
    'bytes_key',
    'bytes_value',
    'max_entries',
    'bytes_memlock',
    'btf_id',
  ]) {
    assert.deepEqual(shownMap?.[name], theirMap[name], name);
  }
  assert.equal(shownMap?.frozen, theirMap.frozen === 1);
  const theirLink = ask('link', link.describe().id);
  const [shownLink] = await json('show', 'link', String(link.describe().id));
  for (const name of ['id', 'type', 'prog_id', 'tp_name'])
    assert.deepEqual(shownLink?.[name], theirLink?.[name], name);
});

test('objects are shown by name, with what is in them', forRoot, async () => {
  const map = loaded!.map as KeyedMap<number, bigint>;
  map.set(7, 2n ** 63n);
  assert.deepEqual(await lines('show', 'map', 'cli_counts', '--entries'), ['7: 9223372036854775808']);
  assert.deepEqual(await lines('show', 'map', String(map.info().id), '--entries', '--json'), [
    `{"map_id":${map.info().id},"key":7,"value":9223372036854775808}`,
  ]);
  const code = await lines('show', 'program', 'cli_program', '--code');
  assert.match(code.join('\n'), /r1 = map\[cli_counts, id:\d+\]\n.*r0 = 0\n.*exit$/);
  const members = await lines('show', 'link', String(loaded!.link.describe().id));
  assert.ok(members.some((line) => /^place +sys_enter$/.test(line)));
  const types = await lines('show', 'btf', String(map.info().btfId), '--types');
  assert.match(types[0] ?? '', /^\[1\] int unsigned int size=4/);
});

test('what does not exist, or does not fit, is said in a sentence', forRoot, async () => {
  for (const [words, code, message] of [
    [['list', 'progams'], 2, /did you mean programs\?/],
    [['show', 'progam', '1'], 2, /no kind of object/],
    [['show', 'map', 'cli_count'], 1, /there is no map called "cli_count"; did you mean .*cli_counts/],
    [['show', 'map', '4294967295'], 1, /no object with this id/],
    [['show', 'link', '1', '--code'], 2, /--code is for a program/],
    [['show', 'map', '/tmp/nothing'], 1, /nothing is pinned at \/tmp\/nothing/],
  ] as const) {
    const { code: exit, stderr } = await bpfkit(words);
    assert.equal(exit, code, words.join(' '));
    assert.match(stderr.toString(), message);
  }
});
