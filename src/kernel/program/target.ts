/** The type that a tracing, iterator, LSM, extension or struct_ops program is loaded for. */
import type { Btf } from '../../btf/btf.ts';
import type { TypeId } from '../../btf/types.ts';
import { SysError } from '../../sys/errors.ts';
import type { Fd } from '../../sys/fd.ts';
import { ambiguousTarget, badSpec, noTarget } from '../errors.ts';
import type { AttachTarget } from '../spec.ts';
import { findModule, readTypes } from '../types.ts';
import { programInfo } from './program.ts';

/**
 * How each kind of target appears in the kernel's BTF: include/trace/bpf_probe.h makes a typedef
 * `btf_trace_NAME` for every tracepoint, include/linux/bpf.h and bpf_lsm.h declare a function for
 * every iterator and hook.
 */
const shapes = {
  rawTracepoint: { prefix: 'btf_trace_', kind: 'typedef', word: 'tracepoint' },
  function: { prefix: '', kind: 'function', word: 'function' },
  iterator: { prefix: 'bpf_iter_', kind: 'function', word: 'iterator' },
  lsm: { prefix: 'bpf_lsm_', kind: 'function', word: 'LSM hook' },
} as const satisfies Record<
  Exclude<AttachTarget['kind'], 'id' | 'program' | 'structOps'>,
  { prefix: string; kind: 'typedef' | 'function'; word: string }
>;

/** Where targets are looked for. */
export interface TargetContext {
  kernelTypes(): Btf;
  /** For targets in a program: the descriptor of that program. */
  readonly targetFd?: number | undefined;
}

/** What BPF_PROG_LOAD wants to know of a target. */
export interface ResolvedTarget {
  readonly id: TypeId;
  /** A program, or the BTF of a module; absent for the kernel itself. */
  readonly objectFd?: number;
  /** struct_ops: the member's index, which stands where other programs have their attach type. */
  readonly member?: number;
  /** To be closed after loading. */
  readonly owned?: Fd;
}

/**
 * Finds a target: in the kernel, then in its modules. Throws KernelError: `noType` with near names,
 * `ambiguousType` when two functions of the kernel bear the name.
 */
export function resolveTarget(target: AttachTarget, context: TargetContext): ResolvedTarget {
  switch (target.kind) {
    case 'id':
      return { id: target.id };
    case 'program':
      return inProgram(target.name, context);
    case 'structOps':
      return structOpsMember(target.name, target.member, context.kernelTypes());
    default: {
      const id = lookUp(target, context.kernelTypes());
      if (id !== undefined) return { id };
      const there = inModules(target);
      if (there !== undefined) return there;
      return { id: targetId(target, () => context.kernelTypes()) };
    }
  }
}

type Named = Exclude<AttachTarget, { kind: 'id' | 'program' | 'structOps' }>;

/** The target's id in the kernel's own BTF. Throws as `resolveTarget`. */
export function targetId(target: AttachTarget, kernelTypes: () => Btf): TypeId {
  if (target.kind === 'id') return target.id;
  if (target.kind === 'structOps') return structOpsMember(target.name, target.member, kernelTypes()).id;
  if (target.kind === 'program') throw badSpec('target', `function "${target.name}" lies in a program`);
  const types = kernelTypes();
  const found = lookUp(target, types);
  if (found !== undefined) return found;
  const { prefix, kind, word } = shapes[target.kind];
  const near = types.suggest(prefix + target.name, kind).filter((name) => name.startsWith(prefix));
  throw noTarget(
    `${word} "${target.name}"`,
    `such ${word}`,
    near.map((name) => name.slice(prefix.length)),
  );
}

function lookUp(target: Named, types: Btf): TypeId | undefined {
  const { prefix, kind, word } = shapes[target.kind];
  const full = prefix + target.name;
  if (target.kind === 'function') {
    const all = types.findAll(full, kind);
    if (all.length > 1) throw ambiguousTarget(`${word} "${target.name}"`, full, all.length);
  }
  return types.find(full, kind);
}

/** Linux 5.11. Kernels without BTF by id have no module types either. */
function inModules(target: Named): ResolvedTarget | undefined {
  try {
    return findModule(({ types, fd }) => {
      const id = lookUp(target, types);
      return id === undefined ? undefined : { id, objectFd: fd.number, owned: fd };
    });
  } catch (error) {
    if (error instanceof SysError) return undefined;
    throw error;
  }
}

function inProgram(name: string, { targetFd }: TargetContext): ResolvedTarget {
  const what = `function "${name}" of a program`;
  if (targetFd === undefined) throw badSpec(what, 'the program that it is in was not given (targets)');
  const { btfId } = programInfo(targetFd);
  if (btfId === 0) throw noTarget(what, 'types in that program (it was loaded without BTF)', []);
  const types = readTypes(btfId);
  const id = types.find(name, 'function');
  if (id === undefined) throw noTarget(what, `function "${name}"`, types.suggest(name, 'function'));
  return { id, objectFd: targetFd };
}

/** Linux 5.6: the structure's id, and the place of the member in it. */
function structOpsMember(name: string, member: string, types: Btf): ResolvedTarget {
  const what = `member "${member}" of struct ${name}`;
  const id = types.find(name, 'struct');
  if (id === undefined) throw noTarget(what, `struct ${name}`, types.suggest(name, 'struct'));
  const type = types.type(id);
  const members = type.kind === 'struct' ? type.members : [];
  const index = members.findIndex((one) => one.name === member);
  if (index < 0) throw noTarget(what, `member "${member}" in struct ${name}`, []);
  return { id, member: index };
}
