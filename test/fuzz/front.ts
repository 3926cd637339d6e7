/**
 * Broken inputs at the front door: whatever a file or a registry holds, a call of the command line ends soon, with
 * exit code 0, 1 or 2, says what is wrong in a sentence, and leaves nothing in the kernel.
 *
 *     node --import tsx test/fuzz/front.ts objects|packages|captures|modules|types|answers 2000 7
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { vmlinux } from '../../src/kernel/vmlinux.ts';
import { minimisedTypes } from '../../src/object/core/minimise.ts';
import { parseObject } from '../../src/object/parse.ts';
import { objectBytes, objectPath } from '../support/objects.ts';
import { bpftreeSeeds, brokenCaptures, seedCapture } from './capture.ts';
import type { FrontAnswer, FrontCall } from './front-worker.ts';
import { guestModule } from './guest-module.ts';
import { Chance, withMutation } from './mutate.ts';
import { brokenPackages, wasm } from './package.ts';

/** Milliseconds after which a call hangs. A busy machine, and a guest under emulation, are slow. */
const HANG = 30_000;

/** A slow machine tries that many, however long it takes. */
const FEWEST = 5;

interface Kind {
  /** Behind the name of the input. */
  readonly suffix: string;
  /** Calls with the input; `FILE` and `OUTPUT` stand for paths. */
  readonly calls: readonly (readonly string[])[];
  /** The next input; absent where the network brings it. */
  readonly next?: (chance: Chance) => Uint8Array;
}

/** Mutations of one seed after the other. */
function mutations(seeds: readonly Uint8Array[]): (chance: Chance) => Uint8Array {
  const own = seeds.map((bytes) => Uint8Array.from(bytes));
  return (chance) => {
    let input = new Uint8Array();
    withMutation(own[chance.below(own.length)]!, chance, (broken) => {
      input = Uint8Array.from(broken);
    });
    return input;
  };
}

const kinds: Readonly<Record<string, () => Kind>> = {
  objects: () => ({
    suffix: '.o',
    calls: [
      ['run', 'FILE'],
      ['run', '--json', 'FILE'],
      ['inspect', 'FILE'],
      ['gen', 'FILE'],
      ['gen', '--min-btf', '-o', 'OUTPUT', 'FILE'],
    ],
    next: mutations(['first', 'externs', 'core', 'library', 'allocated', 'network'].map(objectBytes)),
  }),
  packages: () => {
    const make = brokenPackages(['first', 'externs']);
    return {
      suffix: '.json',
      calls: [
        ['run', 'FILE'],
        ['run', '--json', 'FILE'],
        ['run', 'FILE', '--help'],
        ['inspect', 'FILE'],
      ],
      next: (chance) => Buffer.from(make(chance)),
    };
  },
  captures: () => {
    const [outside, inside] = [mutations([seedCapture(), ...bpftreeSeeds()]), brokenCaptures()];
    return {
      suffix: '.cap',
      calls: [
        ['tree', 'pid', '1', '-c', 'FILE'],
        ['info', 'pid', '3', '-c', 'FILE', '--json'],
        ['files', '-c', 'FILE', 'pid', '2'],
        ['diff', 'FILE', 'FILE'],
      ],
      next: (chance) => (chance.below(4) === 0 ? outside : inside)(chance),
    };
  },
  modules: () => ({
    suffix: '.wasm',
    calls: [
      ['run', 'FILE'],
      ['inspect', 'FILE'],
    ],
    next: mutations([wasm, guestModule(objectBytes('first'), 'handle_enter', 'seen')]),
  }),
  types: () => ({
    suffix: '.btf',
    calls: [['gen', '--min-btf', '--btf', 'FILE', '-o', 'OUTPUT', objectPath('first'), objectPath('core')]],
    next: mutations([
      minimisedTypes(
        ['first', 'core'].map((name) => parseObject(objectBytes(name))),
        vmlinux(),
      ),
    ]),
  }),
  answers: () => ({
    suffix: '',
    calls: [
      ['pull', 'r.example/a:1', '-o', 'OUTPUT'],
      ['run', 'r.example/a:1'],
      ['inspect', '--json', 'r.example/a:1'],
      ['push', objectPath('first'), 'r.example/a:1'],
    ],
  }),
};

/** The command line in a process of its own, begun again when it is gone. */
class Front {
  #child: ChildProcess | undefined;
  #noise = '';

  async call(call: FrontCall): Promise<FrontAnswer | string> {
    const child = (this.#child ??= await this.#start());
    this.#noise = '';
    const answer = await new Promise<FrontAnswer | string>((resolve) => {
      const timer = setTimeout(() => {
        this.close();
        resolve(`not done within ${HANG} ms`);
      }, HANG);
      const done = (result: FrontAnswer | string): void => {
        clearTimeout(timer);
        child.removeAllListeners();
        resolve(result);
      };
      child.once('message', (message) => done(message as FrontAnswer));
      child.once('exit', (code, signal) => {
        this.#child = undefined;
        done(`the process ended (${code ?? signal})`);
      });
      child.send(call);
    });
    const said = this.#noise === '' ? '' : `; it said ${this.#noise}`;
    return said === ''
      ? answer
      : `${typeof answer === 'string' ? answer : `exit code ${answer.code}`}${said}`;
  }

  async #start(): Promise<ChildProcess> {
    const worker = join(import.meta.dirname, `front-worker${extname(import.meta.filename)}`);
    const child = fork(worker, [], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    child.stderr?.on('data', (bytes: Buffer) => {
      this.#noise += bytes.toString();
    });
    await once(child, 'message');
    return child;
  }

  close(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }
}

/** What is wrong with an answer; undefined where nothing is. */
function complaint({ code, out, err }: FrontAnswer): string | undefined {
  if (![0, 1, 2].includes(code)) return `exit code ${code}`;
  if (/^\s+at .+:\d+:\d+\)?$/m.test(err + out)) return 'a stack';
  if (/defect of bpfkit/.test(err)) return 'a defect';
  if (/\[object |undefined|NaN/.test(err)) return 'a value that is none';
  if (/[\x00-\x08\x0b-\x1f\x7f]/.test(err)) return 'a control character';
  if (code !== 0 && err.trim() === '') return 'no word of what is wrong';
  if (err.split('\n').length > 40) return 'more lines than anybody reads';
  if (Math.max(...err.split('\n').map((line) => line.length)) > 2000)
    return 'a line longer than anybody reads';
  return undefined;
}

function pins(): string {
  try {
    return readdirSync('/sys/fs/bpf').sort().join(' ');
  } catch {
    return '';
  }
}

export interface FrontReport {
  readonly inputs: number;
  /** How many calls ended with which exit code. */
  readonly codes: Readonly<Record<string, number>>;
  /** Each with the number of its input, the words, and all that was printed. */
  readonly findings: readonly string[];
}

/** Gives broken inputs of a kind to calls of the command line, in turn. `within`: milliseconds after which it is enough (but for the first few). */
export async function fuzzFront(
  name: string,
  iterations: number,
  seed: number,
  within: number = Number.POSITIVE_INFINITY,
): Promise<FrontReport> {
  const { suffix, calls, next } = kinds[name]!();
  const folder = mkdtempSync(join(tmpdir(), 'bpfkit-front-'));
  const paths: Readonly<Record<string, string>> = {
    FILE: join(folder, `input${suffix}`),
    OUTPUT: join(folder, 'output'),
  };
  const chance = new Chance(seed);
  const front = new Front();
  const codes: Record<string, number> = {};
  const findings: string[] = [];
  const started = performance.now();
  let before: string | undefined;
  const pinned = pins();
  let inputs = 0;
  try {
    const enough = (): boolean => inputs >= FEWEST && performance.now() - started > within;
    for (; inputs < iterations && !enough(); inputs++) {
      if (next !== undefined) writeFileSync(paths.FILE!, next(chance));
      const words = calls[inputs % calls.length]!.map((word) => paths[word] ?? word);
      const answer = await front.call({ words, seed: chance.next() });
      const found = (what: string, printed = ''): void => {
        findings.push(`input ${inputs} of seed ${seed}: ${words.join(' ')}: ${what}\n${printed}`);
      };
      if (typeof answer === 'string') {
        found(answer);
        break;
      }
      codes[answer.code] = (codes[answer.code] ?? 0) + 1;
      const wrong = complaint(answer);
      if (wrong !== undefined) found(wrong, `${answer.err}\n${answer.out.slice(0, 500)}`);
      // The first calls may open what the process keeps (types of the kernel).
      const open = answer.open.length.toString();
      if (inputs >= 2 * calls.length && before !== undefined && Number(open) > Number(before))
        found(`left open: ${answer.open.join(', ')}`);
      before = open;
      // Only by hand: other tests pin what they like meanwhile.
      if (within === Number.POSITIVE_INFINITY && pins() !== pinned) {
        found(`left pinned: ${pins()}`);
        break;
      }
    }
  } finally {
    front.close();
    // What was given last stays for a look, if it was a finding.
    if (findings.length === 0) rmSync(folder, { recursive: true, force: true });
  }
  return { inputs, codes, findings };
}

export const frontKinds: readonly string[] = Object.keys(kinds);

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [name = '', iterations = '2000', seed = '1'] = process.argv.slice(2);
  const { inputs, codes, findings } = await fuzzFront(name, Number(iterations), Number(seed));
  for (const finding of findings) process.stdout.write(`${finding}\n`);
  process.stdout.write(
    `${inputs} inputs, exit codes ${JSON.stringify(codes)}, ${findings.length} findings\n`,
  );
}
