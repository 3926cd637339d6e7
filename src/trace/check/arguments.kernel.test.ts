import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { moduleTypes } from '../../kernel/module-types.ts';
import { tracefs } from '../../kernel/mounts.ts';
import { tracepointFormat } from '../../kernel/tracepoint/list.ts';
import { vmlinux } from '../../kernel/vmlinux.ts';
import type { ProbeTarget, Provider, ResolvedProbe } from '../probes/resolved.ts';
import { typeText } from '../types/text.ts';
import { type ArgumentSource, argumentsOf, returnOf } from './arguments.ts';

const source: ArgumentSource = {
  types: (module) => (module === undefined ? vmlinux() : moduleTypes(module)),
  format: (category, event) => tracepointFormat(tracefs(), category, event),
};

const place = { source: { name: 'stdin', text: '' }, start: 0, end: 0 };

const probeAt = (provider: Provider, target: ProbeTarget): ResolvedProbe => ({
  provider,
  attachPoint: { kind: 'attachPoint', span: place, text: '' },
  targets: [target],
  name: target.name,
});

const tracepoint = (category: string, event: string): ResolvedProbe =>
  probeAt('tracepoint', { kind: 'tracepoint', name: `tracepoint:${category}:${event}`, category, event });
const fexit = (symbol: string): ResolvedProbe =>
  probeAt('fexit', { kind: 'kernelFunction', name: `fexit:${symbol}`, symbol, offset: 0 });
const raw = (event: string): ResolvedProbe =>
  probeAt('rawtracepoint', { kind: 'rawtracepoint', name: `rawtracepoint:${event}`, event });

/** `name: type @offset`, or the sentence. */
function shownArguments(probe: ResolvedProbe): string[] | string {
  const found = argumentsOf(probe, source);
  if ('missing' in found) return found.missing;
  return found.memberNames().map((name) => {
    const { type, offset, dataLocation } = found.member(name)!;
    return `${name}: ${typeText(type)} @${offset}${dataLocation === undefined ? '' : ` ${dataLocation}`}`;
  });
}

const skip = existsSync('/sys/kernel/btf/vmlinux') ? false : 'no BTF of the kernel';

test('a system call has its number and its arguments, texts of the caller among them', { skip }, () => {
  const found = shownArguments(tracepoint('syscalls', 'sys_enter_openat'));
  // Since 7.0 the record also has what user pointers point to: `__filename_val`.
  assert.ok(Array.isArray(found), String(found));
  const own = found.filter((argument) => !/^__\w+_val:/.test(argument));
  assert.deepEqual(own, [
    '__syscall_nr: int32 @8',
    'dfd: int64 @16',
    'filename: int8 * @24',
    'flags: int64 @32',
    'mode: uint64 @40',
  ]);
  const args = argumentsOf(tracepoint('syscalls', 'sys_enter_openat'), source);
  assert.ok(!('missing' in args));
  const filename = args.member('filename')!.type;
  assert.equal(filename.kind === 'pointer' && filename.space, 'user');
});

test('an event has its fields, with text of the record where it is', { skip }, () => {
  const found = shownArguments(tracepoint('sched', 'sched_process_exec'));
  assert.deepEqual(found, ['filename: int8 * @8 record', 'pid: int32 @12', 'old_pid: int32 @16']);
  const wakeup = shownArguments(tracepoint('sched', 'sched_switch'));
  assert.ok(wakeup.includes('prev_comm: string[16] @8'), String(wakeup));
  assert.ok(wakeup.includes('next_pid: int32 @56') || wakeup.includes('next_pid: int32 @60'), String(wakeup));
});

test('a function has its parameters, 8 bytes each, and its result', { skip }, () => {
  const found = shownArguments(fexit('vfs_read'));
  assert.deepEqual(found, [
    'file: struct file * @0',
    'buf: int8 * @8',
    'count: uint64 @16',
    'pos: int64 * @24',
  ]);
  assert.equal(typeText(returnOf(fexit('vfs_read'), source)!), 'int64');
});

test('a raw tracepoint has the names of its own call', { skip }, () => {
  const found = shownArguments(raw('sched_wakeup'));
  assert.deepEqual(found, ['p: struct task_struct * @0']);
});

test('what has no types is said in a sentence', { skip }, () => {
  const sentence = 'No type information for the arguments of';
  assert.equal(
    shownArguments(fexit('no_such_function')),
    `${sentence} fexit:no_such_function: its kernel, module or program has no BTF of it`,
  );
  assert.match(
    String(shownArguments(tracepoint('none', 'such'))),
    new RegExp(`^${sentence} tracepoint:none:such`),
  );
  assert.equal(returnOf(fexit('no_such_function'), source), undefined);
});
