import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Btf } from '../../btf/btf.ts';
import { BtfBuilder } from '../../btf/build.ts';
import type { TypeId } from '../../btf/types.ts';
import { PackageError } from '../errors.ts';
import { StackNames, stackMembers, stackPrinter } from './stacks.ts';

const place = { what: 'p', path: 'stack_trace' };

test('members have the names of their roles unless the map names others', () => {
  assert.deepEqual(stackMembers({}, place), {
    members: {
      pid: 'pid',
      cpu_id: 'cpu_id',
      comm: 'comm',
      kstack_sz: 'kstack_sz',
      ustack_sz: 'ustack_sz',
      kstack: 'kstack',
      ustack: 'ustack',
    },
    symbols: true,
  });
  const given = stackMembers({ field_map: { pid: 'tgid' }, with_symbols: false }, place);
  assert.equal(given.members.pid, 'tgid');
  assert.equal(given.members.comm, 'comm');
  assert.equal(given.symbols, false);
});

test('what is no description of stacks is refused with its place', () => {
  for (const [value, message] of [
    [7, /^p: stack_trace: an object is wanted/],
    [{ field_map: [] }, /^p: stack_trace\.field_map: an object/],
    [{ field_map: { pid: 1 } }, /^p: stack_trace\.field_map\.pid: a text is wanted/],
    [{ with_symbols: 'yes' }, /^p: stack_trace\.with_symbols: true or false/],
  ] as const) {
    assert.throws(
      () => stackMembers(value, place),
      (error: unknown) => error instanceof PackageError && message.test(error.message),
    );
  }
});

/** A record as C declares it, with room for three addresses in each stack, and the one below in it. */
function recordType(omit = ''): { types: Btf; id: TypeId } {
  const build = new BtfBuilder();
  const [u32, s32, u64] = [
    build.int('u32', 4, 'unsigned'),
    build.int('s32', 4, 'signed'),
    build.int('u64', 8, 'unsigned'),
  ];
  const stack = build.array(u64, 3);
  const members = [
    { name: 'pid', type: u32, bitOffset: 0 },
    { name: 'cpu_id', type: u32, bitOffset: 32 },
    { name: 'comm', type: build.array(build.int('char', 1, 'char'), 8), bitOffset: 64 },
    { name: 'kstack_sz', type: s32, bitOffset: 128 },
    { name: 'ustack_sz', type: s32, bitOffset: 160 },
    { name: 'kstack', type: stack, bitOffset: 192 },
    { name: 'ustack', type: stack, bitOffset: 384 },
  ].filter(({ name }) => name !== omit);
  const id = build.struct('sample', 72, members);
  return { types: Btf.parse(build.encode({ littleEndian: true })), id };
}

function sample(kernelSize: number, userSize: number): DataView {
  const view = new DataView(new ArrayBuffer(72));
  view.setUint32(0, 4_000_000, true);
  view.setUint32(4, 3, true);
  new Uint8Array(view.buffer).set(Buffer.from('a\x1bb'), 8);
  view.setInt32(16, kernelSize, true);
  view.setInt32(20, userSize, true);
  for (let i = 0; i < 3; i++) {
    view.setBigUint64(24 + 8 * i, 0xffff_ffff_8100_0000n + BigInt(i), true);
    view.setBigUint64(48 + 8 * i, 0x1000n + BigInt(i), true);
  }
  return view;
}

const described = stackMembers({ with_symbols: false }, place);
const printer = (json: boolean): ((kernelSize: number, userSize: number) => string[]) => {
  const { types, id } = recordType();
  const print = stackPrinter(types, id, described, new StackNames(), { json, what: 'p', map: 'm' });
  return (kernelSize, userSize) => print(sample(kernelSize, userSize), 0);
};

test('a sample is a heading and two stacks, as deep as their sizes say', () => {
  const print = printer(false);
  assert.deepEqual(print(16, -14), [
    'COMM: a\\x1bb (pid=4000000) @ CPU 3',
    'Kernel:',
    '  0 [<ffffffff81000000>]',
    '  1 [<ffffffff81000001>]',
    'No Userspace Stack',
    '',
  ]);
  assert.deepEqual(print(0, 8).slice(1), ['No Kernel Stack', 'Userspace:', '  0 [<0000000000001000>]', '']);
  assert.equal(print(1 << 30, 1 << 30).length, 10, 'no deeper than the arrays are');
  assert.deepEqual(print(-14, 0), []);
});

test('as JSON a sample has its members, and frames instead of addresses', () => {
  const [line, ...others] = printer(true)(8, 8);
  assert.deepEqual(others, []);
  assert.match(
    line!,
    /^\{"pid":4000000,"cpu_id":3,"comm":"a.{4,6}b","kstack_sz":8,"ustack_sz":8,"kstack":\[\{"address":18446744071578845184\}\],"ustack":\[\{"address":4096\}\]\}$/,
  );
});

test('a type without one of the members is refused before anything runs', () => {
  const { types, id } = recordType('ustack');
  assert.throws(
    () => stackPrinter(types, id, described, new StackNames(), { json: false, what: 'p', map: 'm' }),
    /^PackageError: p: map "m": intepreter: its records have no member "ustack"$/,
  );
});
