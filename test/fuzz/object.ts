/**
 * Broken objects: whatever the bytes, the answer is a spec or an ObjectError, soon, and what was read can be relocated,
 * linked and declared or refused in the same way.
 *
 *     node --import tsx test/fuzz/object.ts 100000 7
 */
import { pathToFileURL } from 'node:url';
import type { Btf } from '../../src/btf/btf.ts';
import { BtfError } from '../../src/btf/errors.ts';
import { minimisedTypes } from '../../src/object/core/minimise.ts';
import { objectDeclarations } from '../../src/object/declarations.ts';
import { ObjectError } from '../../src/object/errors.ts';
import { linkProgram } from '../../src/object/link.ts';
import { parseObject } from '../../src/object/parse.ts';
import type { ObjectSpec } from '../../src/object/spec.ts';
import { objectBytes, objectOf } from '../support/objects.ts';
import { type FuzzReport, fuzz, fuzzFromCommandLine } from './mutate.ts';

let types: Btf | undefined;

/** Types that stand for those of a kernel. */
function kernel(): Btf {
  types ??= parseObject(objectBytes('first')).types!;
  return types;
}

const questions: readonly ((spec: ObjectSpec) => unknown)[] = [
  (spec) => minimisedTypes([spec], kernel()),
  (spec) => objectDeclarations(spec),
  (spec) => spec.programs.map((program) => linked(spec, program.function)),
];

function linked(spec: ObjectSpec, key: string): unknown {
  return linkProgram(key, {
    functionOf: (name) => {
      const found = spec.functions.get(name);
      if (found === undefined) throw new Error(`a reference to "${name}", which is no function`);
      return { ...found, key: name };
    },
    resolve: () => undefined,
  });
}

function look(bytes: Uint8Array): 'accepted' | 'refused' {
  let answer: 'accepted' | 'refused' = 'accepted';
  const ask = (question: () => unknown): void => {
    try {
      question();
    } catch (error) {
      if (!(error instanceof ObjectError) && !(error instanceof BtfError)) throw error;
      answer = 'refused';
    }
  };
  try {
    const spec = parseObject(bytes);
    for (const question of questions) ask(() => question(spec));
    const before: typeof answer = answer;
    // The object's own types as the kernel's: every relocation has candidates, and flavours of one type two answers.
    ask(() => spec.types && minimisedTypes([spec], spec.types));
    answer = before;
  } catch (error) {
    if (!(error instanceof ObjectError)) throw error;
    return 'refused';
  }
  return answer;
}

export function fuzzObjects(iterations: number, seed: number): FuzzReport {
  const names = ['first', 'maps', 'congestion', 'externs', 'core'];
  const seeds = [...names.map(objectBytes), objectOf('first', { bigEndian: true })];
  for (const bytes of seeds) {
    if (look(bytes) === 'refused')
      throw new Error('an unchanged object is refused: the fuzz would prove nothing');
  }
  return fuzz(seeds, iterations, seed, look);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) fuzzFromCommandLine(fuzzObjects);
