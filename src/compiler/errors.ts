/** What the back end can refuse. Everything else that it throws is a mistake of ours. */
import type { SourceLine } from '../kernel/spec.ts';

export type CompileErrorCode =
  /** A jump does not reach its target. */
  | 'too-large'
  /** The stack frames of a chain of calls need more than 512 bytes. */
  | 'stack'
  /** A construct that BPF cannot express, or not in the chosen instruction set. */
  | 'unsupported'
  /** The intermediate form breaks its own rules: a mistake of the front end. */
  | 'invalid';

export class CompileError extends Error {
  override readonly name = 'CompileError';
  readonly code: CompileErrorCode;
  /** The function of the program in which it happened. */
  readonly function: string;
  readonly source: SourceLine | undefined;

  constructor(code: CompileErrorCode, inFunction: string, message: string, source?: SourceLine) {
    super(message);
    this.code = code;
    this.function = inFunction;
    this.source = source;
  }
}

export function jumpTooFar(inFunction: string, distance: number): CompileError {
  return new CompileError(
    'too-large',
    inFunction,
    `program too large: a jump in ${inFunction} spans ${distance} instructions, the instruction set allows ` +
      '32,767; split the program, or load it on Linux 6.6 or newer, which has longer jumps',
  );
}

export function stackTooDeep(chain: readonly string[], bytes: number, largest: string): CompileError {
  return new CompileError(
    'stack',
    chain[0] ?? '',
    `stack of ${chain.join(' -> ')}: ${bytes} bytes are needed, BPF has 512${largest}; ` +
      'make buffers smaller or give the program scratch memory',
  );
}

export function tooManyArguments(inFunction: string, callee: string, count: number): CompileError {
  return new CompileError(
    'unsupported',
    inFunction,
    `call of ${callee} in ${inFunction}: ${count} arguments were given, BPF passes at most five`,
  );
}

export function unknownFunction(inFunction: string, callee: string): CompileError {
  return new CompileError(
    'invalid',
    inFunction,
    `${inFunction} refers to the function ${callee}, which is not part of the program`,
  );
}

export function recursiveCall(chain: readonly string[]): CompileError {
  return new CompileError(
    'unsupported',
    chain[0] ?? '',
    `recursive call ${chain.join(' -> ')}: BPF functions cannot call themselves; write a loop`,
  );
}

export function offsetTooFar(inFunction: string, offset: number, source?: SourceLine): CompileError {
  return new CompileError(
    'unsupported',
    inFunction,
    `memory access in ${inFunction}: the offset ${offset} does not fit in 16 signed bits`,
    source,
  );
}

export function invalidForm(inFunction: string, what: string): CompileError {
  return new CompileError('invalid', inFunction, `intermediate form of ${inFunction}: ${what}`);
}
