/**
 * `npm run bench [-- NAME...] [--quick] [--json] [--no-build]`: what people feel, beside the originals, in one run.
 *
 * Builds the package and the C programs, runs each measure beside its original, and prints one table. Nothing is
 * asserted about time: a goal that is missed is a NO in the table. Originals that are not installed are named.
 * `--quick` does everything once, so that the bench itself cannot rot. Needs root.
 */
import { spawnSync } from 'node:child_process';
import { cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';
import { environment, findCommand, root } from './children.ts';
import { idle } from './measures/idle.ts';
import { instructions } from './measures/instructions.ts';
import { leave } from './measures/leave.ts';
import { btfIndex, programLoad } from './measures/load.ts';
import type { Measure } from './measures/measure.ts';
import { object } from './measures/object.ts';
import { replay } from './measures/replay.ts';
import { ring } from './measures/ring.ts';
import { scale } from './measures/scale.ts';
import { start } from './measures/start.ts';
import { trace } from './measures/trace.ts';
import { tree } from './measures/tree.ts';
import { type Row, rowData, tableOf } from './report.ts';

const measures: readonly Measure[] = [
  start,
  btfIndex,
  programLoad,
  ring,
  instructions,
  trace,
  object,
  tree,
  scale,
  replay,
  leave,
  idle,
];
const packages: Readonly<Record<string, string>> = {
  gcc: 'gcc, libc6-dev and libbpf-dev',
  pstree: 'psmisc',
  '/usr/bin/time': 'time',
};

const words = process.argv.slice(2);
const flags = new Set(words.filter((word) => word.startsWith('--')));
const names = words.filter((word) => !word.startsWith('--'));
const unknown = [
  ...[...flags].filter((flag) => !['--quick', '--json', '--no-build'].includes(flag)),
  ...names.filter((name) => !measures.some((measure) => measure.name === name)),
];
if (unknown.length > 0) {
  console.error(
    `bench: unknown: ${unknown.join(' ')}; measures are ${measures.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}

/** Everything but the result goes to stderr. */
const say = (text: string): void => console.error(text);

if (!flags.has('--no-build')) {
  say('building the package');
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], {
    env: environment,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) process.exit(1);
}

const chosen = measures.filter(({ name }) => names.length === 0 || names.includes(name));
const wanted = new Set(chosen.flatMap(({ compares }) => compares));
const found = new Set([...wanted].filter((command) => findCommand(command) !== undefined));
const missing = [...wanted].filter((command) => !found.has(command));
for (const command of missing) {
  say(`${command} is not installed (Debian: ${packages[command] ?? command}): measured without it`);
}

const quick = flags.has('--quick');
const rows: { readonly measure: string; readonly row: Row }[] = [];
const failed: { readonly measure: string; readonly reason: string }[] = [];
for (const measure of chosen) {
  say(`measuring ${measure.name}`);
  try {
    for (const row of await measure.run({ quick }, found)) rows.push({ measure: measure.name, row });
  } catch (error) {
    failed.push({ measure: measure.name, reason: String(error) });
    say(`${measure.name} failed: ${error instanceof Error ? error.stack : error}`);
  }
}

const load = loadavg()[0]!;
if (flags.has('--json')) {
  const machine = { kernel: release(), node: process.version, cpus: cpus().length, load };
  console.log(JSON.stringify({ ...machine, quick, missing, failed, nodeExtraCaCerts: null }));
  for (const { measure, row } of rows) console.log(JSON.stringify({ measure, ...rowData(row) }));
} else {
  console.log(`Linux ${release()}, Node ${process.version}, ${cpus().length} CPUs, load ${load.toFixed(1)}`);
  console.log('Medians (least-most); less is better. NODE_EXTRA_CA_CERTS is unset for everything measured.');
  if (quick) console.log('One quick round each: the numbers mean little.');
  console.log();
  for (const line of tableOf(rows.map(({ row }) => row))) console.log(line);
}
process.exit(failed.length > 0 ? 1 : 0);
