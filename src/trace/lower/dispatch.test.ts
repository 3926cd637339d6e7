import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixedKernel } from '../../../test/support/fixed-kernel.ts';
import { MapType } from '../../kernel/spec.ts';
import { lowerText } from './testing.ts';

const calls = ['read', 'write', 'open', 'close', 'stat', 'fstat', 'lstat', 'poll', 'lseek'];
const many = (names: readonly string[]): string =>
  `tracepoint:syscalls:${names.map((name) => `sys_enter_${name}`).join('*')} { @[probe] = count() }`;

test('few programs filter by themselves', () => {
  const { probes, spec } = lowerText(many(calls.slice(0, 8)), fixedKernel);
  assert.deepEqual([...new Set(probes.map(({ hook }) => hook.kind))], ['tracing']);
  assert.equal(spec.programs.length, 8);
});

test('a crowd is called by one program, by number', () => {
  const { probes, spec } = lowerText(many(calls), fixedKernel);
  const indexes = probes.map(({ hook }) => (hook.kind === 'dispatched' ? hook.index : -1));
  assert.deepEqual(indexes, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  const map = spec.maps.find(({ type }) => type === MapType.programArray);
  assert.equal(map?.maxEntries, 9);
  assert.equal(spec.programs.length, calls.length + 1);
  assert.deepEqual(spec.programs.at(-1)?.attachTarget, { kind: 'rawTracepoint', name: 'sys_enter' });
});

test('a second program for a call keeps its filter', () => {
  const text = `${many(calls)} tracepoint:syscalls:sys_enter_read { @reads = count() }`;
  const { probes } = lowerText(text, fixedKernel);
  assert.equal(probes.at(-1)?.hook.kind, 'tracing');
});
