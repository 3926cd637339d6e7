/**
 * Open files of tasks that the kernel's walk left out, from /proc: the same rows, with less in them.
 *
 * Some kernels hide a supervisor's processes from iterators but not from /proc (see tree/procfs.ts). What /proc
 * does not tell stays empty: the ends of sockets, the layer on overlayfs, the ids of BPF objects.
 */
import { readdirSync, readFileSync, readlinkSync, statfsSync, statSync } from 'node:fs';
import { filesystemName } from './kind.ts';
import { FileLayer } from './model.ts';
import { encodeFile } from './record.ts';

/** File systems that nobody can mount: made by init_pseudo() of fs/libfs.c, which sets SB_NOUSER. */
const unmountable: ReadonlySet<string> = new Set([
  'sockfs',
  'pipefs',
  'anon_inodefs',
  'nsfs',
  'pidfs',
  'dmabuf',
  'secretmem',
]);

/** The kernel's form of a device number from the one of stat(2) (include/linux/kdev_t.h, new_decode_dev). */
export function kernelDevice(dev: bigint): number {
  const major = Number((dev >> 8n) & 0xfffn);
  const minor = Number((dev & 0xffn) | ((dev >> 12n) & 0xfff00n));
  return major * 0x10_0000 + minor;
}

/** The records of one thread's descriptors; nothing if it is gone or may not be looked at. */
export function filesFromProc(tid: number): Uint8Array[] {
  const folder = `/proc/${tid}`;
  let names: string[];
  try {
    names = readdirSync(`${folder}/fd`);
  } catch {
    return [];
  }
  const records: Uint8Array[] = [];
  for (const name of names) {
    try {
      records.push(readFile(folder, tid, name));
    } catch {
      // It was closed while it was read.
    }
  }
  return records;
}

function readFile(folder: string, tid: number, name: string): Uint8Array {
  const link = `${folder}/fd/${name}`;
  const path = readlinkSync(link, 'buffer');
  const info = readFileSync(`${folder}/fdinfo/${name}`, 'latin1');
  const value = (key: string): string => new RegExp(`^${key}:\\s*(\\S+)`, 'm').exec(info)?.[1] ?? '0';
  const stat = statSync(link, { bigint: true });
  const filesystem = statfsSync(link).type >>> 0;
  const text = path.toString('latin1');
  const memory = filesystemName(filesystem) === 'tmpfs' && /^\/(memfd:|SYSV|dev\/zero )/.test(text);
  const mountable = !memory && !unmountable.has(filesystemName(filesystem));
  return encodeFile({
    tid,
    fd: Number(name),
    ino: stat.ino,
    position: BigInt(value('pos')),
    size: stat.size,
    mountId: Number(value('mnt_id')),
    layer: mountable ? FileLayer.mountable : 0,
    dev: kernelDevice(stat.dev),
    rdev: kernelDevice(stat.rdev),
    mode: stat.mode,
    openFlags: Number.parseInt(value('flags'), 8),
    filesystem,
    deleted: mountable && text.endsWith(' (deleted)') ? 1 : 0,
    path,
  });
}
