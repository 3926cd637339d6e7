/**
 * Programs on one socket, by socket option: filters, which see each packet before it is queued and answer how
 * much of it is kept (BPF_PROG_TYPE_SOCKET_FILTER, Linux 3.19), and the choice among sockets that share a port
 * (BPF_PROG_TYPE_SK_REUSEPORT, Linux 4.19).
 *
 * The socket keeps its program; closing the link takes it off if the socket is still open.
 */
import { SysError } from '../../sys/errors.ts';
import type { Fd } from '../../sys/fd.ts';
import { SocketLevel, SocketOption, setSocketOption } from '../../sys/socket.ts';
import { sysTry } from '../../sys/syscall.ts';
import { type Attachment, attachFailed } from './errors.ts';
import { type AttachableProgram, AttachedLink, type LinkKind } from './link.ts';

/** A socket of this process: a descriptor's number, or its owner. */
export type SocketLike = number | Fd;

/** Attaches a filter to a socket; one that was there gives way. Throws AttachError. */
export function attachSocketFilter(program: AttachableProgram, socket: SocketLike): AttachedLink {
  return attach(program, socket, 'socketFilter', SocketOption.attachBpf, SocketOption.detachFilter);
}

/** Attaches to all sockets that share the port of this one (SO_REUSEPORT). Throws AttachError. */
export function attachReuseport(program: AttachableProgram, socket: SocketLike): AttachedLink {
  return attach(
    program,
    socket,
    'reuseport',
    SocketOption.attachReuseportBpf,
    SocketOption.detachReuseportBpf,
  );
}

function attach(
  program: AttachableProgram,
  socket: SocketLike,
  kind: LinkKind,
  attachOption: number,
  detachOption: number,
): AttachedLink {
  const number = typeof socket === 'number' ? socket : socket.number;
  const what: Attachment = { kind, program: program.name, target: `socket ${number}` };
  try {
    setSocketOption(number, SocketLevel.socket, attachOption, program.fd.number);
  } catch (error) {
    if (error instanceof SysError) throw attachFailed(what, error);
    throw error;
  }
  return new AttachedLink({
    ...what,
    descriptors: [],
    isLink: false,
    slow: false,
    afterwards: () => {
      if (typeof socket !== 'number' && socket.closed) return;
      sysTry('setsockopt', number, SocketLevel.socket, detachOption, Int32Array.of(0), 4);
    },
  });
}
