import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { Observed, testPrograms } from '../../../test/support/programs.ts';
import { parseUsdtArgument } from '../../elf/usdt-arguments.ts';
import { traceableFunctions } from '../../kernel/symbol/kernel-symbols.ts';
import type { AttachPoint } from '../ast/nodes.ts';
import { machineProbes } from './machine.ts';
import { type Resolution, resolveProbe } from './resolve.ts';
import type { ProbeTarget } from './resolved.ts';

const environment = machineProbes();
const config = { missingProbes: 'error', maxProbes: 1e6, maxBpfProgs: 1e6 } as const;

function resolve(text: string, pid?: number): Resolution {
  const span = { source: { name: 'stdin', text }, start: 0, end: text.length };
  const attachPoint: AttachPoint = { kind: 'attachPoint', text, span };
  return resolveProbe(attachPoint, environment, { config, pid });
}

function targets(text: string, pid?: number): ProbeTarget[] {
  const { probes, diagnostics } = resolve(text, pid);
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message),
    [],
    text,
  );
  return probes.flatMap((probe) => [...probe.targets]);
}

test("the kernel's functions, tracepoints and iterators are found by name and by pattern", () => {
  assert.equal(targets('kprobe:vfs_read').length, 1);
  assert.ok(targets('kprobe:vfs_*').length > 10);
  assert.deepEqual(
    targets('fentry:vfs_read').map(({ name }) => name),
    ['fentry:vmlinux:vfs_read'],
  );
  assert.equal(targets('tracepoint:sched:sched_switch').length, 1);
  assert.ok(targets('tracepoint:syscalls:sys_enter_*').length > 200);
  assert.equal(targets('rawtracepoint:sched_switch')[0]!.name, 'rawtracepoint:vmlinux:sched_switch');
  assert.ok(targets('rawtracepoint:sched_*').length > 5);
  assert.equal(targets('iter:task').length, 1);
  const { diagnostics } = resolve('kprobe:vfs_raed');
  assert.match(diagnostics[0]!.hint ?? '', /kprobe:vfs_read/);
});

test('functions that ftrace knows are those that a pattern finds', (t) => {
  const known = traceableFunctions();
  if (!known) return t.skip('needs available_filter_functions: it cannot be read');
  const names = new Set([...known].map(({ name }) => name));
  const found = targets('kprobe:*');
  assert.ok(found.length > 10_000);
  for (const target of found) assert.ok(target.kind === 'kernelFunction' && names.has(target.symbol));
});

test('functions of programs are found where the linker put them', () => {
  const { probed, stripped, library } = testPrograms();
  const [leaf] = targets(`uprobe:${probed}:leaf`);
  assert.ok(leaf?.kind === 'userFunction' && leaf.fileOffset > 0n);
  const names = (text: string) => targets(text).map(({ name }) => name.slice(name.lastIndexOf(':') + 1));
  assert.deepEqual(names(`uprobe:${probed}:*idd*`), ['middle']);
  assert.deepEqual(names(`uprobe:${library}:library_w*`), ['library_work']);
  // Two static functions of one name are two places.
  const twins = environment.user.functions(probed).filter(({ name }) => name === 'twin');
  assert.equal(new Set(twins.map(({ fileOffset }) => fileOffset)).size, 2);
  // A stripped file has its names in the debug file, at its own places.
  const [same] = targets(`uprobe:${stripped}:leaf`);
  assert.ok(same?.kind === 'userFunction');
  assert.equal(same.fileOffset, leaf.fileOffset);
  assert.deepEqual(names(`uprobe:${stripped}:*idd*`), ['middle']);
});

test('a place between the bytes of an instruction is refused', () => {
  const { probed } = testPrograms();
  const said = Array.from(
    { length: 16 },
    (_, i) => resolve(`uprobe:${probed}:outer+${i}`).diagnostics[0]?.message,
  );
  assert.equal(said[0], undefined);
  const refused = said.filter((message) =>
    message?.startsWith('Could not add uprobe into middle of instruction'),
  );
  assert.ok(refused.length > 4 && refused.length < 16, `${refused.length} of 16`);
});

test('C++ names', () => {
  const { names: path } = testPrograms();
  assert.ok(path, 'g++ is installed');
  const symbols = (text: string) =>
    targets(text).map((target) => (target.kind === 'userFunction' ? target.symbol : ''));
  assert.deepEqual(symbols(`uprobe:${path}:cpp:"shapes::scale"`).sort(), [
    '_ZN6shapes5scaleEd',
    '_ZN6shapes5scaleEi',
  ]);
  assert.deepEqual(symbols(`uprobe:${path}:"shapes::scale(int)"`), ['_ZN6shapes5scaleEi']);
  assert.deepEqual(symbols(`uprobe:${path}:cpp:"shapes::Circle::*"`).length, 2);
  assert.deepEqual(symbols(`uprobe:${path}:_ZN6shapes5scaleEi`), ['_ZN6shapes5scaleEi']);
});

test('probes of programs have places, semaphores and arguments that can be read', () => {
  const { probed } = testPrograms();
  const found = targets(`usdt:${probed}:*`);
  assert.deepEqual(
    found.map(({ name }) => name.split(':').slice(-2).join(':')),
    ['probed:guarded', 'probed:memory', 'probed:plain'],
  );
  for (const target of found) {
    assert.ok(target.kind === 'usdt');
    assert.equal(target.semaphoreOffset > 0n, target.probeName === 'guarded');
    for (const spec of target.argumentSpecs) {
      const { argument, error } = parseUsdtArgument(spec, process.arch);
      assert.ok(argument, error);
    }
  }
});

test('with a process, its program and its libraries are looked into', async () => {
  const { probed } = testPrograms();
  const observed = new Observed(probed);
  try {
    await observed.ask('calls 1');
    assert.equal(targets('uprobe:leaf', observed.pid)[0]!.name, `uprobe:${probed}:leaf`);
    const [work] = targets('usdt:*:library:work', observed.pid);
    assert.deepEqual(targets('usdt:work', observed.pid), [work]);
    assert.ok(work?.kind === 'usdt' && work.path.endsWith('/libprobed.so') && work.pid === observed.pid);
    const [library] = targets('uprobe:libprobed:library_work', observed.pid);
    assert.ok(library?.kind === 'userFunction' && library.path.endsWith('/libprobed.so'));
    const everywhere = targets('usdt:*:probed:plain');
    assert.ok(everywhere.some((target) => target.kind === 'usdt' && target.path === probed));
  } finally {
    await observed.end();
  }
});

test("the linker's cache names libraries", () => {
  const found = environment.user.library('c', undefined);
  if (!existsSync('/etc/ld.so.cache')) return assert.equal(found, undefined);
  const [malloc] = targets('uprobe:libc:malloc');
  assert.ok(malloc?.kind === 'userFunction' && malloc.path === found && found.includes('libc.so'));
});

test('what is no program is refused', () => {
  for (const path of ['/etc/passwd', '/dev/zero', '/proc/self/mem', '/tmp', '/nowhere']) {
    const { diagnostics } = resolve(`uprobe:${path}:main`);
    assert.match(diagnostics[0]!.message, /does not exist or is not executable/, path);
  }
});
