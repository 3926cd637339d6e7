/** What attach points are told: section 2.6 of the language, and some that it leaves to us. */

export const messages = {
  argumentCount: (provider: string, counts: readonly number[], found: number): string =>
    `${provider} probe type requires ${counts.join(' or ')} arguments, found ${found}`,
  invalidType: (type: string): string => `Invalid probe type: ${type}`,
  noTypeMatched: (type: string): string => `No probe type matched for ${type}`,
  noMatches: (provider: string, target: string): string => `No matches for ${provider} ${target}`,
  tooManyPrograms: (count: number, limit: number): string =>
    `Your program is trying to generate more than ${count} BPF programs, which exceeds the current limit of ${limit}`,
  raiseMaxPrograms: (): string =>
    'You can increase the limit through the BPFTRACE_MAX_BPF_PROGS environment variable.',
  tooManyProbes: (count: number, limit: number): string =>
    `Can't attach to ${count} probes because it exceeds the current limit of ${limit} probes.`,
  raiseMaxProbes: (): string =>
    'You can increase the limit through the BPFTRACE_MAX_PROBES environment variable, but BE CAREFUL since a high number of probes attached can cause your system to crash.',

  offsetNotAllowed: (): string => 'Offset not allowed',
  oneOffset: (): string => 'Cannot take more than one offset',
  invalidOffset: (why?: string): string => (why === undefined ? 'Invalid offset' : `Invalid offset: ${why}`),
  noKernelFunction: (): string => 'kprobes should be attached to a function or an address',
  moduleNotLoaded: (module: string, probe: string): string =>
    `specified module ${module} in probe ${probe} is not loaded.`,
  addressIsUnsafe: (): string => 'Probing by address requires --unsafe',

  userTarget: (provider: string): string => `${provider} should have a target`,
  userFunction: (provider: string): string => `${provider} should be attached to a function and/or address`,
  language: (language: string): string => `unsupported language type: ${language}`,
  wildcardAddress: (): string => 'Cannot use wildcards with absolute address',
  noBinary: (provider: string, target: string): string =>
    `${provider} target file '${target}' does not exist or is not executable`,
  severalBinaries: (provider: string, path: string, count: number): string =>
    `attaching to ${provider} target file '${path}' but matched ${count} binaries`,
  addressOutside: (path: string, address: bigint): string =>
    `0x${address.toString(16)} is not an address of code in ${path}`,
  offsetOutside: (name: string, offset: bigint, size: number): string =>
    `Offset ${offset} is outside the function bounds ('${name}' size is ${size})`,
  middleOfInstruction: (place: string): string => `Could not add uprobe into middle of instruction: ${place}`,
  unknownInstruction: (place: string): string =>
    `It cannot be told whether an instruction starts at ${place}`,
  unresolvedAddress: (place: string): string => `Could not resolve address: ${place}`,
  useUnsafe: (): string => 'with --unsafe it is not checked; the program crashes if it is wrong',
  sourceFormat: (): string => 'Invalid uprobe arguments, expected format: uprobe:TARGET@FILE:LINE[:COL]',
  sourceNumber: (what: 'line' | 'column', why: string): string => `Invalid ${what} number: ${why}`,
  sourceWildcard: (): string => 'Cannot use wildcards with source code location',
  sourceNone: (path: string): string =>
    `No DWARF debug info found for '${path}', cannot attach by source code location.`,
  sourceProblem: (why: string): string => `DWARF error: ${why}`,
  sourceNoFile: (file: string): string => `DWARF error: No compilation unit matches ${file}`,
  sourceAmbiguous: (files: readonly string[]): string =>
    `DWARF error: Ambiguous source path, matches multiple files: ${files.join(', ')}`,
  sourceNoLine: (place: string): string => `DWARF error: Unable to map '${place}' to address`,
  sourceLines: (lines: readonly number[]): string =>
    `the nearest ${lines.length === 1 ? 'line with code is' : 'lines with code are'} ${lines.join(' and ')}`,
  sourceColumns: (line: number, columns: readonly number[]): string =>
    `line ${line} has code at ${columns.length === 1 ? 'column' : 'columns'} ${columns.join(', ')}`,

  usdtFunction: (): string => 'usdt probe must have a target function or wildcard',
  usdtTarget: (): string =>
    "usdt probe must specify at least path or pid to probe. To target all paths/pids set the path to '*'.",
  usdtUnmapped: (name: string): string => `${name} lies in no part of its file that is mapped to be executed`,

  tracepointTarget: (): string => 'tracepoint probe must have a target',
  rawTracepointFunction: (): string => 'rawtracepoint should be attached to a function',
  rawTracepointTypes: (): string => "rawtracepoints require kernel BTF. Try using a 'tracepoint' instead.",

  fentryFunction: (): string => 'fentry/fexit should specify a function',
  fentryTypes: (): string => 'fentry/fexit require kernel BTF. Try using a kprobe instead.',
  fentryAmbiguous: (name: string): string =>
    `ambiguous attach point, please specify module containing the function '${name}'`,
  bpfName: (): string =>
    "the 'bpf' variant of this probe requires a bpf program name and optional bpf program id",
  bpfId: (): string => "bpf program id must be a number or '*'",
  onlyBpf: (): string => "Only the 'bpf' variant of this probe supports 4 arguments",

  rate: (provider: string, why: string): string => `Invalid rate of ${provider} probe: ${why}`,
  rateTooSmall: (provider: string, found: bigint): string =>
    `Invalid rate of ${provider} probe. Minimum is 1000 or 1us. Found: ${found} nanoseconds`,
  timeUnit: (unit: string): string => `${unit} is not an accepted unit of time`,
  noTimeUnit: (provider: string): string => `${provider} probe must have unit of time`,
  positiveFrequency: (provider: string): string => `${provider} frequency should be a positive integer`,

  count: (provider: string, why: string): string => `Invalid count for ${provider} probe: ${why}`,
  positiveCount: (provider: string): string => `${provider} count should be a positive integer`,
  noEvent: (provider: string): string => `${provider} probe must have a ${provider} event name`,
  notAnEvent: (name: string, provider: string): string => `${name} is not a ${provider} probe`,
  eventWildcard: (provider: string): string => `wildcards are not allowed for ${provider} probe type`,

  watchAddress: (why: string): string => `Invalid function/address argument: ${why}`,
  watchLength: (why: string): string => `Invalid length argument: ${why}`,
  watchNothing: (): string => 'watchpoint must be attached to a non-zero address',
  watchLengths: (): string => 'watchpoint length must be one of (1,2,4,8)',
  watchMode: (): string => 'watchpoint mode must be combination of (r,w,x)',
  watchTwice: (): string => 'watchpoint modes may not be duplicated',
  watchUnsupported: (): string => 'watchpoints not supported',
  watchInvalidMode: (mode: string): string => `invalid watchpoint mode: ${mode}`,
  watchModes: (modes: readonly string[]): string => `supported modes: ${modes.join(',')}`,

  iteratorCount: (): string => 'iter probe type takes 2 arguments (1 optional)',
  iteratorWildcard: (): string => 'iter probe type does not support wildcards',
  iteratorName: (): string => "iter should specify a iterator's name",
  noIterator: (name: string): string => `iter ${name} not available for your kernel version.`,

  signal: (name: string): string => `${name} is not a supported signal`,
  trigger: (name: string): string => `${name} is not a supported trigger`,
  unnamed: (provider: string): string => `${provider} probes must have a name`,
  near: (names: readonly string[]): string => `did you mean ${names.join(' or ')}?`,
} as const;
