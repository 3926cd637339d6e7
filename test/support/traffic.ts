/** Traffic over loopback and local sockets, for the programs that watch it. All of it by this thread. */

import type { Fd } from '../../src/sys/fd.ts';
import {
  acceptFrom,
  bindSocket,
  connectSocket,
  Family,
  inetAddress,
  listenOn,
  localPort,
  openSocket,
  receiveInto,
  SocketType,
  sendBytes,
} from '../../src/sys/socket.ts';
import { sys } from '../../src/sys/syscall.ts';
import { sendDatagrams } from './counting-program.ts';

export function tcp(family: number = Family.ipv4): Fd {
  return openSocket(family, SocketType.stream);
}

/** Two ends of a connection over loopback. */
export function connection(address: string): { readonly client: Fd; readonly peer: Fd } {
  const family = address.includes(':') ? Family.ipv6 : Family.ipv4;
  const [server, client] = [tcp(family), tcp(family)];
  try {
    bindSocket(server.number, inetAddress(address, 0));
    listenOn(server.number);
    connectSocket(client.number, inetAddress(address, localPort(server.number)));
    return { client, peer: acceptFrom(server.number) };
  } finally {
    server.close();
  }
}

/** A connection with data, and its address asked for by getsockname(2) and getpeername(2). */
export function converse(address: string): void {
  const { client, peer } = connection(address);
  try {
    sendBytes(client.number, Buffer.from('hello'));
    receiveInto(peer.number, new Uint8Array(8));
    localPort(client.number);
    sys('getpeername', [client.number, new Uint8Array(28), new Uint32Array([28])]);
  } finally {
    peer.close();
    client.close();
  }
}

/** A datagram to a socket that receives it. */
export function datagram(address: string): void {
  const family = address.includes(':') ? Family.ipv6 : Family.ipv4;
  const receiver = openSocket(family, SocketType.datagram);
  try {
    bindSocket(receiver.number, inetAddress(address, 0));
    sendDatagrams(address, localPort(receiver.number), 1);
    // With a place for the sender's address: only then is the hook asked.
    const from = new Uint8Array(28);
    sys('recvfrom', [receiver.number, new Uint8Array(8), 8, 0, from, new Uint32Array([from.length])]);
  } finally {
    receiver.close();
  }
}

function unixAddress(): Uint8Array {
  const name = Buffer.from(`\0bpfkit-${process.pid}`);
  return Uint8Array.from([1, 0, ...name]);
}

/** Datagrams over a local socket, connected and not, with both names asked for. */
export function unixConversation(): void {
  const [server, client] = [
    openSocket(Family.unix, SocketType.datagram),
    openSocket(Family.unix, SocketType.datagram),
  ];
  try {
    bindSocket(server.number, unixAddress());
    connectSocket(client.number, unixAddress());
    sendBytes(client.number, Buffer.from('x'));
    sendBytes(client.number, Buffer.from('x'), unixAddress());
    const from = new Uint8Array(110);
    sys('recvfrom', [server.number, new Uint8Array(8), 8, 0, from, new Uint32Array([from.length])]);
    localPort(server.number);
    sys('getpeername', [client.number, new Uint8Array(110), new Uint32Array([110])]);
  } finally {
    server.close();
    client.close();
  }
}
