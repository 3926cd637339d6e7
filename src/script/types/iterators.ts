/** What iterators show, one item a call: the fields of `struct bpf_iter__NAME` without its `meta`. */
import type { Struct } from './kernel.ts';
import type { Address, i32, u32 } from './scalars.ts';

/** By the name that a probe has after `iter:`. The last call of a walk has no item: fields are undefined. */
export interface Iterators {
  /** Every thread. Linux 5.8. */
  task: { readonly task: Struct<'task_struct'> | undefined };
  /** Every open file of every thread. Linux 5.8. */
  task_file: {
    readonly task: Struct<'task_struct'> | undefined;
    readonly fd: u32;
    readonly file: Struct<'file'> | undefined;
  };
  /** Every mapping of every process. Linux 5.12. */
  task_vma: {
    readonly task: Struct<'task_struct'> | undefined;
    readonly vma: Struct<'vm_area_struct'> | undefined;
  };
  /** Every BPF map. Linux 5.8. */
  bpf_map: { readonly map: Struct<'bpf_map'> | undefined };
  /** Every BPF program. Linux 5.9. */
  bpf_prog: { readonly prog: Struct<'bpf_prog'> | undefined };
  /** Every BPF link. Linux 5.19. */
  bpf_link: { readonly link: Struct<'bpf_link'> | undefined };
  /** Every entry of one BPF map. Linux 5.9. */
  bpf_map_elem: {
    readonly map: Struct<'bpf_map'> | undefined;
    readonly key: Address;
    readonly value: Address;
  };
  /** Every cgroup (version 2) below one. Linux 6.1. */
  cgroup: { readonly cgroup: Struct<'cgroup'> | undefined };
  /** Every TCP socket. Linux 5.9. */
  tcp: { readonly sk_common: Struct<'sock_common'> | undefined; readonly uid: u32 };
  /** Every UDP socket. Linux 5.9. */
  udp: { readonly udp_sk: Struct<'udp_sock'> | undefined; readonly uid: u32; readonly bucket: i32 };
  /** Every local socket. Linux 5.15. */
  unix: { readonly unix_sk: Struct<'unix_sock'> | undefined; readonly uid: u32 };
  /** Every netlink socket. Linux 5.8. */
  netlink: { readonly sk: Struct<'netlink_sock'> | undefined };
}

/** Items of an iterator that is not listed: checked when the program is loaded. */
export interface UnknownItem {
  readonly [field: string]: Address;
}

/** `k.item` of `iter:NAME`. */
export type IteratorItem<Name> = Name extends keyof Iterators ? Iterators[Name] : UnknownItem;
