/**
 * Node's WebAssembly, as far as packages use it. TypeScript declares it with the browser's library only
 * (https://webassembly.github.io/spec/js-api/).
 */

export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

export interface WasmMemory {
  /** Another one after each growth. */
  readonly buffer: ArrayBuffer;
}

export interface WasmTable {
  get(index: number): unknown;
}

interface Engine {
  validate(bytes: Uint8Array<ArrayBuffer>): boolean;
  compile(bytes: Uint8Array<ArrayBuffer>): Promise<object>;
  instantiate(module: object, imports: Readonly<Record<string, object>>): Promise<WasmInstance>;
  readonly CompileError: ErrorConstructor;
  readonly RuntimeError: ErrorConstructor;
  readonly LinkError: ErrorConstructor;
}

export const engine: Engine = (globalThis as unknown as { WebAssembly: Engine }).WebAssembly;
