/**
 * Kernel structs, built in so that nothing needs generating to start: files, block devices and BPF objects.
 *
 * Only the fields that people use, as Linux 6.18 has them; those that 6.1 or 6.12 lack say so.
 * `bpfkit types` writes all of them for the running kernel.
 */
import type { KernelArray } from '../../schema.ts';
import type { Address, i32, i64, u8, u16, u32, u64 } from '../scalars.ts';
import type { atomic_t, cred, kgid_t, kuid_t, mnt_namespace, user_namespace } from './process.ts';

/** An open file. include/linux/fs.h */
export interface file {
  /** Mount and name: what `k.path` takes. */
  readonly f_path: path;
  readonly f_inode: inode;
  /** `O_*` as given to open. */
  readonly f_flags: u32;
  readonly f_mode: u32;
  readonly f_pos: i64;
  /** Who opened it. */
  readonly f_cred: cred;
  readonly f_op: Address;
  readonly f_mapping: address_space;
  readonly private_data: Address;
}

export interface path {
  readonly mnt: vfsmount;
  readonly dentry: dentry;
}

/** A name in a directory. include/linux/dcache.h */
export interface dentry {
  readonly d_name: qstr;
  /** Itself at the root of a file system. */
  readonly d_parent: dentry;
  /** Absent where no file has this name. */
  readonly d_inode: inode;
  readonly d_sb: super_block;
  readonly d_flags: u32;
  readonly d_hash: hlist_bl_node;
  readonly d_time: u64;
}

/** A place in a hash table. include/linux/list_bl.h */
export interface hlist_bl_node {
  /** Absent where it is in no table: a name that was removed. */
  readonly pprev: Address;
}

export interface qstr {
  /** Text in kernel memory: `k.str(name.name)`. */
  readonly name: Address;
  readonly len: u32;
  readonly hash: u32;
}

/** A file as the file system knows it. include/linux/fs.h */
export interface inode {
  readonly i_ino: u64;
  /** Type and permissions: `i_mode & 0o170000` is 0o100000 for a regular file. */
  readonly i_mode: u16;
  /** Bytes. */
  readonly i_size: i64;
  readonly i_uid: kuid_t;
  readonly i_gid: kgid_t;
  readonly i_nlink: u32;
  /** For device files: `i_rdev >> 20` is the major number, the low 20 bits the minor. */
  readonly i_rdev: u32;
  readonly i_sb: super_block;
  readonly i_mapping: address_space;
  readonly i_flags: u32;
  /** Of 512 bytes. */
  readonly i_blocks: u64;
  readonly i_blkbits: u8;
  readonly i_bytes: u16;
  readonly i_generation: u32;
  readonly i_op: Address;
  readonly i_fop: Address;
  readonly i_private: Address;
}

/** A mounted file system. */
export interface super_block {
  /** `s_dev >> 20` is the major number, the low 20 bits the minor. */
  readonly s_dev: u32;
  /** Name of the device, or of the file system where there is none. */
  readonly s_id: string;
  readonly s_magic: u64;
  readonly s_type: file_system_type;
  readonly s_root: dentry;
  readonly s_flags: u64;
  readonly s_iflags: u64;
  readonly s_blocksize: u64;
  readonly s_maxbytes: i64;
  readonly s_bdev: block_device;
  readonly s_user_ns: user_namespace;
  readonly s_fs_info: Address;
}

export interface file_system_type {
  /** Text in kernel memory. */
  readonly name: Address;
  readonly fs_flags: i32;
}

export interface vfsmount {
  readonly mnt_root: dentry;
  readonly mnt_sb: super_block;
  readonly mnt_flags: i32;
}

/** A place in the tree of mounts, around its vfsmount. fs/mount.h */
export interface mount {
  readonly mnt_parent: mount;
  readonly mnt_mountpoint: dentry;
  readonly mnt: vfsmount;
  readonly mnt_devname: Address;
  readonly mnt_ns: mnt_namespace;
  readonly mnt_id: i32;
  readonly mnt_group_id: i32;
}

export interface address_space {
  readonly host: inode;
  readonly nrpages: u64;
  readonly flags: u64;
  readonly a_ops: Address;
}

/** The table of open files of a process. include/linux/fdtable.h */
export interface files_struct {
  readonly fdt: fdtable;
  readonly count: atomic_t;
  readonly next_fd: u32;
  readonly fd_array: KernelArray<file>;
}

export interface fdtable {
  readonly max_fds: u32;
  /** By descriptor number; absent where it is closed. */
  readonly fd: KernelArray<file>;
  readonly open_fds: KernelArray<u64>;
  readonly close_on_exec: KernelArray<u64>;
}

/** A path that a system call was given. */
export interface filename {
  /** Text in kernel memory. */
  readonly name: Address;
  /** Where the caller keeps it. */
  readonly uptr: Address;
}

/** One read or write in progress. */
export interface kiocb {
  readonly ki_filp: file;
  readonly ki_pos: i64;
  readonly ki_flags: i32;
}

export interface iov_iter {
  readonly iter_type: u8;
  readonly iov_offset: u64;
  /** Bytes left. */
  readonly count: u64;
  readonly nr_segs: u64;
}

/** The reader of an iterator or of a /proc file. */
export interface seq_file {
  readonly buf: Address;
  readonly size: u64;
  readonly count: u64;
  readonly index: i64;
  readonly file: file;
}

/** A request to a block device. include/linux/blk-mq.h */
export interface request {
  readonly q: request_queue;
  readonly bio: bio;
  readonly biotail: bio;
  readonly part: block_device;
  /** The low 8 bits are the operation: 0 read, 1 write, 2 flush, 3 discard. */
  readonly cmd_flags: u32;
  readonly rq_flags: u32;
  readonly tag: i32;
  readonly internal_tag: i32;
  readonly timeout: u32;
  /** Bytes left. */
  readonly __data_len: u32;
  /** Place on the device in units of 512 bytes. */
  readonly __sector: u64;
  readonly start_time_ns: u64;
  readonly io_start_time_ns: u64;
  readonly nr_phys_segments: u16;
  readonly state: u32;
}

export interface request_queue {
  readonly disk: gendisk;
  readonly queuedata: Address;
  readonly queue_flags: u64;
  readonly queue_depth: u32;
  readonly nr_requests: u64;
  readonly id: i32;
}

export interface gendisk {
  readonly disk_name: string;
  readonly major: i32;
  readonly first_minor: i32;
  readonly minors: i32;
  readonly part0: block_device;
  readonly queue: request_queue;
  readonly flags: i32;
  readonly diskseq: u64;
}

export interface block_device {
  readonly bd_dev: u32;
  readonly bd_disk: gendisk;
  readonly bd_queue: request_queue;
  readonly bd_start_sect: u64;
  readonly bd_nr_sectors: u64;
}

/** A piece of a request: memory and a place on a device. include/linux/blk_types.h */
export interface bio {
  readonly bi_bdev: block_device;
  readonly bi_opf: u32;
  readonly bi_flags: u16;
  readonly bi_status: u8;
  readonly bi_iter: bvec_iter;
  readonly bi_vcnt: u16;
  readonly bi_max_vecs: u16;
  readonly bi_io_vec: bio_vec;
  readonly bi_next: bio;
  readonly bi_private: Address;
}

export interface bvec_iter {
  readonly bi_sector: u64;
  /** Bytes left. */
  readonly bi_size: u32;
  readonly bi_idx: u32;
  readonly bi_bvec_done: u32;
}

export interface bio_vec {
  readonly bv_len: u32;
  readonly bv_offset: u32;
}

/** include/linux/bpf.h */
export interface bpf_map {
  readonly id: u32;
  readonly name: string;
  readonly map_type: u32;
  readonly key_size: u32;
  readonly value_size: u32;
  readonly max_entries: u32;
  readonly map_flags: u32;
  readonly btf: Address;
}

export interface bpf_prog {
  readonly type: u32;
  readonly expected_attach_type: u32;
  /** Instructions as loaded. */
  readonly len: u32;
  readonly jited_len: u32;
  readonly tag: Uint8Array;
  readonly aux: bpf_prog_aux;
}

export interface bpf_prog_aux {
  readonly id: u32;
  readonly name: string;
  readonly load_time: u64;
  readonly stack_depth: u32;
  readonly func_cnt: u32;
  readonly used_map_cnt: u32;
  readonly verified_insns: u32;
  readonly attach_btf_id: u32;
  /** Text in kernel memory. */
  readonly attach_func_name: Address;
  readonly prog: bpf_prog;
}

export interface bpf_link {
  readonly id: u32;
  readonly type: u32;
  readonly prog: bpf_prog;
}
