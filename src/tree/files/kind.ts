/** What a descriptor is to people: the names behind types, flags, file systems and devices. */
import { escapeBytes } from '../../text/escape.ts';
import type { Row } from '../snapshot.ts';
import { type FileColumns, FileLayer } from './model.ts';

/** `s_magic` of file systems: include/uapi/linux/magic.h, and the sources of those that are not in it. */
const filesystems: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0xf2f52010, 'f2fs'],
  [0x2fc12fc1, 'zfs'],
  [0xe0f5e1e2, 'erofs'],
  [0x73717368, 'squashfs'],
  [0x4d44, 'vfat'],
  [0x2011bab0, 'exfat'],
  [0x9660, 'iso9660'],
  [0x794c7630, 'overlay'],
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
  [0x958458f6, 'hugetlbfs'],
  [0x6969, 'nfs'],
  [0xff534d42, 'cifs'],
  [0x00c36400, 'ceph'],
  [0x01021997, '9p'],
  [0x65735546, 'fuse'],
  [0x0187, 'autofs'],
  [0x9fa0, 'proc'],
  [0x62656572, 'sysfs'],
  [0x1cd1, 'devpts'],
  [0x64626720, 'debugfs'],
  [0x74726163, 'tracefs'],
  [0x73636673, 'securityfs'],
  [0x27e0eb, 'cgroup'],
  [0x63677270, 'cgroup2'],
  [0xcafe4a11, 'bpf'],
  [0x42494e4d, 'binfmt_misc'],
  [0x62656570, 'configfs'],
  [0x19800202, 'mqueue'],
  [0x50495045, 'pipefs'],
  [0x534f434b, 'sockfs'],
  [0x09041934, 'anon_inodefs'],
  [0x6e736673, 'nsfs'],
  [0x50494446, 'pidfs'],
  [0x444d4142, 'dmabuf'],
  [0x5345434d, 'secretmem'],
]);

/** The name of a file system, or its number in hexadecimal. */
export function filesystemName(magic: number): string {
  return filesystems.get(magic) ?? `0x${magic.toString(16)}`;
}

/** File systems whose files are all of one type. */
const typesByFilesystem: ReadonlyMap<string, string> = new Map([
  ['sockfs', 'socket'],
  ['pipefs', 'pipe'],
  ['nsfs', 'namespace'],
  ['pidfs', 'pidfd'],
  ['dmabuf', 'dma-buf'],
  ['secretmem', 'secretmem'],
]);

/** The type bits of `i_mode` (S_IFMT). */
const typesByMode: ReadonlyMap<number, string> = new Map([
  [0o140000, 'socket'],
  [0o120000, 'symlink'],
  [0o100000, 'regular'],
  [0o060000, 'block-device'],
  [0o040000, 'directory'],
  [0o020000, 'character-device'],
  [0o010000, 'fifo'],
]);

const anonymous = 'anon_inode:';

/**
 * The type of a file: `regular`, `directory`, `symlink`, `character-device`, `block-device`, `fifo`, `pipe`,
 * `socket`, `memfd`, `namespace`, `message-queue`; and for kernel objects the kernel's own name, such as
 * `eventfd`, `eventpoll`, `timerfd`, `signalfd`, `inotify`, `pidfd`, `io-uring`, `bpf-map`, `bpf-prog`,
 * `bpf-link`, `perf-event`.
 */
export function fileType(files: FileColumns): (row: Row) => string {
  const [magic, mode, layer] = [files.numbers('filesystem'), files.numbers('mode'), files.numbers('layer')];
  const { data, start, length } = files.bytes('path');
  return (row) => {
    const filesystem = filesystemName(magic[row]!);
    const known = typesByFilesystem.get(filesystem);
    if (known !== undefined) return known;
    const path = (): string => escapeBytes(data.subarray(start[row]!, start[row]! + length[row]!));
    if (filesystem === 'anon_inodefs') {
      const name = path();
      if (!name.startsWith(anonymous)) return 'anonymous';
      return name
        .slice(anonymous.length)
        .replace(/^\[(.*)\]$/, '$1')
        .replaceAll('_', '-');
    }
    const type = typesByMode.get(mode[row]! & 0o170000) ?? 'unknown';
    if (type !== 'regular') return type;
    if (filesystem === 'mqueue') return 'message-queue';
    const memory = filesystem === 'tmpfs' || filesystem === 'hugetlbfs';
    const inner = (layer[row]! & FileLayer.mountable) === 0 || filesystem === 'hugetlbfs';
    return memory && inner && path().startsWith('/memfd:') ? 'memfd' : type;
  };
}

interface Flag {
  readonly bits: number;
  readonly name: string;
}

const named = (...list: readonly (readonly [name: string, bits: number])[]): readonly Flag[] =>
  list.map(([name, bits]) => ({ name, bits }));

/** include/uapi/asm-generic/fcntl.h; those of several bits come before their parts. */
const commonFlags = named(
  ['O_APPEND', 0o2000],
  ['O_NONBLOCK', 0o4000],
  ['O_SYNC', 0o4010000],
  ['O_DSYNC', 0o10000],
  ['O_ASYNC', 0o20000],
);

const laterFlags: readonly Flag[] = [
  { bits: 0o1000000, name: 'O_NOATIME' },
  { bits: 0o2000000, name: 'O_CLOEXEC' },
  { bits: 0o10000000, name: 'O_PATH' },
];

const genericFlags = named(
  ['O_DIRECT', 0o40000],
  ['O_LARGEFILE', 0o100000],
  ['O_TMPFILE', 0o20200000],
  ['O_DIRECTORY', 0o200000],
  ['O_NOFOLLOW', 0o400000],
);

/** arch/arm/include/uapi/asm/fcntl.h, and the same file of arm64. */
const armFlags = named(
  ['O_DIRECT', 0o200000],
  ['O_LARGEFILE', 0o400000],
  ['O_TMPFILE', 0o20040000],
  ['O_DIRECTORY', 0o40000],
  ['O_NOFOLLOW', 0o100000],
);

/** arch/powerpc/include/uapi/asm/fcntl.h. */
const powerFlags = named(
  ['O_DIRECT', 0o400000],
  ['O_LARGEFILE', 0o200000],
  ['O_TMPFILE', 0o20040000],
  ['O_DIRECTORY', 0o40000],
  ['O_NOFOLLOW', 0o100000],
);

/** arch/mips/include/uapi/asm/fcntl.h, which also has numbers of its own for the common ones. */
const mipsFlags = named(
  ['O_APPEND', 0x0008],
  ['O_NONBLOCK', 0x0080],
  ['O_SYNC', 0x4010],
  ['O_DSYNC', 0x0010],
  ['O_ASYNC', 0x1000],
  ['O_DIRECT', 0x8000],
  ['O_LARGEFILE', 0x2000],
  ['O_TMPFILE', 0o20200000],
  ['O_DIRECTORY', 0o200000],
  ['O_NOFOLLOW', 0o400000],
);

/** All names for an architecture, in the order in which they are shown. */
function flagsOf(architecture: string): readonly Flag[] {
  if (architecture.startsWith('mips')) return [...mipsFlags, ...laterFlags];
  const own = architecture.startsWith('arm')
    ? armFlags
    : architecture.startsWith('ppc')
      ? powerFlags
      : genericFlags;
  return [...commonFlags, ...own, ...laterFlags];
}

const accessModes = ['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'] as const;

/**
 * The names of open flags, the access mode first; bits without a name together in octal.
 *
 * @param architecture as `process.arch`; default: this machine's.
 */
export function openFlagNames(flags: number, architecture: string = process.arch): string[] {
  const names: string[] = [accessModes[flags & 3]!];
  let rest = flags & ~3;
  for (const { bits, name } of flagsOf(architecture)) {
    if ((rest & bits) !== bits) continue;
    names.push(name);
    rest &= ~bits;
  }
  if (rest !== 0) names.push(`0${(rest >>> 0).toString(8)}`);
  return names;
}

/** `MAJOR:MINOR` of a device number in the kernel's form: 12 bits above 20. */
export function deviceText(dev: number): string {
  return `${dev >>> 20}:${dev & 0xfffff}`;
}

/** bpftree's words for the bits of `layer`. */
export function layerNames(layer: number): string[] {
  const names = [(layer & FileLayer.mountable) !== 0 ? 'MOUNTABLE' : 'NOT_MOUNTABLE'];
  if ((layer & FileLayer.upper) !== 0) names.push('UPPER_LAYER');
  if ((layer & FileLayer.lower) !== 0) names.push('LOWER_LAYER');
  return names;
}
