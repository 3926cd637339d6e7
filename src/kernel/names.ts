/** Names as the kernel takes them. */
import { olderThan } from './feature/release.ts';

/** `BPF_OBJ_NAME_LEN` with its NUL is 16: include/uapi/linux/bpf.h. */
const limit = 15;

/**
 * A name for a map or program: 15 characters of `A-Z a-z 0-9 _ .`, anything else becomes `_`, since
 * the kernel refuses the whole object for one wrong character. Kernels before 5.2 refuse the dot too,
 * so there it is replaced as well.
 */
export function objectName(name: string): Uint8Array {
  const refused = olderThan('5.2') ? /[^A-Za-z0-9_]/g : /[^A-Za-z0-9_.]/g;
  return new TextEncoder().encode(name.replace(refused, '_').slice(0, limit));
}

/** Text from the kernel's name field. Kernels allow ASCII only there. */
export function nameText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
