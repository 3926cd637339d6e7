/** BPF tokens: what the owner of a machine delegates to a user namespace, whose own capabilities do not count for BPF. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import { test } from 'node:test';
import type { DelegatedLoad } from '../../test/support/delegated-load.ts';
import { testPrograms } from '../../test/support/programs.ts';
import { olderThan } from '../kernel/feature/release.ts';
import { bpffs } from '../kernel/mounts.ts';

test('an object is loaded in a user namespace, with a token of its bpf file system', (t) => {
  if (olderThan('6.9')) return t.skip('needs BPF tokens');
  if (!existsSync('/proc/self/ns/user')) return t.skip('needs user namespaces');
  const here = import.meta.filename;
  const script = join(import.meta.dirname, `../../test/support/delegated-load${extname(here)}`);
  const command = [
    process.execPath,
    ...process.execArgv.filter((word) => !word.startsWith('--test')),
    script,
  ];
  const ran = spawnSync(testPrograms().delegated, [bpffs(), ...command, bpffs()], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(ran.status, 0, `${ran.stdout}${ran.stderr}`);
  const { refused, links, runs, event } = JSON.parse(ran.stdout) as DelegatedLoad;
  assert.match(refused, /in a user namespace.*have a BPF token delegated to it/);
  assert.deepEqual([...links].sort(), ['rawTracepoint', 'tracing']);
  assert.equal(runs, 2);
  assert.match(event, /^$|EACCES: the process may open no such performance event; CAP_PERFMON/);
});
