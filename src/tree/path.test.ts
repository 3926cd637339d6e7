import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Btf } from '../btf/btf.ts';
import { BtfBuilder } from '../btf/build.ts';
import { TreeError } from './errors.ts';
import { isPath, kernelField } from './path.ts';

/** A small kernel: a task with memory, limits, numbers, names and an anonymous union. */
function smallKernel(): Btf {
  const b = new BtfBuilder();
  const member = (name: string, type: number, bitOffset: number) => ({ name, type, bitOffset });
  const long = b.int('long unsigned int', 8, 'unsigned');
  const int = b.int('int', 4, 'signed');
  const char = b.int('char', 1, 'signed');
  const mm = b.struct('mm_struct', 16, [member('total_vm', long, 0), member('flags', long, 64)]);
  const limit = b.struct('rlimit', 16, [member('rlim_cur', long, 0), member('rlim_max', long, 64)]);
  const signal = b.struct('signal_struct', 64, [member('rlim', b.array(limit, 4), 0)]);
  const inner = b.struct('', 8, [member('inside', int, 0)]);
  b.struct('task_struct', 128, [
    member('mm', b.pointer(mm), 0),
    member('signal', b.pointer(signal), 64),
    member('prio', int, 128),
    member('comm', b.array(char, 16), 192),
    member('title', b.pointer(char), 320),
    member('', inner, 384),
  ]);
  return Btf.parse(b.encode());
}

const btf = smallKernel();

test('names of the table are no paths', () => {
  assert.ok(!isPath('comm') && isPath('mm.total_vm') && isPath('rlim[1]'));
});

for (const [path, read, type, more] of [
  ['mm.total_vm', 'mm?.total_vm', 'long', { signed: false }],
  ['task.prio', 'prio', 'long', { signed: true }],
  ['signal.rlim[3].rlim_cur', 'signal?.rlim[3].rlim_cur', 'long', { signed: false }],
  ['task.comm', 'comm', 'bytes', { length: 16 }],
  ['task.title', 'title', 'bytes', { length: 256 }],
  ['task.mm', 'mm', 'address', { signed: false }],
  ['task.inside', 'inside', 'long', { signed: true }],
] as const) {
  test(`${path} is read as ${read}`, () => {
    const field = kernelField(btf, path);
    assert.equal(field.long, path);
    assert.equal(field.type, type);
    assert.deepEqual(field.source, { kind: 'kernel', path: read });
    for (const [name, value] of Object.entries(more)) assert.equal(field[name as 'length'], value);
  });
}

for (const [path, problem, near] of [
  ['mm.totl_vm', /struct mm_struct has no field 'totl_vm'/, 'total_vm'],
  ['nm.total_vm', /struct task_struct has no field 'nm'/, 'mm'],
  ['signal.rlim[4].rlim_cur', /the array has 4 elements/, undefined],
  ['signal.rlim', /an array of 4 elements of struct rlimit, which is no single value/, undefined],
  ['signal.rlim[0]', /go on with one of its fields: rlim_cur, rlim_max/, undefined],
  ['task.prio.x', /'x' stands behind int, which has no fields/, undefined],
  ['task.mm[0]', /it stands behind what is no array/, undefined],
  ['mm..x', /is no path/, undefined],
  ['mm.x;}', /is no path/, undefined],
  ['mm.total_vm) || (1', /is no path/, undefined],
  [`task${'.mm'.repeat(30)}`, /is no path/, undefined],
  ['a.\x1b[2J', /is no path/, undefined],
] as const) {
  test(`${JSON.stringify(path)} is refused`, () => {
    assert.throws(
      () => kernelField(btf, path),
      (error) => {
        assert.ok(error instanceof TreeError);
        assert.equal(error.code, 'path');
        assert.match(error.message, problem);
        assert.ok(!error.message.includes('\x1b'));
        if (near !== undefined) assert.ok(error.nearest.includes(near));
        return true;
      },
    );
  });
}

test('whatever is typed, only names of the kernel get into the program', () => {
  const piece = fc.constantFrom(
    'mm',
    'signal',
    'rlim',
    '.',
    '[',
    ']',
    '0',
    '?.',
    ';',
    '}',
    'total_vm',
    ' ',
    'k',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), (list) => {
      try {
        const { source } = kernelField(btf, list.join(''));
        assert.ok(source.kind === 'kernel' && /^[a-z_]+(\??\.[a-z_]+|\[\d+\])*$/.test(source.path));
      } catch (error) {
        if (!(error instanceof TreeError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});
