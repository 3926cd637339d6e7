/**
 * What is attached where, asked at the places themselves: programs without a link are found only so. Of this
 * network namespace, and of all control groups that can be seen.
 */
import { readdirSync } from 'node:fs';
import { SysError } from '../../sys/errors.ts';
import { networkNamespace } from '../../sys/namespace.ts';
import { listFilters, listInterfaces, TcParent } from '../../sys/route.ts';
import { attachTypeName } from '../link/place.ts';
import { cgroupPrograms, namespacePrograms, netkitPrograms, tcxPrograms } from '../link/query.ts';
import { cgroup2 } from '../mounts.ts';
import { openProgram } from '../program/program.ts';
import { AttachType } from '../spec.ts';
import { attachTypeWord } from './names.ts';

export interface HookedProgram {
  /** An interface, `this network namespace`, or a control group below the mount point. */
  readonly place: string;
  /** `xdp native`, `tc ingress`, `tcx egress`, `cgroup_inet_egress`. */
  readonly hook: string;
  readonly programId: number;
  /** '' where the program may not be opened. */
  readonly name: string;
  /** 0 where there is none, or the hook does not say. */
  readonly linkId: number;
}

/** Programs of the interfaces and of the network namespace of this thread. Throws SysError. */
export function* networkHooks(): Generator<HookedProgram, void, undefined> {
  for (const { index, name: place, xdp } of listInterfaces()) {
    for (const mode of ['native', 'generic', 'hardware'] as const) {
      const id = xdp[mode];
      if (id !== undefined) yield hooked(place, `xdp ${mode}`, id);
    }
    for (const direction of ['ingress', 'egress'] as const) {
      for (const { programId } of tolerant(() => listFilters(index, TcParent[direction]), [])) {
        yield hooked(place, `tc ${direction}`, programId);
      }
      for (const one of tolerant(() => tcxPrograms(index, direction).programs, [])) {
        yield hooked(place, `tcx ${direction}`, one.programId, one.linkId);
      }
    }
    for (const side of ['primary', 'peer'] as const) {
      for (const one of tolerant(() => netkitPrograms(index, side).programs, [])) {
        yield hooked(place, `netkit ${side}`, one.programId, one.linkId);
      }
    }
  }
  const namespace = networkNamespace();
  try {
    for (const type of [AttachType.flowDissector, AttachType.skLookup]) {
      for (const { programId } of tolerant(() => namespacePrograms(namespace, type).programs, [])) {
        yield hooked('this network namespace', attachTypeWord(type), programId);
      }
    }
  } finally {
    namespace.close();
  }
}

const cgroupTypes: readonly AttachType[] = Object.values(AttachType).filter((type) =>
  /^cgroup|^lsmCgroup/.test(attachTypeName(type)),
);

/**
 * Programs of all control groups, each where it was attached and not in the groups below. A hook that this kernel
 * has not is left out. Throws SysError.
 */
export function* cgroupHooks(
  root: string | undefined = cgroup2(),
): Generator<HookedProgram, void, undefined> {
  if (root === undefined) return;
  for (const path of groupsBelow(root)) {
    for (const type of cgroupTypes) {
      for (const { programId } of tolerant(() => cgroupPrograms(path, type).programs, [])) {
        yield hooked(path.slice(root.length) || '/', attachTypeWord(type), programId);
      }
    }
  }
}

function* groupsBelow(path: string): Generator<string, void, undefined> {
  yield path;
  let names: string[];
  try {
    names = readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? entry.name : [],
    );
  } catch {
    // Removed meanwhile.
    return;
  }
  for (const name of names) yield* groupsBelow(`${path}/${name}`);
}

function hooked(place: string, hook: string, programId: number, linkId = 0): HookedProgram {
  const name = tolerant(() => {
    const program = openProgram(programId);
    try {
      return program.name;
    } finally {
      program.close();
    }
  }, '');
  return { place, hook, programId, name, linkId };
}

/** Kernels refuse to be asked about hooks that they have not, and places go away. */
function tolerant<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch (error) {
    if (error instanceof SysError) return otherwise;
    throw error;
  }
}
