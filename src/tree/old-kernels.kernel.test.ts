/**
 * The walks as kernels from 5.8 on get them: compiled with what such a kernel lacks, then loaded and read here. What a
 * walk cannot read is read from /proc, and must be the same.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Btf } from '../btf/btf.ts';
import { helpers } from '../compiler/helpers.ts';
import { helperSince } from '../kernel/feature/helpers.ts';
import { isOlder } from '../kernel/feature/release.ts';
import type { Environment } from '../script/environment.ts';
import { loadCompiled } from '../script/load.ts';
import { type CompiledDefinition, compileDefinition } from '../script/program.ts';
import { runningKernel } from '../script/running.ts';
import { walkAbilities } from './abilities.ts';
import { fields, storageOf } from './fields.ts';
import { filesProgram } from './files/kernel-program.ts';
import { readFiles } from './files/source.ts';
import { programOf } from './kernel-program.ts';
import { recordLayoutOf } from './record.ts';
import type { Snapshot } from './snapshot.ts';
import { readFields } from './source.ts';
import { watchProgram } from './watch/program.ts';

const needsRoot = process.geteuid?.() === 0 ? {} : { skip: 'needs root' };

/** When iterators may call these: helpers are older than the permission. */
const inIterators: Readonly<Record<string, string>> = { d_path: '5.12', copy_from_user_task: '5.18' };

/** This kernel's types without functions that programs may call, and those that name a tracepoint's arguments. */
function withoutFunctions(btf: Btf): Btf {
  return new Proxy(btf, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...words: unknown[]) =>
        key === 'find' &&
        words[1] === 'function' &&
        /^(bpf_|__traceiter_|__probestub_|__bpf_trace_)/.test(String(words[0]))
          ? undefined
          : Reflect.apply(value, target, words);
    },
  });
}

/** A kernel of this version, with the structs of this one. */
function kernelLike(version: string): Environment {
  const here = runningKernel();
  return {
    ...here,
    btf: isOlder(version, '6.2') ? withoutFunctions(here.btf) : here.btf,
    typedTask: !isOlder(version, '5.11'),
    commPadded: !isOlder(version, '6.4'),
    uprobeMulti: !isOlder(version, '6.6'),
    isa: 'v3',
  };
}

/** All that `dump` and the live view load. */
function programs(version: string): [name: string, compiled: CompiledDefinition, maps: Loaded][] {
  const environment = kernelLike(version);
  const { paths, userMemory } = walkAbilities(version);
  const kernel = fields.filter(({ source }) => source.kind === 'kernel');
  const longs = kernel.filter((field) => storageOf(field) === 'long');
  const plan = { exepath: paths, cmdline: userMemory, longs };
  const tasks = programOf(plan, recordLayoutOf({ longs, texts: [] }), environment);
  const files = filesProgram.definition({ params: { filtered: false, paths } });
  const watch = watchProgram(65_536).definition({});
  return [
    ['tasks', tasks.compile({ params: {} }), tasks.maps],
    ['files', compileDefinition(files, environment), files.maps],
    ['watch', compileDefinition(watch, environment), watch.maps],
  ];
}

type Loaded = Parameters<typeof loadCompiled>[1];

const nameOf = new Map(Object.entries(helpers).map(([name, { id }]) => [id, name]));

/** Of each call its helper's name; of a kernel function `kfunc NAME`. */
function callsOf({ spec }: CompiledDefinition): Set<string> {
  const calls = new Set<string>();
  for (const { instructions } of spec.programs) {
    for (const { opcode, src, imm, reference } of instructions) {
      if (reference?.kind === 'kfunc') calls.add(`kfunc ${reference.name}`);
      else if (opcode === 0x85 && src === 0) calls.add(nameOf.get(imm) ?? String(imm));
    }
  }
  return calls;
}

for (const version of ['5.8.0', '5.10.0-28-amd64', '5.15.0-100-generic', '6.1.0-18-amd64']) {
  test(`for Linux ${version}, nothing is called that it lacks, and what is loaded works`, needsRoot, (t) => {
    if (isOlder(release(), version)) return t.skip('needs a kernel that is not older still');
    for (const [name, compiled, maps] of programs(version)) {
      const calls = callsOf(compiled);
      assert.ok(calls.size > 0);
      for (const call of calls) {
        assert.ok(!call.startsWith('kfunc') || !isOlder(version, '6.2'), `${name} calls ${call}`);
        const id = Object.entries(helpers).find(([helper]) => helper === call)?.[1].id;
        const since = inIterators[call] ?? (id === undefined ? undefined : helperSince(id));
        if (since !== undefined) assert.ok(!isOlder(version, since), `${name} calls ${call}, of ${since}`);
      }
      const sleeps = compiled.spec.programs.some(({ sleepable }) => sleepable === true);
      assert.equal(sleeps, name === 'tasks' && !isOlder(version, '5.18'), `${name} sleeps`);
      // Without a kernel function for it, a program that sleeps is what kernels before 6.2 have let pass.
      if (!sleeps) loadCompiled(compiled, maps).close();
    }
  });
}

const old = walkAbilities('5.8.0');

const waits = ['-e', 'setTimeout(() => {}, 60_000)'];

function shown(snapshot: Snapshot, tid: number, field: string): string {
  const row = snapshot.rowOf(tid);
  assert.ok(row !== undefined, `no task ${tid}`);
  return `${snapshot.state(field, row)} ${Buffer.from(snapshot.bytes(field, row)).toString('latin1')}`;
}

test(
  'without d_path and without reading user memory, programs and arguments come from /proc',
  needsRoot,
  async () => {
    assert.deepEqual(old, { paths: false, userMemory: false });
    const child = spawn(process.execPath, waits, { argv0: 'na\nme' });
    try {
      await new Promise((resolve) => child.once('spawn', resolve));
      const wanted = fields.filter(({ long }) => long === 'exepath' || long === 'cmdline');
      const [now, then] = [readFields(wanted), readFields(wanted, undefined, { abilities: old })];
      for (const tid of [process.pid, child.pid!]) {
        for (const field of ['exepath', 'cmdline']) {
          assert.equal(shown(then, tid, field), shown(now, tid, field), field);
        }
      }
      assert.equal(shown(then, child.pid!, 'cmdline'), `0 na\nme\0-e\0${waits[1]}\0`);
      // Kernel threads have neither; where they cannot be seen, there is nothing to compare.
      const kthread = then.rowOf(2);
      if (kthread !== undefined && readFileSync('/proc/2/comm', 'latin1') === 'kthreadd\n') {
        assert.equal(shown(then, 2, 'exepath'), '1 ');
        assert.equal(shown(then, 2, 'cmdline'), '1 ');
      }
    } finally {
      child.kill('SIGKILL');
    }
  },
);

test('without d_path, paths of open files come from /proc', needsRoot, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bpfkit-'));
  const file = openSync(join(dir, 'odd\nname'), 'w');
  const child = spawn(process.execPath, waits, { stdio: ['pipe', file, 'ignore'] });
  try {
    await new Promise((resolve) => child.once('spawn', resolve));
    rmSync(join(dir, 'odd\nname'));
    const snapshot = readFields([]);
    const paths = (abilities?: typeof old): string[] => {
      const { columns } = readFiles(snapshot, [snapshot.rowOf(child.pid!)!], abilities);
      const [fd, { data, start, length }] = [columns.numbers('fd'), columns.bytes('path')];
      // A process that has just started opens more; the first three it was born with.
      return [...fd].slice(0, 3).map((one, row) => {
        const bytes = data.subarray(start[row]!, start[row]! + length[row]!);
        return `${one} ${Buffer.from(bytes).toString('latin1')}`;
      });
    };
    const now = paths();
    assert.ok(now.includes(`1 ${realpathSync(dir)}/odd\nname (deleted)`), now.join());
    assert.deepEqual(paths(old), now);
  } finally {
    child.kill('SIGKILL');
    closeSync(file);
    rmSync(dir, { recursive: true });
  }
});
