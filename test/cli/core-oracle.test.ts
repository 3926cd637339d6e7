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
    ['02214c18', (bytes: Buffer) => piped('lz4', ['-dc'], bytes)],
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

/** A script as an object, opened by libbpf and by bpfkit for each kernel: the same instructions. */
function compareScript(
  text: string,
  check: (types: Btf, program: (name: string) => string[]) => void,
): number {
  const machine = new Machine({ portable: true });
  const { script } = compileScript({ name: 'stdin', text }, { machine });
  assert.ok(script);
  const bytes = scriptObject(script, vmlinux);
  const path = join(folder, 'script.o');
  writeFileSync(path, bytes);
  const answers = new Set<string>();
  for (const [kernel, types] of targets()) {
    const [expected, got] = [theirs(path, types), ours(bytes, types)];
    assert.deepEqual([...got.keys()].sort(), [...expected.keys()].sort());
    for (const [program, words] of expected) {
      assert.deepEqual(
        withoutAddresses(got.get(program)!),
        withoutAddresses(words),
        `${program} for ${kernel}`,
      );
    }
    check(Btf.parse(readFileSync(types)), (name) => got.get(name) ?? []);
    answers.add([...got.values()].join());
  }
  return answers.size;
}

/** The number that an instruction of 8 bytes has: `imm`. */
const numbersIn = (words: readonly string[]): number[] =>
  words.map((word) => Number.parseInt(word.slice(0, 8), 16) | 0);

test('libbpf and bpfkit answer what an emitted script asks alike, and kernels differ', () => {
  const answers = compareScript(
    `tracepoint:sched:sched_process_exec {
      @a[comm] = count();
      @b = curtask->real_parent->tgid + curtask->se.avg.load_avg + curtask->mm->arg_start;
      @c = (uint64)curtask->sched_reset_on_fork;
    }
    begin { for ($kv : @a) { printf("%d %d\\n", $kv.1, curtask->signal->nr_threads) } print(elapsed) }`,
    () => {},
  );
  assert.equal(answers, targets().size, 'task_struct is another one in each');
});

test('records, sizes, distances, enumerators and elements of an emitted script are those of the kernel', () => {
  const script = `tracepoint:sched:sched_switch { @a[args.next_comm] = args.next_pid }
    tracepoint:sched:sched_wakeup { @w = args.pid }
    tracepoint:syscalls:sys_enter_openat { @e = args.mode + args.__syscall_nr }
    tracepoint:syscalls:sys_exit_openat { @x = args.ret }
    begin {
      @s = sizeof(struct task_struct);
      @o = offsetof(struct task_struct, comm);
      @n = NR_VM_NODE_STAT_ITEMS;
      $i = nsecs & 7;
      @r = curtask->signal->rlim[$i].rlim_cur + curtask->signal->rlim[3].rlim_max;
      $d = (struct net_device *)nsecs;
      @u = (uint64)$d->adj_list.lower.next;
      @next = (uint64)($d + 1);
    }`;
  compareScript(script, (types, program) => {
    const struct = (name: string): number => types.find(name, 'struct')!;
    const at = (name: string, member: string): number => types.member(struct(name), member)!.bitOffset / 8;
    const begin = new Set(numbersIn(program('begin_4')));
    const values = types.type(types.find('node_stat_item', 'enum')!);
    assert.ok(values.kind === 'enum');
    const items = values.values.find(({ name }) => name === 'NR_VM_NODE_STAT_ITEMS')!.value;
    for (const [what, number] of [
      ['size of task_struct', types.sizeOf(struct('task_struct'))],
      ['place of comm', at('task_struct', 'comm')],
      ['enumerator', Number(items)],
      ['size of an element', types.sizeOf(struct('rlimit'))],
      ['size behind a pointer', types.sizeOf(struct('net_device'))],
    ] as const) {
      assert.ok(begin.has(number), `${what}: ${number} is none of ${[...begin]}`);
    }
    const loads = program('sched_switch').map((word) => Number.parseInt(word.slice(8, 12), 16));
    assert.ok(loads.includes(at('trace_event_raw_sched_switch', 'next_pid')));
    const wakeup = program('sched_wakeup_1').map((word) => Number.parseInt(word.slice(8, 12), 16));
    assert.ok(wakeup.includes(at('trace_event_raw_sched_wakeup_template', 'pid')));
  });
});

test('bpftool links an emitted script, whose programs are global functions in its types', (t) => {
  if (spawnSync('bpftool', ['version']).status !== 0) return t.skip('needs bpftool');
  const text = 'tracepoint:syscalls:sys_enter_getpid, tracepoint:sched:sched_switch { @[comm] = count() }';
  const { script } = compileScript({ name: 'stdin', text }, { machine: new Machine({ portable: true }) });
  assert.ok(script);
  const [from, to] = [join(folder, 'one.o'), join(folder, 'linked.o')];
  writeFileSync(from, scriptObject(script, vmlinux));
  const ran = spawnSync('bpftool', ['gen', 'object', to, from], { encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
  const programs = parseObject(readFileSync(to), { file: 'linked.o' }).programs;
  assert.deepEqual(programs.map(({ section }) => section).sort(), [
    'tracepoint/sched/sched_switch',
    'tracepoint/syscalls/sys_enter_getpid',
  ]);
});
