/** The words and signs of the language, as data: the lexer, the parser, the formatter and editors read them here. */
import type { AssignOperator, BinaryOperator, UnaryExpr } from '../ast/nodes.ts';

/** Cannot be names of anything; after a dot they are names of fields all the same. */
export const KEYWORDS = [
  'break',
  'comptime',
  'config',
  'continue',
  'else',
  'enum',
  'false',
  'fn',
  'for',
  'if',
  'import',
  'let',
  'macro',
  'offsetof',
  'return',
  'sizeof',
  'struct',
  'true',
  'typeinfo',
  'typeof',
  'union',
  'unroll',
  'while',
] as const;

export type Keyword = (typeof KEYWORDS)[number];

/**
 * Builtins that the grammar itself knows, besides `arg0`, `sarg0`, …: not the name of a macro's argument, of a
 * record's field, or of the type of a cast. All other builtins are macros or functions of the library.
 */
export const GRAMMAR_BUILTINS = [
  '__builtin_comm',
  '__builtin_cpid',
  '__builtin_cpu',
  '__builtin_dw_ustack',
  '__builtin_elapsed',
  '__builtin_func',
  '__builtin_ncpus',
  '__builtin_probe',
  '__builtin_retval',
  '__builtin_usermode',
  'args',
  'ctx',
  'kstack',
  'nsecs',
  'pid',
  'tid',
  'ustack',
] as const;

/** Types with a name that means the same in every program; any other name is a type of BTF or of the script. */
export const TYPE_NAMES = [
  'avg_t',
  'bool',
  'buffer',
  'cgroup_path_t',
  'count_t',
  'inet',
  'int16',
  'int32',
  'int64',
  'int8',
  'macaddr_t',
  'max_t',
  'min_t',
  'stats_t',
  'string',
  'sum_t',
  'timestamp',
  'uavg_t',
  'uint16',
  'uint32',
  'uint64',
  'uint8',
  'umax_t',
  'umin_t',
  'username_t',
  'ustats_t',
  'usum_t',
  'void',
] as const;

/** What `let @m = …(n)` can name. */
export const MAP_TYPES = ['hash', 'lruhash', 'percpuhash', 'percpulruhash'] as const;

/** Names that stand for a provider in an attach point, with their short forms; case does not matter. */
export const PROVIDERS = [
  'begin',
  'bench',
  'end',
  'f',
  'fentry',
  'fexit',
  'fr',
  'h',
  'hardware',
  'i',
  'interval',
  'it',
  'iter',
  'k',
  'kfunc',
  'kprobe',
  'kr',
  'kretfunc',
  'kretprobe',
  'p',
  'profile',
  'rawtracepoint',
  'rt',
  's',
  'self',
  'software',
  't',
  'test',
  'tracepoint',
  'u',
  'uprobe',
  'ur',
  'uretprobe',
  'usdt',
  'w',
  'watchpoint',
] as const;

/** Nanoseconds of the units that a number can carry. */
export const DURATIONS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};

const UINT32_MAX = 2n ** 32n - 1n;
const INT64_MAX = 2n ** 63n - 1n;
export const UINT64_MAX: bigint = 2n ** 64n - 1n;

/** The largest value of a number with this suffix: types of C on 64-bit Linux. */
export const INTEGER_SUFFIXES: Readonly<Record<string, bigint>> = {
  u: UINT32_MAX,
  ul: UINT64_MAX,
  ull: UINT64_MAX,
  l: INT64_MAX,
  ll: INT64_MAX,
};

export const ASSIGN_OPERATORS: readonly AssignOperator[] = [
  '<<=',
  '>>=',
  '+=',
  '-=',
  '*=',
  '/=',
  '%=',
  '&=',
  '|=',
  '^=',
  '=',
];

/** Binds tighter the larger; all of them from left to right. `?:` is below all of them, and unary above. */
export const BINARY_PRECEDENCE: Readonly<Record<BinaryOperator, number>> = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '==': 6,
  '!=': 6,
  '<': 7,
  '>': 7,
  '<=': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
};

export const UNARY_OPERATORS: readonly UnaryExpr['operator'][] = ['++', '--', '-', '!', '~', '*', '&'];

/** Every sign; of several that fit, the longest is meant. */
export const PUNCTUATION = [
  '<<=',
  '>>=',
  '->',
  '++',
  '--',
  '<<',
  '>>',
  '<=',
  '>=',
  '==',
  '!=',
  '&&',
  '||',
  '+=',
  '-=',
  '*=',
  '/=',
  '%=',
  '&=',
  '|=',
  '^=',
  '..',
  '+',
  '-',
  '*',
  '/',
  '%',
  '&',
  '|',
  '^',
  '~',
  '!',
  '=',
  '<',
  '>',
  '?',
  ':',
  ';',
  ',',
  '.',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  '#',
] as const;

export type Punctuation = (typeof PUNCTUATION)[number];

export type TokenKind =
  | Punctuation
  /** An identifier or a keyword. */
  | 'name'
  /** `$x` */
  | 'variable'
  /** `@x`, or `@` alone */
  | 'map'
  /** `$1` */
  | 'parameter'
  /** `$#` */
  | 'parameterCount'
  | 'integer'
  | 'string'
  /** Text that starts no token. */
  | 'unknown'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
  /** As it is in the source. */
  readonly text: string;
}

const keywords: ReadonlySet<string> = new Set(KEYWORDS);
const grammarBuiltins: ReadonlySet<string> = new Set(GRAMMAR_BUILTINS);
const typeNames: ReadonlySet<string> = new Set(TYPE_NAMES);

export const isKeyword = (name: string): name is Keyword => keywords.has(name);

export const isGrammarBuiltin = (name: string): boolean =>
  grammarBuiltins.has(name) || /^s?arg[0-9]+$/.test(name);

export const isTypeName = (name: string): boolean => typeNames.has(name);
