/**
 * The kernel's side of `files`: one walk over all open descriptors, one record each (see record.ts).
 *
 * The kernel's iterator shows a table of descriptors once: with the leader of a process, and with each thread
 * that has a table of its own (task_seq_get_next in kernel/bpf/task_iter.c). Before Linux 5.11 it shows the table with
 * every thread, which is left out here. Linux 5.8; paths 5.12.
 */

import type { KeyedMap } from '../../kernel/map/keyed.ts';
import { defineProgram, type SourceProgram } from '../../script/define.ts';
import { loadKept } from '../../script/kept.ts';
import { hash, rows } from '../../script/maps.ts';
import { bool, i32, i64, struct, u32, u64 } from '../../script/schema.ts';

/** The fixed part of the record; record.ts computes the same from the table of columns. */
const File = struct('File', {
  recordSize: u32,
  path: u32,
  localAddress: u32,
  remoteAddress: u32,
  tid: i32,
  fd: u32,
  ino: u64,
  position: i64,
  size: i64,
  mountId: i32,
  layer: u32,
  dev: u32,
  rdev: u32,
  mode: u32,
  openFlags: u32,
  filesystem: u32,
  deleted: u32,
  bpfId: u32,
  family: u32,
  socketType: u32,
  protocol: u32,
  socketState: u32,
  localPort: u32,
  remotePort: u32,
  padding: u32,
  peer: u64,
});

/** More tasks than this are cheaper to show all than to ask for one by one. */
export const mostWanted = 1024;

export const filesProgram: SourceProgram = defineProgram({
  params: { filtered: bool(false), paths: bool(true) },
  maps: { files: rows(File), wanted: hash(u32, u32, 1024) },
  probes: {
    'iter:task_file'(k) {
      const task = k.item.task;
      if (!task) return;
      const file = k.item.file;
      if (!file) return;
      const tid = task.pid;
      if (tid !== task.tgid) {
        if (k.addressOf(task.files) === k.addressOf(task.group_leader.files)) return;
      }
      if (k.filtered) {
        if (!k.wanted.get(tid)) return;
      }
      const row = k.files.begin();
      const fd = k.item.fd;
      row.tid = tid;
      row.fd = fd;
      row.position = file.f_pos;
      // What execve will close is kept beside the file: the same file may be open twice. O_CLOEXEC is 0o2000000.
      let flags = file.f_flags;
      const table = task.files;
      if (table) {
        if ((k.peek(k.addressOf(table.fdt.close_on_exec) + (fd >> 6) * 8) >>> (fd & 63)) & 1)
          flags |= 0o2000000;
      }
      row.openFlags = flags;

      const inode = file.f_inode;
      const mode = inode.i_mode;
      row.ino = inode.i_ino;
      row.size = inode.i_size;
      row.rdev = inode.i_rdev;
      row.mode = mode;
      const fs = inode.i_sb;
      const magic = fs.s_magic;
      row.dev = fs.s_dev;
      row.filesystem = magic;
      let layer = 1;
      if (fs.s_flags & 0x80000000) layer = 0; // SB_NOUSER
      // 'Lv0': the inode of overlayfs lies in a struct ovl_inode, whose next member is the name in the upper layer.
      if (magic === 0x794c7630) {
        const upper = k.cast(k.peek(k.addressOf(inode) + k.sizeOf('inode')), 'dentry');
        let found = 4;
        if (upper) {
          if (upper.d_inode.i_ino !== 0) found = 2;
        }
        layer |= found;
      }
      row.layer = layer;
      row.mountId = k.containerOf(file.f_path.mnt, 'mount', 'mnt').mnt_id;
      // d_unlinked() of include/linux/dcache.h: in no hash table, and not the root of its file system.
      const name = file.f_path.dentry;
      if (!name.d_hash.pprev) {
        if (k.addressOf(name) !== k.addressOf(name.d_parent)) row.deleted = 1;
      }

      const path = k.buffer(4096);
      let pathLength = 0;
      row.path = 0xffffffff;
      if (k.paths) {
        const length = k.path(file.f_path, path);
        // The top bit alone: longer than the helper can tell.
        row.path = 0x80000000;
        if (length > 0 && length <= 4096) {
          pathLength = length - 1;
          row.path = pathLength;
        }
      }

      const local = k.buffer(108);
      const remote = k.buffer(108);
      let localLength = 0;
      let remoteLength = 0;
      row.localAddress = 0xffffffff;
      row.remoteAddress = 0xffffffff;

      // ANON_INODE_FS_MAGIC: the names of BPF's objects have just 8 bytes.
      if (magic === 0x09041934) {
        const what = k.peek(name.d_name.name);
        const object = file.private_data;
        if (what === k.const(0x0070616d2d667062n)) row.bpfId = k.cast(object, 'bpf_map').id; // bpf-map
        if (what === k.const(0x676f72702d667062n)) row.bpfId = k.cast(object, 'bpf_prog').aux.id; // bpf-prog
        if (what === k.const(0x6b6e696c5f667062n)) row.bpfId = k.cast(object, 'bpf_link').id; // bpf_link
      }

      // SOCKFS_MAGIC
      if (magic === 0x534f434b) {
        const socket = k.cast(file.private_data, 'socket');
        const type = socket.type;
        row.socketType = type;
        const sock = socket.sk;
        if (sock) {
          const common = sock.__sk_common;
          const family = common.skc_family;
          row.family = family;
          row.protocol = sock.sk_protocol;
          row.socketState = common.skc_state;
          if (family === 2 || family === 10) {
            const port = k.ntohs(common.skc_dport);
            row.remotePort = port;
            // Raw sockets (3) keep their protocol where others have their port.
            if (type !== 3) row.localPort = common.skc_num;
            let connected = port;
            if (family === 2) {
              if (common.skc_daddr) connected = 1;
              if (k.read(k.addressOf(common.skc_rcv_saddr), local) === 0) localLength = 4;
              if (connected) {
                if (k.read(k.addressOf(common.skc_daddr), remote) === 0) remoteLength = 4;
              }
            } else {
              if (k.exists(common.skc_v6_daddr)) {
                if (k.read(k.addressOf(common.skc_v6_rcv_saddr), local) === 0) localLength = 16;
                if (connected) {
                  if (k.read(k.addressOf(common.skc_v6_daddr), remote) === 0) remoteLength = 16;
                }
              }
            }
          }
          if (family === 1) {
            const unix = k.cast(k.addressOf(sock), 'unix_sock');
            const bound = unix.addr;
            if (bound) {
              const size = bound.len - 2;
              if (size > 0 && size <= 108) {
                if (k.read(k.addressOf(bound.name) + 2, local) === 0) localLength = size;
              }
            }
            const peer = unix.peer;
            if (peer) {
              const other = peer.sk_socket;
              if (other) row.peer = k.containerOf(other, 'socket_alloc', 'socket').vfs_inode.i_ino;
              const far = k.cast(k.addressOf(peer), 'unix_sock').addr;
              if (far) {
                const size = far.len - 2;
                if (size > 0 && size <= 108) {
                  if (k.read(k.addressOf(far.name) + 2, remote) === 0) remoteLength = size;
                }
              }
            }
          }
          if (family === 16) {
            const netlink = k.cast(k.addressOf(sock), 'netlink_sock');
            row.localPort = netlink.portid;
            row.remotePort = netlink.dst_portid;
          }
        }
      }
      if (localLength > 0) row.localAddress = localLength;
      if (remoteLength > 0) row.remoteAddress = remoteLength;

      row.recordSize = 120 + pathLength + localLength + remoteLength;
      k.write(row);
      k.write(path, pathLength);
      k.write(local, localLength);
      k.write(remote, remoteLength);
    },
  },
}) as unknown as SourceProgram;

/**
 * The descriptors of these threads now, or of all (undefined), as records. Threads without a table of their own
 * have none. Without `paths`, no file has one. Throws what loading a kernel program throws.
 */
export function walkFiles(tids: readonly number[] | undefined, paths: boolean): Uint8Array {
  const filtered = tids !== undefined && tids.length <= mostWanted;
  const loaded = loadKept('files', filesProgram, { filtered, paths });
  try {
    if (filtered) {
      const wanted = loaded.handles.get('wanted') as KeyedMap<number, number>;
      for (const tid of tids) wanted.set(tid, 1);
    }
    return loaded.read('iter:task_file');
  } finally {
    loaded.close();
  }
}

/** The walk over all files, on another thread. */
export async function walkFilesLater(paths: boolean, expected: number): Promise<Uint8Array> {
  const loaded = loadKept('files', filesProgram, { filtered: false, paths });
  try {
    return await loaded.readLater('iter:task_file', expected);
  } finally {
    loaded.close();
  }
}
