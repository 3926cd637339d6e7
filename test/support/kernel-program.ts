/** Kernel programs for tests: compiled against the kernel that never changes, without one. */
import assert from 'node:assert/strict';
import { disassemble } from '../../src/asm/disassemble.ts';
import { helpers } from '../../src/compiler/helpers.ts';
import { defineProgram } from '../../src/script/define.ts';
import { ProgramError } from '../../src/script/diagnostic.ts';
import type { Environment } from '../../src/script/environment.ts';
import type { AnyMap, Body, CompiledDefinition } from '../../src/script/program.ts';
import type { Parameter } from '../../src/script/schema.ts';
import { fixedKernel } from './fixed-kernel.ts';

/** A definition whose bodies need not please the editor: tests write what is wrong on purpose. */
export interface LooseSource {
  readonly params?: Readonly<Record<string, Parameter<unknown, unknown>>>;
  readonly maps?: Readonly<Record<string, AnyMap>>;
  readonly functions?: Readonly<Record<string, Body>>;
  readonly probes: Readonly<Record<string, Body>>;
}

interface LooseProgram {
  compile(options?: object, environment?: Environment): CompiledDefinition;
}

export function define(source: LooseSource): LooseProgram {
  return (defineProgram as unknown as (source: LooseSource) => LooseProgram)(source);
}

export function compile(source: LooseSource, environment: Environment = fixedKernel): CompiledDefinition {
  return define(source).compile({}, environment);
}

const helperNames = new Map(Object.entries(helpers).map(([name, { id }]) => [id, name]));
const helperName = (id: number): string => helperNames.get(id) ?? 'helper';

/** The instructions of every program, as text. */
export function listing(compiled: CompiledDefinition): string {
  const parts = compiled.spec.programs.map(
    ({ name, instructions }) => `${name}:\n${disassemble(instructions, { helperName })}`,
  );
  return `${parts.join('\n').trimEnd()}\n`;
}

export interface Refusal {
  readonly error: ProgramError;
  readonly code: string;
  /** What the caret stands under; '' where the mistake is not in a body. */
  readonly marked: string;
}

/** The error of a program that must not compile. */
export function refusalOf(make: () => unknown): Refusal {
  try {
    make();
  } catch (error) {
    assert.ok(error instanceof ProgramError, String(error));
    const lines = error.message.split('\n');
    const carets = lines.findIndex((line) => /^\s*\|\s*\^+$/.test(line));
    if (carets < 1) return { error, code: error.code, marked: '' };
    const [start, end] = [lines[carets].indexOf('^'), lines[carets].length];
    return { error, code: error.code, marked: lines[carets - 1].slice(start, end) };
  }
  throw new Error('the program compiles');
}
