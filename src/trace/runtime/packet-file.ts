/**
 * Files of packets that `skboutput` writes, to be opened with tcpdump and the like: the classic format of pcap,
 * with times in nanoseconds (draft-ietf-opsawg-pcap).
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs';

const magic = 0xa1b23c4d;
const ethernet = 1;
const longest = 65_535;

export class PacketFiles {
  readonly #files = new Map<string, number>();

  /** Appends a packet; the file is made at the first, in place of what was there. Throws Node's errors. */
  write(path: string, packet: Uint8Array, time: bigint = BigInt(Date.now()) * 1_000_000n): void {
    const fd = this.#files.get(path) ?? this.#create(path);
    const record = new Uint8Array(16 + packet.length);
    const view = new DataView(record.buffer);
    view.setUint32(0, Number(time / 1_000_000_000n), true);
    view.setUint32(4, Number(time % 1_000_000_000n), true);
    view.setUint32(8, packet.length, true);
    view.setUint32(12, packet.length, true);
    record.set(packet, 16);
    writeSync(fd, record);
  }

  close(): void {
    for (const fd of this.#files.values()) closeSync(fd);
    this.#files.clear();
  }

  #create(path: string): number {
    const name = Buffer.from(path, 'latin1');
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
    const fd = openSync(name, flags, 0o600);
    this.#files.set(path, fd);
    const header = new Uint8Array(24);
    const view = new DataView(header.buffer);
    view.setUint32(0, magic, true);
    view.setUint16(4, 2, true);
    view.setUint16(6, 4, true);
    view.setUint32(16, longest, true);
    view.setUint32(20, ethernet, true);
    writeSync(fd, header);
    return fd;
  }
}
