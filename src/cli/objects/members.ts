/** BPF objects as JSON members: stable names, exact numbers. */
import type { LinkDescription } from '../../kernel/link/describe.ts';
import type { Holder } from '../../kernel/objects/holders.ts';
import type { ListedLink, ListedMap, ListedProgram, ListedTypes } from '../../kernel/objects/list.ts';
import { attachTypeWord, linkTypeName, mapTypeName, programTypeName } from '../../kernel/objects/names.ts';
import { type JsonValue, jsonBytes } from '../../text/json.ts';

export type Members = Readonly<Record<string, JsonValue>>;

function around(listed: {
  readonly holders: readonly Holder[];
  readonly pinned: readonly string[];
}): Members {
  return {
    pids: listed.holders.map(({ pid, comm }) => {
      const { text, base64 } = jsonBytes(comm);
      return { pid, comm: text, ...(base64 === undefined ? {} : { comm_base64: base64 }) };
    }),
    pinned: [...listed.pinned],
  };
}

export function programMembers(program: ListedProgram): Members {
  return {
    id: program.id,
    type: programTypeName(program.type),
    name: program.fullName,
    tag: program.tag,
    gpl_compatible: program.gpl,
    loaded_at: program.loadedTime.toISOString(),
    uid: program.uid,
    bytes_xlated: program.translatedSize,
    bytes_jited: program.machineSize,
    bytes_memlock: program.memory ?? null,
    map_ids: [...program.mapIds],
    btf_id: program.btfId,
    attach_btf_obj_id: program.targetObjectId,
    attach_btf_id: program.targetTypeId,
    run_cnt: program.runCount,
    run_time_ns: program.runNanoseconds,
    recursion_misses: program.recursionMisses,
    verified_insns: program.verifiedInstructions,
    ...around(program),
  };
}

export function mapMembers(map: ListedMap): Members {
  return {
    id: map.id,
    type: mapTypeName(map.type),
    name: map.name,
    flags: map.flags,
    bytes_key: map.keySize,
    bytes_value: map.valueSize,
    max_entries: map.maxEntries,
    bytes_memlock: map.memory ?? null,
    map_extra: map.extra,
    frozen: map.frozen,
    btf_id: map.btfId,
    btf_key_type_id: map.keyType,
    btf_value_type_id: map.valueType,
    btf_vmlinux_value_type_id: map.kernelValueType,
    ...around(map),
  };
}

export function linkMembers(listed: ListedLink): Members {
  const { link } = listed;
  return {
    id: link.id,
    type: linkTypeName(link.type),
    prog_id: link.programId,
    place: listed.place,
    ...detailMembers(link),
    ...around(listed),
  };
}

/** What only links of a type have. */
function detailMembers(link: LinkDescription): Members {
  switch (link.type) {
    case 'rawTracepoint':
      return { tp_name: link.tracepoint, cookie: link.cookie };
    case 'tracing':
      return {
        attach_type: attachTypeWord(link.attachType),
        target_obj_id: link.targetObjectId,
        target_btf_id: link.targetTypeId,
        cookie: link.cookie,
      };
    case 'cgroup':
      return { cgroup_id: link.cgroupId, attach_type: attachTypeWord(link.attachType) };
    case 'iterator':
      return {
        target_name: link.target,
        ...(link.mapId === undefined ? {} : { map_id: link.mapId }),
        ...(link.cgroupId === undefined ? {} : { cgroup_id: link.cgroupId, order: link.order ?? 0 }),
        ...(link.tid === undefined ? {} : { tid: link.tid, pid: link.pid ?? 0 }),
      };
    case 'netns':
      return { netns_ino: link.inode, attach_type: attachTypeWord(link.attachType) };
    case 'xdp':
      return { ifindex: link.interface };
    case 'perfEvent': {
      const { kind, ...event } = link.event;
      return { event: kind, ...snakeMembers(event) };
    }
    case 'tracingMulti':
      return {
        attach_type: attachTypeWord(link.attachType),
        func_cnt: link.targetTypeIds.length,
        target_obj_id: link.targetObjectId,
        target_btf_ids: link.targetTypeIds,
        cookies: link.cookies,
      };
    case 'kprobeMulti':
      return {
        func_cnt: link.count,
        retprobe: link.return,
        missed: link.missed,
        addresses: [...link.addresses],
        cookies: [...link.cookies],
      };
    case 'uprobeMulti':
      return {
        path: link.path,
        func_cnt: link.count,
        retprobe: link.return,
        pid: link.pid,
        offsets: [...link.offsets],
        ref_ctr_offsets: [...link.refCtrOffsets],
        cookies: [...link.cookies],
      };
    case 'structOps':
      return { map_id: link.mapId };
    case 'netfilter':
      return { pf: link.family, hook: link.hook, priority: link.priority, flags: link.flags };
    case 'tcx':
    case 'netkit':
      return { ifindex: link.interface, attach_type: attachTypeWord(link.attachType) };
    case 'sockmap':
      return { map_id: link.mapId, attach_type: attachTypeWord(link.attachType) };
    case 'other':
      return { number: link.number };
  }
}

function snakeMembers(members: Readonly<Record<string, JsonValue>>): Members {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );
}

export function typesMembers(types: ListedTypes): Members {
  return {
    id: types.id,
    name: types.name,
    kernel: types.kernel,
    size: types.size,
    prog_ids: [...types.programIds],
    map_ids: [...types.mapIds],
    ...around(types),
  };
}
