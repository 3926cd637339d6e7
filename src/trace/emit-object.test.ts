import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompiledProbe } from './compiled.ts';
import { sectionNames } from './emit-object.ts';
import type { ProbeTarget, ResolvedProbe } from './probes/resolved.ts';

function names(
  hook: CompiledProbe['hook'],
  provider: ResolvedProbe['provider'],
  targets: readonly ProbeTarget[],
  text = '',
): readonly string[] {
  const span = { source: { name: 'x', text: '' }, start: 0, end: 0 };
  const attachPoint = { kind: 'attachPoint', text, span } as const;
  return sectionNames({ program: 'p', hook, resolved: { provider, attachPoint, targets, name: text } });
}

const kernel = (symbol: string, offset = 0, address?: bigint): ProbeTarget => ({
  ...{ kind: 'kernelFunction', name: `kprobe:${symbol}`, symbol, offset, address },
});
const single = { kind: 'kprobe', multi: false, session: false, atReturn: false } as const;

test('functions of the kernel are named, with an offset; an address has no name', () => {
  assert.deepEqual(names(single, 'kprobe', [kernel('vfs_read'), kernel('vfs_open', 16)]), [
    'kprobe/vfs_read',
    'kprobe/vfs_open+16',
  ]);
  assert.deepEqual(names(single, 'kprobe', [kernel('', 0, 0xffff_0000n)]), ['kprobe']);
});

test('many functions are a pattern where libbpf understands it alike, and one section each where not', () => {
  const multi = { ...single, multi: true, atReturn: true };
  const both = [kernel('vfs_read'), kernel('vfs_open')];
  assert.deepEqual(names(multi, 'kretprobe', both, 'kretprobe:vfs_*'), ['kretprobe.multi/vfs_*']);
  assert.deepEqual(names(multi, 'kretprobe', both, 'kretprobe:vfs_[ro]*'), [
    'kretprobe.multi/vfs_read',
    'kretprobe.multi/vfs_open',
  ]);
});

test('functions of programs are named with their file', () => {
  const user = (symbol: string, offset = ''): ProbeTarget => ({
    ...{
      kind: 'userFunction',
      path: '/bin/sh',
      symbol,
      fileOffset: 64n,
      name: `uprobe:/bin/sh:${symbol}${offset}`,
    },
  });
  const hook = { kind: 'uprobe', multi: false, atReturn: false } as const;
  assert.deepEqual(names(hook, 'uprobe', [user('main'), user('main', '+4'), user('')]), [
    'uprobe//bin/sh:main',
    'uprobe//bin/sh:main+4',
    'uprobe',
  ]);
});
