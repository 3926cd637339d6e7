/**
 * BTF objects of the kernel: its own types, those of its modules, and what programs and maps were loaded
 * with. Linux 4.18; by id 5.1 and CAP_SYS_ADMIN; names and modules 5.11.
 */
import { constants } from 'node:os';
import { Btf } from '../btf/btf.ts';
import { bpfError, bpfFd, bpfTry } from '../sys/bpf.ts';
import { btfInfoFields, objectInfo } from '../sys/bpf-info.ts';
import { SysError } from '../sys/errors.ts';
import { Fd } from '../sys/fd.ts';
import { refused } from './errors.ts';
import { whyNotPermitted } from './feature/privilege.ts';
import { logLines } from './program/log.ts';
import { TOKEN_FLAG } from './spec.ts';
import { vmlinux } from './vmlinux.ts';

const { ENOENT } = constants.errno;

/** What the kernel knows about a BTF object. */
export interface TypesInfo {
  readonly id: number;
  /** `vmlinux` or a module's name; '' for what a program brought. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The kernel's own, or a module's. */
  readonly kernel: boolean;
}

/** Asks the kernel about the BTF behind a descriptor. Throws SysError. */
export function typesInfo(fd: number): TypesInfo {
  const name = new Uint8Array(128);
  const info = namedInfo(fd, name);
  const end = name.indexOf(0);
  return {
    id: info.number('id'),
    name: Buffer.from(name.subarray(0, end < 0 ? name.length : end)).toString('latin1'),
    size: info.number('btfSize'),
    kernel: info.number('kernelBtf') !== 0,
  };
}

/** Before 5.11 types had no name, and the kernel refuses a question that asks for one. */
function namedInfo(fd: number, name: Uint8Array): ReturnType<typeof objectInfo> {
  try {
    return objectInfo(fd, btfInfoFields, { name, nameLen: name.length });
  } catch (error) {
    if (!(error instanceof SysError) || error.code !== 'E2BIG') throw error;
    return objectInfo(fd, btfInfoFields);
  }
}

/** Opens a BTF object by its id. Linux 5.1; asks for CAP_SYS_ADMIN. Throws SysError. */
export function openTypes(id: number): Fd {
  return bpfFd('btfGetFdById', { id }, `BTF with id ${id}`);
}

/** Ids of all BTF objects, ascending. Linux 5.4; asks for CAP_SYS_ADMIN. Throws SysError. */
export function* typesIds(): Generator<number, void, undefined> {
  let id = 0;
  for (;;) {
    const { result, attr } = bpfTry('btfGetNextId', { id, nextId: 0 });
    if (result === -ENOENT) return;
    if (result < 0) throw bpfError('btfGetNextId', -result);
    id = attr.number('nextId');
    yield id;
  }
}

/** The encoded types behind a descriptor. Throws SysError. */
export function typesBytes(fd: number): Uint8Array {
  const size = objectInfo(fd, btfInfoFields).number('btfSize');
  const btf = new Uint8Array(size);
  objectInfo(fd, btfInfoFields, { btf, btfSize: size });
  return btf;
}

/** The types with an id. A module's continue those of the kernel. Throws SysError, BtfError. */
export function readTypes(id: number): Btf {
  const fd = openTypes(id);
  try {
    const { name, kernel } = typesInfo(fd.number);
    if (kernel && name === 'vmlinux') return vmlinux();
    return Btf.parse(typesBytes(fd.number), kernel ? { base: vmlinux() } : {});
  } finally {
    fd.close();
  }
}

/** The types of one loaded module, with an open descriptor that the caller closes. */
export interface ModuleTypes {
  readonly name: string;
  readonly types: Btf;
  readonly fd: Fd;
}

/** Types of the loaded modules, one after the other; each descriptor is closed unless it is kept by `take`. */
export function findModule<T>(look: (module: ModuleTypes) => T | undefined): T | undefined {
  for (const id of typesIds()) {
    const fd = openTypes(id);
    let found: T | undefined;
    try {
      const { name, kernel } = typesInfo(fd.number);
      if (kernel && name !== 'vmlinux') {
        found = look({ name, types: Btf.parse(typesBytes(fd.number), { base: vmlinux() }), fd });
      }
    } finally {
      if (found === undefined) fd.close();
    }
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Loads encoded BTF, by the right of a token if there is one. Linux 4.18. Throws KernelError, with the kernel's log. */
export function loadBtf(btf: Uint8Array, token?: number): Fd {
  const first = bpfTry('btfLoad', { btf, btfSize: btf.length, ...tokenOf(token) });
  if (first.result >= 0) return Fd.own(first.result, 'BTF');
  const btfLogBuf = new Uint8Array(64 * 1024);
  const second = bpfTry('btfLoad', {
    btf,
    btfSize: btf.length,
    btfLogBuf,
    btfLogSize: btfLogBuf.length,
    btfLogLevel: 1,
    ...tokenOf(token),
  });
  if (second.result >= 0) return Fd.own(second.result, 'BTF');
  const error = bpfError('btfLoad', -first.result);
  const hint = error.code === 'EPERM' ? whyNotPermitted() : undefined;
  throw refused('load types (BTF)', error, hint, logLines(btfLogBuf));
}

/** The part of BPF_BTF_LOAD's attribute that hands a token over. */
export function tokenOf(token: number | undefined): {
  readonly btfFlags?: number;
  readonly btfTokenFd?: number;
} {
  return token === undefined ? {} : { btfFlags: TOKEN_FLAG, btfTokenFd: token };
}
