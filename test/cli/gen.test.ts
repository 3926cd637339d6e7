/** `bpfkit gen`: declarations that a compiler accepts, and types cut down for other kernels. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Btf } from '../../src/btf/btf.ts';
import { bpfkit } from '../support/command.ts';
import { objectPath } from '../support/objects.ts';
import { projectRoot } from '../support/project.ts';

const folder = mkdtempSync(join(projectRoot, '.build/gen-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What the compiler says of a program that uses the declarations. */
function compiled(name: string, source: string): string {
  const file = join(folder, `${name}.ts`);
  writeFileSync(file, source);
  const words = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--lib',
    'es2022,esnext.disposable',
  ];
  const tsc = join(projectRoot, 'node_modules/typescript/bin/tsc');
  const ran = spawnSync(process.execPath, [tsc, ...words, '--types', 'node', file], {
    encoding: 'utf8',
    cwd: projectRoot,
  });
  return `${ran.stdout}${ran.stderr}`;
}

test('declarations make maps, variables and events typed', async () => {
  const path = join(folder, 'first.d.ts');
  const made = await bpfkit(['gen', objectPath('first'), '-o', path]);
  assert.equal(made.code, 0, made.stderr.toString());
  const good = compiled(
    'good',
    `import { loadObject } from 'bpfkit/object';
import type { FirstObject } from './first.d.ts';
const object = loadObject<FirstObject>('first.bpf.o', { variables: { target_pid: 1n, greeting: 'hi' } });
const comm: string | undefined = object.maps.seen.get(1)?.comm.text;
const runs: bigint = object.variables.runs;
object.variables.runs = 5;
for await (const event of object.events('events').records()) {
  const pid: number = event.pid;
  const count: bigint = event.count;
}
object.programs.handle_enter.attach();
`,
  );
  assert.equal(good, '');
  const bad = compiled(
    'bad',
    `import { loadObject } from 'bpfkit/object';
import type { FirstObject } from './first.d.ts';
const object = loadObject<FirstObject>('first.bpf.o');
object.variables.ruins = 5;
object.maps.seen.get('1');
object.programs.handle_exit;
`,
  );
  for (const name of ['ruins', 'string', 'handle_exit']) assert.match(bad, new RegExp(name));
});

test('slots of programs are written as the library takes them, not as their C type', async () => {
  const path = join(folder, 'network.d.ts');
  const made = await bpfkit(['gen', objectPath('network'), '-o', path]);
  assert.equal(made.code, 0, made.stderr.toString());
  const errors = compiled(
    'slots',
    `import { loadObject } from 'bpfkit/object';
import type { NetworkObject } from './network.d.ts';
const object = loadObject<NetworkObject>('network.bpf.o');
const { xdp_devmap, xdp_cpumap } = object.programs;
object.maps.devices.set(0, { interface: 1, program: xdp_devmap.program });
object.maps.processors.set(0, { queueSize: 64, program: xdp_cpumap });
`,
  );
  assert.equal(errors, '');
});

test('types are cut down to what an object asks for', async () => {
  const path = join(folder, 'small.btf');
  const { code, stderr } = await bpfkit([
    'gen',
    '--min-btf',
    '-o',
    path,
    objectPath('first'),
    objectPath('core'),
  ]);
  assert.equal(code, 0, stderr.toString());
  assert.ok(statSync(path).size < 20_000);
  const types = Btf.parse(readFileSync(path));
  assert.ok(types.find('task_struct', 'struct'));
  assert.equal(types.find('file_operations', 'struct'), undefined);
});

test('what is no object, and options that do not go together, are a sentence', async () => {
  const text = join(tmpdir(), `bpfkit-no-object-${process.pid}`);
  writeFileSync(text, 'hello');
  const refused = await bpfkit(['gen', text]);
  rmSync(text);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr.toString(), /bpfkit-no-object-\d+: the file does not start with 7f 45 4c 46/);
  assert.equal((await bpfkit(['gen', '/nowhere.o'])).code, 1);
  assert.equal((await bpfkit(['gen', objectPath('first'), objectPath('core')])).code, 2);
  assert.equal((await bpfkit(['gen', '--min-btf', objectPath('first')])).code, 2);
  assert.equal((await bpfkit(['gen', '--btf', '/x', objectPath('first')])).code, 2);
});
