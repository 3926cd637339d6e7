/** bpfkit/compiler: the intermediate form of all front ends, and its way to BPF instructions. */
export { FunctionBuilder, type Variable } from './builder.ts';
export {
  type CompiledFunction,
  type CompiledProgram,
  compileModule,
  optimize,
  type Target,
} from './compile.ts';
export { CompileError, type CompileErrorCode } from './errors.ts';
export { type HelperName, helper, helpers } from './helpers.ts';
export type * from './ir.ts';
export { scalar32, scalar64 } from './ir.ts';
export { printFunction, printModule } from './print.ts';
export { validateFunction, validateModule } from './validate.ts';
