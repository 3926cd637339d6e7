import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definitionAt } from './definition.ts';
import { signatureAt } from './signature.ts';
import { marked } from './testing.ts';

/** What is there: line, column, text. */
function definition(text: string): string | undefined {
  const { analysis, offset } = marked(text);
  const span = definitionAt(analysis, offset);
  if (span === undefined) return undefined;
  const { source, start, end } = span;
  const file = source === analysis.source ? '' : `${source.name} `;
  return `${file}${start} ${source.text.slice(start, end)}`;
}

test('a variable is declared by let, by its first assignment, by a loop, or as a parameter', () => {
  assert.equal(definition('begin { $x = 1; $x = 2; print($|x) }'), '8 $x');
  assert.equal(definition('begin { let $x; if (1) { $|x = 2 } }'), '12 $x');
  assert.equal(definition('begin { for ($i : 0..3) { print($|i) } }'), '13 $i');
  assert.equal(definition('fn f($p : int64) : int64 { return $|p; }')?.startsWith('5 $p'), true);
  assert.equal(definition('macro f($p) { $|p + 1 }\nbegin { }'), '8 $p');
});

test('blocks have variables of their own', () => {
  assert.equal(definition('begin { if (1) { $x = 1 } $x = 2; print($|x) }'), '26 $x');
  assert.equal(definition('begin { $x = 1 }\nend { $x = 2; print($|x) }'), '23 $x');
  assert.equal(definition('begin { print($|x) }'), undefined);
});

test('a map is where it is declared, or else first written', () => {
  assert.equal(definition('let @m = hash(5);\nbegin { @|m[1] = 2 }')?.startsWith('0 let @m'), true);
  assert.equal(definition('begin { print(@|m) }\nend { @m = 1 }'), '26 @m');
  assert.equal(definition('begin { @m++; print(@|m) }'), '8 @m');
  assert.equal(definition('macro f(@m) { print(@|m) }\nbegin { }'), '8 @m');
});

test('macros, functions, defines, structs, and what is imported', () => {
  assert.equal(definition('macro f(x) { x }\nbegin { print(|f(1)) }'), '6 f');
  assert.equal(definition('macro f(xy) { x|y + 1 }\nbegin { }'), '8 xy');
  assert.equal(definition('fn g() : void { }\nbegin { |g() }'), '3 g');
  assert.equal(definition('#define TEN 10\nbegin { print(TE|N) }'), '8 TEN');
  assert.equal(definition('struct mine { int a; };\nbegin { $x = (struct mi|ne *)1 }'), '7 mine');
  assert.equal(definition('import "library.bt"; begin { print(|twice(1)) }')?.endsWith('6 twice'), true);
});

test("what is the kernel's has no place in a script", () => {
  for (const text of ['begin { prin|t(1) }', 'kpro|be:f { }', 'begin { $x = (struct pa|th *)1 }']) {
    assert.equal(definition(text), undefined, text);
  }
});

function signature(text: string): string | undefined {
  const { analysis, offset } = marked(text);
  const help = signatureAt(analysis, offset);
  if (help === null) return undefined;
  const { label, parameters } = help.signatures[help.activeSignature]!;
  const at = parameters[help.activeParameter]?.label;
  return `${label} > ${at === undefined ? '' : label.slice(...at)}`;
}

test('the call that is being written, and its argument', () => {
  assert.equal(
    signature('begin { strncmp("a", |'),
    'uint64 strncmp(string a, string b, const int n) > string b',
  );
  assert.match(signature('begin { print(@x, |) }')!, /> const int top$/);
  assert.match(signature('begin { print(|) }')!, /^void print\(T value\) > T value$/);
  assert.match(signature('begin { printf("%d %d", 1, (2 + 3), |) }')!, /> args…$/);
  assert.match(signature('begin { join(args.argv, |')!, /> const string sep$/);
  assert.match(signature('begin { str(@a[1, |')!, /str\(/);
  assert.equal(signature('macro f(x, y) { x }\nbegin { f(1, |'), 'macro f(x, y) > y');
});

test('brackets that are no call have no signature', () => {
  for (const text of ['begin { $x = (1 + |', 'begin { print(1); |', 'begin { if (|', 'begin { |']) {
    assert.equal(signature(text), undefined, text);
  }
});
