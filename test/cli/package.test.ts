/** Building, running and shipping packages, through the built command line. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bpfkit, type CommandResult, startBpfkit } from '../support/command.ts';
import { installedClangs } from '../support/objects.ts';
import { projectRoot } from '../support/project.ts';
import { localRegistry } from '../support/registry.ts';
import { waitUntil } from '../support/wait.ts';

const forRoot = process.geteuid?.() === 0 ? {} : { skip: 'needs root' };
const examples = join(projectRoot, 'examples/c');

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'bpfkit-package-test-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function said({ stdout, stderr }: CommandResult): string {
  return `${stdout}${stderr}`;
}

async function build(t: TestContext, name: string): Promise<string> {
  const out = folder(t);
  const header = join(examples, `${name}.h`);
  const words = [
    'build',
    join(examples, `${name}.bpf.c`),
    ...(existsSync(header) ? [header] : []),
    '-o',
    out,
  ];
  const result = await bpfkit(words);
  assert.equal(result.code, 0, said(result));
  return join(out, 'package.json');
}

test('every program of the examples becomes a package of less than 20 KB', forRoot, async (t) => {
  const names = readdirSync(examples).flatMap((file) => /^(.+)\.bpf\.c$/.exec(file)?.[1] ?? []);
  assert.ok(names.length >= 18, names.join());
  for (const name of names) {
    const { size } = statSync(await build(t, name));
    assert.ok(size < 20_480, `${name}: ${size} bytes`);
  }
});

test('exits of processes come as columns, and as JSON that says the same', forRoot, async (t) => {
  const path = await build(t, 'exitsnoop');
  const columns = startBpfkit(['run', path]);
  await columns.saw(/^TIME {5}PID {4}PPID {3}EXIT_CODE DURATION_NS COMM {3}$/m);
  const { pid } = spawnSync('bash', ['-c', 'exit 37']);
  await columns.saw(new RegExp(`^\\d\\d:\\d\\d:\\d\\d ${pid} +${process.pid} +37 +\\d+ +bash$`, 'm'));
  columns.signal('SIGINT');
  assert.equal((await columns.result()).code, 0);
  const lines = startBpfkit(['run', '--json', path]);
  await waitUntil('the exit as JSON', () => {
    spawnSync('bash', ['-c', 'exit 38']);
    return /"exit_code":38/.test(lines.stdout);
  });
  lines.signal('SIGINT');
  const { stdout } = await lines.result();
  const events = stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const own = events.find((event) => event.exit_code === 38)!;
  assert.deepEqual(Object.keys(own), ['pid', 'ppid', 'exit_code', 'duration_ns', 'comm']);
  assert.equal(own.ppid, process.pid);
});

test('a sampled map is drawn as a histogram by powers of two', forRoot, async (t) => {
  const running = startBpfkit(['run', await build(t, 'runqlat')]);
  await running.saw(/^ {5}\(unit\) {14}: count {4}distribution$/m);
  await running.saw(/^ {9}\d+ -> \d+ +: \d+ +\|[* ]{40}\|$/m);
  running.signal('SIGINT');
  assert.equal((await running.result()).code, 0);
});

test(
  'an option sets the global variable that it names: one process is shown, others are not',
  forRoot,
  async (t) => {
    const path = await build(t, 'bootstrap');
    const help = await bpfkit(['run', path, '--help']);
    assert.match(
      help.stdout.toString(),
      /^ {6}--min_duration_ns <min_duration_ns> {2}leave out processes that/m,
    );
    const running = startBpfkit(['run', '--json', path, '--min_duration_ns', '200_000_000']);
    await waitUntil('the sleep', () => {
      spawnSync('sleep', ['0.3']);
      spawnSync('true');
      return /"comm":"sleep"/.test(running.stdout);
    });
    running.signal('SIGINT');
    const { stdout } = await running.result();
    for (const line of stdout.toString().trim().split('\n')) {
      assert.ok((JSON.parse(line) as { duration_ns: number }).duration_ns >= 200_000_000, line);
    }
  },
);

test('options that are wrong are named, with what was meant and what fits', forRoot, async (t) => {
  const path = await build(t, 'opensnoop');
  for (const [words, message] of [
    [['--pid_targt', '1'], /no option --pid_targt: did you mean --pid_target\?/],
    [['--pid_target'], /option --pid_target: a value is missing/],
    [['--pid_target', 'x'], /option --pid_target: "x" is no whole number/],
    [['--pid_target', '99999999999'], /--pid_target: 99999999999 does not fit in s32/],
  ] as const) {
    const result = await bpfkit(['run', path, ...words]);
    assert.equal(result.code, 2);
    assert.match(result.stderr.toString(), message);
  }
});

test('C that does not compile is reported in the words of clang, with file and line', forRoot, async (t) => {
  const out = folder(t);
  const source = join(out, 'broken.bpf.c');
  writeFileSync(source, '#include "vmlinux.h"\nint f(void) { return nothing; }\n');
  const result = await bpfkit(['build', source]);
  assert.equal(result.code, 1);
  assert.match(
    result.stderr.toString(),
    /broken\.bpf\.c:2:\d+: error: use of undeclared identifier 'nothing'/,
  );
  assert.deepEqual(readdirSync(out), ['broken.bpf.c']);
  const missing = await bpfkit(['build', join(out, 'none.bpf.c')]);
  assert.match(missing.stderr.toString(), /none\.bpf\.c: no such file/);
});

test('without a clang that is new enough, the package to install is named', forRoot, async (t) => {
  const empty = folder(t);
  const none = await bpfkit(['build', join(examples, 'tc.bpf.c'), '-o', empty], { env: { PATH: empty } });
  assert.match(none.stderr.toString(), /no clang found[\s\S]*apt-get install clang/);
  mkdirSync(join(empty, 'bin'));
  writeFileSync(join(empty, 'bin', 'clang'), '#!/bin/sh\necho clang version 11.0.1\n', { mode: 0o755 });
  const old = await bpfkit(['build', join(examples, 'tc.bpf.c'), '-o', empty], {
    env: { PATH: join(empty, 'bin') },
  });
  assert.match(old.stderr.toString(), /clang is version 11\.0\.1; building BPF programs needs 15 or newer/);
});

test('a package goes to a registry and comes back the same, checked by its digest', forRoot, async (t) => {
  const host = await localRegistry(t);
  const path = await build(t, 'exitsnoop');
  const pushed = await bpfkit(['push', path, `${host}/team/exitsnoop:1.0`, '--json']);
  assert.equal(pushed.code, 0, said(pushed));
  const { digest } = JSON.parse(pushed.stdout.toString()) as { digest: string };
  const to = folder(t);
  const pulled = await bpfkit(['pull', `${host}/team/exitsnoop@${digest}`], { cwd: to });
  assert.equal(pulled.code, 0, said(pulled));
  assert.deepEqual(readFileSync(join(to, 'package.json')), readFileSync(path));
  const again = await bpfkit(['pull', `${host}/team/exitsnoop:1.0`], { cwd: to });
  assert.equal(again.code, 1);
  assert.match(again.stderr.toString(), /file already exists/);
  const running = startBpfkit(['run', `${host}/team/exitsnoop:1.0`]);
  await running.saw(
    /asks for:\n {2}program handle_exit \(tp\/sched\/sched_process_exit\): only looks\n {2}needs CAP_BPF/,
  );
  await running.saw(/EXIT_CODE/);
  running.signal('SIGINT');
  assert.equal((await running.result()).code, 0);
});

test('what may refuse, change or redirect is said by inspect', forRoot, async (t) => {
  const lsm = await bpfkit(['inspect', await build(t, 'lsm-connect')]);
  assert.match(
    lsm.stdout.toString(),
    /program restrict_connect \(lsm\/socket_connect\): may refuse operations/,
  );
  const tc = await bpfkit(['inspect', '--json', await build(t, 'tc')]);
  const { programs, capabilities } = JSON.parse(tc.stdout.toString()) as Record<string, unknown>;
  assert.deepEqual(programs, [
    { name: 'tc_ingress', section: 'tc', powers: ['may drop and change packets'] },
  ]);
  assert.deepEqual(capabilities, ['CAP_BPF', 'CAP_NET_ADMIN']);
});

test('a WebAssembly guest loads, attaches and polls; its mistakes are numbers for it', forRoot, async (t) => {
  const path = await build(t, 'exitsnoop');
  const out = folder(t);
  const object = readFileSync(join(path, '..', 'exitsnoop.bpf.o'));
  writeFileSync(join(out, 'object.inc'), [...object].join(','));
  const module = join(out, 'guest.wasm');
  const flags = ['--target=wasm32', '-O1', '-nostdlib', '-fuse-ld=lld', '-I', out];
  const linking = ['-Wl,--export-table', '-Wl,--export=_start', '-Wl,--no-entry'];
  execFileSync('clang-16', [...flags, ...linking, join(projectRoot, 'test/wasm/guest.c'), '-o', module]);
  const running = startBpfkit(['run', module]);
  await running.saw(/ready/);
  for (let round = 0; !/closed/.test(running.stdout) && round < 100; round++)
    spawnSync('bash', ['-c', 'exit 39']);
  const result = await running.result();
  assert.equal(result.code, 0, said(result));
  const lines = result.stdout.toString().split('\n');
  assert.deepEqual(lines.slice(0, 5), [
    'outside 1',
    'no program -2',
    'no map -2',
    'foreign descriptor -22',
    'ready',
  ]);
  assert.ok(lines.includes('exit 39'));
  assert.equal(lines.at(-2), 'closed 0');
});

test('what is no package is said to be none', forRoot, async (t) => {
  const out = folder(t);
  writeFileSync(join(out, 'x'), 'hello');
  for (const [source, message] of [
    [join(out, 'x'), /neither a package \(JSON\), nor a BPF object \(ELF\), nor a WebAssembly module/],
    [out, /is no regular file/],
    ['nothing-here', /nothing-here: no such file/],
    ['http://127.0.0.1:9/x', /http:\/\/127\.0\.0\.1:9\/x: (ECONNREFUSED|bad port)/],
  ] as const) {
    const result = await bpfkit(['run', source]);
    assert.equal(result.code, 1);
    assert.match(result.stderr.toString(), message);
  }
});

test(
  'each installed clang compiles the headers without a warning, and its packages say the same',
  forRoot,
  async (t) => {
    const clangs = installedClangs().filter((name) => Number(/-(\d+)$/.exec(name)?.[1] ?? 0) >= 15);
    assert.ok(clangs.length >= 2, `clang of 15 or newer: only ${clangs.join()}`);
    const descriptions = new Map<string, string>();
    for (const clang of clangs) {
      const out = folder(t);
      const source = join(projectRoot, 'test/package/headers.bpf.c');
      const strict = ['-Wall', '-Wextra', '-Werror'].flatMap((flag) => ['-a', flag]);
      const result = await bpfkit(['build', source, '-o', out, '-c', clang, ...strict]);
      assert.equal(result.code, 0, `${clang}: ${said(result)}`);
      assert.equal(result.stderr.toString(), '', clang);
      descriptions.set(readFileSync(join(out, 'headers.skel.json'), 'utf8'), clang);
    }
    assert.equal(descriptions.size, 1, 'descriptions differ between compilers');
  },
);

test('what programs print is shown to each who asks, and nothing stays behind', forRoot, async (t) => {
  const path = await build(t, 'sigsnoop');
  const instances = (): string[] =>
    readdirSync('/sys/kernel/tracing/instances').filter((name) => /^bpfkit-/.test(name));
  const runs = [['--trace-pipe'], ['--trace-pipe', '--json']].map((words) =>
    startBpfkit(['run', ...words, path]),
  );
  const sent = /bash-(\d+): PID \1 \(bash\) sent signal 0 $[\s\S]*bash-\1: to PID \1, ret = 0$/m;
  const sentAsJson = /^\{"printk":"to PID (\d+), ret = 0","comm":"bash","tid":\1,"cpu":\d+,"time":[\d.]+\}$/m;
  await waitUntil('both have seen a signal', () => {
    spawnSync('bash', ['-c', 'kill -0 $$']);
    return sent.test(runs[0]!.stdout) && sentAsJson.test(runs[1]!.stdout);
  });
  const own = runs.map(({ pid }) => `bpfkit-${pid}`);
  assert.ok(own.every((name) => instances().includes(name)));
  // What dies without a word leaves its instance to the next one.
  runs[1]!.signal('SIGKILL');
  await runs[1]!.result();
  runs[0]!.signal('SIGINT');
  assert.equal((await runs[0]!.result()).code, 0);
  assert.ok(instances().includes(own[1]!));
  const next = startBpfkit(['run', '--trace-pipe', path]);
  await waitUntil('the next one', () => instances().includes(`bpfkit-${next.pid}`));
  next.signal('SIGINT');
  await next.result();
  assert.ok(!instances().some((name) => own.includes(name)));
});

test('a package that only prints says how to see it', forRoot, async (t) => {
  const running = startBpfkit(['run', await build(t, 'minimal')]);
  await running.saw(/speaks by bpf_printk: bpfkit run --trace-pipe shows it/);
  running.signal('SIGINT');
  assert.equal((await running.result()).code, 0);
});
