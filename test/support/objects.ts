/** Compiled C fixtures: made on this machine when they are asked for, brought along in a guest. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './project.ts';

const compiler = join(projectRoot, 'scripts/testing/objects.mjs');

/** Path of `test/object/NAME.bpf.c`, compiled. */
export function objectPath(name: string): string {
  const path = join(projectRoot, `.build/objects/clang/${name}.bpf.o`);
  // A guest has no clang, and gets what the host compiled.
  if (existsSync(compiler)) run(compiler, [name]);
  return path;
}

/** The same with another clang, or for big-endian machines; compiled anew each time. */
export function objectOf(
  name: string,
  options: { readonly clang?: string; readonly bigEndian?: boolean },
): Uint8Array {
  const call = `process.stdout.write((await import(${JSON.stringify(compiler)})).compileObject(${JSON.stringify(name)}, ${JSON.stringify(options)}))`;
  return readFileSync(run('--input-type=module', ['-e', call]));
}

/** Names of the installed compilers. */
export function installedClangs(): string[] {
  const call = `process.stdout.write((await import(${JSON.stringify(compiler)})).clangs().join(' '))`;
  return run('--input-type=module', ['-e', call]).split(' ');
}

export function objectBytes(name: string): Uint8Array {
  return readFileSync(objectPath(name));
}

function run(script: string, words: readonly string[]): string {
  const ran = spawnSync(process.execPath, [script, ...words], { encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`compiling fixtures failed:\n${ran.stderr}`);
  return ran.stdout;
}
