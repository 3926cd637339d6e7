/** The settings of a script after environment and config block: section 2.11 of the language. */

/** What happens to a script that uses a feature that may still change. */
export type Unstable = 'enable' | 'warn' | 'error';

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
  /** Names of inlined functions and source lines in user stacks, where debug information is there. */
  readonly showDebugInfo: boolean;
  readonly unstable: {
    readonly importStatement: Unstable;
    readonly tseries: Unstable;
    readonly typeinfo: Unstable;
    readonly dwUstack: Unstable;
  };
}

export const defaultConfig: Config = {
  cacheUserSymbols: 'PER_PID',
  cppDemangle: true,
  lazySymbolication: true,
  license: 'GPL',
  logSize: 1_000_000,
  maxBpfProgs: 1024,
  maxCatBytes: 10240,
  maxMapKeys: 4096,
  maxProbes: 1024,
  maxStrlen: 1024,
  missingProbes: 'error',
  onStackLimit: 32,
  printMapsOnExit: true,
  stackMode: 'bpftrace',
  strTruncTrailer: '..',
  // On only in a bpftrace that was built with blazesym; distributions' are not.
  showDebugInfo: false,
  unstable: { importStatement: 'error', tseries: 'warn', typeinfo: 'error', dwUstack: 'warn' },
};
