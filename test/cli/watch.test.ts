/** The live tree through the built command: on a terminal (tmux), and as lines. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bpfTry } from '../../src/sys/bpf.ts';
import { startBpfkit } from '../support/command.ts';
import { projectRoot } from '../support/project.ts';
import { waitUntil } from '../support/wait.ts';

const tmuxThere = spawnSync('tmux', ['-V']).status === 0;
const missing = process.geteuid?.() !== 0 ? 'needs root' : tmuxThere ? undefined : 'needs tmux';
const onTerminal = missing === undefined ? {} : { skip: missing };
const forRoot = process.geteuid?.() === 0 ? {} : { skip: 'needs root' };

/** Prints `echo`, or `-echo` where the terminal does not show what is typed. */
const ECHO = "stty -a | tr ' ' '\\n' | grep -x -- -*echo";

/** A terminal of its own, with a shell that says when a command has left. */
class Tmux {
  readonly #name = `bpfkit-test-${process.pid}-${Math.random().toString(36).slice(2)}`;

  constructor(t: TestContext, columns: number, rows: number) {
    const size = ['-x', String(columns), '-y', String(rows)];
    this.#run('-f', '/dev/null', 'new-session', '-d', ...size, 'bash --norc --noprofile');
    t.after(() => this.#run('kill-server'));
  }

  #run(...words: string[]): string {
    return spawnSync('tmux', ['-L', this.#name, ...words], { encoding: 'utf8' }).stdout;
  }

  type(...keys: string[]): void {
    this.#run('send-keys', ...keys);
  }

  resize(columns: number, rows: number): void {
    this.#run('resize-window', '-x', String(columns), '-y', String(rows));
  }

  get screen(): string {
    return this.#run('capture-pane', '-p');
  }

  /** The process that the shell has started. */
  get command(): number {
    const shell = this.#run('display-message', '-p', '#{pane_pid}').trim();
    return Number(readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').split(' ')[0]);
  }

  async shows(pattern: RegExp): Promise<void> {
    await waitUntil(`${pattern} on the screen`, () => pattern.test(this.screen), 20_000);
  }

  start(...words: string[]): void {
    const bpfkit = join(projectRoot, 'dist/bpfkit.cjs');
    this.type(`${process.execPath} ${bpfkit} ${words.join(' ')}; echo "left with $?"; ${ECHO}`, 'Enter');
  }
}

test(
  'the live tree follows a process, takes keys, fits small terminals, and gives the terminal back',
  onTerminal,
  async (t) => {
    const tmux = new Tmux(t, 100, 30);
    tmux.start('tree', '-w', '-n', 'pid', String(process.pid));
    await tmux.shows(/\d+ processes, \d+ tasks; since start/);
    spawnSync(process.execPath, [
      '-e',
      "require('fs').writeFileSync('/proc/self/comm', 'bpfkit-\\x1b[2Jx'); process.exit(7)",
    ]);
    await tmux.shows(/\[bpfkit-\\x1b\[2Jx\] tid: \d+, pid: \d+ exit 7, ran /);
    tmux.type('t');
    await tmux.shows(/\{.*\} tid: \d+/);
    tmux.type('/', 'nothing has this name');
    await tmux.shows(/\/nothing has this name_/);
    tmux.type('Escape');
    await tmux.shows(/1-\d+ of \d+ +q quit/);
    tmux.type('p');
    await tmux.shows(/\[paused\]/);
    tmux.resize(10, 6);
    await waitUntil('a narrow picture', () => tmux.screen.split('\n').every((line) => line.length <= 10));
    tmux.resize(100, 30);
    await tmux.shows(/since start/);
    tmux.type('q');
    await tmux.shows(/left with 0\necho/);
  },
);

for (const [key, signal] of [
  ['C-c', undefined],
  [undefined, 'SIGTERM'],
] as const) {
  test(`the terminal is as it was after ${key ?? signal}`, onTerminal, async (t) => {
    const tmux = new Tmux(t, 80, 12);
    tmux.start('tree', '--watch');
    await tmux.shows(/\d+ processes/);
    if (key !== undefined) tmux.type(key);
    else process.kill(tmux.command, signal);
    await tmux.shows(key === undefined ? /left with 143\necho/ : /left with 0\necho/);
    assert.doesNotMatch(tmux.screen, /\d+ processes/);
  });
}

for (const how of ['Ctrl-Z', 'SIGTSTP'] as const) {
  test(`${how} gives the terminal back until the view is in the foreground again`, onTerminal, async (t) => {
    const tmux = new Tmux(t, 80, 12);
    tmux.start('tree', '--watch');
    await tmux.shows(/\d+ processes/);
    const pid = tmux.command;
    if (how === 'Ctrl-Z') tmux.type('C-z');
    else process.kill(pid, 'SIGTSTP');
    await tmux.shows(/Stopped/);
    assert.doesNotMatch(tmux.screen, /\d+ processes/);
    tmux.type(`${ECHO}; echo "cursor and lines"`, 'Enter');
    await tmux.shows(/^echo\ncursor and lines/m);
    assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^State:\s+T/m);
    tmux.type('fg', 'Enter');
    await tmux.shows(/\d+ processes[\s\S]*q quit/);
    // Events that came meanwhile are in the model.
    spawnSync(process.execPath, [
      '-e',
      "require('fs').writeFileSync('/proc/self/comm', 'after-fg'); process.exit(5)",
    ]);
    tmux.type('/', 'after-fg', 'Enter');
    await tmux.shows(/\[after-fg\] .*exit 5/);
    tmux.type('q');
    await waitUntil('the end', () => !existsSync(`/proc/${pid}`));
    assert.doesNotMatch(tmux.screen, /\d+ processes/);
  });
}

/** Numbers of the BPF programs and links that a process holds, by its descriptors. */
function heldBy(pid: number): { readonly kind: 'prog' | 'link'; readonly id: number }[] {
  return readdirSync(`/proc/${pid}/fdinfo`).flatMap((fd) => {
    const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1');
    const found = [...info.matchAll(/^(prog|link)_id:\s*(\d+)$/gm)];
    return found.map(([, kind, id]) => ({ kind: kind as 'prog' | 'link', id: Number(id) }));
  });
}

function isInKernel(kind: 'prog' | 'link', id: number): boolean {
  const { result } = bpfTry(kind === 'prog' ? 'programGetFdById' : 'linkGetFdById', { id });
  if (result >= 0) closeSync(result);
  return result >= 0;
}

test('after kill -9 nothing of the live view is left in the kernel', onTerminal, async (t) => {
  const tmux = new Tmux(t, 80, 12);
  tmux.start('tree', '--watch');
  await tmux.shows(/\d+ processes/);
  const pid = tmux.command;
  const held = heldBy(pid);
  assert.ok(held.some(({ kind }) => kind === 'link') && held.some(({ kind }) => kind === 'prog'));
  for (const { kind, id } of held) assert.ok(isInKernel(kind, id), `${kind} ${id} is there`);
  process.kill(pid, 'SIGKILL');
  await waitUntil('the end', () => !existsSync(`/proc/${pid}`));
  // Numbers of programs and links go up: nobody else can have got these.
  await waitUntil('an empty kernel', () => held.every(({ kind, id }) => !isInKernel(kind, id)));
});

test(
  'a terminal that changes its size while it is drawn ends with a picture that fits',
  onTerminal,
  async (t) => {
    const tmux = new Tmux(t, 100, 30);
    tmux.start('tree', '--watch', '-n');
    await tmux.shows(/\d+ processes/);
    const command = existsSync('/bin/busybox') ? '/bin/busybox true' : '/bin/true';
    const load = spawn('/bin/sh', ['-c', `while :; do ${command}; done`], { stdio: 'ignore' });
    t.after(() => load.kill('SIGKILL'));
    for (let i = 0; i < 30; i++) {
      tmux.resize(10 + ((i * 37) % 110), 2 + ((i * 13) % 40));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    tmux.resize(10, 5);
    await waitUntil('a picture of 10 columns', () => {
      const lines = tmux.screen.trimEnd().split('\n');
      return lines.length === 5 && lines.every((line) => line.length <= 10) && /^\d+/.test(lines[0]!);
    });
    tmux.resize(90, 20);
    await tmux.shows(/^\d+ processes, \d+ tasks[\s\S]*q quit/);
    assert.equal(tmux.screen.trimEnd().split('\n').length, 20);
    tmux.type('q');
    await tmux.shows(/left with 0\necho/);
  },
);

test('events as JSON lines: a start, an exec and an end', forRoot, async () => {
  const running = startBpfkit(['tree', 'pid', String(process.pid), '--watch', '--json']);
  await running.saw(/watching \d+ tasks/);
  const child = spawnSync(process.execPath, ['-e', 'process.exit(3)']);
  await running.saw(new RegExp(`"event":"exit",.*"pid":${child.pid},`));
  running.signal('SIGINT');
  const { code, stdout } = await running.result();
  assert.equal(code, 0);
  const events = stdout
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ pid, tid }) => pid === child.pid && tid === pid);
  assert.deepEqual(
    events.map(({ event }) => event),
    ['fork', 'exec', 'exit'],
  );
  assert.equal(events[2]?.exit_code, 3);
  assert.equal(events[2]?.rppid, process.pid);
});

test('what events do not tell is refused where there is no terminal', forRoot, async () => {
  const { code, stderr } = await startBpfkit(['tree', '--watch', '-f', 'cmdline']).result();
  assert.equal(code, 2);
  assert.match(stderr.toString(), /events do not tell 'cmdline'/);
});
