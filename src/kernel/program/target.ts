/** The type that a tracing, iterator, LSM, extension or struct_ops program is loaded for. */
import type { Btf } from '../../btf/btf.ts';
import type { TypeId } from '../../btf/types.ts';
import { SysError } from '../../sys/errors.ts';
import type { Fd } from '../../sys/fd.ts';
import { didYouMean, nearestNames } from '../../text/nearest.ts';
import { ambiguousTarget, badSpec, KernelError, noTarget, programText } from '../errors.ts';
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
  /** Whose target it is, for messages. */
  readonly program?: { readonly name: string; readonly section?: string };
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
      return structOpsMember(target.name, target.member, context);
    default: {
      const id = lookUp(target, context.kernelTypes(), context);
      if (id !== undefined) return { id };
      const there = inModules(target, context);
      if (there !== undefined) return there;
      throw missing(target, context.kernelTypes(), context);
    }
  }
}

type Named = Exclude<AttachTarget, { kind: 'id' | 'program' | 'structOps' }>;

/** The target's id in the kernel's own BTF. Throws as `resolveTarget`. */
export function targetId(target: AttachTarget, kernelTypes: () => Btf): TypeId {
  if (target.kind === 'id') return target.id;
  if (target.kind === 'structOps') return structOpsMember(target.name, target.member, { kernelTypes }).id;
  if (target.kind === 'program') throw badSpec('target', `function "${target.name}" lies in a program`);
  const types = kernelTypes();
  const found = lookUp(target, types, {});
  if (found !== undefined) return found;
  throw missing(target, types, {});
}

type Asking = Pick<TargetContext, 'program'>;

/** `attach "p" (fentry/do_exi) to function do_exi` */
function tried({ program }: Asking, what: string): string {
  return program === undefined ? `attach to ${what}` : `attach ${programText(program)} to ${what}`;
}

function missing(target: Named, types: Btf, asking: Asking): KernelError {
  const { prefix, kind, word } = shapes[target.kind];
  const near = types
    .suggest(prefix + target.name, kind)
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length));
  // There are a few dozen of them: whoever is far off sees what there is.
  const all = target.kind === 'iterator' && near.length === 0 ? iterators(types) : [];
  const hint = all.length === 0 ? undefined : `there are ${all.join(', ')}`;
  return noTarget(tried(asking, `${word} ${target.name}`), `such ${word}`, near, hint);
}

/** By the functions that declare their arguments; kfuncs of open-coded iterators are called likewise, with an ending. */
function iterators(types: Btf): string[] {
  const { prefix, kind } = shapes.iterator;
  const names: string[] = [];
  for (let id = 1; id < types.count; id++) {
    if (types.kind(id) !== kind) continue;
    const name = types.name(id);
    if (name.startsWith(prefix)) names.push(name.slice(prefix.length));
  }
  return names.filter((name) => types.find(`bpf_iter__${name}`, 'struct') !== undefined).sort();
}

function lookUp(target: Named, types: Btf, asking: Asking): TypeId | undefined {
  const { prefix, kind, word } = shapes[target.kind];
  const full = prefix + target.name;
  if (target.kind === 'function') {
    const all = types.findAll(full, kind);
    if (all.length > 1) throw ambiguousTarget(tried(asking, `${word} ${target.name}`), full, all.length);
  }
  return types.find(full, kind);
}

/** Linux 5.11. Kernels without BTF by id have no module types either. */
function inModules(target: Named, asking: Asking): ResolvedTarget | undefined {
  try {
    return findModule(({ types, fd }) => {
      const id = lookUp(target, types, asking);
      return id === undefined ? undefined : { id, objectFd: fd.number, owned: fd };
    });
  } catch (error) {
    if (error instanceof SysError) return undefined;
    throw error;
  }
}

function inProgram(name: string, { targetFd, ...asking }: TargetContext): ResolvedTarget {
  const what = tried(asking, `function ${name} of a program`);
  if (targetFd === undefined) {
    throw new KernelError('badSpec', `${what}: which program was not said`, {
      hint: 'set it before loading: `targetProgram` of the program in an object, `targets` of a collection',
    });
  }
  const { btfId, name: its } = programInfo(targetFd);
  if (btfId === 0) {
    throw new KernelError(
      'noType',
      `${what}: program "${its}" was loaded without BTF, so it has no function by name`,
    );
  }
  const types = readTypes(btfId);
  const id = types.find(name, 'function');
  if (id === undefined) {
    throw new KernelError('noType', `${what}: program "${its}" has no such function`, {
      hint: didYouMean(types.suggest(name, 'function')),
    });
  }
  return { id, objectFd: targetFd };
}

/** Linux 5.6: the structure's id, and the place of the member in it. */
function structOpsMember(name: string, member: string, context: TargetContext): ResolvedTarget {
  const types = context.kernelTypes();
  const what = tried(context, `member ${member} of struct ${name}`);
  const id = types.find(name, 'struct');
  if (id === undefined) throw noTarget(what, `struct ${name}`, types.suggest(name, 'struct'));
  const type = types.type(id);
  const members = type.kind === 'struct' ? type.members : [];
  const index = members.findIndex((one) => one.name === member);
  if (index < 0) {
    const near = nearestNames(
      member,
      members.map((one) => one.name),
    );
    throw noTarget(what, `member ${member} in struct ${name}`, near);
  }
  return { id, member: index };
}
