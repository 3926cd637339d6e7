/** What libbpf makes of the same objects and the same types: the instructions after CO-RE, compared one by one. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { encode } from '../../src/asm/encode.ts';
import { Btf } from '../../src/btf/btf.ts';
import { ElfFile } from '../../src/elf/file.ts';
import { vmlinux } from '../../src/kernel/vmlinux.ts';
import { KernelNames } from '../../src/object/load/externs.ts';
import { prepare } from '../../src/object/load/prepare.ts';
import { parseObject } from '../../src/object/parse.ts';
import { compileScript } from '../../src/trace/compile.ts';
import { scriptObject } from '../../src/trace/emit-object.ts';
import { Machine } from '../../src/trace/machine.ts';
import { installedClangs, objectOf, objectPath } from '../support/objects.ts';
import { projectRoot } from '../support/project.ts';

const folder = mkdtempSync(join(tmpdir(), 'bpfkit-oracle-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Files of types: this kernel's, and those of the guests that were made here. */
function targets(): Map<string, string> {
  const found = new Map([['this kernel', '/sys/kernel/btf/vmlinux']]);
  const guests = join(projectRoot, '.cache/guests');
  for (const name of existsSync(guests) ? readdirSync(guests) : []) {
    const image = join(guests, name, 'vmlinuz');
    const version = /^([\d.]+)-/.exec(name)?.[1];
    if (version === undefined || !existsSync(image)) continue;
    const types = typesInImage(readFileSync(image));
    if (types === undefined) continue;
    const path = join(folder, `${version}.btf`);
    writeFileSync(path, types);
    found.set(version, path);
  }
  return found;
}

/** `.BTF` of the kernel in a bootable image, which holds it compressed behind a loader. */
function typesInImage(image: Buffer): Uint8Array | undefined {
  for (const [magic, unpack] of [
    ['fd377a585a00', (bytes: Buffer) => piped('xz', ['-dc'], bytes)],
    ['28b52ffd', (bytes: Buffer) => piped('zstd', ['-dc'], bytes)],
    ['1f8b0800', (bytes: Buffer) => gunzipSync(bytes)],
  ] as const) {
    const mark = Buffer.from(magic, 'hex');
    for (let at = image.indexOf(mark); at >= 0; at = image.indexOf(mark, at + 1)) {
      try {
        const file = ElfFile.open(unpack(image.subarray(at)));
        const section = file.section('.BTF');
        if (section !== undefined) return file.contents(section).bytes;
      } catch {
        // The mark stood there by chance.
      }
    }
  }
  return undefined;
}

function piped(command: string, words: string[], input: Buffer): Buffer {
  return spawnSync(command, words, { input, maxBuffer: 1 << 28 }).stdout ?? Buffer.alloc(0);
}

let built: string | undefined;

/** libbpf's instructions, 8 bytes each, by program. */
function theirs(object: string, types: string): Map<string, string[]> {
  if (built === undefined) {
    built = join(folder, 'instructions');
    const source = join(projectRoot, 'test/object/oracle/instructions.c');
    const made = spawnSync('gcc', ['-O2', '-Wall', '-o', built, source, '-lbpf'], { encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
  }
  const ran = spawnSync(built, [object, types], { encoding: 'utf8', maxBuffer: 1 << 26 });
  assert.equal(ran.status, 0, ran.stderr);
  const programs = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of ran.stdout.trim().split('\n')) {
    const name = /^program (.*)$/.exec(line)?.[1];
    if (name !== undefined) programs.set(name, (current = []));
    else current.push(line);
  }
  return programs;
}

function ours(bytes: Uint8Array, types: string): Map<string, string[]> {
  const spec = parseObject(bytes, { file: 'core.bpf.o' });
  const names = new KernelNames(spec, { kernelTypes: vmlinux });
  const core = { types: Btf.parse(readFileSync(types)) };
  const { collection } = prepare(spec, { core, names, kernelTypes: vmlinux });
  return new Map(
    collection.programs.map(({ name, instructions }) => {
      const view = new DataView(encode(instructions).buffer);
      const words = Array.from({ length: view.byteLength / 8 }, (_, i) => view.getBigUint64(i * 8, true));
      return [name, words.map((word) => word.toString(16).padStart(16, '0'))];
    }),
  );
}

/** Descriptors of maps differ from one process to the next. */
function withoutDescriptors(words: readonly string[]): string[] {
  return words.map((word) => (/^.{12}[12].18$/.test(word) ? word.slice(8) : word));
}

for (const name of ['core', 'core-matches']) {
  test(`libbpf and bpfkit answer the relocations of ${name} alike, for every kernel and compiler`, () => {
    // bpf_core_type_matches needs clang 15.
    const clangs = installedClangs().filter((clang) => name === 'core' || /-(1[5-9]|2\d)$/.test(clang));
    assert.ok(clangs.length > 0, 'a compiler');
    let compared = 0;
    for (const clang of clangs) {
      const bytes = objectOf(name, { clang });
      const path = clang === 'clang' ? objectPath(name) : join(folder, `${name}.${clang}.o`);
      if (clang !== 'clang') writeFileSync(path, bytes);
      for (const [kernel, types] of targets()) {
        const [expected, got] = [theirs(path, types), ours(bytes, types)];
        for (const [program, words] of expected) {
          const place = `${program} by ${clang} for ${kernel}`;
          assert.deepEqual(withoutDescriptors(got.get(program) ?? []), withoutDescriptors(words), place);
          compared += words.length;
        }
      }
    }
    assert.ok(compared > 50, `${compared} instructions were compared`);
  });
}

/** Where in a map's value an address leads is filled in with the descriptor. */
function withoutAddresses(words: readonly string[]): string[] {
  const loads = words.map((word) => /^.{12}[12].18$/.test(word));
  return withoutDescriptors(words).map((word, i) => (loads[i - 1] === true ? '' : word));
}

test('libbpf and bpfkit answer what an emitted script asks alike, and kernels differ', () => {
  const text = `tracepoint:sched:sched_process_exec {
      @a[comm] = count();
      @b = curtask->real_parent->tgid + curtask->se.avg.load_avg + curtask->mm->arg_start;
      @c = (uint64)curtask->sched_reset_on_fork;
    }
    begin { for ($kv : @a) { printf("%d %d\\n", $kv.1, curtask->signal->nr_threads) } print(elapsed) }`;
  const machine = new Machine({ portable: true });
  const { script } = compileScript({ name: 'stdin', text }, { machine });
  assert.ok(script);
  const bytes = scriptObject(script, vmlinux);
  const path = join(folder, 'script.o');
  writeFileSync(path, bytes);
  const answers = new Set<string>();
  const kernels = targets();
  for (const [kernel, types] of kernels) {
    const [expected, got] = [theirs(path, types), ours(bytes, types)];
    assert.deepEqual([...got.keys()].sort(), [...expected.keys()].sort());
    for (const [program, words] of expected) {
      assert.deepEqual(
        withoutAddresses(got.get(program)!),
        withoutAddresses(words),
        `${program} for ${kernel}`,
      );
    }
    answers.add(got.get('sched_process_e')!.join());
  }
  assert.equal(answers.size, kernels.size, 'task_struct is another one in each');
});
