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

export const expectsMapArgument = (name: string): string => `${name}() expects a map argument`;
export const expectsMap = (name: string): string => `${name}() expects a map to be provided`;
export const invalidValue = (name: string, what: string): string => `${name}: invalid ${what} value`;
export const unknownFunction = (name: string): string => `Unknown function: '${name}'`;
export const unknownIdentifier = (name: string): string => `Unknown identifier: '${name}'`;
export const noneValue = (name: string): string =>
  `${name}() should not be used in an assignment or as a map key`;
export const mapFunctionElsewhere = (name: string): string => `${name}() must be assigned directly to a map`;
export const discarded = 'Return value discarded.';
export const notKeyed = (name: string): string =>
  `${name}() expects a map with explicit keys (non-scalar map)`;
export const unstableWarning = (key: string): string =>
  `Script is using an unstable feature: ${key.replace('unstable_', '')}. To prevent this warning you must explicitly enable it in the config e.g. ${key}=enable`;
export const unstableError = (key: string): string =>
  `${key.replace('unstable_', '')} feature is not enabled by default. To enable this unstable feature, set the config flag to enable. ${key}=enable`;

// Built-ins

export const argsElsewhere = (provider: string): string =>
  `The args builtin can only be used with tracepoint, rawtracepoint, fentry/fexit, and uprobe probes (${provider} used here)`;
export const useArgsNotCtx = 'Use args instead of ctx in tracepoint';
export const retvalElsewhere =
  "The retval builtin can only be used with 'kretprobe', 'uretprobe' and 'fexit' probes";
export const argNElsewhere = (name: string): string =>
  `The ${name} builtin can only be used with 'kprobes', 'uprobes', 'usdt' and 'rawtracepoint' probes`;
export const noSuchArgument = (arch: string, name: string): string =>
  `${architectureName(arch)} doesn't support ${name}`;
export const noContextInLoop = (name: string): string => `'${name}' builtin is not allowed in a for-loop`;
export const outsideProbe = (name: string): string => `Builtin ${name} not supported outside probe`;
export const funcElsewhere = (provider: string): string =>
  `The func builtin can not be used with '${provider}' probes`;
export const overrideElsewhere = 'override can only be used with kprobes.';
export const pathElsewhere = "The path function can only be used with 'fentry', 'fexit', 'iter' probes";
export const stackModeFirst = 'Expected stack mode as first argument';
export const unknownStackMode = (name: string): string =>
  `Error parsing stack mode: ${name}: Invalid value for stack_mode: valid values are bpftrace, raw, perf, and build_id.`;
export const buildIdKernel = "'build_id' stack mode can only be used for ustack";
export const stackLimit = (name: string, limit: bigint): string =>
  `${name}([int limit]): limit shouldn't exceed 1024, ${limit} given`;
export const stackLimitInvalid = (name: string): string => `${name}: invalid limit value`;
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
export const unknownVariable = (name: string): string => `Could not resolve variable "${name}" from BTF`;
export const strftimeMonotonic = 'strftime() can not take a monotonic timestamp';
export const scalarMap = 'is_scalar() expects a map for the first argument';
export const unresolvedUser = (symbol: string): string => `Could not resolve symbol: ${symbol}`;
/** As the kernel calls it: `process.arch` has its own names. */
const architectureName = (arch: string): string =>
  arch === 'x64' ? 'x86_64' : arch === 'arm64' ? 'aarch64' : arch;

export const notRegister = (name: string, arch: string): string =>
  `'${name}' is not a valid register on this architecture (${architectureName(arch)})`;
export const strArgument = (given: string): string =>
  `str() expects a string, integer or a pointer type as first argument ${provided(given)}`;
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
export const ptonLiteral = 'pton() expects an string literal at the first argument';
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
export const strncmpNegative = 'Builtin strncmp requires a non-negative literal';
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
export const notSignal = (name: string): string => `${name} is not a valid signal`;
export const signalRange = (value: bigint): string => `${value} is not a valid signal, allowed range: [1,64]`;
export const signalArgument = 'signal only accepts string literals or integers';
export const exitInLoop = 'exit() is not allowed in a loop';
export const notConstant = (name: string): string => `${name}() condition must be known at compile time`;
export const deleteKeyed = (map: string): string =>
  `call to delete() expects a map without explicit keys (scalar map): ${map}`;
export const lenArgument = (given: string): string =>
  `len() expects a map or stack to be provided, got ${given}`;
export const findVariable = 'find() expects a variable as its third argument';
export const getoptName = "First argument to 'getopt' must be a string literal.";
export const getoptDefault =
  "Second argument to 'getopt' must be a string literal, integer literal, or a boolean literal.";
export const getoptValue = (name: string, value: string, wanted: string): string =>
  `Invalid value for option --${name}: '${value}'. Expected ${wanted}.`;
export const noCgroup = (path: string): string => `Failed to get the cgroup id of '${path}'`;
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
export const formatUnknown = (conversion: string): string => `unsupported format specifier: ${conversion}`;
export const formatType = (type: string, conversion: string): string =>
  `unsupported format specifier for type '${type}': ${conversion}`;
export const noneForFormat = (conversion: string): string =>
  `unable to print none type for specifier: ${conversion}`;

// Aggregations

export const histBits = (bits: bigint): string => `hist: bits ${bits} must be 0..5`;
export const histMixed = 'Different bits in a single hist unsupported';
export const lhistStep = (step: bigint): string => `lhist() step must be >= 1 (${step} provided)`;
export const seriesInvalid = (which: string): string =>
  `tseries: invalid ${which} value (must be non-negative literal)`;
export const lhistInvalid = (which: string): string =>
  `lhist: invalid ${which} value (must be non-negative literal)`;
export const lhistStepInvalid = 'lhist: invalid step value';
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

// Variables

export const undefinedVariable = (name: string): string => `Undefined or undeclared variable: ${name}`;
export const declareBefore = (name: string): string =>
  `${name} belongs to another block. To use it here too, declare it before that block: let ${name};`;
export const alreadyDeclared = (name: string): string =>
  `Variable ${name} was already declared. Variable shadowing is not allowed.`;
export const loopShadows = (name: string): string => `Loop declaration shadows existing variable: ${name}`;
export const initialDeclaration = 'This is the initial declaration.';
export const declaredBy: Readonly<Record<'let' | 'assignment' | 'loop' | 'parameter', string>> = {
  let: initialDeclaration,
  assignment: 'This is the initial assignment.',
  loop: 'This is the loop variable.',
  parameter: initialDeclaration,
};
export const neverAssigned = (name: string): string => `Variable ${name} was never assigned to.`;
export const usedUnassigned = (name: string): string => `Variable used before it was assigned: ${name}`;
export const unresolvedVariable = 'Could not resolve the type of this variable';
export const variableMismatch = (name: string, given: string, has: string): string =>
  `Type mismatch for ${name}: trying to assign value of type '${given}' when variable already has a type '${has}'`;
export const signsMixed = (name: string): string =>
  `Signed and unsigned 64-bit integers are assigned to ${name}: it is int64, and large unsigned values become negative`;
export const notDeclarable = (type: string): string => `Invalid variable declaration type: ${type}`;
export const notInVariable = (type: string): string =>
  `Value '${type}' cannot be assigned to a scratch variable.`;
export const argsInVariable = 'args cannot be assigned to a variable';
export const invalidAssignment = (what: string): string => `Invalid expression for assignment: ${what}`;
export const notAssignable = 'Invalid assignment target: expected a variable or a map';
export const immutable =
  'Tuples and records are immutable once created. Consider creating a new value and assigning it instead.';

// Maps

export const undefinedMap = (name: string): string => `Undefined map: ${name}`;
export const unusedMap = (name: string): string => `Unused map: ${name}`;
export const mapMismatch = (name: string, given: string, has: string): string =>
  `Type mismatch for ${name}: trying to assign value of type '${given}' when map already has a type '${has}'`;
export const keyMismatch = (name: string, given: string, has: string): string =>
  `Argument mismatch for ${name}: trying to access with arguments: '${given}' when map expects arguments: '${has}'`;
export const keyedBeforeScalar = (name: string): string =>
  `${name} used as a map with an explicit key (non-scalar map), previously used without an explicit key (scalar map)`;
export const scalarBeforeKeyed = (name: string): string =>
  `${name} used as a map without an explicit key (scalar map), previously used with an explicit key (non-scalar map)`;
export const keyType = (type: string): string => `${type} cannot be part of a map key`;
export const contextKey = 'context cannot be part of a map key';
export const contextValue = 'context cannot be assigned to a map';
export const argsValue = 'args cannot be assigned to a map';
export const valueType = (type: string): string => `${type} cannot be assigned to a map`;
export const aggregateCopied = (type: string, map: string, example: string): string =>
  `Map value '${type}' cannot be assigned from one map to another. The function that returns this type must be called directly e.g. \`${map} = ${example};\`.`;
export const noTaskFromPid = 'This kernel cannot find a task by its pid: comm(pid) is not possible.';
export const needsLinux = (version: string): string => `It takes Linux ${version}.`;
export const aggregateRead = (type: string): string =>
  `Map value '${type}' can only be printed: it has no single number.`;
export const incompatibleMapType = (declared: string, needed: string): string =>
  `Incompatible map types. Type from declaration: ${declared}. Type from value/key type: ${needed}`;
export const invalidMapType = (type: string): string => `Invalid bpf map type: ${type}`;
export const validMapTypes = 'Valid map types: hash, lruhash, percpuhash, percpulruhash';
export const mapRedeclared = (name: string): string => `Map ${name} was already declared.`;
export const mapSize = (name: string): string =>
  `${name}: the number of entries must be between 1 and 4294967295`;

// Literals and parameters

export const stringTooLong = (most: number, text: string): string =>
  `String is too long (over ${most} bytes): ${text}`;
export const parameterMissing = (index: number): string =>
  `Positional parameter $${index} is empty or not provided.`;

// Operators

const operands = (left: string, right: string): string => `'${left}' and '${right}'`;
export const signsCompared = (left: string, right: string): string =>
  `comparison of integers of different signs: ${operands(left, right)} can lead to undefined behavior`;
export const signsCombined = (left: string, right: string): string =>
  `arithmetic on integers of different signs: ${operands(left, right)} can lead to undefined behavior`;
export const signedDivision = (operator: string): string =>
  `signed operands for '${operator}' can lead to undefined behavior (cast to unsigned to silence warning)`;
export const operatorTypes = (operator: string, left: string, right: string): string =>
  `The ${operator} operator can not be used on expressions of types ${left}, ${right}`;
export const foldOverflow = 'unable to fold literals due to overflow or underflow';
export const negativeUnderflow = 'negative value will underflow';
export const operatorType = (operator: string, type: string): string =>
  `The ${operator} operator can not be used on expressions of type '${type}'`;
export const comparedTypes = (operator: string, left: string, right: string): string =>
  `Type mismatch for '${operator}': comparing ${left} with ${right}`;
export const leftOperand = (type: string): string => `left (${type})`;
export const rightOperand = (type: string): string => `right (${type})`;
export const pointersCompared = (left: string, right: string): string =>
  `comparison of distinct pointer types: ${operands(left, right)}`;
export const literalTooLong = (size: number): string =>
  `The literal is longer than the variable string (size=${size}), condition will always be false`;
export const alwaysEmpty = 'literal string will always be empty';
export const arraysCompared = 'Only arrays of same size support comparison operators.';
export const stepTarget = (operator: string): string =>
  `The ${operator} operator must be applied to a map or variable`;
export const addressTarget = 'The & operator must be applied to a map or variable';
export const notPointer = (type: string): string =>
  `Can not dereference type '${type}'. It is not a pointer.`;
export const derefStruct = (type: string): string =>
  `Can not dereference struct/union of type '${type}'. It is not a pointer.`;
export const derefVoid = (type: string): string => `Can not dereference pointer to unsized type '${type}'`;

// Conditions and branches

export const ternaryCondition = (type: string): string => `Invalid condition in ternary: ${type}`;
export const ifCondition = (type: string): string => `Invalid condition in if(): ${type}`;
export const whileCondition = (type: string): string => `Invalid condition in while(): ${type}`;
export const predicateType = (type: string): string => `Invalid type for predicate: ${type}`;
export const ternaryTypes = (left: string, right: string): string =>
  `Ternary operator must return the same type: have ${operands(left, right)}`;
export const branchTypes = (left: string, right: string): string =>
  `Branches must return the same type: have ${operands(left, right)}`;
export const jumpOutside = (jump: string): string => `'${jump}' statement is not allowed in a probe`;
export const unreachable = 'Unreachable statement.';
export const unrollValue = 'invalid unroll value';
export const unrollMost = 'unroll maximum value is 100';
export const unrollLeast = 'unroll minimum value is 1';
export const whileDeprecated = 'While loops are deprecated and may be removed in the future.';
export const whileHint =
  'For loops support ranges (e.g. `for ($x : $start..$end) { ... }`), and can be used in place of while. These are more easily proven to be bounded by the verifier.';
export const forScalar = (map: string): string =>
  `${map} has no explicit keys (scalar map), and cannot be used for iteration`;
export const forKeyed = 'Loops over a map go over all its keys: it takes no key here';
export const forType = (type: string): string => `Loop expression does not support type: ${type}`;
export const rangeStart = 'Loop range requires an integer for the start value';
export const rangeEnd = 'Loop range requires an integer for the end value';
export const returnType = (name: string, wanted: string, given: string): string =>
  `Function ${name} is of type ${wanted}, cannot return ${given}`;
export const missingReturn = (name: string): string => `Not all code paths of ${name} returned a value`;
export const probeReturn = (type: string): string => `A probe can only return an integer (${type} provided)`;
export const returnInLoop = 'A return in a for loop ends the probe: it takes no value here';

// Fields, elements, casts

export const fieldOfOther = (field: string, type: string): string =>
  `Can not access field '${field}' on expression of type '${type}'`;
export const fieldOfPointer = (field: string, type: string): string =>
  `Can not access field '${field}' on type '${type}'. Try dereferencing it first, or using '->'`;
export const noRecordField = (field: string): string => `Record does not contain a field named '${field}'`;
export const commonField = 'BPF does not support accessing common tracepoint fields';
export const tupleIndex = (index: number | bigint, count: number): string =>
  `Invalid tuple index: ${index}. Found ${count} elements in tuple.`;
export const tupleAccess = (index: number, type: string): string =>
  `Can not access index '${index}' on expression of type '${type}'`;
export const tupleConstant = 'Array-style access for tuples only valid for integer literals';
export const indexOther = (type: string): string =>
  `The array index operator [] can only be used on arrays, pointers, and tuples, found ${type}.`;
export const indexVoid =
  'The array index operator [] cannot be used on a pointer to an unsized type (void *).';
export const indexType = (type: string): string =>
  `The array index operator [] only accepts integer indices, found ${type}.`;
export const indexBounds = (index: bigint, count: number): string =>
  `the index ${index} is out of bounds for array of size ${count}`;
export const castFrom = (from: string, to: string): string => `Cannot cast from "${from}" to "${to}"`;
export const castToStruct = (type: string): string => `Cannot cast to struct type "${type}"`;
export const castFromStruct = (type: string): string => `Cannot cast from struct type "${type}"`;
export const castSize = (from: number, to: number): string =>
  `Cannot cast between an integer and an array of another size (${from} and ${to} bytes)`;
export const castUnnecessary = (type: string): string =>
  `Unnecessary cast: expression is already of type ${type}`;
export const unknownType = (name: string): string => `Cannot resolve unknown type "${name}"`;
export const arrayLength = (type: string): string => `${type}: the length of the array is missing`;
export const arraySize = 'The length of an array must be between 0 and 1048576';
export const emptyElement = 'Tuples and records cannot contain an expression without a value';
export const elementType = (type: string): string => `${type} cannot be an element of a tuple or record`;
export const recordTwice = (field: string): string => `Field '${field}' is given twice`;
export const notComptime = 'Unable to resolve comptime expression';
export const offsetofStruct = (type: string): string => `offsetof expects a struct, found ${type}`;
export const noKernelAddress =
  'The address of a kernel symbol cannot be written into an object: it is another one after each boot';
export const offsetofBits = (field: string): string => `offsetof can not be used on the bitfield '${field}'`;
export const typeofValue =
  'When used as a call argument, `typeof` builtin only valid for macro calls that are expecting a type parameter';

// The program

export const functionRedefined = (name: string): string => `Redefinition of function: ${name}`;
export const originalDefinition = 'This is the original definition.';
export const functionBuiltin = (name: string): string => `${name} is the name of a built-in function`;
export const callArguments = (name: string, wanted: number, given: number): string =>
  `Function '${name}' expects ${wanted} argument${wanted === 1 ? '' : 's'}, got ${given}`;
export const callArgument = (name: string, parameter: string, wanted: string, given: string): string =>
  `Expected ${wanted} for argument \`${parameter}\` of ${name}, got ${given}`;
export const functionType = (type: string): string =>
  `${type} cannot be passed to or returned by a function: only numbers and pointers can`;
export const tooManyParameters = (name: string): string =>
  `Function ${name} has more than five parameters: more than a BPF function can take`;
export const nothingAttached =
  "Probe has no valid attach points. If this is expected, set the 'missing_probes' config variable to 'warn'.";
export const probeRemoved =
  'Probe has no valid attach points. It is being removed which may cause issues with program behavior.';
export const nameTaken = (name: string, provider: string): string =>
  `"${name}" was used as the name for more than one ${provider.toUpperCase()} probe`;
export const otherInstance = 'this is the other instance';
export const iterAlone = 'Only single iter attach point is allowed.';
export const iterOnly = 'iter probes must be the only probes of a script.';
export const importAtTop = 'Imports stand at the head of a script, before its probes';
export const recursiveFunction = (chain: readonly string[]): string =>
  `Functions cannot call themselves: ${chain.join(' > ')}`;
export function expectedOptions(options: ReadonlyMap<string, string>): string {
  if (options.size === 0) return 'no custom program options defined.';
  const lines = [...options].sort().map(([name, text]) => (text === '' ? `--${name}` : `--${name}: ${text}`));
  return ['expected program options:', ...lines].join('\n');
}
export const unexpectedOptions = (names: readonly string[]): string =>
  `unexpected program command line options: ${names.map((name) => `--${name}`).join(', ')}`;
export const notSettled = 'Types of this script do not settle: a value grows with every use of itself.';

// Arguments of probes

export const noArguments = (probe: string): string =>
  `No type information for the arguments of ${probe}: its kernel, module or program has no BTF of it`;
export const argumentsUnparsed = (probe: string, why: string): string =>
  `Could not parse arguments of "${probe}": ${why}`;
export const noDebugInformation = (path: string): string => `no debuginfo found for ${path}`;
export const splitDebugInformation = (file: string): string =>
  `its debuginfo is in ${file}, and files of their own (-gsplit-dwarf) are not read`;
export const noParameters = 'Cannot read function parameters';
export const hasNoParameters = (name: string): string => `${name} has no parameters`;
export const noParameter = (name: string): string => `Can't find function parameter ${name}`;
export const parameterInVector = (name: string): string =>
  `${name} has unsupported type: it is passed in a floating-point register, which programs of the kernel are not given`;
export const parameterLost = (name: string): string =>
  `${name} cannot be found at this place of the program: its debuginfo does not say where it is, or the compiler optimized it away`;
