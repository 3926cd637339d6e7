import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseTracepointFormat, TracepointFormatError } from './format.ts';

const exec = `name: sched_process_exec
ID: 314
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:__data_loc char[] filename;\toffset:8;\tsize:4;\tsigned:0;
\tfield:pid_t pid;\toffset:12;\tsize:4;\tsigned:1;
\tfield:pid_t old_pid;\toffset:16;\tsize:4;\tsigned:1;

print fmt: "filename=%s pid=%d old_pid=%d", __get_str(filename), REC->pid, REC->old_pid
`;

function one(declaration: string, rest = 'offset:8;\tsize:8;\tsigned:0;'): unknown {
  const format = parseTracepointFormat(`name: x\nID: 1\nformat:\n\tfield:${declaration};\t${rest}\n`);
  return format.fields[0];
}

test('a format is read whole', () => {
  const format = parseTracepointFormat(exec);
  assert.equal(format.name, 'sched_process_exec');
  assert.equal(format.id, 314);
  assert.deepEqual(
    format.common.map((field) => [field.name, field.type, field.offset, field.size, field.signed]),
    [
      ['common_type', 'unsigned short', 0, 2, false],
      ['common_flags', 'unsigned char', 2, 1, false],
      ['common_preempt_count', 'unsigned char', 3, 1, false],
      ['common_pid', 'int', 4, 4, true],
    ],
  );
  assert.deepEqual(format.fields, [
    { name: 'filename', type: 'char', offset: 8, size: 4, signed: false, length: 0, location: 'record' },
    { name: 'pid', type: 'pid_t', offset: 12, size: 4, signed: true },
    { name: 'old_pid', type: 'pid_t', offset: 16, size: 4, signed: true },
  ]);
  assert.match(format.print, /^"filename=%s/);
});

test('declarations of all shapes', () => {
  const place = { offset: 8, size: 8, signed: false };
  assert.deepEqual(one('const char * filename'), { name: 'filename', type: 'const char *', ...place });
  assert.deepEqual(one('struct task_struct *p'), { name: 'p', type: 'struct task_struct *', ...place });
  assert.deepEqual(one('const char *const * argv'), { name: 'argv', type: 'const char *const *', ...place });
  assert.deepEqual(one('char comm[8]'), { name: 'comm', type: 'char', ...place, length: 8 });
  assert.deepEqual(one('unsigned long args[6]', 'offset:16;\tsize:48;\tsigned:0;'), {
    name: 'args',
    type: 'unsigned long',
    offset: 16,
    size: 48,
    signed: false,
    length: 6,
  });
  assert.deepEqual(one('__rel_loc u8[] data'), {
    name: 'data',
    type: 'u8',
    ...place,
    length: 0,
    location: 'field',
  });
  assert.deepEqual(one('__data_loc unsigned long[] calltime'), {
    name: 'calltime',
    type: 'unsigned long',
    ...place,
    length: 0,
    location: 'record',
  });
});

test('an array whose length is a constant of the kernel is measured by its size', () => {
  assert.deepEqual(one('char comm[TASK_COMM_LEN]', 'offset:8;\tsize:16;\tsigned:0;'), {
    name: 'comm',
    type: 'char',
    offset: 8,
    size: 16,
    signed: false,
    length: 16,
  });
});

test('text that is no format is a typed error with its line', () => {
  assert.throws(() => parseTracepointFormat(''), TracepointFormatError);
  assert.throws(() => parseTracepointFormat('name: x\nID: y\n'), TracepointFormatError);
  assert.throws(
    () => parseTracepointFormat('name: x\nID: 1\nformat:\n\tfield:int a; offset:x;\n'),
    (error: unknown) => error instanceof TracepointFormatError && error.line === 4,
  );
  fc.assert(
    fc.property(fc.string(), fc.nat(exec.length), (text, at) => {
      try {
        parseTracepointFormat(exec.slice(0, at) + text + exec.slice(at));
      } catch (error) {
        assert.ok(error instanceof TracepointFormatError);
      }
    }),
  );
});
