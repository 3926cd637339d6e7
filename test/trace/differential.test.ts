/**
 * Programs of differential.txt, one a line, through our command and through the bpftrace that Debian 12 has (0.17),
 * in the same run: standard output has to be the same. Behind `!!` stands why it is not; such a program has to differ,
 * so that the list only shrinks.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { bpfkit, run } from '../support/command.ts';
import { projectRoot } from '../support/project.ts';

const version = spawnSync('bpftrace', ['--version'], { encoding: 'utf8' }).stdout?.trim();
const skip = version?.startsWith('bpftrace v0.17')
  ? false
  : `needs bpftrace 0.17: there is ${version ?? 'none'}`;

const programs = readFileSync(join(projectRoot, 'test/trace/differential.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => {
    const [body = '', difference] = line.split(/ !! (.*)/s);
    return { body, difference };
  });

async function outputs(body: string): Promise<{ ours: string; theirs: string }> {
  const words = ['-e', `BEGIN { ${body} exit(); } END { printf("end\\n"); }`, '7', 'word'];
  const env = { TZ: 'UTC' };
  const [ours, theirs] = await Promise.all([
    bpfkit(['trace', '--no-warnings', ...words], { env }),
    run('bpftrace', words, { env }),
  ]);
  return { ours: comparable(ours.stdout, ours.stderr), theirs: comparable(theirs.stdout, theirs.stderr) };
}

/**
 * How many probes there are is said on standard output by one, on standard error by the other, in other words. Empty
 * lines do not count, nor spaces at the end of a line: 0.17 has more of them around maps.
 */
function comparable(stdout: Buffer, stderr: Buffer): string {
  const count = /^Attach(?:ing|ed) (\d+) probe/m.exec(`${stdout}${stderr}`)?.[1];
  const rest = stdout.toString('utf8').replace(/^Attaching \d+ probes?\.\.\.\n/, '');
  return `${count} probes\n${rest.replace(/[ \n]*\n/g, '\n').trim()}`;
}

describe('what bpftrace 0.17 prints', { concurrency: 1, skip }, () => {
  for (const { body, difference } of programs) {
    it(body, async () => {
      const { ours, theirs } = await outputs(body);
      if (difference === undefined) assert.equal(ours, theirs);
      else assert.notEqual(ours, theirs, `the same now: take away '!! ${difference}'`);
    });
  }
});
