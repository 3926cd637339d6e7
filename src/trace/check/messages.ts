/** Everything that checking says, in one place. Types come as they are shown: `typeText`. */

const count = (number: number, noun: string): string =>
  `${number === 1 ? 'one' : String(number)} ${noun}${number === 1 ? '' : 's'}`;

const provided = (what: string | number | bigint): string => `(${what} provided)`;

// Calls

export function wrongArity(name: string, [least, most]: readonly [number, number], given: number): string {
  const says = (text: string): string => `${name}() ${text} ${provided(given)}`;
  if (least === most)
    return says(least === 0 ? 'requires no arguments' : `requires ${count(least, 'argument')}`);
  if (given < least) return says(`requires at least ${count(least, 'argument')}`);
  return says(most === 0 ? 'requires no arguments' : `takes up to ${count(most, 'argument')}`);
}

export const unsafeFunction = (name: string): string =>
  `${name}() is an unsafe function being used in safe mode`;

export const notInProbes = (name: string, provider: string): string =>
  `${name} can not be used with "${provider}" probes`;

export const onlySupports = (name: string, wanted: string, given: string): string =>
  `${name}() only supports ${wanted} arguments ${provided(given)}`;

export const expectsLiteral = (name: string, wanted: string, given: string): string =>
  `${name}() expects a ${wanted} literal ${provided(given)}`;

export const expectsAs = (name: string, wanted: string, place: string, given: string): string =>
  `${name}() expects ${wanted} as ${place} argument ${provided(given)}`;

export const expectsMap = (name: string): string => `${name}() expects a map to be provided`;
export const invalidValue = (name: string, what: string): string => `${name}: invalid ${what} value`;
export const unknownFunction = (name: string): string => `Unknown function: '${name}'`;
export const unknownIdentifier = (name: string): string => `Unknown identifier: '${name}'`;
export const unknownBuiltin = (name: string): string => `Unknown builtin variable: '${name}'`;
export const noneValue = (name: string): string =>
  `${name}() should not be used in an assignment or as a map key`;
export const mapFunctionElsewhere = (name: string): string => `${name}() must be assigned directly to a map`;
export const discarded = 'Return value discarded.';
export const notKeyed = (name: string): string =>
  `${name}() expects a map with explicit keys (non-scalar map)`;
export const unstableWarning = (key: string): string =>
  `Script is using an unstable feature. To prevent this warning you must explicitly enable the unstable feature in the config e.g. ${key}=enable`;
export const unstableError = (key: string): string =>
  `Feature not enabled by default. To enable this unstable feature, set the config flag to enable. ${key}=enable`;

// Built-ins

export const argsElsewhere = (provider: string): string =>
  `The args builtin can only be used with tracepoint, rawtracepoint, fentry/fexit, and uprobe probes (${provider} used here)`;
export const useArgsNotCtx = 'Use args instead of ctx in tracepoint';
export const retvalElsewhere =
  "The retval builtin can only be used with 'kretprobe', 'uretprobe' and 'fexit' probes";
export const argNElsewhere = (name: string): string =>
  `The ${name} builtin can only be used with 'kprobes', 'uprobes', 'usdt' and 'rawtracepoint' probes`;
export const noSuchArgument = (architecture: string, name: string): string =>
  `${architecture} doesn't support ${name}`;
export const noContextInLoop = (name: string): string => `'${name}' builtin is not allowed in a for-loop`;
export const funcElsewhere = (provider: string): string =>
  `The func builtin can not be used with '${provider}' probes`;
export const overrideElsewhere = 'override can only be used with kprobes.';
export const pathElsewhere = "The path function can only be used with 'fentry', 'fexit', 'iter' probes";
export const unknownStackMode = (mode: string): string => `Unknown stack mode: '${mode}'`;
export const buildIdKernel = "'build_id' stack mode can only be used for user ustack";
export const stackLimit = (name: string, limit: bigint): string =>
  `${name}([int limit]): limit shouldn't exceed 1024, ${limit} given`;
export const stackLimitInvalid = (name: string): string => `${name}: invalid limit value`;
export const stackArguments = 'Invalid number of arguments';
export const unknownClock = (mode: string): string =>
  `Invalid timestamp mode: ${mode}. Expected: boot, monotonic, tai or sw_tai`;
export const unknownNamespace = (name: string, mode: string): string =>
  `Invalid PID namespace mode: ${mode} (expects: curr_ns or init)`.replace(
    'PID',
    name === 'tid' ? 'TID' : 'PID',
  );
export const notSymbol = (name: string, symbol: string): string =>
  `${name}() expects a string that is a valid symbol (${symbol} provided)`;
export const unknownSymbol = (symbol: string): string => `Failed to resolve kernel symbol: ${symbol}`;
export const unresolvedUser = (symbol: string): string => `Could not resolve symbol: ${symbol}`;
export const notRegister = (name: string): string => `'${name}' is not a valid register on this architecture`;
export const strArgument = (given: string): string =>
  `str() expects an integer or a pointer type as first argument ${provided(given)}`;
export const negativeLength = (name: string, length: bigint): string =>
  `${name} cannot use negative length (${length})`;
export const lengthShortened = (name: string, length: bigint, most: number): string =>
  `length param (${length}) is too long and will be shortened to ${most} bytes (see BPFTRACE_MAX_STRLEN)`.replace(
    'length param',
    name === 'str' ? 'length param' : `${name}() length`,
  );
export const bufArgument = (given: string): string =>
  `buf() expects an integer, string, or array argument but saw ${given}`;
export const bufLength = (given: string): string =>
  `buf() expects a length argument for non-array type ${given}`;
export const ntopArgument = (given: string): string =>
  `ntop() expects an integer or array argument, got ${given}`;
export const ntopSize = 'ntop() argument must be 4 or 16 bytes in size';
export const ptonArgument = (given: string): string =>
  `pton() expects an string argument of an IPv4/IPv6 address, got ${given}`;
export const ptonInvalid = (given: string): string =>
  `pton() expects a valid IPv4/IPv6 address, got ${given}`;
export const macaddrSize = 'macaddr() argument must be 6 bytes in size';
export const macaddrLiteral = 'macaddr() does not support literal string arguments';
export const macaddrArgument = (given: string): string =>
  `macaddr() only supports array or pointer arguments (${given} provided)`;
export const pathArgument = (given: string): string =>
  `path() only supports pointer or record argument (${given} provided)`;
export const strncmpNegative = 'Builtin strncmp requires a non-negative size';
export const strncmpSize = 'strncmp: invalid size value';
export const strcontainsNoStrings = (name: string, given: string): string =>
  `${name}() only supports string arguments ${provided(given)}`;
export const bswapArgument = (given: string): string =>
  `bswap() only supports integer arguments ${provided(given)}`;
export const notPrintable = (type: string): string => `${type} type passed to print() is not printable`;
export const printOne = (given: number): string => `Non-map print() only takes 1 argument, ${given} found`;
export const printStats = "print()'s top and div arguments are ignored when used on stats() maps.";
export const printInLoop =
  "Due to it's asynchronous nature using 'print()' in a loop can lead to unexpected behavior. The map will likely be updated before the runtime can 'print' it.";
export const printIndexed = (name: string): string =>
  `The map passed to ${name}() should not be indexed by a key`;
export const debugfWarning =
  'The debugf() builtin is not recommended for production use. For more information see bpf_trace_printk in bpf-helpers(7).';
export const tooManyFormatArguments = (name: string, most: number): string =>
  `${name}() can only take up to ${most} arguments`;
export const notSignal = (name: string): string => `${name} is not a valid signal`;
export const signalRange = (value: bigint): string => `${value} is not a valid signal, allowed range: [1,64]`;
export const signalArgument = 'signal only accepts string literals or integers';
export const exitInLoop = 'exit() is not allowed in a loop';
export const staticAssertFailed = (message: string): string => message;
export const notConstant = (name: string): string => `${name}() condition must be known at compile time`;
export const hasKeyArgument = (name: string): string =>
  `${name}() requires a map argument as its first argument`;
export const deleteDeprecated = (map: string): string =>
  `delete(${map}[...]) is deprecated. Consider using delete(${map}, key) instead.`;
export const deleteKeyed = (map: string): string =>
  `call to delete() expects a map without explicit keys (scalar map): ${map}`;
export const lenArgument = (given: string): string =>
  `len() expects a map or stack to be provided, got ${given}`;
export const findVariable = 'find() expects a variable as its third argument';
export const getoptName = 'getopt() expects a string literal as its first argument';
export const getoptDefault = 'getopt() default must be a boolean, integer or string literal';
export const getoptValue = (name: string, value: string, wanted: string): string =>
  `Invalid value for option --${name}: '${value}'. Expected ${wanted}.`;
export const noCgroup = (path: string): string => `Failed to get the cgroup id of '${path}'`;
export const cgroupFunctions = (name: string): string => `${name}() expects a cgroup id`;
export const cpidWithoutChild = 'cpid cannot be used without child command';
export const joinArgument = (given: string): string =>
  `join() only supports integer or pointer arguments ${provided(given)}`;
export const parameterOffset = (length: number): string =>
  `cannot use offset that exceeds string size (${length})`;
export const containerType = 'container_of() expects the type of a struct as its second argument';
export const noField = (type: string, field: string): string =>
  `Struct/union of type '${type}' does not contain a field named '${field}'`;

// Formats

export const tooFewForFormat = (given: number, expected: number): string =>
  `not enough arguments for format string (${given} supplied, ${expected} expected)`;
export const tooManyForFormat = (given: number, expected: number): string =>
  `too many arguments for format string (${given} supplied, ${expected} expected)`;
export const formatType = (type: string, conversion: string): string =>
  `unsupported format specifier for type '${type}': ${conversion}`;
export const noneForFormat = (conversion: string): string =>
  `unable to print none type for specifier: ${conversion}`;

// Aggregations

export const histBits = (bits: bigint): string => `hist: bits ${bits} must be 0..5`;
export const histMixed = 'Different bits in a single hist unsupported';
export const lhistStep = (step: bigint): string => `lhist() step must be >= 1 (${step} provided)`;
export const lhistMin = (min: bigint): string => `lhist() min must be non-negative (provided min ${min})`;
export const lhistOrder = (min: bigint, max: bigint): string =>
  `lhist() min must be less than max (provided min ${min} and max ${max})`;
export const lhistTooMany = (buckets: bigint): string =>
  `lhist() too many buckets, must be <= 1000 (would need ${buckets})`;
export const lhistStepLarge = (step: bigint, min: bigint, max: bigint): string =>
  `lhist() step is too large for the given range (provided step ${step} for range ${max - min})`;
export const lhistMixed = 'Different lhist bounds in a single map unsupported';
export const tseriesInterval = (interval: bigint): string =>
  `tseries() interval_ns must be >= 1 (${interval} provided)`;
export const tseriesNumber = (number: bigint): string =>
  `tseries() num_intervals must be >= 1 (${number} provided)`;
export const tseriesMany = (number: bigint): string =>
  `tseries() num_intervals must be < 1000000 (${number} provided)`;
export const tseriesAggregate = (given: string): string =>
  `tseries() expects one of the following aggregation functions: avg, max, min, sum ("${given}" provided)`;
export const tseriesMixed = 'Different tseries bounds in a single map unsupported';
