/**
 * Kernel structs, built in so that nothing needs generating to start: sockets and packets.
 *
 * Only the fields that people use, as Linux 6.18 has them; those that 6.1 or 6.12 lack say so.
 * `bpfkit types` writes all of them for the running kernel.
 */
import type { KernelArray } from '../../schema.ts';
import type { Address, i16, i32, i64, u8, u16, u32, u64 } from '../scalars.ts';
import type { file, inode, path } from './files.ts';
import type { atomic_t, cred, kuid_t, ns_common, pid, refcount_t, user_namespace } from './process.ts';

/** The start of every socket. include/net/sock.h */
export interface sock_common {
  /** 1 local, 2 IPv4, 10 IPv6. */
  readonly skc_family: u16;
  /** For TCP: 1 established, 2 SYN sent, 3 SYN received, 7 closed, 10 listening. */
  readonly skc_state: u8;
  /** Far IPv4 address, in network order. */
  readonly skc_daddr: u32;
  /** Near IPv4 address, in network order. */
  readonly skc_rcv_saddr: u32;
  /** Far port, in network order: `k.ntohs(sk.skc_dport)`. */
  readonly skc_dport: u16;
  /** Near port, in host order. */
  readonly skc_num: u16;
  readonly skc_v6_daddr: in6_addr;
  readonly skc_v6_rcv_saddr: in6_addr;
  readonly skc_bound_dev_if: i32;
  readonly skc_net: possible_net_t;
  readonly skc_prot: proto;
  readonly skc_cookie: {
    readonly counter: i64;
  };
  readonly skc_flags: u64;
  readonly skc_hash: u32;
  readonly skc_refcnt: refcount_t;
}

/** include/net/sock.h */
export interface sock {
  readonly __sk_common: sock_common;
  readonly sk_socket: socket;
  /** 6 TCP, 17 UDP. */
  readonly sk_protocol: u16;
  /** 1 stream, 2 datagram. */
  readonly sk_type: u16;
  readonly sk_err: i32;
  readonly sk_err_soft: i32;
  readonly sk_uid: kuid_t;
  readonly sk_mark: u32;
  readonly sk_priority: u32;
  readonly sk_rcvbuf: i32;
  readonly sk_sndbuf: i32;
  readonly sk_wmem_queued: i32;
  readonly sk_forward_alloc: i32;
  readonly sk_ack_backlog: u32;
  readonly sk_max_ack_backlog: u32;
  readonly sk_shutdown: u8;
  readonly sk_receive_queue: sk_buff_head;
  readonly sk_write_queue: sk_buff_head;
  readonly sk_drops: atomic_t;
  readonly sk_rcvtimeo: i64;
  readonly sk_sndtimeo: i64;
  readonly sk_peer_pid: pid;
  readonly sk_peer_cred: cred;
  readonly sk_pacing_rate: u64;
}

export interface sk_buff_head {
  readonly qlen: u32;
}

export interface possible_net_t {
  readonly net: net;
}

export interface in6_addr {
  readonly in6_u: {
    readonly u6_addr8: Uint8Array;
    readonly u6_addr16: KernelArray<u16>;
    readonly u6_addr32: KernelArray<u32>;
  };
}

export interface proto {
  readonly name: string;
}

/** include/linux/net.h */
export interface socket {
  readonly state: u32;
  readonly type: i16;
  readonly file: file;
  readonly sk: sock;
  readonly flags: u64;
}

export interface inet_sock {
  readonly sk: sock;
  readonly inet_saddr: u32;
  /** In network order. */
  readonly inet_sport: u16;
  readonly tos: u8;
  readonly mc_addr: u32;
}

export interface inet_connection_sock {
  readonly icsk_inet: inet_sock;
  readonly icsk_rto: u32;
  readonly icsk_retransmits: u8;
  readonly icsk_pending: u8;
  readonly icsk_backoff: u8;
  readonly icsk_syn_retries: u8;
  readonly icsk_user_timeout: u32;
}

/** include/linux/tcp.h */
export interface tcp_sock {
  readonly inet_conn: inet_connection_sock;
  /** Smoothed round-trip time, eight times microseconds. */
  readonly srtt_us: u32;
  readonly mdev_us: u32;
  /** Congestion window in segments. */
  readonly snd_cwnd: u32;
  readonly snd_ssthresh: u32;
  readonly snd_wnd: u32;
  readonly rcv_wnd: u32;
  readonly mss_cache: u32;
  readonly packets_out: u32;
  readonly retrans_out: u32;
  readonly lost_out: u32;
  readonly sacked_out: u32;
  readonly total_retrans: u32;
  readonly bytes_sent: u64;
  readonly bytes_acked: u64;
  readonly bytes_received: u64;
  readonly bytes_retrans: u64;
  readonly segs_in: u32;
  readonly segs_out: u32;
  readonly data_segs_in: u32;
  readonly data_segs_out: u32;
  readonly delivered: u32;
  readonly copied_seq: u32;
  readonly rcv_nxt: u32;
  readonly snd_nxt: u32;
  readonly snd_una: u32;
  readonly write_seq: u32;
}

export interface udp_sock {
  readonly inet: inet_sock;
  readonly pending: i32;
}

export interface sockaddr_un {
  readonly sun_family: u16;
  /** Text, or bytes that begin with a zero. */
  readonly sun_path: string;
}

/** A socket with its inode: `k.containerOf(socket, 'socket_alloc', 'socket').vfs_inode.i_ino`. */
export interface socket_alloc {
  readonly socket: socket;
  readonly vfs_inode: inode;
}

/** The name that a local socket is bound to. include/net/af_unix.h */
export interface unix_address {
  /** Bytes of the name, with its 2 bytes of family. */
  readonly len: i32;
  /** At `k.addressOf`: the family in 2 bytes, then the path, or a 0 and an abstract name. */
  readonly name: KernelArray<sockaddr_un>;
}

export interface unix_sock {
  readonly sk: sock;
  /** Absent where the socket is not bound. */
  readonly addr: unix_address;
  readonly path: path;
  readonly peer: sock;
}

export interface netlink_sock {
  readonly sk: sock;
  readonly portid: u32;
  readonly dst_portid: u32;
}

/** A packet. include/linux/skbuff.h */
export interface sk_buff {
  readonly len: u32;
  readonly data_len: u32;
  /** Address of the first byte: `k.read(skb.data, header)`. */
  readonly data: Address;
  readonly head: Address;
  readonly truesize: u32;
  /** In network order. */
  readonly protocol: u16;
  readonly pkt_type: u8;
  readonly ip_summed: u8;
  readonly sk: sock;
  readonly dev: net_device;
  readonly mark: u32;
  readonly priority: u32;
  readonly hash: u32;
  readonly skb_iif: i32;
  readonly queue_mapping: u16;
  /** From `head`. */
  readonly mac_header: u16;
  /** From `head`. */
  readonly network_header: u16;
  /** From `head`. */
  readonly transport_header: u16;
  readonly mac_len: u16;
  readonly vlan_tci: u16;
  readonly vlan_proto: u16;
  readonly tstamp: i64;
  readonly next: sk_buff;
  readonly prev: sk_buff;
}

/** include/linux/netdevice.h */
export interface net_device {
  readonly name: string;
  readonly ifindex: i32;
  readonly mtu: u32;
  readonly flags: u32;
  readonly type: u16;
  readonly nd_net: possible_net_t;
  readonly real_num_tx_queues: u32;
  readonly real_num_rx_queues: u32;
}

/** A network namespace. */
export interface net {
  readonly ns: ns_common;
  readonly net_cookie: u64;
  readonly ifindex: u32;
  readonly user_ns: user_namespace;
  readonly loopback_dev: net_device;
}

export interface iphdr {
  readonly version: u8;
  readonly ihl: u8;
  readonly tos: u8;
  readonly tot_len: u16;
  readonly id: u16;
  readonly frag_off: u16;
  readonly ttl: u8;
  readonly protocol: u8;
  readonly check: u16;
  readonly saddr: u32;
  readonly daddr: u32;
}

export interface ipv6hdr {
  readonly version: u8;
  readonly payload_len: u16;
  readonly nexthdr: u8;
  readonly hop_limit: u8;
  readonly saddr: in6_addr;
  readonly daddr: in6_addr;
}

export interface tcphdr {
  readonly source: u16;
  readonly dest: u16;
  readonly seq: u32;
  readonly ack_seq: u32;
  readonly doff: u16;
  readonly fin: u16;
  readonly syn: u16;
  readonly rst: u16;
  readonly psh: u16;
  readonly ack: u16;
  readonly urg: u16;
  readonly window: u16;
  readonly check: u16;
}

export interface udphdr {
  readonly source: u16;
  readonly dest: u16;
  readonly len: u16;
  readonly check: u16;
}
