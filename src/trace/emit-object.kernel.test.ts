import assert from 'node:assert/strict';
import { test } from 'node:test';
import { olderThan } from '../kernel/feature/release.ts';
import type { KeyedMap } from '../kernel/map/keyed.ts';
import { vmlinux } from '../kernel/vmlinux.ts';
import { loadObject, parseObject } from '../object/index.ts';
import { compileScript } from './compile.ts';
import { scriptObject } from './emit-object.ts';
import { Machine } from './machine.ts';
import { renderDiagnostics } from './render.ts';

function objectOf(text: string): Uint8Array {
  const machine = new Machine({ portable: true });
  const { script, diagnostics } = compileScript({ name: 'stdin', text }, { machine });
  assert.ok(script, renderDiagnostics(diagnostics));
  return scriptObject(script, vmlinux);
}

function sections(text: string): string[] {
  return parseObject(objectOf(text), { file: 'script.bpf.o' }).programs.map(({ section }) => section);
}

test('the SEC names say where a script is attached', () => {
  assert.deepEqual(
    sections(
      `begin { @ = 1 } profile:hz:9 { @ = 2 } tracepoint:sched:sched_process_exec { @ = 3 }
      tracepoint:syscalls:sys_enter_getp?id, rawtracepoint:sched_switch { @ = 4 }`.replace(
        'getp?id',
        'getppid',
      ),
    ),
    [
      'raw_tp',
      'perf_event',
      'tracepoint/sched/sched_process_exec',
      'tracepoint/syscalls/sys_enter_getppid',
      'tp_btf/sched_switch',
    ],
  );
  assert.deepEqual(sections('iter:task { printf("%d\\n", ctx.task->pid) }'), ['iter/task']);
});

test('kernel functions are declared, sub-programs and callbacks go along', (t) => {
  const find = vmlinux().find('bpf_task_from_pid', 'function');
  const name = find === undefined ? 'comm' : 'comm(1)';
  const bytes = objectOf(`fn twice($a: int64): int64 { return $a * 2 }
    rawtracepoint:sched_switch { @[${name}] = twice(4); for ($kv : @) { printf("%s", $kv.0) } }`);
  const spec = parseObject(bytes, { file: 'script.bpf.o' });
  assert.deepEqual(
    spec.externs.map(({ name, kind }) => [name, kind]),
    find === undefined
      ? []
      : [
          ['bpf_task_from_pid', 'kfunc'],
          ['bpf_task_release', 'kfunc'],
        ],
  );
  assert.equal([...spec.functions.values()].filter(({ section }) => section === '.text').length, 2);
  if (olderThan('5.13')) return t.skip('needs callbacks');
  loadObject(bytes, { file: 'script.bpf.o' }).close();
});

test('the object of a script loads, relocates and counts', () => {
  const bytes = objectOf(`tracepoint:syscalls:sys_enter_getppid /pid == ${process.pid}/ {
    @count[comm, curtask->real_parent->tgid] = count();
    @exiting = (uint64)curtask->in_execve;
    $n = 0; for ($i : 0..3) { $n += $i } @sum = $n;
  }`);
  const spec = parseObject(bytes, { file: 'script.bpf.o' });
  const relocations = [...spec.functions.values()].flatMap((code) => code.relocations);
  for (const kind of ['fieldOffset', 'fieldSize', 'fieldLeftShift', 'fieldRightShift'] as const) {
    assert.ok(
      relocations.some((one) => one.kind === kind),
      kind,
    );
  }
  using object = loadObject(bytes, { file: 'script.bpf.o' });
  const links = object.attach();
  const parent = process.ppid;
  for (const link of links) link.close();
  const values = (name: string): [Uint8Array, Uint8Array][] =>
    [...(object.maps[name] as KeyedMap<Uint8Array, Uint8Array>).entries()] as [Uint8Array, Uint8Array][];
  const [[key]] = values('AT_count') as [[Uint8Array, Uint8Array]];
  assert.equal(Buffer.from(key).subarray(0, 4).toString(), 'node');
  assert.equal(Buffer.from(key).readInt32LE(16), parent);
  assert.equal(Buffer.from(values('AT_sum')[0]![1]).readBigInt64LE(), 3n);
  assert.equal(Buffer.from(values('AT_exiting')[0]![1]).readBigUint64LE(), 0n);
});

test('the address of a kernel symbol is refused', () => {
  const text = 'begin { print(*(uint64 *)kaddr("schedule")) }';
  const machine = new Machine({ portable: true });
  const { script, diagnostics } = compileScript({ name: 'stdin', text }, { machine });
  assert.equal(script, undefined);
  assert.match(renderDiagnostics(diagnostics), /address of a kernel symbol cannot be written into an object/);
});

test('a program reads what all CPUs have counted, however many the machine has', (t) => {
  if (olderThan('5.19')) return t.skip('needs bpf_map_lookup_percpu_elem');
  const bytes = objectOf(`tracepoint:syscalls:sys_enter_getppid /pid == ${process.pid}/ {
    @n = count(); @low = min(7); @mean = avg(6);
    @read = (int64)@n; @least = (int64)@low; @average = (int64)@mean;
  }`);
  using object = loadObject(bytes, { file: 'script.bpf.o' });
  const links = object.attach();
  assert.equal(process.ppid, process.ppid, 'two calls');
  for (const link of links) link.close();
  const value = (name: string): bigint => {
    const [entry] = [...(object.maps[name] as KeyedMap<Uint8Array, Uint8Array>).entries()];
    return Buffer.from(entry![1] as Uint8Array).readBigInt64LE();
  };
  assert.equal(value('AT_read'), 2n);
  assert.equal(value('AT_least'), 7n);
  assert.equal(value('AT_average'), 6n);
});
