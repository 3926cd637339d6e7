import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AttachError } from '../../kernel/link/errors.ts';
import { AttachedLink, type Link } from '../../kernel/link/link.ts';
import type { RecordReader } from '../../kernel/stream/record.ts';
import { recordMemory } from '../../kernel/stream/record.ts';
import { Output, OutputClosedError } from '../../text/output.ts';
import type { Action, CompiledProbe, CompiledScript, ScriptMap } from '../compiled.ts';
import { defaultConfig } from '../config.ts';
import { parseFormat } from '../print/format-spec.ts';
import type { Element } from '../print/map-table.ts';
import { testContext } from '../print/testing.ts';
import type { Provider } from '../probes/resolved.ts';
import { int32, int64 } from '../types/type.ts';
import { attachOrder } from './attach-order.ts';
import { ScriptFailure } from './errors.ts';
import { JsonOutput } from './json-output.ts';
import type { EventStream, LoadedScript, Loss, MapAccess } from './loaded.ts';
import { runScript, type Surroundings } from './run.ts';
import { Sink } from './sink.ts';
import { TextOutput } from './text-output.ts';

/** What a fake program writes: the id of an action and a number behind it. */
type FakeRecord = readonly [action: number, value?: number];

class FakeStream implements EventStream {
  readonly queue: FakeRecord[] = [];
  #reader: RecordReader | undefined;

  push(...records: readonly FakeRecord[]): void {
    this.queue.push(...records);
    if (this.#reader !== undefined) this.consume(this.#reader);
  }

  consume(reader: RecordReader): number {
    let count = 0;
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) {
      const memory = recordMemory(new ArrayBuffer(24));
      memory.view.setBigUint64(0, BigInt(next[0]), true);
      memory.view.setBigInt64(8, BigInt(next[1] ?? 0), true);
      reader(memory, 0, 24);
      count++;
    }
    return count;
  }

  each(reader: RecordReader, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return new Promise((resolve) => {
      this.#reader = reader;
      signal?.addEventListener('abort', () => {
        this.#reader = undefined;
        resolve();
      });
      this.consume(reader);
      if (signal?.aborted) resolve();
    });
  }

  close(): void {}
}

interface Fake {
  readonly probes?: readonly [Provider, ...FakeRecord[]][];
  readonly actions?: readonly Action[];
  readonly maps?: readonly ScriptMap[];
  readonly elements?: Map<string, Element[]>;
  readonly config?: Partial<CompiledScript['config']>;
  readonly lost?: () => readonly Loss[];
  /** Probes that cannot be attached, by their number. */
  readonly broken?: readonly number[];
  readonly stream?: boolean;
}

interface World {
  readonly script: CompiledScript;
  readonly loaded: LoadedScript;
  readonly stream: FakeStream;
  /** Everything that happened, in order. */
  readonly log: string[];
}

function fake(options: Fake): World {
  const log: string[] = [];
  const stream = new FakeStream();
  const records = new Map<string, readonly FakeRecord[]>();
  const probes = (options.probes ?? []).map(([provider, ...written], i): CompiledProbe => {
    const special = ['begin', 'end', 'self', 'test', 'bench'].includes(provider);
    const name = `${provider}${i}`;
    records.set(name, written);
    return {
      program: name,
      resolved: {
        provider,
        name,
        targets: [{ kind: 'special', name, ...(provider === 'self' ? { signal: 'SIGUSR1' } : {}) }],
        attachPoint: {
          kind: 'attachPoint',
          text: provider,
          span: { source: { name: 'stdin', text: '' }, start: 0, end: 0 },
        },
      },
      hook: special ? { kind: 'testRun' } : { kind: 'tracepoint' },
    };
  });
  const script: CompiledScript = {
    config: { ...defaultConfig, ...options.config },
    spec: { maps: [], programs: [] },
    probes,
    maps: options.maps ?? [],
    actions: options.actions ?? [],
    ring: 'ring',
    lostMap: undefined,
    lossIndex: new Map(),
    stackMaps: [],
    unwinds: false,
    globals: undefined,
  };
  const elements = options.elements ?? new Map<string, Element[]>();
  const maps = new Map<string, MapAccess>(
    script.maps.map(({ name }) => [
      name,
      {
        elements: () => elements.get(name) ?? [],
        clear: () => void elements.set(name, []),
        zero: () => {
          for (const [, value] of elements.get(name) ?? []) value.fill(0);
        },
      },
    ]),
  );
  const loaded: LoadedScript = {
    stream: options.stream === false ? undefined : stream,
    maps,
    run(probe) {
      log.push(`run ${probe.program}`);
      stream.push(...(records.get(probe.program) ?? []));
      return { result: 0, nanoseconds: 100 };
    },
    attach(probe) {
      const index = probes.indexOf(probe);
      if (options.broken?.includes(index)) {
        const what = { kind: 'tracepoint', program: probe.program, target: probe.program } as const;
        throw new AttachError('notFound', what, 'there is no such event');
      }
      log.push(`attach ${probe.program}`);
      stream.push(...(records.get(probe.program) ?? []));
      return [linkOf(probe.program, log)];
    },
    lost: options.lost ?? (() => []),
    setGlobal() {},
    close: () => void log.push('close'),
  };
  return { script, loaded, stream, log };
}

function linkOf(name: string, log: string[]): Link {
  return new AttachedLink({
    kind: 'tracepoint',
    target: name,
    program: name,
    descriptors: [],
    isLink: false,
    slow: false,
    afterwards: () => void log.push(`detach ${name}`),
  });
}

class Collected {
  text = '';
  readonly output: Output = new Output(1, 'test', (_fd, bytes, offset, length) => {
    this.text += Buffer.from(bytes.subarray(offset, offset + length)).toString('latin1');
    return length;
  });
}

interface Told {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly log: readonly string[];
}

async function run(
  world: World,
  options: { json?: boolean; dryRun?: boolean; surroundings?: Surroundings } = {},
): Promise<Told> {
  const out = new Collected();
  const err = new Collected();
  const sink = new Sink(out.output);
  const context = testContext();
  const output = options.json
    ? new JsonOutput({ sink, err: err.output, context })
    : new TextOutput({ sink, err: err.output, context });
  const { script, loaded } = world;
  const { surroundings = {}, dryRun = false } = options;
  const code = await runScript({ script, loaded, output, context, cpus: 1, surroundings, dryRun });
  return { code, out: out.text, err: err.text, log: world.log };
}

const location = { file: 'stdin', line: 1, column: 9 };
const printf = (text: string): Action => ({
  kind: 'printf',
  format: parseFormat(text),
  args: text.includes('%') ? [{ offset: 8, type: int64 }] : [],
  location,
});
const exit: Action = { kind: 'exit', code: { offset: 8, type: int32 } };
const plainMap: ScriptMap = {
  name: '@x',
  kernelName: 'x',
  key: int64,
  value: int64,
  scalar: false,
  perCpu: false,
  maxEntries: 10,
};

function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(8 * values.length);
  for (const [i, value] of values.entries())
    new DataView(bytes.buffer).setBigInt64(8 * i, BigInt(value), true);
  return bytes;
}

test('a script of begin and end probes runs both and ends by itself', async () => {
  const world = fake({
    probes: [
      ['begin', [0, 1]],
      ['end', [0, 2]],
      ['begin', [0, 3]],
    ],
    actions: [printf('%d\n')],
  });
  const { code, out, err, log } = await run(world);
  assert.equal(code, 0);
  assert.equal(out, '1\n3\n2\n\n\n');
  assert.equal(err, 'Attached 3 probes\n');
  assert.deepEqual(log, ['run begin0', 'run begin2', 'run end1']);
});

test('begin runs before anything is attached, end after everything is detached', async () => {
  const world = fake({
    probes: [['begin'], ['interval', [0, 7]], ['end', [1]]],
    actions: [exit, printf('end\n')],
  });
  const { code, out, log } = await run(world);
  assert.equal(code, 7);
  assert.equal(out, 'end\n\n\n');
  assert.deepEqual(log, ['run begin0', 'attach interval1', 'detach interval1', 'run end2']);
});

test('what comes behind exit is not handled, what came before is', async () => {
  const world = fake({
    probes: [
      ['interval', [0, 1], [1, 3], [0, 2]],
      ['end', [0, 4]],
    ],
    actions: [printf('%d\n'), exit],
  });
  const { code, out } = await run(world);
  assert.equal(code, 3);
  assert.equal(out, '1\n4\n\n\n');
});

test('a signal ends the script after what is in the ring', async () => {
  const world = fake({ probes: [['tracepoint']], actions: [printf('%d\n')] });
  const { out, log } = await run(world, {
    surroundings: {
      onEnd(end) {
        setImmediate(() => {
          world.stream.push([0, 5]);
          end();
          world.stream.queue.push([0, 6]);
        });
        return () => {};
      },
    },
  });
  assert.equal(out, '5\n6\n\n\n');
  assert.deepEqual(log, ['attach tracepoint0', 'detach tracepoint0']);
});

test('a script without a ring waits for its end too', async () => {
  const world = fake({ probes: [['tracepoint']], stream: false });
  const { out } = await run(world, {
    surroundings: {
      onEnd(end) {
        setTimeout(end, 5);
        return () => {};
      },
    },
  });
  assert.equal(out, '\n\n');
});

test('signals of the script run its probes, and keep it alive', async () => {
  const world = fake({ probes: [['self', [0, 9]]], actions: [printf('%d\n'), exit] });
  const { out, log } = await run(world, {
    surroundings: {
      onSignal(name, trigger) {
        assert.equal(name, 'SIGUSR1');
        setImmediate(() => {
          trigger();
          world.stream.push([1, 0]);
        });
        return () => {};
      },
    },
  });
  assert.equal(out, '9\n\n\n');
  assert.deepEqual(log, ['run self0']);
});

test('a dry run attaches and says nothing', async () => {
  const world = fake({
    probes: [['begin', [0, 1]], ['tracepoint'], ['end', [0, 2]]],
    actions: [printf('%d\n')],
  });
  const { code, out, err, log } = await run(world, { dryRun: true });
  assert.equal(code, 0);
  assert.equal(out + err, '');
  assert.deepEqual(log, ['attach tracepoint1', 'detach tracepoint1']);
});

test('a probe that cannot be attached ends the script, and takes the others away', async () => {
  const world = fake({
    probes: [['tracepoint'], ['tracepoint'], ['end', [0, 1]]],
    broken: [1],
    actions: [printf('%d')],
  });
  await assert.rejects(run(world), (error) => error instanceof ScriptFailure && error.said);
  assert.deepEqual(world.log, ['attach tracepoint0', 'detach tracepoint0']);
});

test('missing_probes warns or is silent, and counts what is attached', async () => {
  const options: Fake = { probes: [['interval', [0, 0]], ['interval']], broken: [1], actions: [exit] };
  const warned = await run(fake({ ...options, config: { missingProbes: 'warn' } }));
  assert.match(warned.err, /^WARNING: Unable to attach probe: interval1\. Skipping\.\n/);
  assert.ok(warned.err.endsWith('Attached 1 probe\n'));
  const ignored = await run(fake({ ...options, config: { missingProbes: 'ignore' } }));
  assert.equal(ignored.err, 'Attached 1 probe\n');
});

test('maps are printed at the end by name, unless the script does not want it', async () => {
  const other = { ...plainMap, name: '@b' };
  const elements = new Map([
    ['@x', [[words(1), words(5)] as const]],
    ['@b', [[words(2), words(6)] as const]],
  ]);
  const options: Fake = { maps: [plainMap, other], elements, probes: [['begin']] };
  assert.equal((await run(fake(options))).out, '\n\n@b[2]: 6\n@x[1]: 5\n');
  assert.equal((await run(fake({ ...options, config: { printMapsOnExit: false } }))).out, '\n\n');
  assert.equal(
    (await run(fake(options), { json: true })).out,
    '{"type": "attached_probes", "count": 1, "data": {"probes": 1}}\n' +
      '{"type": "map", "data": {"@b": {"2": 6}}}\n{"type": "map", "data": {"@x": {"1": 5}}}\n',
  );
});

test('print, zero and clear happen where they stand among other output', async () => {
  const elements = new Map([['@x', [[words(1), words(5)] as Element]]]);
  const top: Action = { kind: 'printMap', map: '@x', top: undefined, div: undefined };
  const world = fake({
    maps: [plainMap],
    elements,
    actions: [top, { kind: 'zero', map: '@x' }, { kind: 'clear', map: '@x' }, printf('%d\n')],
    probes: [['begin', [3, 1], [0], [1], [0], [3, 2], [2], [0], [3, 3]]],
  });
  assert.equal((await run(world)).out, '1\n@x[1]: 5\n@x[1]: 0\n2\n3\n\n\n');
});

test('losses are told as they grow, and add up to what was lost', async () => {
  let lost = 0n;
  const world = fake({
    probes: [['tracepoint']],
    actions: [printf('%d\n')],
    lost: () => [
      { map: undefined, count: lost },
      { map: '@x', count: 3n },
    ],
  });
  const { err } = await run(world, {
    surroundings: {
      onEnd(end) {
        setImmediate(() => {
          lost = 10n;
          world.stream.push([0, 1]);
          setImmediate(() => {
            lost = 25n;
            end();
          });
        });
        return () => {};
      },
    },
  });
  assert.deepEqual(err.match(/Lost \d+ events/g), ['Lost 10 events', 'Lost 15 events']);
  assert.match(err, /WARNING: Map full; 3 updates of @x found no room\./);
});

test('errors of helpers and of the run say where and what', async () => {
  const actions: Action[] = [
    { kind: 'helperError', helper: 'map_update_elem', code: { offset: 8, type: int32 }, location },
    { kind: 'helperError', helper: 'probe_read_user', code: { offset: 8, type: int32 }, location },
    { kind: 'runtimeError', message: 'Divide or modulo by 0 detected.', location },
    { kind: 'warnf', format: parseFormat('w%d'), args: [{ offset: 8, type: int64 }], location },
    { kind: 'errorf', format: parseFormat('e'), args: [], location },
  ];
  const options: Fake = { actions, probes: [['begin', [0, -7], [1, -14], [2], [3, 4], [4]]] };
  const { err, code } = await run(fake(options));
  assert.equal(code, 0);
  const lines = err
    .split('\n')
    .slice(0, -1)
    .filter((line) => !line.startsWith('Attached'));
  assert.match(lines[0]!, /^stdin:1:9: WARNING: Map full; can't update element\./);
  assert.equal(lines[1], 'Additional Info - helper: map_update_elem, retcode: -7');
  assert.equal(lines[2], 'stdin:1:9: WARNING: Bad address');
  assert.equal(lines[3], 'Additional Info - helper: probe_read_user, retcode: -14');
  assert.equal(lines[4], 'stdin:1:9: WARNING: Divide or modulo by 0 detected.');
  assert.equal(lines[5], 'stdin:1:9: WARNING: w4');
  assert.equal(lines[6], 'stdin:1:9: ERROR: e');
  const json = await run(fake(options), { json: true });
  assert.deepEqual(json.out.split('\n').slice(1, 6), [
    '{"type": "helper_error", "msg": "Argument list too long", "helper": "map_update_elem", "retcode": -7, "filename": "stdin", "line": 1, "col": 9}',
    '{"type": "helper_error", "msg": "Bad address", "helper": "probe_read_user", "retcode": -14, "filename": "stdin", "line": 1, "col": 9}',
    '{"type": "runtime_error", "msg": "Divide or modulo by 0 detected.", "filename": "stdin", "line": 1, "col": 9}',
    '{"type": "warnf", "msg": "w4", "filename": "stdin", "line": 1, "col": 9}',
    '{"type": "errorf", "msg": "e", "filename": "stdin", "line": 1, "col": 9}',
  ]);
});

test('an assertion that fails ends the script with 1', async () => {
  const world = fake({
    actions: [{ kind: 'assertFailed', message: 'no', location }, printf('later')],
    probes: [['begin', [0], [1]]],
  });
  const { code, err, out } = await run(world);
  assert.equal(code, 1);
  assert.equal(out, '\n\n');
  assert.match(err, /stdin:1:9: ERROR: assert failed: no/);
});

test('a reader that went away ends the script and leaves nothing attached', async () => {
  const world = fake({ probes: [['tracepoint', [0, 1]]], actions: [printf('%d\n')] });
  const closed = new Output(1, 'pipe', () => {
    throw Object.assign(new Error('EPIPE'), { code: 'EPIPE' });
  });
  const sink = new Sink(closed);
  const output = new TextOutput({ sink, err: new Collected().output, context: testContext() });
  const { script, loaded } = world;
  await assert.rejects(
    runScript({ script, loaded, output, context: testContext(), cpus: 1 }),
    OutputClosedError,
  );
  assert.deepEqual(world.log, ['attach tracepoint0', 'detach tracepoint0']);
});

test('system and cat put their bytes where they stand', async () => {
  const text = (kind: 'system' | 'cat', format: string): Action => ({
    kind,
    format: parseFormat(format),
    args: format.includes('%') ? [{ offset: 8, type: int64 }] : [],
    location,
  });
  const actions = [
    text('system', 'echo got %d; echo "a  b"'),
    text('cat', '/proc/self/comm'),
    text('cat', '/no/such/file%d'),
    printf('after\n'),
  ];
  const world = fake({ actions, probes: [['begin', [0, 5], [1], [2, 1], [3]]] });
  const { out, err } = await run(world);
  assert.ok(out.startsWith('got 5\na  b\n\n'));
  assert.ok(out.endsWith('after\n\n\n'));
  assert.match(err, /ERROR: failed to open file '\/no\/such\/file1' \(No such file or directory\)/);
});

test('cat reads at most max_cat_bytes', async () => {
  const action: Action = { kind: 'cat', format: parseFormat('/proc/self/status'), args: [], location };
  const world = fake({ actions: [action], probes: [['begin', [0]]], config: { maxCatBytes: 5 } });
  assert.equal((await run(world)).out, 'Name:\n\n');
});

test('probes are attached so that blocks on one event run in the order of the script', () => {
  const { script } = fake({
    probes: [['kprobe'], ['tracepoint'], ['uprobe'], ['tracepoint'], ['fentry'], ['interval'], ['kretprobe']],
  });
  assert.deepEqual(
    attachOrder(script.probes).map(({ program }) => program),
    ['tracepoint1', 'tracepoint3', 'interval5', 'kretprobe6', 'fentry4', 'uprobe2', 'kprobe0'],
  );
});
