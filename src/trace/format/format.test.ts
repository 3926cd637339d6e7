import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { programs, withoutSpans } from '../../../test/support/trace-program.ts';
import type { Program } from '../ast/nodes.ts';
import { Diagnostics } from '../diagnostic.ts';
import { parseProgram } from '../parse/parse.ts';
import { formatProgram } from './format.ts';

function parse(text: string): Program {
  const diagnostics = new Diagnostics();
  const program = parseProgram({ name: 'stdin', text }, diagnostics);
  assert.deepEqual(
    diagnostics.list.map(({ message, span }) => `${message} at ${text.slice(span?.start)}`),
    [],
  );
  return program;
}

const format = (text: string): string => formatProgram(parse(text));

test('parsing what was formatted gives the tree that was formatted', () => {
  fc.assert(
    fc.property(programs, (program) => {
      const text = formatProgram(program);
      assert.equal(withoutSpans(parse(text)), withoutSpans(program));
      assert.equal(format(text), text);
    }),
    { numRuns: 500 },
  );
});
