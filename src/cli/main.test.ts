import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../../test/support/project.ts';
import { Output } from '../text/output.ts';
import { fields } from '../tree/fields.ts';
import { snapshotOf } from '../tree/plain.ts';
import { Call, type ExitCode, type Io } from './command.ts';
import { runReport } from './commands/report.ts';
import { describeFailure } from './failure.ts';
import { main } from './main.ts';
import { commands, findCommand } from './table.ts';
import { version } from './version.ts';

interface Ran {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

function collector(into: { text: string }): Output {
  return new Output(-1, 'test', (_fd, bytes, offset, length) => {
    into.text += Buffer.from(bytes.subarray(offset, offset + length)).toString();
    return length;
  });
}

async function withIo(body: (io: Io) => Promise<ExitCode>): Promise<Ran> {
  const [out, err] = [{ text: '' }, { text: '' }];
  const io: Io = { out: collector(out), err: collector(err), environment: {} };
  const code = await body(io);
  io.out.flush();
  io.err.flush();
  return { code, out: out.text, err: err.text };
}

const run = (...words: string[]): Promise<Ran> => withIo((io) => main(words, io));

test('the version is that of the package', async () => {
  const { version: packaged } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  assert.equal(version, packaged);
  for (const word of ['-v', '--version']) {
    assert.deepEqual(await run(word), { code: 0, out: `bpfkit ${packaged}\n`, err: '' });
  }
});

test('no words, help and --help show all commands that are listed', async () => {
  const bare = await run();
  assert.equal(bare.code, 0);
  assert.equal(bare.err, '');
  for (const spec of commands) assert.equal(bare.out.includes(`  ${spec.name}`), !spec.hidden, spec.name);
  assert.deepEqual(await run('help'), bare);
  assert.deepEqual(await run('--help'), bare);
});

test('the help of each command teaches with its examples', async () => {
  for (const spec of commands.filter((one) => !one.hidden)) {
    const help = await run(spec.name, '--help');
    assert.equal(help.code, 0);
    assert.ok(help.out.includes('Examples:'), spec.name);
    for (const { line, what } of spec.examples) {
      assert.ok(help.out.includes(line), line);
      assert.ok(help.out.includes(what), what);
    }
    assert.deepEqual(await run('help', spec.name), help);
    assert.deepEqual(await run(spec.aliases?.[0] ?? spec.name, '-h'), help);
  }
});

test('examples are calls that parse', async () => {
  const words = commands.flatMap((spec) =>
    spec.examples.map(({ line }) => (/bpfkit ([\w -]*[\w-])/.exec(line)?.[1] ?? '').split(' ')),
  );
  for (const one of words) assert.ok(one.length > 0 && findCommand(one[0]!));
});

test('wrong usage is a sentence, a pointer to help, and exit code 2', async () => {
  const cases: [words: string[], sentence: RegExp, help: string][] = [
    [['tre'], /^bpfkit: unknown command 'tre': did you mean tree\?$/m, 'bpfkit'],
    [['nothing-like-it'], /^bpfkit: unknown command 'nothing-like-it'$/m, 'bpfkit'],
    [['tree', 'pid', '1', '--jsn'], /unknown option '--jsn': did you mean --json\?/, 'bpfkit tree'],
    [['t', 'pid'], /missing required argument 'field-value'/, 'bpfkit tree'],
    [['i', 'pid', '1', '2'], /too many arguments/, 'bpfkit info'],
    [['tree', '-f'], /argument missing/, 'bpfkit tree'],
    [['-n'], /a command is missing/, 'bpfkit'],
    [['--frob'], /unknown option '--frob'/, 'bpfkit'],
    [['help', 'nothing'], /missing or unknown/, 'bpfkit'],
    [['-f', 'pid', 'fields'], /'fields' does not take the option '--format'/, 'bpfkit fields'],
    [['types', '-o', 'a', '-o', 'b'], /'--output' is given twice/, 'bpfkit types'],
    [['completion', 'tcsh'], /no completion for the shell 'tcsh'/, 'bpfkit completion'],
  ];
  for (const [words, sentence, help] of cases) {
    const { code, out, err } = await run(...words);
    assert.deepEqual({ code, out }, { code: 2, out: '' }, words.join(' '));
    assert.match(err, sentence);
    assert.ok(err.endsWith(`Try '${help} --help'.\n`), err);
    assert.doesNotMatch(err, /\n {4}at /);
  }
});

test('what the user typed cannot drive the terminal from an error', async () => {
  const { err } = await run('\x1b[2Jtree');
  assert.match(err, /unknown command '\\x1b\[2Jtree'/);
});

test('fields is the table, for people and for programs', async () => {
  for (const words of [['fields'], ['f'], ['-n', 'fields'], ['fields', '-n']]) {
    const { code, out } = await run(...words);
    assert.equal(code, 0);
    assert.equal(out.split('\n').length, fields.length + 3);
    assert.equal(out.split('\n')[20], '| cmdline,cmd | Command line of the current task |');
    assert.ok(out.startsWith('| Fields | Description |\n'));
  }
  const { out } = await run('fields', '--json');
  const first: unknown = JSON.parse(out.split('\n')[0]!);
  assert.deepEqual(first, {
    name: 'tid',
    short: 't',
    description: 'thread id (tid) of the current task (init namespace)',
    type: 'integer',
  });
});

test('options may stand before the command, as in bpftree', async () => {
  assert.deepEqual(await run('--json', 'f'), await run('f', '--json'));
});

const snapshot = snapshotOf([
  { tid: 1, pid: 1, vtid: 1, comm: 'init', euid: 0 },
  { tid: 7, pid: 7, vtid: 7, rptid: 3, comm: 'lost', euid: 1 },
]);

function report(words: readonly string[], options: [string, string[]][] = []): Promise<Ran> {
  return withIo((io) => runReport('info', new Call(words, new Map(options)), io, () => snapshot));
}

test('data goes to standard output, warnings and errors to standard error', async () => {
  const warning = "⚠️ Parent with tid '3' not found in the table during children computation\n";
  assert.deepEqual(await report(['comm', 'init']), {
    code: 0,
    out: "ℹ️ Task Info for 'comm=init'\n🗞️ [init] tid: 1, pid: 1, rptid: 0, rppid: 0\n",
    err: warning,
  });
  assert.deepEqual(await report(['tid', '9999']), {
    code: 1,
    out: '',
    err: `${warning}🔴 There are no tasks with 'tid=9999' in the system\n`,
  });
});

test('a kernel that refuses is one sentence and the way to the doctor', async () => {
  class LoadError extends Error {
    override readonly name: string = 'LoadError';
    readonly errno = 1;
  }
  const ran = await withIo((io) =>
    runReport('tree', new Call(['tid', '1']), io, () => {
      throw new LoadError('load program "tasks": EPERM: run it as root (sudo)');
    }),
  );
  assert.deepEqual(ran, {
    code: 1,
    out: '',
    err:
      '🔴 load program "tasks": EPERM: run it as root (sudo)\n' +
      "'bpfkit doctor' shows what this kernel and this user can do.\n",
  });
});

test('an unknown field is wrong usage, with the nearest names or where to find them', async () => {
  assert.deepEqual(await report(['zz', '1']), {
    code: 2,
    out: '',
    err: "🔴 invalid field name 'zz'\n'bpfkit fields' lists the fields.\n",
  });
  const { code, err } = await report(
    ['tid', '1'],
    [
      ['format', [' rpt']],
      ['no-pretty', ['']],
    ],
  );
  assert.equal(code, 2);
  assert.match(err, /^X invalid field name in the format fields ' rpt'\nDid you mean 'rpt'/);
});

test('a reader that went away is success, a full disk is not', async () => {
  const failing = (code: string): Output =>
    new Output(1, 'standard output', () => {
      throw Object.assign(new Error(code), { code });
    });
  const err = { text: '' };
  const io = (code: string): Io => ({ out: failing(code), err: collector(err), environment: {} });
  assert.equal(await main(['fields'], io('EPIPE')), 0);
  assert.equal(err.text, '');
  assert.equal(await main(['fields'], io('ENOSPC')), 1);
  assert.equal(err.text, 'bpfkit: writing to standard output failed: ENOSPC\n');
});

test('a refusal of the kernel points to the doctor, at any depth; nothing shows a stack', () => {
  class LoadError extends Error {
    override readonly name: string = 'LoadError';
  }
  const refused = Object.assign(new LoadError('bpf(PROG_LOAD): EPERM'), { errno: 1 });
  assert.deepEqual(describeFailure(new LoadError('no', { cause: refused }), {}), {
    lines: ['bpfkit: no', "'bpfkit doctor' shows what this kernel and this user can do."],
    exitCode: 1,
  });
  assert.deepEqual(describeFailure(new TypeError('x is not a function'), {}).lines, [
    'bpfkit: this is a defect of bpfkit: x is not a function; BPFKIT_DEBUG=1 shows where',
  ]);
  assert.match(describeFailure(new TypeError('x'), { BPFKIT_DEBUG: '1' }).lines.join('\n'), /main\.test/);
});
