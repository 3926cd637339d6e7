import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Diagnostic } from './diagnostic.ts';
import { sourceFromBytes } from './lex/bytes.ts';
import { type RenderOptions, renderDiagnostic, renderDiagnostics } from './render.ts';
import type { Source, Span } from './source.ts';

const source = (text: string, name = 'stdin'): Source => ({ name, text });

function spanOf(place: Source, what: string): Span {
  const start = place.text.indexOf(what);
  assert.ok(start >= 0, what);
  return { source: place, start, end: start + what.length };
}

function shown(
  place: Source,
  what: string,
  options: RenderOptions = {},
  more: Partial<Diagnostic> = {},
): string {
  return renderDiagnostic(
    { severity: 'error', message: 'wrong', span: spanOf(place, what), ...more },
    options,
  );
}

test('a place on one line is underlined', () => {
  assert.equal(shown(source('BEGIN { $x }'), '$x'), 'stdin:1:9-11: ERROR: wrong\nBEGIN { $x }\n        ~~\n');
});

test('lines and columns count from one in any line', () => {
  assert.equal(shown(source('a\nbc\nde', '/a.bt'), 'c'), '/a.bt:2:2-3: ERROR: wrong\nbc\n ~\n');
});

test('a tab is four spaces, in the line and below it', () => {
  assert.equal(
    shown(source('\t@x = 1;\t@y'), '@y'),
    'stdin:1:10-12: ERROR: wrong\n    @x = 1;    @y\n               ~~\n',
  );
  assert.equal(shown(source('a\tb'), 'a\tb'), 'stdin:1:1-4: ERROR: wrong\na    b\n~~~~~~\n');
});

test('a place over several lines is shown whole, without marks', () => {
  assert.equal(shown(source('x (1,\r\n 2) y\nz'), '(1,\r\n 2)'), 'stdin:1-2: ERROR: wrong\nx (1,\n 2) y\n');
});

test('the end of the text has no width', () => {
  const place = source('BEGIN {');
  const span = { source: place, start: 7, end: 7 };
  assert.equal(
    renderDiagnostic({ severity: 'error', message: 'm', span }),
    'stdin:1:8-8: ERROR: m\nBEGIN {\n       \n',
  );
});

test('what is about no place is one line', () => {
  assert.equal(renderDiagnostic({ severity: 'warning', message: 'm' }), 'WARNING: m\n');
});

test('hints follow the places', () => {
  assert.equal(
    shown(source('ab'), 'a', {}, { hint: 'try b' }),
    'stdin:1:1-2: ERROR: wrong\nab\n~\nHINT: try b\n',
  );
});

test('other places are shown alike', () => {
  const place = source('let $x;\nlet $x;');
  const related = [
    { message: 'This is the initial declaration.', span: { source: place, start: 4, end: 6 } },
  ];
  assert.equal(
    renderDiagnostic({
      severity: 'error',
      message: 'again',
      span: { source: place, start: 12, end: 14 },
      related,
    }),
    'stdin:2:5-7: ERROR: again\nlet $x;\n    ~~\nstdin:1:5-7: ERROR: This is the initial declaration.\nlet $x;\n    ~~\n',
  );
});

test('text of macros says where it was put in, to the outermost call', () => {
  const library = source('macro a() { b() }', 'lib.bt');
  const script = source('BEGIN { a() }');
  const call = spanOf(script, 'a()');
  const inner = { ...spanOf(library, 'b()'), expandedFrom: call };
  assert.equal(
    renderDiagnostic({ severity: 'error', message: 'm', span: inner }),
    'lib.bt:1:13-16: ERROR: m\nmacro a() { b() }\n            ~~~\nstdin:1:9-12: ERROR: expanded from\nBEGIN { a() }\n        ~~~\n',
  );
});

test('errors come before warnings, each in the order found', () => {
  const of = (severity: Diagnostic['severity'], message: string): Diagnostic => ({ severity, message });
  assert.equal(
    renderDiagnostics([of('warning', 'a'), of('error', 'b'), of('warning', 'c'), of('error', 'd')]),
    'ERROR: b\nERROR: d\nWARNING: a\nWARNING: c\n',
  );
});

test('colours are put on what is said, red or yellow', () => {
  const colors = { red: (text: string) => `<r>${text}</r>`, yellow: (text: string) => `<y>${text}</y>` };
  assert.equal(shown(source('a'), 'a', { colors }), 'stdin:1:1-2: <r>ERROR: wrong</r>\na\n~\n');
  assert.equal(renderDiagnostic({ severity: 'warning', message: 'w' }, { colors }), '<y>WARNING: w</y>\n');
});

test('a terminal gets no control characters of the script, and the marks stay below what they mark', () => {
  const text = shown(source('"\x1b[2J" x'), 'x', { escape: true });
  assert.equal(text, 'stdin:1:8-9: ERROR: wrong\n"\\x1b[2J" x\n          ~\n');
});

test('bytes that are no UTF-8 are shown as bytes', () => {
  const place = sourceFromBytes('\x1b.bt', Buffer.from('"\xff" x', 'latin1'));
  assert.equal(shown(place, 'x', { escape: true }), '\\x1b.bt:1:5-6: ERROR: wrong\n"\\xff" x\n       ~\n');
  assert.match(shown(place, 'x'), /^"\\xff" x$/m);
});

test('wide characters take two columns of marks', () => {
  assert.equal(shown(source('"日本" x'), 'x'), 'stdin:1:6-7: ERROR: wrong\n"日本" x\n       ~\n');
});
