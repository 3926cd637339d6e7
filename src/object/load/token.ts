/** BPF tokens: what the owner of a bpf file system lets a user namespace do (Linux 6.9). */

import { KernelError } from '../../kernel/errors.ts';
import { bpfError, bpfTry } from '../../sys/bpf.ts';
import { Fd } from '../../sys/fd.ts';
import { Open, openPath } from '../../sys/file.ts';

/** A token of the bpf file system mounted at a path. Throws KernelError. */
export function createToken(path: string): Fd {
  const directory = openPath(path, Open.readOnly | Open.directory);
  try {
    const { result } = bpfTry('tokenCreate', { bpffsFd: directory.number });
    if (result >= 0) return Fd.own(result, `BPF token of ${path}`);
    const error = bpfError('tokenCreate', -result, path);
    throw new KernelError('refused', `make a BPF token: ${error.message}`, {
      cause: error,
      errno: error.errno,
      hint: hints[error.code],
    });
  } finally {
    directory.close();
  }
}

const hints: Readonly<Record<string, string>> = {
  ENOENT:
    'nothing was delegated: mount it with delegate_cmds, delegate_maps, delegate_progs and delegate_attachs',
  EOPNOTSUPP: 'tokens are for user namespaces; the process is in the first one and needs none',
  EINVAL: 'the path is no bpf file system, or this kernel has no tokens (Linux 6.9)',
  EPERM: 'the file system belongs to another user namespace, or CAP_BPF is missing in this one',
};
