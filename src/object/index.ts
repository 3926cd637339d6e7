/** bpfkit/object: C objects, as clang compiles them, on any kernel. */

export { KernelError } from '../kernel/errors.ts';
export { AttachError } from '../kernel/link/errors.ts';
export { VerifierError } from '../kernel/program/verifier-error.ts';
export { SysError } from '../sys/errors.ts';
export type { AttachOptions } from './attach.ts';
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
} from './object.ts';
export { type ParseOptions, parseObject } from './parse.ts';
export { matchSection, nearSections, type SectionMatch, type SectionRule, sectionRules } from './sections.ts';
export type * from './spec.ts';
export type { Variables } from './variables.ts';
