/** Scripts attached to a program that says what it did: from the attach point to the record. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Observed, testPrograms } from '../../../test/support/programs.ts';
import { exit, mov64Imm } from '../../asm/build.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { loadCollection } from '../../kernel/collection.ts';
import { type FeatureName, feature } from '../../kernel/feature/features.ts';
import { closeAll } from '../../kernel/link/link.ts';
import { ProgramType } from '../../kernel/spec.ts';
import { compileScript } from '../compile.ts';
import { drain } from '../lower/run-testing.ts';
import { Machine, type MachineOptions } from '../machine.ts';
import { loadScript } from '../runtime/load.ts';

/** What a script prints while `act` runs. */
async function printed(
  text: string,
  act: () => unknown,
  options: MachineOptions = {},
): Promise<readonly string[]> {
  const machine = new Machine(options);
  const { script, diagnostics } = compileScript({ name: 'stdin', text }, { machine });
  assert.ok(script, diagnostics.map(({ message }) => message).join('\n'));
  const loaded = loadScript(script);
  try {
    const links = script.probes.flatMap((probe) => [...loaded.attach(probe)]);
    await act();
    await closeAll(links);
    return drain(script, loaded.collection).map((line) => line.trimEnd());
  } finally {
    loaded.close();
  }
}

const has = (name: FeatureName): boolean => feature(name).answer === 'yes';

test('arguments of USDT probes: registers, constants, memory, indices, variables', async () => {
  const { probed } = testPrograms();
  using observed = new Observed(probed);
  const lines = await printed(
    `usdt:${probed}:probed:plain { printf("%d %ld %s %d", arg0, arg1, str(arg2), arg3) }
     usdt:${probed}:probed:memory { printf("%d %d", arg0, arg1) }`,
    () => observed.ask('usdt 2'),
  );
  assert.deepEqual(lines, ['0 0 some text -7', '0 2', `-1 ${2 ** 33} some text -7`, '1 3']);
  if (process.arch !== 'x64') return;
  const more = await printed(`usdt:${probed}:probed:memory { printf("%d %d", arg2, arg3) }`, () =>
    observed.ask('usdt 2'),
  );
  assert.deepEqual(more, ['40 0', '40 1']);
});

test('guarded probes are on while the script runs, in one process and its libraries', async () => {
  const { probed } = testPrograms();
  using observed = new Observed(probed);
  using other = new Observed(probed);
  const lines = await printed(
    'usdt:guarded { printf("%d", arg0) } usdt:*:library:work { printf("w%d", arg0) }',
    async () => {
      await observed.ask('usdt 2');
      await other.ask('usdt 2');
      // Doubled by the library: its semaphore is up.
      assert.equal(await observed.ask('library 1'), '6');
      assert.equal(await other.ask('library 1'), '3');
    },
    { pid: observed.pid },
  );
  assert.deepEqual(lines, ['0', '1', 'w0']);
});

test('functions at entry, at return, at an offset, by a pattern', async () => {
  const { probed, stripped } = testPrograms();
  using observed = new Observed(probed);
  const lines = await printed(
    `uprobe:${probed}:leaf { printf("leaf %d", arg0) }
     uretprobe:${probed}:leaf { printf("left %d", retval) }
     uprobe:${probed}:*iddl* { printf("%s", probe) }`,
    () => observed.ask('calls 1'),
  );
  assert.deepEqual(lines, [`uprobe:${probed}:middle`, 'leaf 2', 'left 4']);
  using bare = new Observed(stripped);
  const fromDebugFile = await printed(`uprobe:${stripped}:outer { printf("%d", arg0) }`, () =>
    bare.ask('calls 2'),
  );
  assert.deepEqual(fromDebugFile, ['0', '1']);
});

test('C++ functions, each of an overloaded name', async () => {
  const { names } = testPrograms();
  assert.ok(names, 'g++ is installed');
  using observed = new Observed(names);
  const lines = await printed(`uprobe:${names}:cpp:"shapes::scale" { printf("%d", 1) }`, () =>
    observed.ask('go'),
  );
  assert.deepEqual(lines, ['1', '1']);
});

test('writes to a variable of a process', async (t) => {
  const { probed } = testPrograms();
  using observed = new Observed(probed);
  const address = await observed.ask('address watched');
  const lines = await printed(
    `watchpoint:${address}:8:w { printf("%s", comm) }`,
    () => observed.ask('watched 3'),
    { pid: observed.pid },
  );
  assert.deepEqual(lines, ['probed', 'probed', 'probed']);
  t.diagnostic(`watched ${address}`);
});

test('kernel functions by pattern, at return, by module and address', async (t) => {
  if (!has('kprobe')) return t.skip('needs kprobe: the kernel has none');
  const getppid = process.arch === 'x64' ? '__x64_sys_getppid' : '__arm64_sys_getppid';
  const mine = `/pid == ${process.pid}/`;
  const act = (): void => void process.ppid;
  const only = (text: string, options: MachineOptions = {}) => printed(text, act, options);
  // Of several names of one place ftrace knows one.
  assert.deepEqual(await only(`kprobe:*sys_getppid ${mine} { printf("in") }`), ['in']);
  assert.deepEqual(await only(`kretprobe:${getppid} ${mine} { printf("%d", retval) }`), [`${process.ppid}`]);
  assert.deepEqual(await only(`kprobe:vmlinux:${getppid} ${mine} { printf("%s", probe) }`), [
    `kprobe:vmlinux:${getppid}`,
  ]);
  const address = new Machine().kernelSymbol(getppid);
  const at = `kprobe:0x${address?.toString(16)}`;
  assert.deepEqual(await only(`${at} ${mine} { printf("here") }`, { unsafe: true }), ['here']);
});

test('many kernel functions by one link', async (t) => {
  if (!has('kprobeMulti')) return t.skip('needs kprobe.multi: the kernel has none');
  const lines = await printed(
    `kprobe:*_sys_getppid,kprobe:*_sys_getpp*d /pid == ${process.pid}/ { printf("in") }`,
    () => void process.ppid,
  );
  // Once for each of the two attach points.
  assert.deepEqual(lines, ['in', 'in']);
});

test('kernel functions by trampoline, and functions of BPF programs', async (t) => {
  if (!has('fentry')) return t.skip('needs fentry: the kernel has none');
  const read = await printed(
    `fentry:vfs_read /pid == ${process.pid}/ { printf("%s %d", probe, args.count > 0) } `,
    () => void readFileSync('/proc/self/comm'),
  );
  assert.ok(read.includes('fentry:vmlinux:vfs_read 1'), read.join());
  const types = new BtfBuilder();
  const returns = types.int('int', 4, 'signed');
  // Of a context of another name the kernel would not believe the types, and take five arguments.
  const context = types.struct('__sk_buff', 4, [{ name: 'len', type: returns, bitOffset: 0 }]);
  const prototype = types.add({
    kind: 'prototype',
    returns,
    parameters: [{ name: 'skb', type: types.pointer(context) }],
  });
  const name = 'a_program_to_watch';
  const type = types.add({ kind: 'function', name, prototype, linkage: 1 });
  const watched = loadCollection({
    btf: types.encode(),
    maps: [],
    programs: [
      {
        name,
        type: ProgramType.socketFilter,
        instructions: [mov64Imm(0, 5), exit()],
        functions: [{ name, slot: 0, type }],
      },
    ],
  });
  try {
    const program = watched.program(name);
    const { id } = program.info();
    const lines = await printed(
      `fentry:bpf:${name} { printf("%s", probe) } fexit:bpf:${id}:${name} { printf("%d", retval) }`,
      () => void program.testRun({ data: new Uint8Array(64) }),
    );
    assert.deepEqual(lines, [`fentry:bpf:${id}:${name}`, '5']);
  } finally {
    watched.close();
  }
});
