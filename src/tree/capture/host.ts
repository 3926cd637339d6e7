/** What a capture tells about the machine that it is made on. */
import type { SnapshotHost } from '../snapshot.ts';
import type { CaptureHost } from './write.ts';

export function dumpHost(host: SnapshotHost): CaptureHost {
  const little = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  return { ...host, architecture: process.arch, byteOrder: little ? 'little' : 'big' };
}
