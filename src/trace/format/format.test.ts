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

for (const [what, text, expected] of [
  ['nothing', '', ''],
  ['a probe', 'BEGIN{print("a");exit()}', 'BEGIN {\n  print("a");\n  exit()\n}\n'],
  ['an empty block', 'BEGIN   {  }', 'BEGIN {}\n'],
  [
    'attach points and a predicate',
    'kprobe:a,kprobe:b /pid==1/{f();}',
    'kprobe:a,\nkprobe:b\n/pid == 1/\n{\n  f();\n}\n',
  ],
  ['a predicate that begins with a star', 'kprobe:f /(*$p)/ { }', 'kprobe:f\n/(*$p)/\n{}\n'],
  ['names of probes', 'a=kprobe:f{ }', 'a=kprobe:f {}\n'],
  ['probes, with an empty line between them', 'begin{}end{}', 'begin {}\n\nend {}\n'],
  ['several empty lines, which become one', 'BEGIN { f();\n\n\n\ng(); }', 'BEGIN {\n  f();\n\n  g();\n}\n'],
  [
    'a configuration',
    'config={a=1;b="x";c=warn}BEGIN{}',
    'config = {\n  a = 1;\n  b = "x";\n  c = warn;\n}\n\nBEGIN {}\n',
  ],
  [
    'macros and functions',
    'macro m($x,@y,e){$x}fn f($a:int8,$b:struct x*):void{}',
    'macro m($x, @y, e) {\n  $x\n}\n\nfn f($a : int8, $b : struct x *) : void {}\n',
  ],
  ['declarations and imports', 'import "a";let @m=hash(5);', 'import "a";\nlet @m = hash(5);\n'],
  [
    'definitions as they are',
    '#!/bin/x\n#define A  1\nstruct x {\n int a;\n};\nBEGIN { }',
    '#!/bin/x\n#define A  1\nstruct x {\n int a;\n};\n\nBEGIN {}\n',
  ],
  [
    'numbers and text as written',
    'BEGIN { f(0x1F, 1_000, 5ms, "\\x41\\t"); }',
    'BEGIN {\n  f(0x1F, 1_000, 5ms, "\\x41\\t");\n}\n',
  ],
  [
    'parentheses that change nothing',
    'BEGIN { f((1 + (2 * 3)), ((4 + 5)) * 6); }',
    'BEGIN {\n  f(1 + 2 * 3, (4 + 5) * 6);\n}\n',
  ],
  [
    'conditions',
    'BEGIN { if $a { f(); } else if ($b) { g() } else { } h(); }',
    'BEGIN {\n  if ($a) {\n    f();\n  } else if ($b) {\n    g()\n  } else {}\n  h();\n}\n',
  ],
  [
    'conditions as values',
    'BEGIN { $x = if $a { 1 } else { 2 }; }',
    'BEGIN {\n  $x = if ($a) { 1 } else { 2 };\n}\n',
  ],
  [
    'loops',
    'BEGIN { while 1 { break } unroll 3 { f(); } for $i:0..$n { } for $k : @m { } }',
    'BEGIN {\n  while (1) {\n    break;\n  }\n  unroll (3) {\n    f();\n  }\n  for ($i : 0..$n) {}\n  for ($k : @m) {}\n}\n',
  ],
  [
    'keys, casts and fields',
    'BEGIN { @[ pid,comm ]=(uint64)((struct x*)$p)->a.b[1]; }',
    'BEGIN {\n  @[pid, comm] = (uint64)((struct x *)$p)->a.b[1];\n}\n',
  ],
  [
    'tuples and records',
    'BEGIN { f((1,),(1,2),(a=1,b=2),()); }',
    'BEGIN {\n  f((1,), (1, 2), (a = 1, b = 2), ());\n}\n',
  ],
  ['a block at the start of an expression', 'BEGIN { ({ 1 } + 2); }', 'BEGIN {\n  ({ 1 } + 2);\n}\n'],
  [
    'two signs that are not one',
    'BEGIN { f(- -1, -(-$x), 1 - -1); }',
    'BEGIN {\n  f(-(-1), -(-$x), 1 - -1);\n}\n',
  ],
  [
    'comments',
    '// a\n\n/* b */\nBEGIN { // c\n  // d\n  f(); // e\n\n  // f\n} // g\n// h\n',
    '// a\n\n/* b */\nBEGIN { // c\n  // d\n  f(); // e\n\n  // f\n} // g\n// h\n',
  ],
  [
    'comments inside of statements',
    'BEGIN { f(/* a */ 1, // b\n2); }',
    'BEGIN {\n  /* a */\n  // b\n  f(1, 2);\n}\n',
  ],
  [
    'comments in the head of a probe',
    'kprobe:a, // one\nkprobe:b /* two */ { }',
    '// one\n/* two */\nkprobe:a,\nkprobe:b {}\n',
  ],
  ['comments in empty blocks', 'BEGIN { /* nothing */ }', 'BEGIN { /* nothing */\n}\n'],
  [
    'comments in a configuration',
    'config = { // a\n x = 1 // b\n // c\n}',
    'config = { // a\n  x = 1; // b\n  // c\n}\n',
  ],
  ['a comment alone', '// a', '// a\n'],
  [
    'arguments that do not fit',
    `BEGIN { printf("${'x'.repeat(80)}", $aaaaaaaaaa, $bbbbbbbbbbbbbbb); }`,
    `BEGIN {\n  printf("${'x'.repeat(80)}",\n      $aaaaaaaaaa, $bbbbbbbbbbbbbbb);\n}\n`,
  ],
] as const) {
  test(`formatted: ${what}`, () => {
    assert.equal(format(text), expected);
    assert.equal(format(expected), expected);
  });
}
