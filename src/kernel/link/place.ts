/** Where a link is, as text: `eth0 ingress`, `syscalls:sys_enter_openat`, `/usr/bin/bash+0x1234`. */

import { SysError } from '../../sys/errors.ts';
import { findInterface } from '../../sys/route.ts';
import { AttachType } from '../spec.ts';
import { readTypes } from '../types.ts';
import { vmlinux } from '../vmlinux.ts';
import type { LinkDescription, PerfEventDetails } from './describe.ts';

const attachNames: ReadonlyMap<number, string> = new Map(
  Object.entries(AttachType).map(([name, number]) => [number, name]),
);

/** The name of an attach type: `cgroupInetEgress`. */
export function attachTypeName(type: number): string {
  return attachNames.get(type) ?? `attach type ${type}`;
}

const hooks = ['prerouting', 'input', 'forward', 'output', 'postrouting'];
const families: ReadonlyMap<number, string> = new Map([
  [2, 'ipv4'],
  [10, 'ipv6'],
]);

export function placeText(link: LinkDescription): string {
  switch (link.type) {
    case 'rawTracepoint':
      return link.tracepoint;
    case 'tracing':
      return tracingText(link.targetObjectId, link.targetTypeId, link.attachType);
    case 'tracingMulti':
      return link.targetTypeIds.length === 1
        ? tracingText(link.targetObjectId, link.targetTypeIds[0]!, link.attachType)
        : `${link.targetTypeIds.length} functions`;
    case 'cgroup':
      return `${cgroupText(link.cgroupId)} ${attachTypeName(link.attachType)}`;
    case 'iterator':
      return link.target;
    case 'netns':
      return `network namespace ${link.inode}`;
    case 'xdp':
      return interfaceText(link.interface);
    case 'perfEvent':
      return eventText(link.event);
    case 'kprobeMulti':
      return `${link.count} functions`;
    case 'structOps':
      return `map ${link.mapId}`;
    case 'netfilter': {
      const hook = hooks[link.hook] ?? `hook ${link.hook}`;
      return `${families.get(link.family) ?? `family ${link.family}`} ${hook} priority ${link.priority}`;
    }
    case 'tcx':
    case 'netkit': {
      const side = attachTypeName(link.attachType)
        .replace(/^(tcx|netkit)/, '')
        .toLowerCase();
      return `${interfaceText(link.interface)} ${side}`;
    }
    case 'uprobeMulti':
      return `${link.path}, ${link.count} places`;
    case 'sockmap':
      return `map ${link.mapId} ${attachTypeName(link.attachType)}`;
    case 'other':
      return `a link of type ${link.number}`;
  }
}

function eventText(event: PerfEventDetails): string {
  switch (event.kind) {
    case 'uprobe':
    case 'uretprobe':
      return `${event.file}+0x${event.offset.toString(16)}`;
    case 'kprobe':
    case 'kretprobe': {
      const name = event.function === '' ? `0x${event.address.toString(16)}` : event.function;
      return event.offset === 0 ? name : `${name}+0x${event.offset.toString(16)}`;
    }
    case 'tracepoint':
      return event.name;
    case 'event':
      return `event ${event.eventType}:${event.config}`;
    case 'unknown':
      return 'a performance event';
  }
}

/** The name that an interface has in this network namespace; links of others are numbers here. */
export function interfaceText(index: number): string {
  if (index === 0) return 'an interface that is gone';
  try {
    return findInterface(index)?.name ?? `interface ${index}`;
  } catch (error) {
    if (error instanceof SysError) return `interface ${index}`;
    throw error;
  }
}

/** The id of a control group is the inode number of its directory. */
function cgroupText(id: bigint): string {
  return id === 0n ? 'a control group that is gone' : `control group ${id}`;
}

/** The target's name, from the BTF of the kernel, a module or a program. */
function tracingText(objectId: number, typeId: number, attachType: number): string {
  const name = tracingTarget(objectId, typeId);
  if (name !== undefined)
    return name.replace(attachType === AttachType.traceRawTp ? /^btf_trace_/ : /^bpf_lsm_/, '');
  return `type ${typeId} of object ${objectId}`;
}

function tracingTarget(objectId: number, typeId: number): string | undefined {
  if (typeId === 0) return undefined;
  try {
    // The kernel's own BTF has the lowest id, and needs no privilege.
    const types = objectId <= 1 ? vmlinux() : readTypes(objectId);
    const type = types.type(typeId);
    return 'name' in type ? type.name : undefined;
  } catch {
    // The object went away, belongs to a program, or may not be read: its numbers say it then.
    return undefined;
  }
}
