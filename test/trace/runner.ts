/** Runs cases of the language through the built command, two processes at a time. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { bpfkit, run } from '../support/command.ts';
import { testPrograms } from '../support/programs.ts';
import { projectRoot } from '../support/project.ts';
import { filled, type TraceCase, type TraceTable, trimmed, wordsOf } from './cases.ts';
import { outputsOf, programOf, type Row, saidAbout } from './tables.ts';

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Enough that rows wait for their table and not for each other; the slots below bound the processes. */
const CONCURRENCY = 256;
const SLOTS = 2;
/** Rows of one process: programs are loaded one after the other, and a failure is looked for row by row. */
const ROWS = 40;

const waiting: (() => void)[] = [];
let running = 0;

async function inSlot<T>(act: () => Promise<T>): Promise<T> {
  if (running >= SLOTS) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  try {
    return await act();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}

/** Declares a test for each case and each row of a table, in suites by section. */
export function declare(cases: readonly TraceCase[]): void {
  for (const section of new Set(cases.map((one) => one.section))) {
    describe(section, { concurrency: CONCURRENCY }, () => {
      for (const one of cases.filter((each) => each.section === section)) {
        if (one.table) declareTable(one, one.table);
        else it(one.title, () => expectingFailure(one, () => check(one)));
      }
    });
  }
}

async function expectingFailure(one: TraceCase, act: () => Promise<void>): Promise<void> {
  if (one.fails === undefined) return act();
  await assert.rejects(act(), `this works now: take away '--- fails: ${one.fails}'`);
}

async function check(one: TraceCase): Promise<void> {
  const { code, stdout, stderr } = await outcomeOf(one, one.program);
  const out = trimmed(stdout);
  if (one.match === undefined) assert.equal(out, one.stdout, difference(out, one.stdout, stderr));
  else assert.match(out, one.match, stderr);
  for (const part of one.stderr) assert.ok(stderr.includes(part), `${part}\nis not in\n${stderr}`);
  assert.equal(code, one.exit, stderr);
}

function difference(is: string, expected: string, stderr: string): string {
  return `is:\n${is}\nexpected:\n${expected}\nstandard error:\n${stderr}`;
}

function outcomeOf(one: TraceCase, text: string): Promise<Outcome> {
  return inSlot(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bpfkit-case-'));
    try {
      return await start(one, text, folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

async function start(one: TraceCase, text: string, folder: string): Promise<Outcome> {
  const places = { ...observed(`${one.options} ${one.shell} ${text}`), tmp: folder };
  const program = filled(text, places);
  const file = join(folder, 'script.bt');
  writeFileSync(file, program, { mode: 0o755 });
  const env = { TZ: 'UTC', PROGRAM: program, ...one.env };
  const settings = { env, within: 60_000, ...(one.input ? { input: program } : {}) };
  const command = join(projectRoot, 'dist/bpfkit.cjs');
  const words = wordsOf(one.options, { ...places, file, '': program });
  const { code, stdout, stderr } =
    one.shell === undefined
      ? await bpfkit(['trace', ...words], settings)
      : await run(
          '/bin/sh',
          ['-c', filled(one.shell, { ...places, file }), 'sh', process.execPath, command, 'trace'],
          settings,
        );
  return { code, stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8') };
}

/** The programs of test/programs; they take a compiler, so only where a case names one. */
function observed(text: string): Record<string, string> {
  if (!/\{(?:probed|library|debugged|optimized|stripped|unwound)\}/.test(text)) return {};
  const { probed, library, debugged, optimized, stripped, unwound } = testPrograms();
  return { probed, library, debugged, optimized, stripped, unwound };
}

function declareTable(one: TraceCase, table: TraceTable): void {
  for (let from = 0; from < table.rows.length; from += table.alone ? 1 : ROWS) {
    const rows = table.rows.slice(from, from + (table.alone ? 1 : ROWS));
    let shared: Promise<(string | undefined)[]> | undefined;
    for (const [at, row] of rows.entries()) {
      it(`${one.title}: ${row.text}`, () =>
        expectingFailure(one, async () => {
          shared ??= results(one, table, rows);
          // A row that stops its process is shown by itself, and so is one that another row hides.
          const inCompany = (await shared)[at];
          if (inCompany === row.expected) return;
          const [alone] = rows.length === 1 ? [inCompany] : await results(one, table, [row]);
          assert.equal(alone, row.expected);
          assert.ok(inCompany === undefined || table.kind === 'errors', `among other rows: ${inCompany}`);
        }));
    }
  }
}

/** What was said about each row; undefined where that cannot be told. */
async function results(
  one: TraceCase,
  table: TraceTable,
  rows: readonly Row[],
): Promise<(string | undefined)[]> {
  const program = programOf(table.kind, table.before, rows);
  const { code, stdout, stderr } = await outcomeOf(one, program);
  const first = table.before.length + 1;
  if (table.kind === 'errors') {
    const all = `${stderr}\n${stdout}`;
    const refused = all.includes(': ERROR: ');
    if (code !== (refused ? 1 : 0)) return rows.map(() => `exit code ${code}: ${all}`);
    return rows.map(({ text }, i) => saidAbout(all, first + i, text));
  }
  const outputs = code === 0 ? outputsOf(stdout, rows.length) : undefined;
  if (outputs) return outputs;
  return rows.map(() => (rows.length === 1 ? `exit code ${code}: ${stdout}${stderr}` : undefined));
}
