/**
 * The command line as a process that runs one call after the other: its parent (front.ts) hands over words and gets
 * the exit code, what was printed, and what was left in the kernel.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { main } from '../../src/cli/main.ts';
import { Output } from '../../src/text/output.ts';
import { Chance } from './mutate.ts';
import { answer } from './package.ts';

export interface FrontCall {
  readonly words: readonly string[];
  /** What the answers of registries are made of. */
  readonly seed: number;
}

export interface FrontAnswer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Descriptors of programs, maps, links and types that are open afterwards. */
  readonly open: readonly string[];
}

/** Bytes of each output that the parent gets: an object may print all that the machine does. */
const ENOUGH = 64 * 1024;

/** Ctrl-C after so many milliseconds, and again until the call has ended. */
const PATIENCE = 40;

/** Descriptors of BPF objects of this process. */
function openObjects(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
      return (info.match(/^(?:prog|map|link|btf)_id:.*$/gm) ?? []).slice(0, 1);
    } catch {
      return []; // the descriptor that the folder was read by
    }
  });
}

async function run({ words, seed }: FrontCall): Promise<FrontAnswer> {
  const printed = { out: [] as Buffer[], err: [] as Buffer[] };
  const into = (name: 'out' | 'err'): Output =>
    new Output(name === 'out' ? 1 : 2, name, (_, bytes, offset, length) => {
      printed[name].push(Buffer.from(bytes.slice(offset, offset + length)));
      return length;
    });
  const chance = new Chance(seed);
  globalThis.fetch = (url, { method = 'GET' } = {}) => {
    const response = answer(String(url), method, chance);
    Object.defineProperty(response, 'url', { value: String(url) });
    return Promise.resolve(response);
  };
  const timer = setInterval(() => process.emit('SIGINT'), PATIENCE);
  try {
    const code = await main(words, { out: into('out'), err: into('err'), environment: {} });
    const [out, err] = [printed.out, printed.err].map((parts) =>
      Buffer.concat(parts).subarray(0, ENOUGH).toString('latin1'),
    );
    return { code, out: out!, err: err!, open: openObjects() };
  } finally {
    clearInterval(timer);
  }
}

process.on('message', (call: FrontCall) => {
  void run(call).then((result) => process.send?.(result));
});
process.send?.('ready');
