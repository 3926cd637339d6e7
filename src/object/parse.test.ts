import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installedClangs, objectBytes, objectOf } from '../../test/support/objects.ts';
import { MapType, ProgramType } from '../kernel/spec.ts';
import { ObjectError, type ObjectErrorCode } from './errors.ts';
import { openObject } from './object.ts';
import { objectNameOf, parseObject } from './parse.ts';
import type { ObjectMap, ObjectSpec } from './spec.ts';

const first = (): ObjectSpec => parseObject(objectBytes('first'), { file: 'first.bpf.o' });

function mapOf(spec: ObjectSpec, name: string): ObjectMap {
  return spec.maps.find((map) => map.name === name) ?? assert.fail(`no map ${name}`);
}

/** What instructions refer to, without where. */
function references(spec: ObjectSpec, key: string): string[] {
  return (spec.functions.get(key)?.instructions ?? []).flatMap(({ reference }) =>
    reference === undefined
      ? []
      : [reference.kind === 'map' || reference.kind === 'mapValue' ? reference.map : reference.name],
  );
}

test('programs, functions and what they refer to', () => {
  const spec = first();
  assert.deepEqual(
    spec.programs.map(({ name, section, autoload, target }) => [name, section, autoload, target]),
    [
      ['handle_enter', 'raw_tp/sys_enter', true, 'sys_enter'],
      ['call_back', 'socket', false, ''],
      ['handle_exec', 'tp/sched/sched_process_exec', false, 'sched/sched_process_exec'],
    ],
  );
  assert.deepEqual([...spec.functions.values()].map(({ key, linkage }) => [key, linkage]).sort(), [
    ['add', 'static'],
    ['call_back', 'global'],
    ['handle_enter', 'global'],
    ['handle_exec', 'global'],
    ['note', 'static'],
    ['scaled', 'global'],
  ]);
  const used = references(spec, 'handle_enter');
  for (const name of ['events', 'note', 'scaled', 'first.rodata', 'first.kconfig', 'first.bss']) {
    assert.ok(used.includes(name), name);
  }
  assert.ok(references(spec, 'call_back').includes('add'));
  assert.deepEqual(references(spec, 'note').sort(), ['first.bss', 'seen']);
  assert.equal(spec.license, 'GPL');
});

test('lines of the source belong to instructions', () => {
  const lines = first().functions.get('handle_enter')?.lines ?? [];
  assert.ok(lines.length > 10);
  assert.ok(lines.every(({ source }) => source.file.endsWith('first.bpf.c') && source.line > 60));
  assert.ok(lines.some(({ source }) => source.text.includes('bpf_ringbuf_reserve')));
  assert.equal(lines[0]?.slot, 0);
});

test('map definitions say types, sizes and flags', () => {
  const spec = parseObject(objectBytes('maps'), { file: 'maps.bpf.o' });
  const { types } = spec;
  const pinned = mapOf(spec, 'pinned');
  assert.equal(pinned.pinning, true);
  assert.equal(pinned.valueSize, 20);
  assert.equal(types?.name(pinned.valueType!), 'event');
  const outer = mapOf(spec, 'outer');
  assert.equal(outer.type, MapType.arrayOfMaps);
  assert.equal(outer.valueSize, 4);
  assert.equal(outer.inner?.maxEntries, 4);
  assert.deepEqual(outer.slots, ['first_inner', undefined, undefined, 'second_inner']);
  assert.deepEqual(mapOf(spec, 'tails').slots, [undefined, 'tail_one', 'tail_two']);
  assert.equal(mapOf(spec, 'by_name').inner?.maxEntries, 16);
  assert.equal(mapOf(spec, 'bloom').extra, 3n);
  assert.equal(mapOf(spec, 'bloom').keySize, 0);
  assert.equal(mapOf(spec, 'per_cpu').flags, 1);
  assert.equal(mapOf(spec, 'stacks').valueSize, 160);
  // What goes through a perf buffer has a type, though the map's values are descriptors (T11).
  assert.equal(types?.name(mapOf(spec, 'perf').valueType!), 'event');
});

test('maps from before BTF are read, unless libbpf is to be followed', () => {
  const spec = parseObject(objectBytes('legacy'));
  const { type, keySize, valueSize, maxEntries, flags } = mapOf(spec, 'counts');
  assert.deepEqual([type, keySize, valueSize, maxEntries, flags], [1, 4, 8, 10, 1]);
  assert.equal(mapOf(spec, 'other').type, MapType.array);
  assert.deepEqual(references(spec, 'legacy'), ['counts', 'other']);
  assert.throws(() => parseObject(objectBytes('legacy'), { strict: true }), /section "maps".*obsolete/);
});

test('global variables lie where the symbols say, by section', () => {
  const spec = first();
  const data = mapOf(spec, 'first.data').data;
  assert.deepEqual(
    data?.variables.map(({ name, offset, size }) => [name, offset, size]),
    [
      ['level', 0, 4],
      ['greeting', 4, 8],
    ],
  );
  assert.equal(Buffer.from(data?.contents.subarray(4, 9) ?? []).toString(), 'hello');
  const bss = mapOf(spec, 'first.bss').data;
  assert.deepEqual(bss?.variables.map(({ name, static: hidden }) => [name, hidden]).sort(), [
    ['hidden_runs', true],
    ['runs', false],
  ]);
  assert.ok(mapOf(spec, '.data.sums').data, 'a section with a name of its own goes by it alone');
  assert.equal(mapOf(spec, 'first.rodata').flags & 128, 128, 'programs may not write constants');
});

test('.kconfig is laid out by alignment, size and name', () => {
  const { externs } = first();
  assert.deepEqual(
    externs.map(({ name, offset, size, weak }) => [name, offset, size, weak]),
    [
      ['CONFIG_NOT_THERE', 0, 4, true],
      ['LINUX_KERNEL_VERSION', 4, 4, false],
      ['CONFIG_BPF', 8, 1, false],
    ],
  );
});

test('structures of functions name their programs by member', () => {
  const spec = parseObject(objectBytes('congestion'), { file: 'congestion.bpf.o' });
  const { structOps } = mapOf(spec, 'quiet');
  assert.equal(structOps?.typeName, 'tcp_congestion_ops');
  assert.equal(structOps.link, false);
  assert.deepEqual([...structOps.functions].sort(), [
    ['cong_avoid', 'quiet_avoid'],
    ['ssthresh', 'quiet_ssthresh'],
    ['undo_cwnd', 'quiet_undo'],
  ]);
  assert.ok(Buffer.from(structOps.contents).includes('bpfkit_quiet'));
});

test('an object for big-endian machines reads the same on this one', () => {
  const little = first();
  const big = parseObject(objectOf('first', { bigEndian: true }), { file: 'first.bpf.o' });
  assert.equal(big.littleEndian, false);
  const shape = (spec: ObjectSpec): unknown => ({
    functions: [...spec.functions.values()].map(({ key, instructions, relocations, lines }) => ({
      key,
      instructions,
      relocations: relocations.map(({ slot, kind, access }) => ({ slot, kind, access })),
      lines: lines.length,
    })),
    maps: spec.maps.map(({ name, type, keySize, valueSize, maxEntries, flags, data }) => ({
      ...{ name, type, keySize, valueSize, maxEntries, flags },
      variables: data?.variables.map((one) => ({ ...one, type: 0, variable: 0 })),
    })),
    externs: spec.externs.map(({ name, kind, offset }) => ({ name, kind, offset })),
  });
  assert.deepEqual(shape(big), shape(little));
});

test('an object for the other byte order is read, and refused when it is loaded', () => {
  const open = openObject(objectOf('first', { bigEndian: true }), { file: 'first.bpf.o' });
  assert.throws(
    () => open.load(),
    (error: unknown) => {
      assert.ok(error instanceof ObjectError);
      assert.equal(error.code, 'byteOrder');
      assert.match(error.message, /compile with clang -target bpfel/);
      return true;
    },
  );
});

test('every clang that is installed makes objects that are read alike', () => {
  const names = ['first', 'maps', 'core', 'externs', 'congestion', 'attach'];
  for (const clang of installedClangs()) {
    for (const name of names) {
      const spec = parseObject(objectOf(name, { clang }), { file: `${name}.bpf.o` });
      assert.ok(spec.programs.length > 0, `${name} by ${clang}`);
      assert.ok(spec.programs.every(({ rule }) => rule !== undefined));
      assert.ok(
        [...spec.functions.values()].every(({ type }) => type !== undefined),
        `${name} by ${clang}`,
      );
    }
  }
});

test('names behind exact SEC names and unknown ones', () => {
  const lenient = parseObject(objectBytes('unknown-section'));
  const named = (spec: ObjectSpec, name: string): unknown =>
    spec.programs.find((one) => one.name === name)?.rule?.type;
  assert.equal(named(lenient, 'lenient'), ProgramType.socketFilter);
  assert.equal(named(lenient, 'lost'), undefined);
  assert.equal(named(parseObject(objectBytes('unknown-section'), { strict: true }), 'lenient'), undefined);
});

test('the name of an object is that of its file', () => {
  assert.equal(objectNameOf('/tmp/open-snoop.bpf.o'), 'open_snoop');
  assert.equal(objectNameOf('x.o'), 'x');
  assert.equal(objectNameOf('.o'), 'object');
});

function refused(bytes: Uint8Array, code: ObjectErrorCode, message: RegExp): void {
  assert.throws(
    () => parseObject(bytes, { file: 'bad.o' }),
    (error: unknown) => {
      assert.ok(error instanceof ObjectError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      assert.match(error.message, /^bad\.o/);
      return true;
    },
  );
}

/** A copy of an object with some bytes changed. */
function changed(name: string, change: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const bytes = objectBytes(name).slice();
  change(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), bytes);
  return bytes;
}

/** Header of a section in an ELF file of 64 bits, little-endian: what a linker sees. */
function sectionHeader(view: DataView, wanted: string): number {
  const table = Number(view.getBigUint64(40, true));
  const namesAt = table + view.getUint16(62, true) * 64;
  const names = Number(view.getBigUint64(namesAt + 24, true));
  for (let i = 0; i < view.getUint16(60, true); i++) {
    const at = table + i * 64;
    let name = '';
    for (let c = names + view.getUint32(at, true); view.getUint8(c) !== 0; c++)
      name += String.fromCharCode(view.getUint8(c));
    if (name === wanted) return at;
  }
  return assert.fail(`no section ${wanted}`);
}

test('what is no BPF object is refused with what it is', () => {
  refused(new Uint8Array(0), 'format', /7f 45 4c 46/);
  refused(new TextEncoder().encode('#!/bin/sh\necho this is no object\n'), 'format', /7f 45 4c 46/);
  refused(
    changed('first', (view) => view.setUint16(18, 62, true)),
    'format',
    /another machine \(number 62/,
  );
  refused(
    changed('first', (view) => view.setUint16(16, 2, true)),
    'format',
    /no object file/,
  );
  for (const length of [10, 63, 64, 200, 1000]) {
    assert.throws(() => parseObject(objectBytes('first').subarray(0, length)), ObjectError);
  }
});

test('sections and symbols that lie outside are refused', () => {
  const size = (section: string, value: bigint) =>
    changed('first', (view) => view.setBigUint64(sectionHeader(view, section) + 32, value, true));
  refused(size('.BTF', 1n << 40n), 'bounds', /ends outside/);
  refused(size('raw_tp/sys_enter', 4n), 'bounds', /lies past its end|handle_enter/);
  refused(size('.symtab', 1n << 50n), 'bounds', /ends outside/);
  refused(size('.bss', 1n << 40n), 'limit', /bytes of variables/);
});

test('relocations of places and symbols that do not exist are refused', () => {
  const relocation = (field: number, value: number) =>
    changed('first', (view) => {
      const header = sectionHeader(view, '.relraw_tp/sys_enter');
      view.setUint32(Number(view.getBigUint64(header + 24, true)) + field, value, true);
    });
  refused(
    relocation(0, 0xffff0),
    'bounds',
    /section "raw_tp\/sys_enter", byte \d+: a relocation lies past its end/,
  );
  refused(relocation(0, 4), 'relocation', /between two instructions/);
  refused(relocation(12, 0xffffff), 'bounds', /names symbol 16777215/);
});

test('a broken .BTF.ext says where', () => {
  const word = (at: number, value: number) =>
    changed('first', (view) => {
      const header = sectionHeader(view, '.BTF.ext');
      view.setUint32(Number(view.getBigUint64(header + 24, true)) + at, value, true);
    });
  refused(word(0, 0), 'format', /section "\.BTF\.ext", byte 0: it begins with 0x0/);
  refused(word(4, 7), 'format', /a header of 7 bytes/);
  refused(word(8, 1 << 20), 'bounds', /\.BTF\.ext/);
  refused(word(32, 4), 'format', /records of 4 bytes/);
  refused(word(40, 0), 'format', /no records/);
  refused(word(40, 0xffffff), 'format', /records for section/);
});

test('types in .BTF.ext that do not exist are refused', () => {
  const bytes = changed('first', (view) => {
    const header = sectionHeader(view, '.BTF.ext');
    const start = Number(view.getBigUint64(header + 24, true));
    // Header of 32 bytes, record size, section name and count: the first function's type id.
    view.setUint32(start + 32 + 4 + 8 + 4, 0xffff, true);
  });
  refused(bytes, 'format', /type 65535 does not exist/);
});

test('an older .BTF.ext, whose header ends before CO-RE, has lines and no relocations (T9)', () => {
  const bytes = changed('first', (view) => {
    const header = sectionHeader(view, '.BTF.ext');
    const start = Number(view.getBigUint64(header + 24, true));
    view.setUint32(start + 4, 24, true);
    // Tables are counted from the end of the header, which is eight bytes nearer now.
    for (const at of [8, 16]) view.setUint32(start + at, view.getUint32(start + at, true) + 8, true);
  });
  const found = parseObject(bytes).functions.get('handle_enter');
  assert.ok((found?.lines.length ?? 0) > 10);
  assert.deepEqual(found?.relocations, []);
});
