import { HOST_IS_LITTLE } from '../records.ts';
/** What a capture tells about the machine that it is made on. */
import type { SnapshotHost } from '../snapshot.ts';
import type { CaptureHost } from './write.ts';

export function dumpHost(host: SnapshotHost): CaptureHost {
  return { ...host, architecture: process.arch, byteOrder: HOST_IS_LITTLE ? 'little' : 'big' };
}
