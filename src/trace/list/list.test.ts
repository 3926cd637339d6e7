import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeProbes } from '../../../test/support/probe-environment.ts';
import { Btf } from '../../btf/btf.ts';
import { BtfBuilder } from '../../btf/build.ts';
import type { AttachPoint } from '../ast/nodes.ts';
import { resolveProbe } from '../probes/resolve.ts';
import { listFor, looksLikeFile } from './index.ts';
import { listProbes } from './list.ts';
import { parametersOf } from './parameters.ts';
import { listResolved } from './script.ts';
import { isTypePattern, listTypes } from './structs.ts';

const environment = fakeProbes({
  functions: [
    { module: 'vmlinux', name: 'vfs_write' },
    { module: 'vmlinux', name: 'vfs_read' },
    { module: 'nfs', name: 'vfs_read' },
    { module: 'nfs', name: 'f.part.0' },
  ],
  typed: [{ module: 'vmlinux', name: 'vfs_read' }],
  tracepoints: ['sched:sched_switch', 'block:read'],
  rawTracepoints: [{ module: 'vmlinux', name: 'sched_switch' }],
  iterators: ['task', 'task_vma'],
  programs: [{ programId: 4, name: 'handle', btfId: 1, parameters: 1 }],
  files: {
    '/bin/tool': {
      functions: [
        { name: 'main', fileOffset: 1, size: 1 },
        { name: 'read_all', fileOffset: 2, size: 1 },
      ],
      usdt: [
        {
          provider: 'app',
          name: 'go',
          arguments: '',
          address: 0n,
          fileOffset: 1,
          semaphore: 0n,
          semaphoreOffset: undefined,
        },
      ],
    },
  },
  mapped: { 9: ['/bin/tool'] },
});

const list = (pattern: string, pid?: number) => listProbes(pattern, environment, { pid });

test('a provider and what to look for', () => {
  for (const [pattern, lines] of [
    ['kprobe:vfs_*', ['kprobe:vfs_read', 'kprobe:vfs_write']],
    ['kprobe:nfs:*', ['kprobe:nfs:vfs_read']],
    ['k:vfs_w*', ['kprobe:vfs_write']],
    ['fentry:vfs_*', ['fentry:vmlinux:vfs_read']],
    ['fentry:bpf:*', ['fentry:bpf:4:handle']],
    ['tracepoint:*sw*', ['tracepoint:sched:sched_switch']],
    ['tracepoint:block:*', ['tracepoint:block:read']],
    ['rt:*', ['rawtracepoint:vmlinux:sched_switch']],
    ['iter:task', ['iter:task']],
    ['software:cpu*', ['software:cpu-clock:', 'software:cpu-migrations:', 'software:cpu:']],
    ['hardware:cycles', ['hardware:cycles:']],
    ['interval:*', ['interval:hz:', 'interval:ms:', 'interval:s:', 'interval:us:']],
    ['self:*', ['self:signal:SIGUSR1']],
    ['uprobe:/bin/tool:ma*', ['uprobe:/bin/tool:main']],
    ['usdt:/bin/tool:*', ['usdt:/bin/tool:app:go']],
    ['usdt:/bin/tool:app:*', ['usdt:/bin/tool:app:go']],
    ['nothing:*', []],
  ] as const) {
    assert.deepEqual(list(pattern), lines, pattern);
  }
});

test('a wildcard looks with every provider of the kernel, and of programs where they are named', () => {
  assert.deepEqual(list('*:*read'), ['fentry:vmlinux:vfs_read', 'kprobe:vfs_read', 'tracepoint:block:read']);
  assert.deepEqual(
    list('*:/bin/tool:*').filter((line) => line.startsWith('u')),
    ['uprobe:/bin/tool:main', 'uprobe:/bin/tool:read_all', 'usdt:/bin/tool:app:go'],
  );
  assert.ok(list('*', 9).includes('usdt:/bin/tool:app:go'));
});

test('a word alone is looked for, a provider alone is listed', () => {
  assert.deepEqual(list('sched_switch'), [
    'rawtracepoint:vmlinux:sched_switch',
    'tracepoint:sched:sched_switch',
  ]);
  assert.deepEqual(list('iter'), ['iter:task', 'iter:task_vma']);
});

test('patterns with commas between them are listed in their order', () => {
  assert.deepEqual(listFor('tracepoint:block:*, iter:task,nothing:*', { environment }), [
    'tracepoint:block:read',
    'iter:task',
  ]);
});

test('parameters stand below their probe', () => {
  const parameters = (_: string, place: string) => [`int of_${place}`];
  assert.deepEqual(listProbes('iter:task', environment, { parameters }), ['iter:task', '    int of_task']);
});

const types = new BtfBuilder();
const int = types.int('int', 4, 'signed');
const file = types.struct('file', 8, [
  { name: 'flags', type: int, bitOffset: 0 },
  { name: 'count', type: int, bitOffset: 32 },
]);
const pointer = types.pointer(types.const(file));
const prototype = types.add({
  kind: 'prototype',
  returns: int,
  parameters: [
    { name: 'file', type: pointer },
    { name: 'mode', type: int },
  ],
});
types.add({ kind: 'function', name: 'vfs_read', prototype, linkage: 0 });
types.add({ kind: 'function', name: 'bpf_iter_task', prototype, linkage: 0 });
const tracer = types.add({
  kind: 'prototype',
  returns: 0,
  parameters: [
    { name: '', type: types.pointer(0) },
    { name: '', type: int },
  ],
});
types.add({ kind: 'typedef', name: 'btf_trace_go', target: types.pointer(tracer) });
const btf = Btf.parse(types.encode());

test('parameters are those of the types, or of the format', () => {
  const format =
    'name: go\nformat:\n\tfield:int common_pid;\toffset:4;\n\n\tfield:char comm[16];\toffset:8;\n\tfield:pid_t pid;\toffset:24;\n';
  const source = { types: () => btf, tracepointFormat: () => format };
  const of = (provider: Parameters<typeof parametersOf>[1], place: string) =>
    parametersOf(source, provider, place);
  assert.deepEqual(of('fentry', 'vmlinux:vfs_read'), ['const struct file * file', 'int mode', 'int retval']);
  assert.deepEqual(of('kprobe', 'vfs_read'), ['const struct file * file', 'int mode']);
  assert.deepEqual(of('kretprobe', 'vfs_read'), ['int retval']);
  assert.deepEqual(of('iter', 'task'), ['int mode']);
  assert.deepEqual(of('rawtracepoint', 'vmlinux:go'), ['int arg0']);
  assert.deepEqual(of('tracepoint', 'sched:go'), ['char comm[16]', 'pid_t pid']);
  assert.deepEqual(of('kprobe', 'unknown'), []);
});

test('types by name, and as they are defined', () => {
  assert.ok(isTypePattern('struct file') && !isTypePattern('structure:x'));
  assert.deepEqual(listTypes('struct f*', btf, false), ['struct file']);
  assert.deepEqual(listTypes('struct file', btf, true), [
    'vmlinux: struct file {',
    '\tint flags;',
    '\tint count;',
    '};',
    '',
  ]);
  assert.deepEqual(listTypes('enum *', btf, false), []);
});

test('the probes of a script, without those that user space runs', () => {
  const config = { missingProbes: 'error', maxProbes: 100, maxBpfProgs: 100 } as const;
  const probes = ['begin', 'kprobe:vfs_*', 'profile:hz:99', 'usdt:/bin/tool:go'].flatMap((text) => {
    const span = { source: { name: 'stdin', text }, start: 0, end: text.length };
    const attachPoint: AttachPoint = { kind: 'attachPoint', text, span, name: 'mine' };
    return resolveProbe(attachPoint, environment, { config }).probes;
  });
  assert.deepEqual(listResolved(probes), [
    'kprobe:vfs_read',
    'kprobe:vfs_write',
    'profile:hz:',
    'usdt:/bin/tool:app:go',
  ]);
});

test('a path that is no file is probably a mistake', () => {
  assert.ok(looksLikeFile('tools/x.bt') && looksLikeFile('x.bt'));
  assert.ok(!looksLikeFile('uprobe:/bin/x:*') && !looksLikeFile('vfs_read'));
});
