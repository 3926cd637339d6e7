/**
 * Debian packages that the tests use: asks dpkg for each (a leftover binary proves nothing), and installs what
 * is missing.
 */
import { spawnSync } from 'node:child_process';

/** Package and what the tests do with it. */
const PACKAGES = {
  'qemu-system-x86': 'boots the other kernels',
  'busybox-static': 'the shell of the guests',
  bpftool: 'the second opinion on loaded programs and BTF',
  bpftrace: 'the second opinion on the tracing language',
  clang: 'compiles the C objects',
  'clang-19': 'compiles the C objects as well',
  'clang-16': 'compiles packages, which need 15 or newer, and guests of WebAssembly',
  'lld-16': 'links guests of WebAssembly',
  'docker-registry': 'the registry that packages go to',
  gcc: 'builds programs to be observed',
  'g++': 'builds programs to be observed',
  'libc6-dev': 'builds programs to be observed',
  'libbpf-dev': 'headers of the C objects',
  procps: 'ps, the second opinion on process trees',
  psmisc: 'pstree, the second opinion on process trees',
  strace: 'counts system calls',
  tmux: 'a terminal for the live tree',
};

/** @param {string} name */
function installed(name) {
  const asked = spawnSync('dpkg-query', ['-s', name], { encoding: 'utf8' });
  if (asked.error) throw new Error(`dpkg-query did not run (${asked.error.message}): the tests need Debian`);
  return asked.status === 0 && /^Status: .* installed$/m.test(asked.stdout);
}

/**
 * Runs apt-get without questions.
 * @param {string[]} words
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 */
export function aptGet(words, options = {}) {
  const ran = spawnSync('apt-get', ['-q', '-y', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    ...options,
  });
  if (ran.status !== 0) {
    const answer = `${ran.stdout ?? ''}${ran.stderr ?? ''}`.trim().split('\n').slice(-8).join('\n');
    throw new Error(`apt-get ${words.join(' ')} failed: ${ran.error?.message ?? answer}`);
  }
}

let listsAreFresh = false;

/** Fetches the package lists, once a run. */
export function refreshLists() {
  if (listsAreFresh) return;
  aptGet(['update']);
  listsAreFresh = true;
}

/** Installs what is missing; returns the names of what it installed. */
export function installPackages() {
  const missing = Object.keys(PACKAGES).filter((name) => !installed(name));
  if (missing.length === 0) return missing;
  if (process.getuid?.() !== 0) {
    throw new Error(`missing Debian packages: ${missing.join(' ')}; run the tests as root, or install them`);
  }
  refreshLists();
  aptGet(['install', '--no-install-recommends', ...missing]);
  return missing;
}
