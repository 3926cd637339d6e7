/** Fields of common tracepoints: block devices, sockets, packets. As `events/CATEGORY/NAME/format` of tracefs lists them. */
import type { KernelArray } from '../../schema.ts';
import type { Address, i32, i64, u8, u16, u32, u64 } from '../scalars.ts';

/** A request goes to the device driver. */
export interface block_rq_issue {
  /** `dev >> 20` is the major number, the low 20 bits the minor. */
  readonly dev: u32;
  /** Of 512 bytes. */
  readonly sector: u64;
  readonly nr_sector: u32;
  readonly bytes: u32;
  /** Newer than 6.1. */
  readonly ioprio: u16;
  /** R read, W write, D discard, F flush, S synchronous, M metadata. */
  readonly rwbs: string;
  readonly comm: string;
  readonly cmd: string;
}

/** A request is done. */
export interface block_rq_complete {
  /** `dev >> 20` is the major number, the low 20 bits the minor. */
  readonly dev: u32;
  /** Of 512 bytes. */
  readonly sector: u64;
  readonly nr_sector: u32;
  readonly error: i32;
  /** Newer than 6.1. */
  readonly ioprio: u16;
  /** R read, W write, D discard, F flush, S synchronous, M metadata. */
  readonly rwbs: string;
  readonly cmd: string;
}

export interface block_rq_requeue {
  /** `dev >> 20` is the major number, the low 20 bits the minor. */
  readonly dev: u32;
  /** Of 512 bytes. */
  readonly sector: u64;
  readonly nr_sector: u32;
  /** Newer than 6.1. */
  readonly ioprio: u16;
  /** R read, W write, D discard, F flush, S synchronous, M metadata. */
  readonly rwbs: string;
  readonly cmd: string;
}

export interface block_bio_queue {
  /** `dev >> 20` is the major number, the low 20 bits the minor. */
  readonly dev: u32;
  /** Of 512 bytes. */
  readonly sector: u64;
  readonly nr_sector: u32;
  /** R read, W write, D discard, F flush, S synchronous, M metadata. */
  readonly rwbs: string;
  readonly comm: string;
}

export interface block_bio_complete {
  /** `dev >> 20` is the major number, the low 20 bits the minor. */
  readonly dev: u32;
  /** Of 512 bytes. */
  readonly sector: u64;
  readonly nr_sector: u32;
  readonly error: i32;
  /** R read, W write, D discard, F flush, S synchronous, M metadata. */
  readonly rwbs: string;
}

/** A TCP socket changes its state. */
export interface inet_sock_set_state {
  /** Address of the struct sock. */
  readonly skaddr: Address;
  /** 1 established, 2 SYN sent, 3 SYN received, 4 FIN wait 1, 7 closed, 8 close wait, 10 listening. */
  readonly oldstate: i32;
  readonly newstate: i32;
  /** In host order. */
  readonly sport: u16;
  /** In host order. */
  readonly dport: u16;
  readonly family: u16;
  readonly protocol: u16;
  readonly saddr: Uint8Array;
  readonly daddr: Uint8Array;
  /** IPv4 addresses are mapped to ::ffff:0:0/96. */
  readonly saddr_v6: Uint8Array;
  readonly daddr_v6: Uint8Array;
}

export interface sock_exceed_buf_limit {
  readonly name: string;
  readonly sysctl_mem: KernelArray<i64>;
  readonly allocated: i64;
  readonly sysctl_rmem: i32;
  readonly rmem_alloc: i32;
  readonly sysctl_wmem: i32;
  readonly wmem_alloc: i32;
  readonly wmem_queued: i32;
  readonly kind: i32;
}

export interface sock_rcvqueue_full {
  readonly rmem_alloc: i32;
  readonly truesize: u32;
  readonly sk_rcvbuf: i32;
}

export interface sock_send_length {
  readonly sk: Address;
  readonly family: u16;
  readonly protocol: u16;
  readonly ret: i32;
  readonly flags: i32;
}

export interface tcp_retransmit_skb {
  /** Address of the struct sk_buff. */
  readonly skbaddr: Address;
  /** Address of the struct sock. */
  readonly skaddr: Address;
  readonly state: i32;
  /** In host order. */
  readonly sport: u16;
  /** In host order. */
  readonly dport: u16;
  readonly family: u16;
  readonly saddr: Uint8Array;
  readonly daddr: Uint8Array;
  /** IPv4 addresses are mapped to ::ffff:0:0/96. */
  readonly saddr_v6: Uint8Array;
  readonly daddr_v6: Uint8Array;
  /** Newer than 6.12. */
  readonly err: i32;
}

export interface tcp_send_reset {
  /** Address of the struct sk_buff. */
  readonly skbaddr: Address;
  /** Address of the struct sock. */
  readonly skaddr: Address;
  readonly state: i32;
  /** Newer than 6.1. */
  readonly reason: u32;
  readonly saddr: Uint8Array;
  readonly daddr: Uint8Array;
}

export interface tcp_receive_reset {
  /** Address of the struct sock. */
  readonly skaddr: Address;
  /** In host order. */
  readonly sport: u16;
  /** In host order. */
  readonly dport: u16;
  readonly family: u16;
  readonly saddr: Uint8Array;
  readonly daddr: Uint8Array;
  /** IPv4 addresses are mapped to ::ffff:0:0/96. */
  readonly saddr_v6: Uint8Array;
  readonly daddr_v6: Uint8Array;
  readonly sock_cookie: u64;
}

export interface tcp_probe {
  readonly saddr: Uint8Array;
  readonly daddr: Uint8Array;
  /** In host order. */
  readonly sport: u16;
  /** In host order. */
  readonly dport: u16;
  readonly family: u16;
  readonly mark: u32;
  readonly data_len: u16;
  readonly snd_nxt: u32;
  readonly snd_una: u32;
  readonly snd_cwnd: u32;
  readonly ssthresh: u32;
  readonly snd_wnd: u32;
  readonly srtt: u32;
  readonly rcv_wnd: u32;
  readonly sock_cookie: u64;
  /** Address of the struct sk_buff. */
  readonly skbaddr: Address;
  /** Address of the struct sock. */
  readonly skaddr: Address;
}

/** A packet is dropped. */
export interface kfree_skb {
  /** Address of the struct sk_buff. */
  readonly skbaddr: Address;
  /** Return address of the code that dropped it. */
  readonly location: Address;
  /** Newer than 6.1. */
  readonly rx_sk: Address;
  readonly protocol: u16;
  /** Why, from enum skb_drop_reason. */
  readonly reason: u32;
}

export interface consume_skb {
  /** Address of the struct sk_buff. */
  readonly skbaddr: Address;
  readonly location: Address;
}

export interface net_dev_queue {
  /** Address of the struct sk_buff. */
  readonly skbaddr: Address;
  readonly len: u32;
  readonly name: string;
}

export interface net_dev_xmit {
  /** Address of the struct sk_buff. */
  readonly skbaddr: Address;
  readonly len: u32;
  readonly rc: i32;
  readonly name: string;
}

export interface net_dev_start_xmit {
  readonly name: string;
  readonly queue_mapping: u16;
  /** Address of the struct sk_buff. */
  readonly skbaddr: Address;
  readonly vlan_tagged: boolean;
  readonly vlan_proto: u16;
  readonly vlan_tci: u16;
  readonly protocol: u16;
  readonly ip_summed: u8;
  readonly len: u32;
  readonly data_len: u32;
  readonly network_offset: i32;
  readonly transport_offset_valid: boolean;
  readonly transport_offset: i32;
  readonly tx_flags: u8;
  readonly gso_size: u16;
  readonly gso_segs: u16;
  readonly gso_type: u16;
}

export interface napi_poll {
  readonly napi: Address;
  readonly dev_name: string;
  readonly work: i32;
  readonly budget: i32;
}

/** By the name that a probe has after `tracepoint:`. */
export interface DeviceEvents {
  'block:block_rq_issue': block_rq_issue;
  'block:block_rq_insert': block_rq_issue;
  'block:block_io_start': block_rq_issue;
  'block:block_io_done': block_rq_issue;
  'block:block_rq_complete': block_rq_complete;
  'block:block_rq_error': block_rq_complete;
  'block:block_rq_requeue': block_rq_requeue;
  'block:block_bio_queue': block_bio_queue;
  'block:block_bio_complete': block_bio_complete;
  'sock:inet_sock_set_state': inet_sock_set_state;
  'sock:sock_exceed_buf_limit': sock_exceed_buf_limit;
  'sock:sock_rcvqueue_full': sock_rcvqueue_full;
  'sock:sock_send_length': sock_send_length;
  'sock:sock_recv_length': sock_send_length;
  'tcp:tcp_retransmit_skb': tcp_retransmit_skb;
  'tcp:tcp_send_reset': tcp_send_reset;
  'tcp:tcp_receive_reset': tcp_receive_reset;
  'tcp:tcp_destroy_sock': tcp_receive_reset;
  'tcp:tcp_rcv_space_adjust': tcp_receive_reset;
  'tcp:tcp_probe': tcp_probe;
  'skb:kfree_skb': kfree_skb;
  'skb:consume_skb': consume_skb;
  'net:net_dev_queue': net_dev_queue;
  'net:netif_receive_skb': net_dev_queue;
  'net:netif_rx': net_dev_queue;
  'net:net_dev_xmit': net_dev_xmit;
  'net:net_dev_start_xmit': net_dev_start_xmit;
  'napi:napi_poll': napi_poll;
}
