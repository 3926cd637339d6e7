/** bpfkit/kernel: programs, maps, links and streams of the running kernel, as handles that close themselves. */
export { SysError } from '../sys/errors.ts';
export { Collection, type LoadOptions, loadCollection } from './collection.ts';
export { onlineCpus, possibleCpus } from './cpus.ts';
export { type DoctorCheck, diagnose } from './doctor.ts';
export { KernelError, type KernelErrorCode, MapError, type MapFault } from './errors.ts';
export {
  type FeatureName,
  feature,
  featureNames,
  featureSince,
  helperFeature,
  lacking,
  mapTypeFeature,
  programTypeFeature,
} from './feature/features.ts';
export { type Privileges, privileges, whyNotPermitted } from './feature/privilege.ts';
export type { Answer, Finding } from './feature/probe.ts';
export { attachCgroup, attachLsmCgroup, type CgroupOptions } from './link/cgroup.ts';
export {
  describeLink,
  type LinkDescription,
  type LinkDetails,
  LinkType,
  type PerfEventDetails,
} from './link/describe.ts';
export { AttachError, type AttachErrorCode, IteratorError } from './link/errors.ts';
export { attachExtension, type ExtensionOptions } from './link/extension.ts';
export { attachIterator, IteratorLink, type IteratorOptions, type IteratorScope } from './link/iterator.ts';
export { attachKprobe, attachKprobeAt, attachKretprobe, type KprobeOptions } from './link/kprobe.ts';
export { attachKprobes, type KprobesTarget } from './link/kprobe-multi.ts';
export {
  type AttachableProgram,
  AttachedLink,
  closeAll,
  type Link,
  type LinkInfo,
  type LinkKind,
  unpin,
} from './link/link.ts';
export { attachLirc } from './link/lirc.ts';
export { attachLightweightTunnel, type LightweightTunnelOptions } from './link/lwt.ts';
export { attachFlowDissector, attachSkLookup, type NamespaceOptions } from './link/namespace.ts';
export { attachNetfilter, type NetfilterOptions } from './link/netfilter.ts';
export { attachNetkit, type NetkitOptions } from './link/netkit.ts';
export { linkDescriptions, linkIds, openLink, openPinnedLink } from './link/open.ts';
export type { Neighbour, Order } from './link/order.ts';
export { type Packet, PacketSocket, type PacketsOptions } from './link/packets.ts';
export { attachPerfEvent, type PerfEventOptions } from './link/perf-event.ts';
export { placeText } from './link/place.ts';
export {
  type Attached,
  type AttachedProgram,
  cgroupPrograms,
  namespacePrograms,
  netkitPrograms,
  sockmapPrograms,
  tcFilters,
  tcxPrograms,
  xdpPrograms,
} from './link/query.ts';
export { attachRawTracepoint, type RawTracepointOptions } from './link/raw-tracepoint.ts';
export { attachReuseport, attachSocketFilter, type SocketLike } from './link/socket-filter.ts';
export { attachSockmap, type SockmapOptions, type SockmapRole } from './link/sockmap.ts';
export {
  attachStructOps,
  createStructOpsMap,
  replaceStructOps,
  type StructOps,
  structOpsLayout,
  structOpsValue,
} from './link/struct-ops.ts';
export { attachTc, type TcOptions } from './link/tc.ts';
export { attachTcAction } from './link/tc-action.ts';
export { attachTcx, type TcxOptions } from './link/tcx.ts';
export { attachTracepoint, type TracepointOptions } from './link/tracepoint.ts';
export { attachLsm, attachTracing, type TracingOptions } from './link/tracing.ts';
export { attachTracingMulti, type TracingMultiTarget } from './link/tracing-multi.ts';
export { attachUprobe, attachUretprobe, type UprobeTarget } from './link/uprobe.ts';
export { attachUprobes, type UprobePlace, type UprobesTarget } from './link/uprobe-multi.ts';
export { attachWatchpoint, type WatchpointTarget } from './link/watchpoint.ts';
export { attachXdp, type XdpOptions } from './link/xdp.ts';
export { ArenaMap } from './map/arena.ts';
export { BloomFilter } from './map/bloom.ts';
export { type Codec, rawCodec, u32Codec, u64Codec } from './map/codec.ts';
export { DescriptorMap } from './map/descriptors.ts';
export { openMap, openPinnedMap } from './map/handle.ts';
export { KeyedMap } from './map/keyed.ts';
export { MapFlag } from './map/kind.ts';
export { BpfMap, type MapInfo, mapIds, openMapById } from './map/map.ts';
export { QueueMap } from './map/queue.ts';
export {
  type CpuTarget,
  cpuCodec,
  type DeviceTarget,
  deviceCodec,
  type Prefix,
  prefixCodec,
} from './map/redirect.ts';
export { StackMap } from './map/stacks.ts';
export { type ObjectKey, StorageMap } from './map/storage.ts';
export { bpffs, cgroup2, findMount, tracefs } from './mounts.ts';
export { type CodeLine, type MachineFunction, machineCode, translatedCode } from './objects/code.ts';
export { listsEntries, type MapEntry, mapEntries } from './objects/entries.ts';
export { findObjects } from './objects/find.ts';
export { type Holder, Holders, type ObjectKind } from './objects/holders.ts';
export { cgroupHooks, type HookedProgram, networkHooks } from './objects/hooks.ts';
export {
  type ListedLink,
  type ListedMap,
  type ListedProgram,
  type ListedTypes,
  listLinks,
  listMaps,
  listPrograms,
  listTypes,
} from './objects/list.ts';
export { linkTypeName, mapTypeName, programTypeName } from './objects/names.ts';
export { type Pins, readPins } from './objects/pins.ts';
export { loadProgram } from './program/load.ts';
export {
  enableStatistics,
  openPinnedProgram,
  openProgram,
  Program,
  type ProgramInfo,
  programIds,
  type TestRunOptions,
  type TestRunResult,
} from './program/program.ts';
export { VerifierError } from './program/verifier-error.ts';
export * from './spec.ts';
export { StreamError, type StreamErrorCode } from './stream/errors.ts';
export { Ledger, type LedgerEntry, type LostCount } from './stream/ledger.ts';
export { LostCounters, type LostLayout, lostCounterOffset, lostLayout } from './stream/lost.ts';
export { PerfBuffer, type PerfBufferOptions } from './stream/perf.ts';
export type { RecordDecoder, RecordReader } from './stream/record.ts';
export { RingBuffer, type RingBufferOptions } from './stream/ring.ts';
export { type BatchOptions, RecordStream, type StreamOptions } from './stream/stream.ts';
export { Reservation, UserRingBuffer } from './stream/user-ring.ts';
export { listTracepoints, tracepointFormat, tracepointId } from './tracepoint/list.ts';
export { openTypes, readTypes, type TypesInfo, typesIds, typesInfo } from './types.ts';
export { vmlinux } from './vmlinux.ts';
