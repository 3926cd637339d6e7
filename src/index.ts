/** Kernel programs in TypeScript: declare, load, read. */

export { KernelError } from './kernel/errors.ts';
export { AttachError } from './kernel/link/errors.ts';
export { VerifierError } from './kernel/program/verifier-error.ts';
export { defineProgram } from './script/define.ts';
export { ProgramError } from './script/diagnostic.ts';
export {
  arrayMap,
  hash,
  linearHistogram,
  log2Histogram,
  lpmTrie,
  lruHash,
  lruPerCpuHash,
  type MapDeclaration,
  type MapKind,
  perCpuArray,
  perCpuHash,
  queue,
  ringbuf,
  rows,
  stack,
  stackTrace,
} from './script/maps.ts';
export {
  array,
  bool,
  bytes,
  chars,
  i8,
  i16,
  i32,
  i64,
  type KernelArray,
  type KernelOf,
  type Parameter,
  type Schema,
  struct,
  type UserOf,
  u8,
  u16,
  u32,
  u64,
} from './script/schema.ts';
export type * from './script/types/index.ts';
export { KernelString } from './text/kernel-string.ts';
