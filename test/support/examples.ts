/** The examples as they are run: packages of examples/c in this process, programs of examples/*.ts as processes. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type FeatureName, feature, lacking } from '../../src/kernel/feature/features.ts';
import { type BpfPackage, readPackage } from '../../src/package/format/package-json.ts';
import { type RunOptions, runPackage } from '../../src/package/run/run.ts';
import { RunningCommand } from './command.ts';
import { projectRoot } from './project.ts';
import { waitUntil } from './wait.ts';

const builder = join(projectRoot, 'scripts/testing/examples.mjs');
/** Both forms of this file lie two folders below the examples' folder of the same form. */
const scripts = join(import.meta.dirname, '../../examples');

let built = false;

/** A package of examples/c; a guest has no clang, and gets what the host built. */
export function examplePackage(name: string): BpfPackage {
  if (!built && existsSync(builder)) {
    const ran = spawnSync(process.execPath, [builder], { encoding: 'utf8' });
    if (ran.status !== 0) throw new Error(`building examples failed:\n${ran.stderr}`);
    built = true;
  }
  const path = join(projectRoot, '.build/packages', name, 'package.json');
  return readPackage(readFileSync(path, 'utf8'), name);
}

/** Sampled maps are looked at this often in tests, in milliseconds. */
const interval = 200;

/** Whether the kernel lacks it; the test is skipped then. */
export function lacks(t: TestContext, needs: FeatureName | undefined): boolean {
  if (process.geteuid?.() !== 0) {
    t.skip('needs root');
    return true;
  }
  if (needs === undefined || feature(needs).answer === 'yes') return false;
  t.skip(`needs ${needs}: ${lacking(needs)}`);
  return true;
}

export interface Shown {
  readonly words?: readonly string[];
  readonly options?: Partial<RunOptions>;
}

/**
 * Runs a package, does something again and again until what the package prints matches, and ends it. Gives what
 * it printed.
 */
export async function packageShows(
  name: string,
  { words = [], options = {} }: Shown,
  act: () => unknown,
  expected: RegExp,
): Promise<string> {
  const content = examplePackage(name);
  for (const map of content.meta.bpf_skel.maps) {
    if (typeof map.sample === 'object') Object.assign(map.sample as object, { interval });
  }
  const stop = new AbortController();
  const lines: string[] = [];
  const said: string[] = [];
  let attached = false;
  const running = runPackage(content, name, words, {
    tracePipe: true,
    ...options,
    signal: stop.signal,
    print: (line) => void lines.push(line),
    say: (line) => void said.push(line),
    attached: () => (attached = true),
  });
  let ended = false;
  running.then(
    () => (ended = true),
    () => (ended = true),
  );
  try {
    await waitUntil(
      `${expected} from ${name}`,
      async () => {
        if (ended) await running;
        if (attached && !expected.test(lines.join('\n'))) await act();
        return expected.test(lines.join('\n'));
      },
      20_000,
    );
  } catch (error) {
    throw new Error(`${(error as Error).message}; it printed\n${[...lines.slice(-40), ...said].join('\n')}`, {
      cause: error,
    });
  } finally {
    stop.abort();
  }
  await running;
  return lines.join('\n');
}

/** The same with a program of examples/*.ts, in a process of its own. */
export async function scriptShows(
  name: string,
  words: readonly string[],
  act: () => unknown,
  expected: RegExp,
): Promise<string> {
  const compiled = join(scripts, `${name}.js`);
  const file = existsSync(compiled) ? [compiled] : ['--import', 'tsx', join(scripts, `${name}.ts`)];
  const running = new RunningCommand(process.execPath, [...file, ...words], { within: 120_000 });
  let ended = false;
  void running.result().finally(() => (ended = true));
  const matches = (): boolean => expected.test(running.stdout);
  try {
    await waitUntil(
      `${expected} from ${name}.ts`,
      async () => {
        // One that ends by itself prints at its end.
        if (ended) {
          if (matches()) return true;
          throw new Error(`${name}.ts ended without ${expected}`);
        }
        if (!matches()) await act();
        return matches();
      },
      60_000,
    );
  } catch (error) {
    throw new Error(`${(error as Error).message}; it printed\n${running.stdout}${running.stderr}`, {
      cause: error,
    });
  } finally {
    running.signal('SIGKILL');
    await running.result();
  }
  return running.stdout;
}

/** Runs a line of bash to its end. */
export function bash(line: string): { readonly pid: number; readonly stderr: string } {
  const { pid, stderr, error } = spawnSync('bash', ['-c', line], { encoding: 'utf8' });
  if (error) throw error;
  return { pid, stderr };
}

/** Waits for 20 ms without a process for it. */
export const shortWait = 'read -t 0.02 -u 9';

/** A bash that does something until the test is over. */
export function busyBash(t: TestContext, line: string): ChildProcess & { readonly pid: number } {
  const child = spawn('bash', ['-c', `exec 9<> <(:); ${line}`], { stdio: ['ignore', 'ignore', 'ignore'] });
  t.after(() => child.kill('SIGKILL'));
  if (child.pid === undefined) throw new Error('bash did not start');
  return child as ChildProcess & { readonly pid: number };
}

/** The port of a TCP server on this machine that answers every byte with one. */
export async function echoServer(t: TestContext): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

/** Makes requests to a disk: a guest has none but the one that a module plays; elsewhere the one with /var/tmp. */
export function diskRequests(): () => void {
  if (existsSync('/modules/null_blk.ko')) {
    for (const name of readFileSync('/modules/order', 'utf8').split('\n')) {
      if (name === 'configfs' || name === 'null_blk') spawnSync('insmod', [`/modules/${name}.ko`]);
    }
    return () => void bash('dd if=/dev/nullb0 of=/dev/null bs=4k count=8 iflag=direct');
  }
  return () => {
    const folder = mkdtempSync('/var/tmp/bpfkit-disk-');
    try {
      bash(`dd if=/dev/zero of=${folder}/file bs=4k count=8 oflag=dsync`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

/** The device of a guest's console interrupts when it is written to; elsewhere disks do. */
export function interrupt(): void {
  bash('echo > /dev/console; sync');
}

/** Five bytes to a port of this machine that nobody listens to. */
export function datagram(): void {
  bash('echo four > /dev/udp/127.0.0.1/9');
}

export function unlinkFile(path: string): void {
  writeFileSync(path, '');
  spawnSync('busybox', ['rm', path]);
}

/** Types a line into an interactive bash. */
export async function typeIntoBash(line: string): Promise<void> {
  const shell = spawn('bash', ['--norc', '--noprofile', '-i'], { stdio: ['pipe', 'ignore', 'ignore'] });
  shell.stdin.end(`${line}\n`);
  await once(shell, 'close');
}

/** Sends a byte to a TCP server of this process, and waits for its answer. */
export async function talkTo(port: number): Promise<void> {
  const line = `exec 3<>/dev/tcp/127.0.0.1/${port}; echo a >&3; read -u 3 x`;
  await once(spawn('bash', ['-c', line], { stdio: 'ignore' }), 'close');
}

export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
