/** What a program leaves in the kernel (nothing), and how refusals of the verifier look. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { heldObjects } from '../../test/support/bpf-objects.ts';
import { waitUntil } from '../../test/support/wait.ts';
import { VerifierError } from '../kernel/program/verifier-error.ts';
import { bpfTry } from '../sys/bpf.ts';
import { defineProgram } from './define.ts';
import { arrayMap, hash, ringbuf } from './maps.ts';
import { i64, struct, u32, u64 } from './schema.ts';

const commands = {
  prog: 'programGetNextId',
  map: 'mapGetNextId',
  link: 'linkGetNextId',
  btf: 'btfGetNextId',
} as const;

/** Everything of the kernel, as `prog 12`. */
function allObjects(): Set<string> {
  const found = new Set<string>();
  for (const [kind, command] of Object.entries(commands)) {
    for (let id = 0; ; ) {
      const { result, attr } = bpfTry(command, { id, nextId: 0 });
      if (result < 0) break;
      id = attr.number('nextId');
      found.add(`${kind} ${id}`);
    }
  }
  return found;
}

/** Waits until the kernel has freed these; it does so after a grace period. */
async function gone(objects: readonly string[]): Promise<void> {
  assert.equal(objects.length > 0, true, 'there were objects');
  await waitUntil(`the kernel to free ${objects.join(', ')}`, () => {
    const all = allObjects();
    return !objects.some((object) => all.has(object));
  });
}

const folder = new URL('.', import.meta.url).href;
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
/** Loads a program with links of several kinds, says so, and does what the end of the text says. */
const child = `
const { defineProgram } = await import('${folder}define.${extension}');
const { hash, ringbuf } = await import('${folder}maps.${extension}');
const { u32, u64 } = await import('${folder}schema.${extension}');
const loaded = await defineProgram({
  maps: { counts: hash(u32, u64), events: ringbuf(u64) },
  probes: {
    'tracepoint:syscalls:sys_enter_getppid'(k) { k.counts.increment(k.pid); k.events.emit(1) },
    'tracepoint:sched:sched_process_exec'(k) { k.counts.increment(k.args.pid) },
    'profile:hz:9'(k) { k.counts.increment(k.pid) },
    'interval:s:1'(k) { k.counts.increment(0) },
    'iter:task'(k) { k.counts.increment(1) },
    ['uprobe:' + process.execPath + ':main'](k) { k.counts.increment(2) },
  },
}).load();
process.stdout.write('loaded\\n');
`;

async function objectsOfChild(
  ending: string,
  signal?: NodeJS.Signals,
): Promise<{ objects: string[]; code: number | null }> {
  const imports = process.execArgv.filter((word, i, all) => word === '--import' || all[i - 1] === '--import');
  const ran = spawn(process.execPath, [...imports, '--input-type=module', '-e', child + ending], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exit = once(ran, 'exit') as Promise<[number | null]>;
  await Promise.race([once(ran.stdout, 'data'), exit]);
  const objects = heldObjects(ran.pid ?? 0);
  if (signal) ran.kill(signal);
  else ran.stdin.end('go\n');
  const [code] = await exit;
  return { objects, code };
}

const wait = "process.stdin.on('data', () => {}); for await (const event of loaded.events) void event;";

for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
  test(`${signal} leaves nothing in the kernel`, async () => {
    const { objects } = await objectsOfChild(wait, signal);
    for (const kind of ['prog', 'map', 'link']) {
      assert.equal(
        objects.some((object) => object.startsWith(kind)),
        true,
        `held: ${objects.join(', ')}`,
      );
    }
    await gone(objects);
  });
}

test('the end of the process, an exception and process.exit leave nothing in the kernel', async () => {
  const ask = (act: string): string => `process.stdin.once('data', () => { ${act} });`;
  for (const [act, expected] of [
    ['loaded.close(); process.stdin.destroy()', 0],
    ['loaded[Symbol.asyncDispose]().then(() => process.stdin.destroy())', 0],
    ['process.exit(3)', 3],
    ['process.on("uncaughtException", () => process.exit(4)); throw new Error("x")', 4],
  ] as const) {
    const { objects, code } = await objectsOfChild(ask(act));
    assert.equal(code, expected, act);
    await gone(objects);
  }
});

test('closing frees everything while the process lives on, and a second time does nothing', async () => {
  const before = heldObjects();
  const program = defineProgram({
    maps: { counts: hash(u32, u64), events: ringbuf(u64) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        k.counts.increment(k.pid);
        k.events.emit(k.pid);
      },
    },
  });
  const loaded = await program.load();
  const objects = heldObjects().filter((object) => !before.includes(object));
  loaded.close();
  loaded.close();
  assert.deepEqual(heldObjects(), before);
  await gone(objects);
  assert.throws(() => loaded.counts.get(1), /closed/);
});

test('a load that fails leaves nothing, whatever was loaded before', async () => {
  const before = heldObjects();
  const program = defineProgram({
    maps: { counts: hash(u32, u64), events: ringbuf(u64) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        k.counts.increment(k.pid);
      },
      'uprobe:/no/such/file:main'(k) {
        k.counts.increment(k.pid);
      },
    },
  });
  await assert.rejects(program.load(), /\/no\/such\/file/);
  assert.deepEqual(heldObjects(), before);
});

/** The line of this file that holds a text. */
function sourceLine(error: VerifierError): string {
  return error.source?.text.trim() ?? '';
}

async function refusal(program: { load(): Promise<{ close(): void }> }): Promise<VerifierError> {
  try {
    (await program.load()).close();
  } catch (error) {
    assert.equal(error instanceof VerifierError, true, String(error));
    return error as VerifierError;
  }
  throw new Error('the verifier took it');
}

const Event = struct('Event', { pid: u32, at: u64 });

test('a program that the verifier refuses is shown at its TypeScript line', async () => {
  const before = heldObjects();
  const leak = defineProgram({
    maps: { events: ringbuf(Event) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        const e = k.events.reserve();
        if (!e) return;
        if (k.pid === 1) return; // neither submitted nor discarded
        e.submit();
      },
    },
  });
  const error = await refusal(leak);
  assert.match(error.message, /reference|released|submit/i);
  assert.equal(
    error.source?.file.endsWith('lifetime.kernel.test.ts') || extension === 'js',
    true,
    error.source?.file,
  );
  assert.match(error.render(), /\^/);
  assert.equal(error.log.length > 0, true);
  assert.deepEqual(heldObjects(), before);
});

test('a null that was not checked, and use after submit are refused', async () => {
  const index = defineProgram({
    maps: { events: ringbuf(Event) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        const e = k.events.reserve();
        e!.pid = 1;
        e!.submit();
      },
    },
  });
  const unchecked = await refusal(index);
  assert.match(sourceLine(unchecked), /e!?\.pid = 1/);
  const used = defineProgram({
    maps: { events: ringbuf(Event) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        const e = k.events.reserve();
        if (!e) return;
        e.submit();
        e.pid = 1;
      },
    },
  });
  const late = await refusal(used);
  assert.match(sourceLine(late), /e\.pid = 1/);
});

test('a loop without end is refused with the place of the loop', async () => {
  const program = defineProgram({
    params: { zero: u64(0) },
    maps: { out: arrayMap(i64, 4) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        let i = k.ktime();
        let n = 0;
        while (i > 5) {
          i = k.ktime();
          n++;
        }
        k.out.set(0, n);
      },
    },
  });
  const error = await refusal(program);
  assert.match(error.message, /loop|too large|too complex/i);
});
