/** The settings of a script after environment and config block: section 2.11 of the language. */
export interface Config {
  readonly cacheUserSymbols: 'PER_PROGRAM' | 'PER_PID' | 'NONE';
  readonly cppDemangle: boolean;
  readonly lazySymbolication: boolean;
  readonly license: string;
  readonly logSize: number;
  readonly maxBpfProgs: number;
  readonly maxCatBytes: number;
  readonly maxMapKeys: number;
  readonly maxProbes: number;
  readonly maxStrlen: number;
  readonly missingProbes: 'error' | 'warn' | 'ignore';
  readonly onStackLimit: number;
  /** Undefined: chosen by the number of CPUs. */
  readonly perfRbPages?: number | undefined;
  readonly printMapsOnExit: boolean;
  readonly stackMode: 'bpftrace' | 'perf' | 'raw' | 'build_id';
  readonly strTruncTrailer: string;
}
