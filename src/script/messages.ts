/** Every sentence that refuses a kernel program, in one place: wording is reviewed here, tests compare codes. */
import type { Diagnostic } from './diagnostic.ts';

const near = (names: readonly string[]): string => {
  if (names.length === 0) return '';
  return ` Near: ${names.map((name) => `"${name}"`).join(', ')}.`;
};

/** What people reach for by habit. */
const instead: ReadonlyMap<string, string> = new Map([
  ['console', 'Send an event, or look inside with k.print.'],
  ['Math', 'There are k.min, k.max and k.log2.'],
  ['Date', 'k.ktime() and k.bootTime() give nanoseconds.'],
  ['performance', 'k.ktime() gives nanoseconds.'],
  ['process', 'There are k.pid, k.tid, k.uid, k.comm() and k.task.'],
  ['BigInt', 'All numbers have 64 bits; write k.const(123n) for one beyond 2^53.'],
  ['Number', 'All numbers are whole and have 64 bits; k.i32(x) and the like cut them.'],
  ['String', 'Send numbers and texts as fields of an event, and format them in user space.'],
  ['parseInt', 'Send the text as a field of an event, and read it in user space.'],
]);

/** Near names, or all of a short list, or where to look. */
function fieldAdvice(
  type: string,
  known: readonly string[],
  all: readonly string[],
): Pick<Diagnostic, 'advice'> {
  if (known.length > 0) return { advice: near(known).trim() };
  if (all.length > 0 && all.length <= 16) return { advice: `It has: ${all.join(', ')}.` };
  const name = /^(?:struct|union) (\w+)$/.exec(type)?.[1];
  return name ? { advice: `Look at it with \`bpfkit types ${name}\`.` } : {};
}

export const messages = {
  notReadable: (name: string): Diagnostic => ({
    code: 'not-readable',
    message: `the body of "${name}" cannot be read: it must be an ordinary function, arrow function or method`,
    advice: 'Bound and native functions have no source text; pass the function itself.',
  }),
  doesNotParse: (name: string, reason: string): Diagnostic => ({
    code: 'does-not-parse',
    message: `the source text of "${name}" does not parse: ${reason}`,
  }),
  asyncBody: (name: string): Diagnostic => ({
    code: 'async-body',
    message: `the body of "${name}" is async or a generator; the kernel runs a probe in one go`,
    advice: 'Write an ordinary function and send events to user space through a ring buffer.',
  }),
  oneParameter: (name: string): Diagnostic => ({
    code: 'one-parameter',
    message: `the body of "${name}" must take exactly one plain parameter`,
    advice: 'Everything a body can name comes through it: `(k) => { ... }`.',
  }),
  plainParameters: (name: string): Diagnostic => ({
    code: 'plain-parameters',
    message: `the function "${name}" must take plain parameters: the context first, then up to four numbers`,
  }),
  captured: (name: string, known: readonly string[]): Diagnostic => ({
    code: 'captured-name',
    message: `"${name}" comes from outside the body, and a kernel program cannot reach it`,
    advice:
      instead.get(name) ?? `Declare it in params, maps or functions and use it as k.${name}.${near(known)}`,
  }),
  unsupported: (what: string, advice?: string): Diagnostic => ({
    code: 'unsupported-syntax',
    message: `${what} cannot be compiled for the kernel`,
    ...(advice ? { advice } : {}),
  }),
  closure: (): Diagnostic => ({
    code: 'closure',
    message: 'a function inside a body cannot be compiled: the kernel has no closures',
    advice:
      'Declare it beside the probes: defineProgram({ functions: { name(k, x) { ... } } }), and call k.name(x).',
  }),
  float: (text: string): Diagnostic => ({
    code: 'float',
    message: `${text} is not a whole number, and the kernel calculates with 64-bit integers only`,
    advice: 'Scale the value: nanoseconds instead of seconds, thousandths instead of fractions.',
  }),
  imprecise: (text: string): Diagnostic => ({
    code: 'imprecise-number',
    message: `${text} is beyond 2^53, where JavaScript numbers are no longer exact`,
    advice: `Write k.const(${text}n).`,
  }),
  unboundedLoop: (): Diagnostic => ({
    code: 'unbounded-loop',
    message: 'the loop has no bound that can be seen, and the kernel only runs programs that end',
    advice:
      'Compare a counter with a constant: `for (let i = 0; i < 64; i++)`, or use `for (const i of k.range(64))`.',
  }),
  unknownContext: (name: string, known: readonly string[]): Diagnostic => ({
    code: 'unknown-name',
    message: `the context has no "${name}"`,
    advice: `It offers built-ins, and the maps, params and functions of this program.${near(known)}`,
  }),
  notInProbe: (name: string, probe: string, where: string): Diagnostic => ({
    code: 'not-in-this-probe',
    message: `k.${name} is not available in "${probe}"`,
    advice: where,
  }),
  unknownField: (
    type: string,
    field: string,
    known: readonly string[],
    all: readonly string[] = [],
  ): Diagnostic => ({
    code: 'unknown-field',
    message: `${type} ${type.startsWith('the arguments') ? 'have' : 'has'} no field "${field}"`,
    ...fieldAdvice(type, known, all),
  }),
  unknownMethod: (map: string, kind: string, method: string, known: readonly string[]): Diagnostic => ({
    code: 'unknown-method',
    message: `the ${kind} "${map}" has no operation "${method}"`,
    advice: `It has: ${known.join(', ')}.`,
  }),
  unknownProbe: (probe: string, reason: string, known: readonly string[]): Diagnostic => ({
    code: 'unknown-probe',
    message: `probe "${probe}": ${reason}`,
    ...(known.length > 0 ? { advice: near(known).trim() } : {}),
  }),
  probeSyntax: (probe: string, expected: string): Diagnostic => ({
    code: 'probe-syntax',
    message: `probe "${probe}" does not read as a probe: expected ${expected}`,
  }),
  wrongType: (expected: string, actual: string, advice?: string): Diagnostic => ({
    code: 'wrong-type',
    message: `expected ${expected}, found ${actual}`,
    ...(advice ? { advice } : {}),
  }),
  argumentCount: (name: string, expected: string, actual: number): Diagnostic => ({
    code: 'argument-count',
    message: `${name} takes ${expected}, ${actual} given`,
  }),
  readOnly: (what: string): Diagnostic => ({
    code: 'read-only',
    message: `${what} cannot be assigned`,
    advice:
      'Kernel memory, arguments and params are read-only; map values, reserved events and `let` variables can be written.',
  }),
  assignToConst: (name: string): Diagnostic => ({
    code: 'assign-to-const',
    message: `"${name}" is a const`,
    advice: 'Declare it with let.',
  }),
  redeclared: (name: string): Diagnostic => ({
    code: 'redeclared',
    message: `"${name}" is already declared in this block`,
  }),
  differentPointers: (name: string, before: string, now: string): Diagnostic => ({
    code: 'different-types',
    message: `"${name}" holds ${before} and cannot take ${now}`,
    advice: 'Use one variable for each type.',
  }),
  alwaysFalse: (text: string, result: boolean): Diagnostic => ({
    code: 'constant-comparison',
    message: `${text} is always ${result}: one side is unsigned and never below zero`,
    advice: 'If the value is really signed, say so: k.signed(x) < 0.',
  }),
  missingField: (type: string, fields: readonly string[]): Diagnostic => ({
    code: 'missing-field',
    message: `${type} needs ${fields.map((field) => `"${field}"`).join(', ')}`,
    advice: 'A key or value is written whole: give every field.',
  }),
  mustBeConstant: (what: string): Diagnostic => ({
    code: 'must-be-constant',
    message: `${what} must be a constant`,
  }),
  outOfBounds: (index: bigint, length: number): Diagnostic => ({
    code: 'out-of-bounds',
    message: `index ${index} is outside the array of ${length}`,
  }),
  doesNotFit: (value: bigint, type: string): Diagnostic => ({
    code: 'does-not-fit',
    message: `${value} does not fit in ${type}`,
  }),
  nameClash: (name: string, what: string): Diagnostic => ({
    code: 'name-clash',
    message: `"${name}" is declared twice: ${what}`,
    advice: 'Maps, params, functions and the built-ins of the context share one set of names.',
  }),
  recursion: (name: string): Diagnostic => ({
    code: 'recursion',
    message: `the function "${name}" calls itself; the kernel allows no recursion`,
  }),
  textTooLong: (text: string, length: number): Diagnostic => ({
    code: 'does-not-fit',
    message: `${JSON.stringify(text)} is longer than the ${length} bytes it is compared with or stored in`,
  }),
} as const;
