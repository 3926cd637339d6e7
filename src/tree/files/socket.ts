/** What a socket is to people: family, type, protocol, state, and both ends. */
import { escapeBytes } from '../../text/escape.ts';
import { type JsonValue, jsonBytes } from '../../text/json.ts';
import { type BytesColumn, type Row, ValueState } from '../snapshot.ts';
import type { FileColumns } from './model.ts';

/** AF_* of include/linux/socket.h. */
const families: ReadonlyMap<number, string> = new Map([
  [1, 'unix'],
  [2, 'inet'],
  [10, 'inet6'],
  [15, 'key'],
  [16, 'netlink'],
  [17, 'packet'],
  [21, 'rds'],
  [29, 'can'],
  [30, 'tipc'],
  [31, 'bluetooth'],
  [38, 'alg'],
  [40, 'vsock'],
  [41, 'kcm'],
  [42, 'qipcrtr'],
  [43, 'smc'],
  [44, 'xdp'],
  [45, 'mctp'],
]);

/** SOCK_* of include/linux/net.h. */
const types: ReadonlyMap<number, string> = new Map([
  [1, 'stream'],
  [2, 'dgram'],
  [3, 'raw'],
  [4, 'rdm'],
  [5, 'seqpacket'],
  [6, 'dccp'],
  [10, 'packet'],
]);

/** IPPROTO_* of include/uapi/linux/in.h and in6.h. */
const protocols: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [2, 'igmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [33, 'dccp'],
  [47, 'gre'],
  [50, 'esp'],
  [51, 'ah'],
  [58, 'icmpv6'],
  [115, 'l2tp'],
  [132, 'sctp'],
  [136, 'udplite'],
  [143, 'ethernet'],
  [255, 'raw'],
  [256, 'smc'],
  [262, 'mptcp'],
]);

/** NETLINK_* of include/uapi/linux/netlink.h. */
const netlinkProtocols: ReadonlyMap<number, string> = new Map([
  [0, 'route'],
  [2, 'usersock'],
  [4, 'sock_diag'],
  [5, 'nflog'],
  [6, 'xfrm'],
  [7, 'selinux'],
  [8, 'iscsi'],
  [9, 'audit'],
  [10, 'fib_lookup'],
  [11, 'connector'],
  [12, 'netfilter'],
  [14, 'dnrtmsg'],
  [15, 'kobject_uevent'],
  [16, 'generic'],
  [18, 'scsitransport'],
  [19, 'ecryptfs'],
  [20, 'rdma'],
  [21, 'crypto'],
  [22, 'smc'],
]);

/** TCP_* of include/net/tcp_states.h; local and other sockets use some of the numbers. */
const states: ReadonlyMap<number, string> = new Map([
  [1, 'established'],
  [2, 'syn_sent'],
  [3, 'syn_recv'],
  [4, 'fin_wait1'],
  [5, 'fin_wait2'],
  [6, 'time_wait'],
  [7, 'close'],
  [8, 'close_wait'],
  [9, 'last_ack'],
  [10, 'listen'],
  [11, 'closing'],
  [12, 'new_syn_recv'],
  [13, 'bound_inactive'],
]);

const UNIX = 1;
const INET = 2;
const INET6 = 10;
const NETLINK = 16;

/** `10.0.0.1` or `fe80::1` (RFC 5952; IPv4 inside of IPv6 as `::ffff:10.0.0.1`) of 4 or 16 bytes. */
export function internetAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!);
  if (words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff) {
    return `::ffff:${bytes.subarray(12).join('.')}`;
  }
  // The longest run of at least two zero words, the first of equal ones, is left out.
  let [from, length] = [0, 1];
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && words[i + run] === 0) run += 1;
    if (run > length) [from, length] = [i, run];
  }
  const hex = (list: readonly number[]): string => list.map((word) => word.toString(16)).join(':');
  return length < 2 ? hex(words) : `${hex(words.slice(0, from))}::${hex(words.slice(from + length))}`;
}

/** A local socket's name: a path ends at its zero, an abstract name (first byte 0) has none and may hold some. */
function localName(bytes: Uint8Array): Uint8Array {
  if (bytes[0] === 0) return bytes;
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

interface End {
  readonly address: Uint8Array | undefined;
  readonly port: number;
}

/** The sockets among the files, as text and as JSON. */
export class Sockets {
  readonly #files: FileColumns;

  constructor(files: FileColumns) {
    this.#files = files;
  }

  #ends(row: Row): { readonly local: End; readonly remote: End } {
    const files = this.#files;
    const bytes = ({ data, start, length, state }: BytesColumn): Uint8Array | undefined =>
      state[row] === ValueState.absent ? undefined : data.subarray(start[row], start[row]! + length[row]!);
    return {
      local: { address: bytes(files.bytes('localAddress')), port: files.numbers('localPort')[row]! },
      remote: { address: bytes(files.bytes('remoteAddress')), port: files.numbers('remotePort')[row]! },
    };
  }

  isSocket(row: Row): boolean {
    return this.#files.numbers('family')[row] !== 0;
  }

  family(row: Row): string {
    const family = this.#files.numbers('family')[row]!;
    return families.get(family) ?? String(family);
  }

  /** `stream` and so on. */
  type(row: Row): string {
    const type = this.#files.numbers('socketType')[row]!;
    return types.get(type) ?? String(type);
  }

  /** `tcp`, `route`; undefined for families that have no protocols, or none that is known by name. */
  protocol(row: Row): string | undefined {
    const protocol = this.#files.numbers('protocol')[row]!;
    switch (this.#files.numbers('family')[row]) {
      case INET:
      case INET6:
        return protocols.get(protocol) ?? String(protocol);
      case NETLINK:
        return netlinkProtocols.get(protocol) ?? String(protocol);
      default:
        return undefined;
    }
  }

  /** `established`, `listen` and so on. */
  state(row: Row): string {
    const state = this.#files.numbers('socketState')[row]!;
    return states.get(state) ?? String(state);
  }

  /**
   * One socket on a line: `tcp 127.0.0.1:22 -> 10.0.0.9:51742 ESTABLISHED`, `udp [::]:53`, `unix stream
   * /run/x.sock LISTEN peer 4711`, `netlink route 812`. An abstract name starts with `@`. Safe to print.
   */
  text(row: Row): string {
    const { local, remote } = this.#ends(row);
    const state = this.state(row).toUpperCase();
    const protocol = this.protocol(row);
    switch (this.#files.numbers('family')[row]) {
      case INET:
      case INET6: {
        const raw = this.type(row) === 'raw'; // Raw sockets have no ports.
        const near = local.address === undefined ? '' : ` ${endText(local, !raw)}`;
        const far = remote.address === undefined ? '' : ` -> ${endText(remote, !raw)}`;
        const shown = raw ? `raw ${protocol}` : protocol;
        return `${shown}${near}${far}${this.type(row) === 'stream' ? ` ${state}` : ''}`;
      }
      case UNIX: {
        const near = local.address === undefined ? '' : ` ${nameText(local.address)}`;
        const far = remote.address === undefined ? '' : ` -> ${nameText(remote.address)}`;
        const peer = this.#files.numbers('peer')[row]!;
        return `unix ${this.type(row)}${near}${far} ${state}${peer === 0n ? '' : ` peer ${peer}`}`;
      }
      case NETLINK:
        return `netlink ${protocol} ${local.port}${remote.port === 0 ? '' : ` -> ${remote.port}`}`;
      default:
        return `${this.family(row)} ${this.type(row)}`;
    }
  }

  /** The members of a socket; what it does not have is left out. An abstract name begins with U+0000. */
  json(row: Row): ReadonlyMap<string, JsonValue> {
    const family = this.#files.numbers('family')[row]!;
    const { local, remote } = this.#ends(row);
    const members = new Map<string, JsonValue>([
      ['family', this.family(row)],
      ['type', this.type(row)],
    ]);
    const protocol = this.protocol(row);
    if (protocol !== undefined) members.set('protocol', protocol);
    members.set('state', this.state(row));
    const internet = family === INET || family === INET6;
    for (const [name, { address, port }] of [
      ['local', local],
      ['remote', remote],
    ] as const) {
      if (address !== undefined && internet) members.set(`${name}_address`, internetAddress(address));
      if (address !== undefined && family === UNIX) {
        const { text, base64 } = jsonBytes(localName(address));
        members.set(`${name}_address`, text);
        if (base64 !== undefined) members.set(`${name}_address_base64`, base64);
      }
      if (internet && address !== undefined && this.type(row) !== 'raw') members.set(`${name}_port`, port);
      if (family === NETLINK) members.set(`${name}_port`, port);
    }
    const peer = this.#files.numbers('peer')[row]!;
    if (peer !== 0n) members.set('peer_ino', peer);
    return members;
  }
}

function endText({ address, port }: End, hasPort: boolean): string {
  const text = internetAddress(address ?? new Uint8Array(4));
  if (!hasPort) return text;
  return text.includes(':') ? `[${text}]:${port}` : `${text}:${port}`;
}

function nameText(address: Uint8Array): string {
  const name = localName(address);
  return name[0] === 0 ? `@${escapeBytes(name.subarray(1))}` : escapeBytes(name);
}
