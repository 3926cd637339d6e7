/**
 * Which kernel types the bodies of programs see: those that `bpfkit types` generated for the running
 * kernel, and the built-in ones for every name that was not generated.
 *
 * The four empty interfaces are open: vmlinux.d.ts adds to them by `declare module 'bpfkit'`.
 */
import type { DeviceEvents } from './events/device.ts';
import type { SyscallResult, Syscalls } from './events/syscalls.ts';
import type { SystemEvents } from './events/system.ts';
import type { BuiltinFunctions } from './functions.ts';
import type { BuiltinRawTracepoints } from './raw-tracepoints.ts';
import type { u64 } from './scalars.ts';
import type * as files from './structs/files.ts';
import type * as network from './structs/network.ts';
import type * as process from './structs/process.ts';

/** Kernel structs by name: `interface KernelTypes { task_struct: task_struct }`. */
// biome-ignore lint/suspicious/noEmptyInterface: open for generated declarations
export interface KernelTypes {}

/** Fields of tracepoints by `CATEGORY:NAME`: `interface Tracepoints { 'sched:sched_switch': { … } }`. */
// biome-ignore lint/suspicious/noEmptyInterface: open for generated declarations
export interface Tracepoints {}

/** Arguments of raw tracepoints by name: `interface RawTracepoints { sched_switch: { … } }`. */
// biome-ignore lint/suspicious/noEmptyInterface: open for generated declarations
export interface RawTracepoints {}

/** Kernel functions by name: `interface KernelFunctions { vfs_read: { args: { … }; ret: i64 } }`. */
// biome-ignore lint/suspicious/noEmptyInterface: open for generated declarations
export interface KernelFunctions {}

/** What a kernel struct is called and what it holds, where nothing was generated. */
export interface BuiltinTypes {
  kuid_t: process.kuid_t;
  kgid_t: process.kgid_t;
  atomic_t: process.atomic_t;
  refcount_t: process.refcount_t;
  kernel_cap_t: process.kernel_cap_t;
  list_head: process.list_head;
  task_struct: process.task_struct;
  thread_info: process.thread_info;
  sched_entity: process.sched_entity;
  sched_info: process.sched_info;
  task_group: process.task_group;
  task_io_accounting: process.task_io_accounting;
  mm_struct: process.mm_struct;
  atomic_long_t: process.atomic_long_t;
  percpu_counter: process.percpu_counter;
  vm_area_struct: process.vm_area_struct;
  cred: process.cred;
  signal_struct: process.signal_struct;
  rlimit: process.rlimit;
  sighand_struct: process.sighand_struct;
  pid: process.pid;
  upid: process.upid;
  nsproxy: process.nsproxy;
  ns_common: process.ns_common;
  pid_namespace: process.pid_namespace;
  uts_namespace: process.uts_namespace;
  new_utsname: process.new_utsname;
  ipc_namespace: process.ipc_namespace;
  mnt_namespace: process.mnt_namespace;
  time_namespace: process.time_namespace;
  cgroup_namespace: process.cgroup_namespace;
  user_namespace: process.user_namespace;
  css_set: process.css_set;
  cgroup_subsys_state: process.cgroup_subsys_state;
  cgroup: process.cgroup;
  cgroup_root: process.cgroup_root;
  kernfs_node: process.kernfs_node;
  fs_struct: process.fs_struct;
  linux_binprm: process.linux_binprm;
  tty_struct: process.tty_struct;
  tty_driver: process.tty_driver;
  rq: process.rq;
  pt_regs: process.pt_regs;
  file: files.file;
  path: files.path;
  dentry: files.dentry;
  hlist_bl_node: files.hlist_bl_node;
  qstr: files.qstr;
  inode: files.inode;
  super_block: files.super_block;
  file_system_type: files.file_system_type;
  vfsmount: files.vfsmount;
  mount: files.mount;
  address_space: files.address_space;
  irqaction: process.irqaction;
  files_struct: files.files_struct;
  fdtable: files.fdtable;
  filename: files.filename;
  kiocb: files.kiocb;
  iov_iter: files.iov_iter;
  seq_file: files.seq_file;
  request: files.request;
  request_queue: files.request_queue;
  gendisk: files.gendisk;
  block_device: files.block_device;
  bio: files.bio;
  bvec_iter: files.bvec_iter;
  bio_vec: files.bio_vec;
  bpf_map: files.bpf_map;
  bpf_prog: files.bpf_prog;
  bpf_prog_aux: files.bpf_prog_aux;
  bpf_link: files.bpf_link;
  sock_common: network.sock_common;
  sock: network.sock;
  sk_buff_head: network.sk_buff_head;
  possible_net_t: network.possible_net_t;
  in6_addr: network.in6_addr;
  proto: network.proto;
  socket: network.socket;
  socket_alloc: network.socket_alloc;
  unix_address: network.unix_address;
  sockaddr_un: network.sockaddr_un;
  inet_sock: network.inet_sock;
  inet_connection_sock: network.inet_connection_sock;
  tcp_sock: network.tcp_sock;
  udp_sock: network.udp_sock;
  unix_sock: network.unix_sock;
  netlink_sock: network.netlink_sock;
  sk_buff: network.sk_buff;
  net_device: network.net_device;
  net: network.net;
  iphdr: network.iphdr;
  ipv6hdr: network.ipv6hdr;
  tcphdr: network.tcphdr;
  udphdr: network.udphdr;
}

/** The names that `k.cast` takes. */
export type StructName = keyof KernelTypes | keyof BuiltinTypes;

/** A kernel struct by its name. */
export type Struct<Name> = Name extends keyof KernelTypes
  ? KernelTypes[Name]
  : Name extends keyof BuiltinTypes
    ? BuiltinTypes[Name]
    : never;

/** Fields that nothing is known about when the program is written: checked when it is loaded. */
export interface UnknownFields {
  readonly [field: string]: u64;
}

/** `k.args` of `tracepoint:CATEGORY:NAME`. */
export type TracepointArgs<Event> = Event extends keyof Tracepoints
  ? Tracepoints[Event]
  : Event extends keyof SystemEvents
    ? SystemEvents[Event]
    : Event extends keyof DeviceEvents
      ? DeviceEvents[Event]
      : Event extends `syscalls:sys_exit_${string}`
        ? SyscallResult
        : Event extends `syscalls:sys_enter_${infer Call extends keyof Syscalls}`
          ? Syscalls[Call]
          : UnknownFields;

/** `k.args` of `rawtracepoint:NAME`. */
export type RawTracepointArgs<Name> = Name extends keyof RawTracepoints
  ? RawTracepoints[Name]
  : Name extends keyof BuiltinRawTracepoints
    ? BuiltinRawTracepoints[Name]
    : UnknownFields;

/** Arguments and result of a kernel function. */
export type FunctionOf<Name> = Name extends keyof KernelFunctions
  ? KernelFunctions[Name]
  : Name extends keyof BuiltinFunctions
    ? BuiltinFunctions[Name]
    : { readonly args: UnknownFields; readonly ret: u64 };

/** `CATEGORY:NAME` of the tracepoints whose fields are known. */
export type KnownTracepoint =
  | keyof Tracepoints
  | keyof SystemEvents
  | keyof DeviceEvents
  | `syscalls:${'sys_enter' | 'sys_exit'}_${keyof Syscalls}`;

/** The raw tracepoints whose arguments are known. */
export type KnownRawTracepoint = keyof RawTracepoints | keyof BuiltinRawTracepoints;

/** The kernel functions whose arguments are known. */
export type KnownFunction = keyof KernelFunctions | keyof BuiltinFunctions;
