/**
 * Text that came from the kernel or from another process: bytes that nobody has vouched for.
 *
 * The bytes are kept as they are. Only the sinks make them readable: `toString` and console output
 * escape what could drive a terminal (see escape.ts).
 */
import { escapeBytes } from './escape.ts';

export class KernelString {
  /** Without the terminating NUL. */
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The text for people: valid UTF-8 as it is, control characters and invalid bytes escaped. */
  toString(): string {
    return escapeBytes(this.bytes);
  }

  toJSON(): string {
    return this.toString();
  }

  equals(other: KernelString | string): boolean {
    const bytes = typeof other === 'string' ? new TextEncoder().encode(other) : other.bytes;
    return bytes.length === this.bytes.length && bytes.every((byte, i) => byte === this.bytes[i]);
  }

  /** What console.log and util.inspect print: never raw bytes on a terminal. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}
