/** Kernel programs in TypeScript: declare, load, read. */

export { defineProgram } from './script/define.ts';
export { ProgramError } from './script/diagnostic.ts';
export * from './script/maps.ts';
export * from './script/schema.ts';
export type * from './script/types/index.ts';
export { KernelString } from './text/kernel-string.ts';
