/**
 * A network of a test's own: a namespace that dies with the process, pairs of veth interfaces in it and in a
 * second namespace. Everything by netlink, so that guests need no `ip`.
 */

import { SysError } from '../../src/sys/errors.ts';
import type { Fd } from '../../src/sys/fd.ts';
import { littleEndian } from '../../src/sys/layout.ts';
import { enterNetwork, inNetwork, networkNamespace, newNetwork } from '../../src/sys/namespace.ts';
import { ask, attribute, NetlinkFlag, nested } from '../../src/sys/netlink.ts';
import { findInterface } from '../../src/sys/route.ts';
import { addressBytes, Family } from '../../src/sys/socket.ts';

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_NEWADDR = 20;

function linkMessage(index = 0, flags = 0, change = 0): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setInt32(4, index, littleEndian);
  view.setUint32(8, flags, littleEndian);
  view.setUint32(12, change, littleEndian);
  return bytes;
}

function indexOf(name: string): number {
  const found = findInterface(name);
  if (found === undefined) throw new Error(`no interface ${name}`);
  return found.index;
}

/** Makes an interface of a kind: `dummy`, `ifb`. */
export function addInterface(name: string, kind: string, ...data: Uint8Array[]): number {
  ask({
    name: 'RTM_NEWLINK',
    type: RTM_NEWLINK,
    flags: NetlinkFlag.create | NetlinkFlag.exclusive,
    parts: [
      linkMessage(),
      attribute(3, name),
      nested(18, attribute(1, kind), ...(data.length > 0 ? [nested(2, ...data)] : [])),
    ],
    subject: kind,
  });
  return indexOf(name);
}

/** Makes a pair of veth interfaces, the second in another namespace if one is given. */
export function addVeth(name: string, peer: string, peerNamespace?: Fd): void {
  addPair('veth', name, peer, peerNamespace);
}

/** Makes a pair of a kind that comes in pairs. Gives the index of the first. */
export function addPair(kind: 'veth' | 'netkit', name: string, peer: string, peerNamespace?: Fd): number {
  // VETH_INFO_PEER, IFLA_NETKIT_PEER_INFO: the peer's own link message.
  const parts = [linkMessage(), attribute(3, peer)];
  if (peerNamespace !== undefined) parts.push(attribute(28, peerNamespace.number));
  return addInterface(name, kind, attribute(1, Buffer.concat(parts)));
}

export function removeInterface(name: string): void {
  ask({ name: 'RTM_DELLINK', type: RTM_DELLINK, parts: [linkMessage(indexOf(name))], subject: name });
}

/** IFF_UP. */
export function up(name: string): void {
  ask({ name: 'RTM_NEWLINK', type: RTM_NEWLINK, parts: [linkMessage(indexOf(name), 1, 1)], subject: name });
}

/** Gives an interface an IPv4 or IPv6 address. IPv6 at once, without looking for duplicates. */
export function addAddress(name: string, address: string, prefix: number): void {
  const bytes = addressBytes(address);
  const message = new Uint8Array(8);
  const view = new DataView(message.buffer);
  // family, prefix, flags (IFA_F_NODAD), scope, index
  view.setUint8(0, bytes.length === 4 ? Family.ipv4 : Family.ipv6);
  view.setUint8(1, prefix);
  view.setUint8(2, bytes.length === 4 ? 0 : 2);
  view.setUint32(4, indexOf(name), littleEndian);
  ask({
    name: 'RTM_NEWADDR',
    type: RTM_NEWADDR,
    flags: NetlinkFlag.create | NetlinkFlag.exclusive,
    parts: [message, attribute(2, bytes), attribute(1, bytes)],
    subject: name,
  });
}

/** Moves this thread, and with it the test file, into a namespace of its own with `lo` up. */
export function enterNewNetwork(): void {
  newNetwork();
  up('lo');
}

/** A second namespace, for the other side; this thread stays where it is. */
export function secondNetwork(): Fd {
  const here = networkNamespace();
  try {
    newNetwork();
    up('lo');
    return networkNamespace();
  } finally {
    enterNetwork(here);
    here.close();
  }
}

/** Whether the kernel makes interfaces of a kind; a guest has only what its modules bring. */
export function hasInterfaceKind(kind: 'veth' | 'dummy' | 'netkit' | 'ifb'): boolean {
  const network = secondNetwork();
  try {
    return inNetwork(network, () => {
      try {
        if (kind === 'veth') addVeth('try0', 'try1');
        else addInterface('try0', kind);
        return true;
      } catch (error) {
        if (error instanceof SysError && error.code === 'EOPNOTSUPP') return false;
        throw error;
      }
    });
  } finally {
    network.close();
  }
}
