/**
 * The guests: for each kernel a `vmlinuz` and a root archive with busybox, node, bpftool and some modules, kept
 * below .cache/guests under the hash of what they were made from.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Archive } from './cpio.mjs';
import { aptGet } from './packages.mjs';
import { root } from './paths.mjs';
import { aptOf } from './suites.mjs';

/**
 * Kernels of the guests: the Debian package that depends on the newest one of its kind, and its suite where that is
 * not this machine's own.
 */
export const GUESTS = /** @type {const} @satisfies {Record<string, { meta: string, suite?: string }>} */ ({
  '5.10': { meta: 'linux-image-cloud-amd64', suite: 'bullseye' },
  6.1: { meta: 'linux-image-cloud-amd64' },
  6.12: { meta: 'linux-image-6.12-cloud-amd64' },
  newest: { meta: 'linux-image-amd64', suite: 'trixie-backports' },
});

/** A guest that cannot be had: its suite has left the mirror, or is not there yet. */
export class NoKernel extends Error {}

/** Modules that jobs may ask for; what they depend on comes with them. */
const MODULES = [
  'virtio_mmio',
  'virtio_blk',
  'virtio_net',
  'virtio_console',
  'veth',
  'dummy',
  'sch_ingress',
  'cls_bpf',
  'act_bpf',
  'netkit',
  'loop',
  'null_blk',
  'act_gact',
  'tcp_dctcp',
  'uhid',
  'hid_generic',
];

const INIT = join(import.meta.dirname, 'init.sh');
/** After this many milliseconds apt is asked again whether there is a newer kernel. */
const ASK_AGAIN = 24 * 3600e3;

/** @param {string} file @param {string[]} words @param {import('node:child_process').SpawnSyncOptions} [options] */
function run(file, words, options = {}) {
  const ran = spawnSync(file, words, { maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'pipe'], ...options });
  if (ran.status !== 0) {
    throw new Error(`${file} ${words.join(' ')} failed: ${ran.error?.message ?? String(ran.stderr).trim()}`);
  }
  return ran.stdout;
}

/** A program of this machine and the libraries that the loader names for it, for the guest. @param {string} file */
export function withLibraries(file) {
  const listed = spawnSync('ldd', [file], { encoding: 'utf8' });
  const libraries = listed.status === 0 ? (listed.stdout.match(/\/\S+(?= \(0x)/g) ?? []) : [];
  return [file, ...libraries];
}

/** @typedef {import('./suites.mjs').Apt} Apt */

/** What a package depends on. @param {Apt} apt @param {string} name */
function dependencies(apt, name) {
  const text = String(run('apt-cache', [...apt.options, 'depends', name], { encoding: 'utf8' }));
  return [...text.matchAll(/^ *Depends: (\S+)/gm)].map(([, needed]) => needed ?? '');
}

/** The newest package and its version, as apt writes it: `name=version`. @param {Apt} apt @param {string} meta */
function newestKernel(apt, meta) {
  const name = dependencies(apt, meta).find((needed) => /^linux-image-\d/.test(needed));
  if (!name) throw new Error(`apt-cache depends ${meta} names no kernel image`);
  const policy = String(run('apt-cache', [...apt.options, 'policy', name], { encoding: 'utf8' }));
  return `${name}=${policy.match(/Candidate: (\S+)/)?.[1] ?? ''}`;
}

/**
 * The package of a kernel and, since 7.2, those that it is split into: the image alone and the modules.
 * @param {Apt} apt @param {string} kernel @param {string} into
 */
function unpackKernel(apt, kernel, into) {
  const name = kernel.split('=')[0] ?? kernel;
  const download = () => {
    const parts = dependencies(apt, name).filter((needed) => /^linux-(binary|modules)-\d/.test(needed));
    aptGet([...apt.options, 'download', name, ...parts], { cwd: into });
  };
  try {
    download();
  } catch {
    apt.refresh(); // the mirror drops superseded versions
    download();
  }
  for (const deb of readdirSync(into).filter((file) => file.endsWith('.deb'))) {
    run('dpkg', ['-x', join(into, deb), join(into, 'package')]);
  }
  return join(into, 'package');
}

/** The kernel itself, in /boot or, since 7.2, beside its modules. @param {string} folder of the unpacked packages */
function vmlinuzOf(folder) {
  const words = [folder, '-type', 'f', '-name', 'vmlinuz*'];
  const [file] = String(run('find', words, { encoding: 'utf8' })).split('\n');
  if (!file) throw new Error(`no vmlinuz in ${folder}`);
  return file;
}

/**
 * The modules wanted and what they depend on, dependencies first. Debian's package has no modules.dep (depmod
 * writes it at installation), so the `depends=` entry of each module's .modinfo is read.
 * @param {string} folder of the unpacked package
 */
function collectModules(folder) {
  const files = new Map(
    String(run('find', [folder, '-name', '*.ko*'], { encoding: 'utf8' }))
      .split('\n')
      .filter(Boolean)
      .map((file) => [
        basename(file)
          .replace(/\.ko.*/, '')
          .replaceAll('-', '_'),
        file,
      ]),
  );
  /** @type {Map<string, { bytes: Uint8Array, needed: string[] }>} */
  const found = new Map();
  const visit = (/** @type {string} */ name) => {
    if (found.has(name)) return;
    const file = files.get(name);
    if (!file) return; // built into this kernel
    const stored = readFileSync(file);
    const bytes = file.endsWith('.xz') ? run('busybox', ['xz', '-dc'], { input: stored }) : stored;
    const depends = /\0depends=([^\0]*)\0/.exec(Buffer.from(bytes).toString('latin1'))?.[1] ?? '';
    const needed = depends.split(',').flatMap((one) => (one ? [one.replaceAll('-', '_')] : []));
    for (const one of needed) visit(one);
    found.set(name, { bytes: Buffer.from(bytes), needed });
  };
  for (const name of MODULES) visit(name);
  return found;
}

function baseArchive(/** @type {ReturnType<typeof collectModules>} */ modules) {
  const archive = new Archive();
  for (const folder of [
    'proc',
    'sys',
    'dev',
    'tmp',
    'run',
    'root',
    'etc',
    'job',
    'bin',
    'sbin',
    'usr/bin',
    'usr/sbin',
  ]) {
    archive.directory(folder);
  }
  archive.device('dev/console', 5, 1);
  archive.device('dev/null', 1, 3);
  archive.file('init', readFileSync(INIT), 0o755);
  archive.file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n');
  archive.file('etc/group', 'root:x:0:\nnogroup:x:65534:\n');
  archive.file('etc/hosts', '127.0.0.1 localhost guest\n::1 localhost\n');
  archive.copy('/bin/busybox');
  for (const applet of String(run('busybox', ['--list'], { encoding: 'utf8' })).split('\n')) {
    if (applet && applet !== 'busybox') archive.link(`usr/local/bin/${applet}`, '/bin/busybox');
  }
  archive.link('bin/sh', 'busybox');
  for (const file of [...withLibraries(process.execPath), ...withLibraries('/usr/sbin/bpftool')])
    archive.copy(file);
  if (process.execPath !== '/usr/bin/node') archive.link('usr/bin/node', process.execPath);
  for (const [name, { bytes }] of modules) archive.file(`modules/${name}.ko`, bytes);
  archive.file('modules/order', `${[...modules.keys()].join('\n')}\n`);
  return archive.bytes();
}

/** What a finished image was made from; a change of any of it makes another image. @param {string} kernelPackage */
function fingerprint(kernelPackage) {
  const hash = createHash('sha256');
  for (const source of [INIT, import.meta.filename, join(import.meta.dirname, 'cpio.mjs')]) {
    hash.update(readFileSync(source));
  }
  for (const file of [process.execPath, '/bin/busybox', '/usr/sbin/bpftool']) {
    const { size, mtimeMs } = lstatSync(realpathSync(file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  hash.update(kernelPackage);
  return hash.digest('hex').slice(0, 12);
}

/**
 * The package to use for a guest, asked for once a day. When the mirror cannot be asked, what is there serves on.
 * @param {keyof typeof GUESTS} guest @param {string} cache @param {Apt} apt
 */
function chooseKernel(guest, cache, apt) {
  const { meta, suite } = { suite: undefined, ...GUESTS[guest] };
  const choice = join(cache, `${guest}.package`);
  const known = existsSync(choice) ? readFileSync(choice, 'utf8').trim() : undefined;
  if (known !== undefined && Date.now() - statSync(choice).mtimeMs < ASK_AGAIN) return known;
  try {
    apt.refresh();
    const kernel = newestKernel(apt, meta);
    writeFileSync(choice, `${kernel}\n`);
    return kernel;
  } catch (error) {
    if (suite === undefined) throw error;
    if (known !== undefined && existsSync(join(cache, `${guest}-${fingerprint(known)}`))) return known;
    const why = error instanceof Error ? error.message : String(error);
    throw new NoKernel(`${meta} of ${suite} cannot be had: ${why}`);
  }
}

/**
 * The image of a guest, made if it is not there: its directory holds `vmlinuz`, `base.cpio` and `modules`.
 * @param {keyof typeof GUESTS} guest
 * @returns {{ folder: string, kernel: string, made: boolean }}
 */
export function guestImage(guest) {
  const cache = join(root, '.cache/guests');
  mkdirSync(cache, { recursive: true });
  const { suite } = { suite: undefined, ...GUESTS[guest] };
  const apt = aptOf(suite);
  const kernel = chooseKernel(guest, cache, apt);
  const folder = join(cache, `${guest}-${fingerprint(kernel)}`);
  if (existsSync(folder)) return { folder, kernel, made: false };
  const work = mkdtempSync(join(cache, `${guest}.making-`));
  const unpacked = mkdtempSync(join(tmpdir(), 'bpfkit-kernel-'));
  try {
    const contents = unpackKernel(apt, kernel, unpacked);
    copyFileSync(vmlinuzOf(contents), join(work, 'vmlinuz'));
    const modules = collectModules(contents);
    const lines = [...modules].map(([name, { needed }]) => [name, ...needed].join(' '));
    writeFileSync(join(work, 'modules'), lines.join('\n'));
    writeFileSync(join(work, 'base.cpio'), baseArchive(modules));
    for (const old of readdirSync(cache)) {
      const age = Date.now() - statSync(join(cache, old)).mtimeMs;
      if (old.startsWith(`${guest}-`) && age > ASK_AGAIN)
        rmSync(join(cache, old), { recursive: true, force: true });
    }
    try {
      renameSync(work, folder);
    } catch (error) {
      if (!existsSync(folder)) throw error; // otherwise another run made the same image meanwhile
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
    rmSync(unpacked, { recursive: true, force: true });
  }
  return { folder, kernel, made: true };
}
