/**
 * Headers that need not be read: what they declare is in the kernel's BTF, or among our constants.
 *
 * Of the kernel's own tree any name is good: there are thousands, they differ from kernel to kernel, and a machine
 * that is traced seldom has them.
 */

const KERNEL_FOLDERS: ReadonlySet<string> = new Set([
  'acpi',
  'asm',
  'asm-generic',
  'block',
  'bpf',
  'clocksource',
  'crypto',
  'drm',
  'fs',
  'keys',
  'kunit',
  'kvm',
  'linux',
  'math-emu',
  'media',
  'memory',
  'misc',
  'mm',
  'mtd',
  'net',
  'pcmcia',
  'ras',
  'rdma',
  'scsi',
  'soc',
  'sound',
  'target',
  'trace',
  'uapi',
  'ufs',
  'video',
  'xen',
]);

/** Headers of the C library, for their types and numbers. */
const LIBRARY_HEADERS: ReadonlySet<string> = new Set([
  'arpa/inet.h',
  'assert.h',
  'bits/types.h',
  'dirent.h',
  'elf.h',
  'errno.h',
  'fcntl.h',
  'ifaddrs.h',
  'inttypes.h',
  'limits.h',
  'netdb.h',
  'netinet/icmp6.h',
  'netinet/if_ether.h',
  'netinet/in.h',
  'netinet/ip.h',
  'netinet/ip6.h',
  'netinet/ip_icmp.h',
  'netinet/tcp.h',
  'netinet/udp.h',
  'poll.h',
  'pthread.h',
  'sched.h',
  'signal.h',
  'stdarg.h',
  'stdbool.h',
  'stddef.h',
  'stdint.h',
  'stdio.h',
  'stdlib.h',
  'string.h',
  'time.h',
  'unistd.h',
]);

const LIBRARY_FOLDERS: ReadonlySet<string> = new Set(['sys']);

export function isKnownHeader(name: string): boolean {
  if (LIBRARY_HEADERS.has(name)) return true;
  if (!/^[A-Za-z0-9_\-./]+\.h$/.test(name) || name.includes('..')) return false;
  const folder = name.slice(0, name.indexOf('/'));
  return KERNEL_FOLDERS.has(folder) || LIBRARY_FOLDERS.has(folder);
}
