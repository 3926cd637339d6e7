/**
 * What BPF_OBJ_GET_INFO_BY_FD fills in: `struct bpf_map_info`, `bpf_prog_info`, `bpf_btf_info`,
 * `bpf_link_info` of include/uapi/linux/bpf.h, and the call itself. Older kernels know shorter
 * structures and leave the rest zero.
 */
import { bpf } from './bpf.ts';
import { type FieldTable, type FieldValues, Struct } from './layout.ts';

export const mapInfoFields = {
  type: 'u32',
  id: 'u32',
  keySize: 'u32',
  valueSize: 'u32',
  maxEntries: 'u32',
  mapFlags: 'u32',
  name: 'name16',
  ifindex: 'u32',
  btfVmlinuxValueTypeId: 'u32',
  netnsDev: 'u64',
  netnsIno: 'u64',
  btfId: 'u32',
  btfKeyTypeId: 'u32',
  btfValueTypeId: 'u32',
  btfVmlinuxId: 'u32',
  mapExtra: 'u64',
} as const;

export const programInfoFields = {
  type: 'u32',
  id: 'u32',
  tag: 'bytes8',
  jitedProgLen: 'u32',
  xlatedProgLen: 'u32',
  jitedProgInsns: 'pointer',
  xlatedProgInsns: 'pointer',
  loadTime: 'u64',
  createdByUid: 'u32',
  nrMapIds: 'u32',
  mapIds: 'pointer',
  name: 'name16',
  ifindex: 'u32',
  /** A bitfield of one bit: gpl_compatible. */
  gplCompatible: 'u32',
  netnsDev: 'u64',
  netnsIno: 'u64',
  nrJitedKsyms: 'u32',
  nrJitedFuncLens: 'u32',
  jitedKsyms: 'pointer',
  jitedFuncLens: 'pointer',
  btfId: 'u32',
  funcInfoRecSize: 'u32',
  funcInfo: 'pointer',
  nrFuncInfo: 'u32',
  nrLineInfo: 'u32',
  lineInfo: 'pointer',
  jitedLineInfo: 'pointer',
  nrJitedLineInfo: 'u32',
  lineInfoRecSize: 'u32',
  jitedLineInfoRecSize: 'u32',
  nrProgTags: 'u32',
  progTags: 'pointer',
  runTimeNs: 'u64',
  runCnt: 'u64',
  recursionMisses: 'u64',
  verifiedInsns: 'u32',
  attachBtfObjId: 'u32',
  attachBtfId: 'u32',
} as const;

export const btfInfoFields = {
  btf: 'pointer',
  btfSize: 'u32',
  id: 'u32',
  name: 'pointer',
  nameLen: 'u32',
  kernelBtf: 'u32',
} as const;

/** `struct bpf_link_info` ends in a union by `type`: ask with the head first, then with the form of the type. */
export const linkInfoFields = {
  head: { type: 'u32', id: 'u32', programId: 'u32 prog_id' },
  rawTracepoint: {
    type: 'u32',
    id: 'u32',
    programId: 'u32 prog_id',
    tracepoint: 'pointer raw_tracepoint.tp_name',
    nameLength: 'u32 raw_tracepoint.tp_name_len',
    cookie: 'u64 raw_tracepoint.cookie',
  },
  tracing: {
    type: 'u32',
    id: 'u32',
    programId: 'u32 prog_id',
    gap: 'gap4',
    attachType: 'u32 tracing.attach_type',
    targetObjectId: 'u32 tracing.target_obj_id',
    targetBtfId: 'u32 tracing.target_btf_id',
    cookie: 'u64 tracing.cookie',
  },
  iterator: {
    type: 'u32',
    id: 'u32',
    programId: 'u32 prog_id',
    target: 'pointer iter.target_name',
    nameLength: 'u32 iter.target_name_len',
  },
  kprobeMulti: {
    type: 'u32',
    id: 'u32',
    programId: 'u32 prog_id',
    addresses: 'pointer kprobe_multi.addrs',
    count: 'u32 kprobe_multi.count',
    flags: 'u32 kprobe_multi.flags',
    missed: 'u64 kprobe_multi.missed',
    cookies: 'pointer kprobe_multi.cookies',
  },
  uprobeMulti: {
    type: 'u32',
    id: 'u32',
    programId: 'u32 prog_id',
    path: 'pointer uprobe_multi.path',
    offsets: 'pointer uprobe_multi.offsets',
    refCtrOffsets: 'pointer uprobe_multi.ref_ctr_offsets',
    cookies: 'pointer uprobe_multi.cookies',
    pathSize: 'u32 uprobe_multi.path_size',
    count: 'u32 uprobe_multi.count',
    flags: 'u32 uprobe_multi.flags',
    pid: 'u32 uprobe_multi.pid',
  },
} as const;

/**
 * Asks for the info of a descriptor. `values` sets pointers and their counts for what the kernel
 * shall copy out; the structure has to be asked for twice when lengths are not known before.
 * Linux 4.13.
 */
export function objectInfo<T extends FieldTable>(
  fd: number,
  fields: T,
  values: FieldValues<T> = {},
  subject?: string,
): Struct {
  const info = new Struct(fields, values);
  bpf('objGetInfoByFd', { bpfFd: fd, infoLen: info.bytes.length, info: info.bytes }, subject);
  return info;
}
