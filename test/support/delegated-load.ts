/**
 * Run by a test in a user namespace to which BPF is delegated (test/programs/delegated.c): loads and attaches an object,
 * and prints what became of it as JSON. Its word is the path of the bpf file system.
 */
import { loadObject } from '../../src/object/object.ts';
import { objectBytes } from './objects.ts';

export interface DelegatedLoad {
  /** What was said of loading without the token. */
  readonly refused: string;
  /** Kinds of links. */
  readonly links: readonly string[];
  /** How many of the programs ran. */
  readonly runs: number;
  /** What was said of a tracepoint, which hangs on a performance event. */
  readonly event: string;
}

const [, , path = ''] = process.argv;
const options = {
  file: 'attach.bpf.o',
  programs: ['raw_tracepoint', 'typed_tracepoint', 'tracepoint'],
  variables: { target_pid: process.pid },
};

/** What is said of what cannot be done; empty if it can. */
function refusal(act: () => { close(): void }): string {
  try {
    act().close();
    return '';
  } catch (error) {
    return String(error);
  }
}

const refused = refusal(() => loadObject(objectBytes('attach'), options));
using object = loadObject(objectBytes('attach'), { ...options, tokenFrom: path });
const { raw_tracepoint: raw, typed_tracepoint: typed, tracepoint } = object.programs;
const links = [raw, typed].map((program) => program!.attach().kind);
const event = refusal(() => tracepoint!.attach());
process.getgid?.();
const runs = (object.variables.runs as bigint[]).filter((count) => count > 0n).length;
process.stdout.write(JSON.stringify({ refused, links, runs, event } satisfies DelegatedLoad));
