/**
 * LINUX_VERSION_CODE of the running kernel.
 *
 * `uname -r` is what a distribution calls its kernel: Debian and Ubuntu leave the last number out of it. The kernel
 * maps a small library into each process (vDSO) with the true number in a note, which is read from there.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { release, version } from 'node:os';
import { SegmentType } from '../../elf/constants.ts';
import { ElfError } from '../../elf/errors.ts';
import { ElfFile } from '../../elf/file.ts';
import { readNotes } from '../../elf/notes.ts';
import { littleEndian } from '../../sys/layout.ts';

/** Auxiliary vector: the address of the vDSO. */
const AT_SYSINFO_EHDR = 33n;
/** The library is a few pages; its notes are in the first. */
const ENOUGH = 16 * 1024;

let known: number | undefined;

/** `(6 << 16) + (18 << 8) + 4` for 6.18.4. */
export function kernelVersionCode(): number {
  known ??= fromVdso() ?? fromText();
  return known;
}

/** `major << 16 | minor << 8 | patch`, the patch at most 255. */
export function versionCode(major: number, minor: number, patch: number): number {
  return major * 65536 + minor * 256 + Math.min(patch, 255);
}

function fromVdso(): number | undefined {
  const address = vdsoAddress();
  if (address === undefined) return undefined;
  try {
    const bytes = new Uint8Array(ENOUGH);
    const memory = openSync('/proc/self/mem', 'r');
    let size: number;
    try {
      size = readSync(memory, bytes, 0, ENOUGH, Number(address));
    } finally {
      closeSync(memory);
    }
    const file = ElfFile.open(bytes.subarray(0, size));
    for (const segment of file.segments) {
      if (segment.type !== SegmentType.note) continue;
      const view = file.range('the notes of the vDSO', segment.offset, segment.fileSize);
      for (const note of readNotes(view, segment.alignment)) {
        if (note.name === 'Linux' && note.type === 0 && note.description.length >= 4)
          return note.description.u32(0);
      }
    }
  } catch (error) {
    // Some sandboxes forbid /proc/self/mem; the names below remain.
    if (!(error instanceof ElfError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
  }
  return undefined;
}

function vdsoAddress(): bigint | undefined {
  const bytes = readFileSync('/proc/self/auxv');
  for (let at = 0; at + 16 <= bytes.length; at += 16) {
    const tag = littleEndian ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at);
    if (tag === AT_SYSINFO_EHDR)
      return littleEndian ? bytes.readBigUInt64LE(at + 8) : bytes.readBigUInt64BE(at + 8);
  }
  return undefined;
}

/** `Debian 6.1.94-1` in `uname -v` is the true version of Debian's kernels. */
function fromText(): number {
  const text = /Debian (\d+\.\d+\.\d+)/.exec(version())?.[1] ?? release();
  const [, major = '0', minor = '0', patch = '0'] = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  return versionCode(Number(major), Number(minor), Number(patch));
}
