/**
 * Kernel functions that people probe most, where the parameters are the same in Linux 6.1, 6.12 and 6.18:
 * `k.args` and `k.ret` of kprobe, kretprobe, fentry and fexit. Names and types are those of the kernel's BTF.
 */
import type { Struct } from './kernel.ts';
import type { Address, i32, i64, u32, u64 } from './scalars.ts';

export interface BuiltinFunctions {
  vfs_read: {
    readonly args: {
      readonly file: Struct<'file'>;
      /** In the memory of the process. */
      readonly buf: Address;
      readonly count: u64;
      readonly pos: Address;
    };
    readonly ret: i64;
  };
  vfs_write: {
    readonly args: {
      readonly file: Struct<'file'>;
      /** In the memory of the process. */
      readonly buf: Address;
      readonly count: u64;
      readonly pos: Address;
    };
    readonly ret: i64;
  };
  vfs_open: {
    readonly args: { readonly path: Struct<'path'>; readonly file: Struct<'file'> };
    readonly ret: i32;
  };
  vfs_fsync: { readonly args: { readonly file: Struct<'file'>; readonly datasync: i32 }; readonly ret: i32 };
  security_file_open: { readonly args: { readonly file: Struct<'file'> }; readonly ret: i32 };
  filp_close: { readonly args: { readonly filp: Struct<'file'>; readonly id: Address }; readonly ret: i32 };
  do_filp_open: {
    readonly args: { readonly dfd: i32; readonly pathname: Struct<'filename'>; readonly op: Address };
    readonly ret: Struct<'file'>;
  };
  do_unlinkat: {
    readonly args: { readonly dfd: i32; readonly name: Struct<'filename'> };
    readonly ret: i32;
  };
  wake_up_new_task: { readonly args: { readonly p: Struct<'task_struct'> }; readonly ret: u64 };
  do_exit: { readonly args: { readonly code: i64 }; readonly ret: u64 };
  begin_new_exec: { readonly args: { readonly bprm: Struct<'linux_binprm'> }; readonly ret: i32 };
  handle_mm_fault: {
    readonly args: {
      readonly vma: Struct<'vm_area_struct'>;
      readonly address: u64;
      readonly flags: u32;
      readonly regs: Struct<'pt_regs'>;
    };
    readonly ret: u32;
  };
  submit_bio: { readonly args: { readonly bio: Struct<'bio'> }; readonly ret: u64 };
  bio_endio: { readonly args: { readonly bio: Struct<'bio'> }; readonly ret: u64 };
  blk_mq_start_request: { readonly args: { readonly rq: Struct<'request'> }; readonly ret: u64 };
  tcp_connect: { readonly args: { readonly sk: Struct<'sock'> }; readonly ret: i32 };
  tcp_v4_connect: {
    readonly args: { readonly sk: Struct<'sock'>; readonly uaddr: Address; readonly addr_len: i32 };
    readonly ret: i32;
  };
  tcp_v6_connect: {
    readonly args: { readonly sk: Struct<'sock'>; readonly uaddr: Address; readonly addr_len: i32 };
    readonly ret: i32;
  };
  tcp_sendmsg: {
    readonly args: { readonly sk: Struct<'sock'>; readonly msg: Address; readonly size: u64 };
    readonly ret: i32;
  };
  tcp_cleanup_rbuf: {
    readonly args: { readonly sk: Struct<'sock'>; readonly copied: i32 };
    readonly ret: u64;
  };
  tcp_close: { readonly args: { readonly sk: Struct<'sock'>; readonly timeout: i64 }; readonly ret: u64 };
  tcp_set_state: { readonly args: { readonly sk: Struct<'sock'>; readonly state: i32 }; readonly ret: u64 };
  udp_sendmsg: {
    readonly args: { readonly sk: Struct<'sock'>; readonly msg: Address; readonly len: u64 };
    readonly ret: i32;
  };
}
