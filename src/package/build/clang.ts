/** Finding clang, and compiling one C source to a BPF object with it. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { noClang, oldClang, PackageError } from '../errors.ts';

export interface Clang {
  readonly path: string;
  /** `19.1.7` */
  readonly version: string;
}

/** The oldest version that has all that BPF programs use: 64-bit enumerators and their relocations. */
const oldestMajor = 15;
/** Versions that Debian and others install beside an unnumbered `clang`. */
const newestMajor = 30;

/**
 * The clang to use: the one that is named, else `clang` of PATH if it is new enough, else the newest `clang-N`.
 * Throws PackageError `noCompiler`.
 */
export function findClang(named: string | undefined, environment: NodeJS.ProcessEnv): Clang {
  if (named !== undefined) {
    const version = versionOf(named, environment);
    if (version === undefined) throw noClang([named]);
    if (majorOf(version) < oldestMajor) throw oldClang(named, version);
    return { path: named, version };
  }
  let old: Clang | undefined;
  const numbered = Array.from(
    { length: newestMajor - oldestMajor + 1 },
    (_, i) => `clang-${newestMajor - i}`,
  );
  for (const name of ['clang', ...numbered]) {
    const path = onPath(name, environment);
    const version = path && versionOf(path, environment);
    if (!path || !version) continue;
    if (majorOf(version) >= oldestMajor) return { path, version };
    old ??= { path, version };
  }
  if (old) throw oldClang(old.path, old.version);
  throw noClang(['clang', `clang-${newestMajor} to clang-${oldestMajor}`]);
}

function majorOf(version: string): number {
  return Number(version.split('.')[0]);
}

function versionOf(path: string, environment: NodeJS.ProcessEnv): string | undefined {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', env: environment, timeout: 20_000 });
  return /clang version (\d+(?:\.\d+)*)/.exec(stdout ?? '')?.[1];
}

/** The file that a shell would run for this name. */
export function onPath(name: string, environment: NodeJS.ProcessEnv): string | undefined {
  for (const folder of (environment.PATH ?? '').split(delimiter)) {
    if (folder === '') continue;
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next folder.
    }
  }
  return undefined;
}

/** What `__TARGET_ARCH_…` and the kernel's own sources call each of Node's architectures. */
const targets: Readonly<Record<string, string>> = {
  x64: 'x86',
  arm64: 'arm64',
  riscv64: 'riscv',
  s390x: 's390',
  ppc64: 'powerpc',
  loong64: 'loongarch',
  arm: 'arm',
  mips: 'mips',
};

export function targetArchitecture(architecture: string): string {
  return targets[architecture] ?? architecture;
}

export interface CompileOptions {
  readonly source: string;
  readonly output: string;
  readonly architecture: string;
  /** Searched in this order, before the system's folders. */
  readonly include: readonly string[];
  readonly flags?: readonly string[];
}

/**
 * Compiles. Returns what clang said (warnings). Throws PackageError `compileFailed` whose message is clang's own.
 * The words go to clang one by one, never through a shell.
 */
export function compileObject(clang: Clang, options: CompileOptions, environment: NodeJS.ProcessEnv): string {
  const { source, output, architecture, include, flags = [] } = options;
  const words = [
    '-g',
    '-O2',
    '-target',
    'bpf',
    '-mcpu=v3',
    '-Wno-unknown-attributes',
    `-D__TARGET_ARCH_${targetArchitecture(architecture)}`,
    ...include.flatMap((folder) => ['-I', folder]),
    ...systemFolders(clang, environment).flatMap((folder) => ['-idirafter', folder]),
    ...flags,
    '-c',
    source,
    '-o',
    output,
  ];
  const { status, signal, stderr, error } = spawnSync(clang.path, words, {
    encoding: 'utf8',
    env: environment,
    maxBuffer: 64 << 20,
  });
  if (error) throw new PackageError('noCompiler', `run ${clang.path}: ${error.message}`, { cause: error });
  if (status !== 0) {
    const how = signal ? `was ended by ${signal}` : `gave ${status}`;
    throw new PackageError('compileFailed', `${stderr.trimEnd() || `${clang.path} ${how} and said nothing`}`);
  }
  return stderr;
}

/** Where the host's headers are: the BPF target of clang has none of its own, and programs include <linux/…>. */
function systemFolders(clang: Clang, environment: NodeJS.ProcessEnv): string[] {
  const { stderr } = spawnSync(clang.path, ['-v', '-E', '-x', 'c', '/dev/null'], {
    encoding: 'utf8',
    env: { ...environment, LC_ALL: 'C' },
    timeout: 20_000,
  });
  const list = /#include <\.\.\.> search starts here:\n([\s\S]*?)\nEnd of search list/.exec(
    stderr ?? '',
  )?.[1];
  return (list ?? '').split('\n').flatMap((line) => (line.startsWith(' /') ? [line.trim()] : []));
}
