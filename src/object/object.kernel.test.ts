import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { saw, testOfTable } from '../../test/support/kinds-seen.ts';
import { objectBytes } from '../../test/support/objects.ts';
import { BtfBuilder } from '../btf/build.ts';
import { helperFeature, mapTypeFeature } from '../kernel/feature/features.ts';
import { olderThan } from '../kernel/feature/release.ts';
import type { DescriptorMap } from '../kernel/map/descriptors.ts';
import type { KeyedMap } from '../kernel/map/keyed.ts';
import { bpffs } from '../kernel/mounts.ts';
import { VerifierError } from '../kernel/program/verifier-error.ts';
import { MapType, ProgramType } from '../kernel/spec.ts';
import { vmlinux } from '../kernel/vmlinux.ts';
import { KernelSymbols } from '../symbol/kallsyms.ts';
import { withFakeSys } from '../sys/syscall.ts';
import { minimisedTypes } from './core/minimise.ts';
import { ObjectError } from './errors.ts';
import { type BtfFeature, kernelKnows } from './load/btf-fixes.ts';
import { runningKconfig } from './load/kconfig.ts';
import { type BpfObject, loadObject, OpenObject, openObject } from './object.ts';

/** Guests come without their kernel's configuration; Debian's would say the same. */
const configuration =
  runningKconfig() === undefined
    ? { kconfig: 'CONFIG_BPF=y\nCONFIG_BPF_SYSCALL=y\nCONFIG_HZ=250\nCONFIG_DEFAULT_HOSTNAME="(none)"\n' }
    : {};

function openFixture(name: string): OpenObject {
  return openObject(objectBytes(name), { file: `${name}.bpf.o` });
}

test('an object counts, sends events and calls back as its C says', async () => {
  using object = loadObject(objectBytes('first'), {
    file: 'first.bpf.o',
    variables: { target_pid: process.pid, level: 3 },
    ...configuration,
  });
  assert.equal(object.variables.target_pid, process.pid);
  assert.equal(String(object.variables.greeting), 'hello');
  using link = object.programs.handle_enter!.attach();
  assert.equal(link.kind, 'rawTracepoint');
  const stream = object.events('events');
  for await (const event of stream) {
    const { pid, ppid, comm } = event as { pid: number; ppid: number; comm: unknown };
    assert.equal(pid, process.pid);
    assert.equal(ppid, process.ppid, 'read through two CO-RE offsets');
    assert.equal(String(comm).slice(0, 4), 'node');
    break;
  }
  link.close();
  const runs = object.variables.runs as bigint;
  assert.ok(runs > 0n);
  const seen = object.maps.seen as KeyedMap<number, { pid: number }>;
  assert.equal(seen.get(process.pid)?.pid, process.pid);
});

test('a function is called back', (t) => {
  if (helperFeature(181).answer !== 'yes') return t.skip('needs bpf_loop');
  using object = loadObject(objectBytes('first'), {
    file: 'first.bpf.o',
    programs: ['call_back'],
    ...configuration,
  });
  const { result } = object.programs.call_back!.testRun({ data: new Uint8Array(64) });
  assert.equal(result, 0 + 1 + 2);
});

test('variables are written before loading, and seen by running programs afterwards', () => {
  const open = openFixture('first');
  open.variables.target_pid = 77n;
  open.variables.greeting = 'salut';
  using object = open.load(configuration);
  assert.equal(object.variables.target_pid, 77);
  object.variables.runs = 41n;
  object.variables.greeting = 'hej';
  assert.equal(object.variables.runs, 41n);
  assert.equal(String(object.variables.greeting), 'hej');
  assert.throws(
    () => (object.variables.target_pid = 1),
    (error: unknown) => {
      assert.ok(error instanceof ObjectError);
      assert.equal(error.code, 'use');
      assert.match(error.message, /"target_pid" is constant \(\.rodata\)/);
      return true;
    },
  );
  assert.throws(() => object.variables.target_pdi, /did you mean target_pid\?/);
  assert.throws(() => (object.variables.runs = 'many'), /variable "runs"/);
});

test('programs with a question mark are loaded when they are asked for', () => {
  using object = loadObject(objectBytes('first'), {
    file: 'first.bpf.o',
    programs: ['handle_exec'],
    ...configuration,
  });
  assert.deepEqual(Object.keys(object.programs), ['handle_exec']);
  assert.throws(() => object.programs.handle_enter, /no program "handle_enter"/);
});

test('maps in maps, program arrays and their slots are filled before anything runs', (t) => {
  if (mapTypeFeature(MapType.bloomFilter).answer !== 'yes') return t.skip('needs bloom filters');
  const open = openFixture('maps');
  open.maps.pinned!.pinning = false;
  using object = open.load();
  const { start } = object.programs;
  assert.equal(start!.testRun({ data: new Uint8Array(64) }).result, 2, 'start, tail_one, tail_two');
  assert.equal(object.variables.ends, 1n);
  const second = object.maps.second_inner as KeyedMap<number, bigint>;
  assert.equal(second.get(0), 11n, 'slot 3 of outer is second_inner');
  assert.equal((object.maps.first_inner as KeyedMap<number, bigint>).get(0), 0n);
  const outer = object.maps.outer as DescriptorMap<number>;
  assert.equal(outer.getId(3), object.maps.second_inner!.info().id);
  assert.equal(outer.getId(1), undefined, 'a hole');
  const perf = object.maps.perf!;
  assert.ok(perf.maxEntries > 0, 'one slot for each possible CPU');
});

test('maps from before BTF are made and used', () => {
  using object = loadObject(objectBytes('legacy'), { file: 'legacy.bpf.o' });
  assert.equal(object.programs.legacy!.testRun({ data: new Uint8Array(64) }).result, 9);
  const counts = object.maps.counts as KeyedMap<Uint8Array, Uint8Array>;
  assert.deepEqual(counts.get(Uint8Array.of(5, 0, 0, 0)), Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0));
});

test('a map that is pinned by name is made once and found again', () => {
  const root = bpffs();
  const directory = mkdtempSync(join(root, 'bpfkit-test-'));
  const load = (): BpfObject => {
    const open = openFixture('maps');
    for (const program of open.spec.programs) program.autoload = false;
    for (const map of open.spec.maps) map.autocreate = map.name === 'pinned';
    return open.load({ pinDirectory: directory });
  };
  try {
    using first = load();
    (first.maps.pinned as KeyedMap<number, unknown>).set(5, { pid: 5, comm: 'five' });
    first.close();
    assert.ok(existsSync(join(directory, 'pinned')));
    using second = load();
    assert.equal((second.maps.pinned as KeyedMap<number, { pid: number }>).get(5)?.pid, 5);
    const other = openFixture('maps');
    for (const program of other.spec.programs) program.autoload = false;
    for (const map of other.spec.maps) map.autocreate = map.name === 'pinned';
    other.maps.pinned!.maxEntries = 99;
    assert.throws(() => other.load({ pinDirectory: directory }), /pinned has max_entries 16 instead of 99/);
    assert.throws(() => other.load({ pinDirectory: '/tmp' }), /no bpf file system/);
  } finally {
    rmSync(join(directory, 'pinned'), { force: true });
    rmdirSync(directory);
  }
});

test('configuration, addresses and functions of the kernel are found, and weak ones may be missing', (t) => {
  const symbols = new KernelSymbols(readFileSync('/proc/kallsyms'));
  const [put] = symbols.find('bpf_prog_put');
  if (put === undefined || put.address === 0n) return t.skip('needs addresses in /proc/kallsyms');
  using object = loadObject(objectBytes('externs'), { file: 'externs.bpf.o', ...configuration });
  object.programs.ask!.testRun();
  const { variables } = object;
  assert.equal(variables.put_address, put.address);
  assert.equal(variables.missing_address, 0n);
  assert.equal(variables.has_none, false);
  assert.equal(variables.nobody, 0);
  assert.equal(variables.tristate, 1);
  const [major = 0, minor = 0] = release().split('.').map(Number);
  assert.equal((variables.version as number) >>> 8, major * 256 + minor);
  assert.equal(variables.wrapper, symbols.find('__x64_sys_bpf').length > 0, 'known without a kprobe');
  assert.equal(variables.cookie, helperFeature(174, ProgramType.kprobe).answer === 'yes');
  assert.equal(variables.has_rcu, !olderThan('6.2'));
});

test('a kernel function is found by its name without the flavour, and only if its type fits', () => {
  using object = loadObject(objectBytes('flavours'), { file: 'flavours.bpf.o' });
  const found = vmlinux().find('bpf_rcu_read_lock', 'function') === undefined ? 0 : 1;
  assert.equal(object.programs.program!.testRun({}).result, found, 'the one of the other type is not there');
});

test('a kernel function that must be there and is not has near names', () => {
  const open = openFixture('externs');
  const externs = open.spec.externs.map((one) =>
    one.name === 'no_such_kfunc' ? { ...one, name: 'bpf_rcu_read_lok', weak: false } : one,
  );
  for (const one of open.spec.functions.values()) {
    one.instructions = one.instructions.map((instruction) =>
      instruction.reference?.kind === 'kfunc' && instruction.reference.name === 'no_such_kfunc'
        ? { ...instruction, reference: { kind: 'kfunc', name: 'bpf_rcu_read_lok' } }
        : instruction,
    );
  }
  const edited = new OpenObject({
    ...open.spec,
    externs: [...externs, ...open.spec.externs.filter(({ name }) => name === 'no_such_kfunc')],
  });
  assert.throws(
    () => edited.load(configuration),
    (error: unknown) => {
      assert.ok(error instanceof ObjectError, String(error));
      assert.equal(error.code, 'extern');
      assert.match(
        error.message,
        /extern "bpf_rcu_read_lok": this kernel \([\d.]+\) has no function bpf_rcu_read_lok/,
      );
      if (!olderThan('6.2')) assert.match(error.message, /did you mean .*bpf_rcu_read_lock/);
      return true;
    },
  );
});

test('records of a perf event array have the type of its definition', async () => {
  const open = openFixture('maps');
  for (const program of open.spec.programs) program.autoload = program.name === 'send';
  for (const map of open.spec.maps) map.autocreate = map.name === 'perf' || map.data !== undefined;
  using object = open.load();
  object.attach();
  for await (const event of object.events('perf')) {
    const { pid, comm } = event as { pid: number; comm: unknown };
    if (pid !== process.pid) continue;
    assert.ok(String(comm).length > 0);
    break;
  }
});

test('what a kernel knows of types is found by asking', () => {
  const since: Readonly<Record<BtfFeature, string>> = {
    functions: '5.0',
    sections: '5.2',
    globalFunctions: '5.6',
    floats: '5.13',
    declarationTags: '5.16',
    typeTags: '5.17',
    enums64: '6.0',
    questionMarks: '6.9',
  };
  for (const [feature, release] of Object.entries(since) as [BtfFeature, string][]) {
    assert.equal(kernelKnows(feature), !olderThan(release), `${feature} came with ${release}`);
  }
});

test('a token that cannot be had says why', () => {
  const open = openFixture('replaceable');
  assert.throws(() => open.load({ tokenFrom: bpffs() }), /make a BPF token: BPF_TOKEN_CREATE .*; /);
});

test('a name that two symbols of the kernel have is refused (T19)', (t) => {
  const seen = new Map<string, bigint>();
  let twice: string | undefined;
  for (const { name, address } of new KernelSymbols(readFileSync('/proc/kallsyms'))) {
    // Hidden, or the first of the per-CPU variables.
    if (address === 0n) continue;
    const before = seen.get(name);
    if (before !== undefined && before !== address) {
      twice = name;
      break;
    }
    seen.set(name, address);
  }
  if (seen.size === 0) return t.skip('needs addresses in /proc/kallsyms');
  assert.ok(twice !== undefined, 'every kernel has static functions of one name');
  const { spec } = openFixture('externs');
  const rename = (name: string): string => (name === 'bpf_prog_put' ? twice : name);
  for (const one of spec.functions.values()) {
    one.instructions = one.instructions.map((instruction) =>
      instruction.reference?.kind === 'ksym'
        ? { ...instruction, reference: { kind: 'ksym', name: rename(instruction.reference.name) } }
        : instruction,
    );
  }
  const externs = spec.externs.map((one) => ({ ...one, name: rename(one.name) }));
  assert.throws(
    () => new OpenObject({ ...spec, externs }).load(configuration),
    (error: unknown) =>
      error instanceof ObjectError &&
      error.code === 'extern' &&
      /this kernel has \d+ symbols of that name/.test(error.message),
  );
});

test('given configuration counts before that of the kernel', () => {
  using object = loadObject(objectBytes('externs'), {
    file: 'externs.bpf.o',
    kconfig:
      'CONFIG_BPF_SYSCALL=y\nCONFIG_HZ=0x7b\nCONFIG_DEFAULT_HOSTNAME="mine"\n# CONFIG_OF_NOBODY is not set\n',
  });
  assert.equal(object.variables.CONFIG_HZ, 123);
  assert.equal(String(object.variables.CONFIG_DEFAULT_HOSTNAME), 'mine');
  assert.throws(
    () => loadObject(objectBytes('externs'), { file: 'x.o', kconfig: 'CONFIG_BPF_SYSCALL=y\nCONFIG_HZ=y' }),
    /extern "CONFIG_HZ": y goes into a bool/,
  );
});

test('variables of the kernel by their type', (t) => {
  if (new KernelSymbols(readFileSync('/proc/kallsyms')).find('runqueues').length === 0) {
    return t.skip('needs symbols of variables: CONFIG_KALLSYMS_ALL');
  }
  if (vmlinux().find('runqueues', 'variable') === undefined) return t.skip('needs types of variables');
  using object = loadObject(objectBytes('externs'), {
    file: 'externs.bpf.o',
    programs: ['per_cpu'],
    ...configuration,
  });
  object.programs.per_cpu!.testRun();
  assert.equal(object.variables.has_runqueues, true);
});

test('an extension takes the place of a function of another program', (t) => {
  using target = loadObject(objectBytes('replaceable'), { file: 'replaceable.bpf.o' });
  const run = (): number => target.programs.scale!.testRun({ data: new Uint8Array(64) }).result;
  assert.equal(run(), 100, 'twice the length without the Ethernet header');
  const open = openFixture('replace');
  open.programs.replacement!.targetProgram = target.programs.scale!;
  let extension: BpfObject;
  let link: { close(): void };
  try {
    extension = open.load();
    link = extension.programs.replacement!.attach();
  } catch (error) {
    // Extensions are attached by the machinery of fentry, which this kernel may lack.
    return t.skip(`needs fentry: ${String(error)}`);
  }
  assert.equal(run(), 1050);
  saw(extension.programs.replacement!.spec.section);
  link.close();
  extension.close();
  assert.equal(run(), 100);
});

test('what is thrown is answered by the function that the program names', (t) => {
  if (olderThan('6.7')) return t.skip('needs exceptions');
  using object = loadObject(objectBytes('exception'), { file: 'exception.bpf.o' });
  assert.equal(object.programs.throwing!.testRun({ data: new Uint8Array(64) }).result, 42);
});

test('ids of the types of an object are those that the kernel got', (t) => {
  if (olderThan('6.3')) return t.skip('needs bpf_obj_new');
  using object = loadObject(objectBytes('allocated'), { file: 'allocated.bpf.o' });
  assert.equal(object.programs.allocate!.testRun({ data: new Uint8Array(64) }).result, 64 + 3);
});

test('relocations are answered from a given file of types, cut down to what is asked for', async () => {
  const open = openFixture('first');
  const types = minimisedTypes([open.spec], vmlinux());
  assert.ok(types.length < 4096, `${types.length} bytes`);
  open.variables.target_pid = process.pid;
  using object = open.load({ btf: types, ...configuration });
  object.attach();
  for await (const event of object.events('events')) {
    assert.equal((event as { ppid: number }).ppid, process.ppid);
    break;
  }
});

test('types of a kernel that lacks what is asked for are a clear refusal', () => {
  const open = openFixture('first');
  const empty = new BtfBuilder();
  empty.int('int', 4, 'signed');
  assert.throws(
    () => open.load({ btf: empty.encode(), ...configuration }),
    /this kernel has no type task_struct/,
  );
});

test('a member that the kernel lacks is named where the verifier meets it', () => {
  const open = openFixture('poisoned');
  assert.throws(
    () => open.load(),
    (error: unknown) => {
      assert.ok(error instanceof VerifierError);
      assert.match(
        error.message,
        /this kernel has no task_struct\.no_such_member \(candidates: struct task_struct/,
      );
      assert.match(error.message, /poisoned\.bpf\.c:\d+:\d+/);
      assert.match(error.render(), /no_such_member/);
      return true;
    },
  );
});

test('a map that is not made is named where the verifier meets it', () => {
  const open = openFixture('first');
  open.maps.seen!.autocreate = false;
  assert.throws(() => open.load(configuration), /map "seen" was not made/);
});

test('an unknown SEC name says what is near when the program is loaded, and not before', () => {
  const open = openFixture('unknown-section');
  assert.equal(open.programs.lost!.rule, undefined);
  assert.throws(() => open.load(), /did you mean kprobe\/do_unlinkat/);
});

test('EPERM without a log is not blamed on the memory lock', () => {
  const open = openFixture('replaceable');
  assert.throws(
    () =>
      withFakeSys(
        (call, real) => (call.bpf?.command === 'programLoad' ? -1 : real()),
        () => open.load(),
      ),
    (error: unknown) => {
      assert.doesNotMatch(String(error), /MEMLOCK/i);
      assert.match(String(error), /EPERM/);
      return true;
    },
  );
});

test('nothing is left behind when loading fails half-way', () => {
  const before = openDescriptors();
  const open = openFixture('poisoned');
  assert.throws(() => open.load());
  assert.deepEqual(openDescriptors(), before);
});

function openDescriptors(): number {
  let count = 0;
  for (let fd = 3; fd < 256; fd++) if (existsSync(`/proc/self/fdinfo/${fd}`) && isBpf(fd)) count++;
  return count;
}

function isBpf(fd: number): boolean {
  return /map_id|prog_id|btf_id|link_id/.test(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
}

testOfTable('object');
