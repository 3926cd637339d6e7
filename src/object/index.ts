/** bpfkit/object: C objects, as clang compiles them, on any kernel. */

export { KernelError } from '../kernel/errors.ts';
export { AttachError } from '../kernel/link/errors.ts';
export { ArenaMap } from '../kernel/map/arena.ts';
export { BloomFilter } from '../kernel/map/bloom.ts';
export { DescriptorMap } from '../kernel/map/descriptors.ts';
export { KeyedMap } from '../kernel/map/keyed.ts';
export { BpfMap } from '../kernel/map/map.ts';
export { QueueMap } from '../kernel/map/queue.ts';
export type { CpuTarget, DeviceTarget } from '../kernel/map/redirect.ts';
export { StackMap } from '../kernel/map/stacks.ts';
export { StorageMap } from '../kernel/map/storage.ts';
export { VerifierError } from '../kernel/program/verifier-error.ts';
export { SysError } from '../sys/errors.ts';
export { KernelString } from '../text/kernel-string.ts';
export type { AttachOptions } from './attach.ts';
export { type CombineOptions, combineObjects } from './combine.ts';
export { minimisedTypes } from './core/minimise.ts';
export { type ObjectDeclarationOptions, objectDeclarations } from './declarations.ts';
export { ObjectError, type ObjectErrorCode } from './errors.ts';
export type { LoadObjectOptions } from './load/load.ts';
export {
  type AnyObject,
  BpfObject,
  type EventOptions,
  EventStream,
  LoadedProgram,
  loadObject,
  type ObjectShape,
  type OpenAndLoadOptions,
  OpenObject,
  openObject,
  type Settable,
} from './object.ts';
export { type ParseOptions, parseObject } from './parse.ts';
export { matchSection, nearSections, type SectionMatch, type SectionRule, sectionRules } from './sections.ts';
export type * from './spec.ts';
export type { Variables } from './variables.ts';
