/** The types of kernel programs that the package exports; vmlinux.d.ts imports from them and adds to them. */
export type * from './context.ts';
export type {
  DefineProgram,
  FunctionContext,
  LoadOptions,
  ProbeContext,
  Program,
  ProgramSource,
} from './define.ts';
export type * from './handles.ts';
export type { IteratorItem, Iterators } from './iterators.ts';
export type {
  KernelFunctions,
  KernelTypes,
  RawTracepoints,
  Struct,
  StructName,
  Tracepoints,
  UnknownFields,
} from './kernel.ts';
export type * from './loaded.ts';
export type * from './scalars.ts';
