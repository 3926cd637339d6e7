import assert from 'node:assert/strict';
import { test } from 'node:test';
import { itemText } from '../../../test/support/trace-text.ts';
import { Diagnostics } from '../diagnostic.ts';
import { parseProgram } from './parse.ts';

function errorsOf(text: string, tolerant = false): string[] {
  const diagnostics = new Diagnostics();
  parseProgram({ name: 'stdin', text }, diagnostics, { tolerant });
  return diagnostics.list.map(({ message, span }) => `${span?.start}-${span?.end} ${message}`);
}

for (const [text, ...errors] of [
  ['BEGIN { }\n#include <x.h>', '10-24 syntax: C definitions must appear before probes and functions'],
  ['BEGIN { } struct x { };', '10-23 syntax: C definitions must appear before probes and functions'],
  ['macro m() { } enum e { A };', '14-27 syntax: C definitions must appear before probes and functions'],
  ['BEGIN { } config = { }', '10-16 syntax: config must appear before probes and functions'],
  ['let @m = hash(1); config = { }', '18-24 syntax: config must appear before probes and functions'],
  ['BEGIN { } import "x";', '10-16 syntax: root imports must appear before probes and functions'],
  ['config = { } config = { }', '13-19 syntax: duplicate config block'],
  [
    'let $x = 1;',
    '0-3 syntax: root-level let statements need to be map declarations, e.g. let @a = hash(2);',
  ],
  ['let @x = 5;', '9-10 syntax: expected map type name'],
  ['let @x;', "6-7 syntax: expected '='"],
  ['begin { @a[1] = 1; for ($kv : @a[1]) { } }', '37-38 syntax: expected map or range in for loop'],
  ['BEGIN { $x = ; }', '13-14 syntax: expected expression'],
  ['BEGIN { f(; }', '10-11 syntax: expected expression', "10-11 syntax: expected ')'"],
  ['BEGIN { 1 + }', '12-13 syntax: expected expression'],
  ['BEGIN { $ }', "8-9 syntax: expected identifier after '$'", '8-9 syntax: unexpected input in block'],
  [
    'BEGIN { ` }',
    '8-9 syntax: expected expression',
    "8-9 syntax: expected ';'",
    '8-9 syntax: unexpected input in block',
  ],
  [
    'BEGIN { 😀 }',
    '8-10 syntax: expected expression',
    "8-10 syntax: expected ';'",
    '8-10 syntax: unexpected input in block',
  ],
  ['BEGIN { let }', "12-13 syntax: expected variable after 'let'"],
  ['BEGIN { else { } }', "13-14 syntax: expected ';'"],
  ['} BEGIN { }', "2-7 syntax: expected '{'"],
  ['; BEGIN { }', "2-7 syntax: expected '{'"],
  ['BEGIN', "5-5 syntax: expected '{'"],
  ['BEGIN {', "7-7 syntax: expected '}'"],
  ['BEGIN { f()', "11-11 syntax: expected ';'"],
  ['BEGIN { if (1) { f();', "21-21 syntax: expected '}'"],
  ['BEGIN { @x 1; }', "11-12 syntax: expected ';'"],
  ['BEGIN { f() g() }', "12-13 syntax: expected ';'"],
  ['BEGIN { f(1 2); }', "12-13 syntax: expected ')'", "12-13 syntax: expected ';'"],
  ['BEGIN { @m[1; }', "12-13 syntax: expected ']'"],
  ['BEGIN { @m[]; }', '11-12 syntax: expected expression'],
  ['BEGIN { (1, 2; }', "13-14 syntax: expected ')'"],
  ['BEGIN { $x ? 1; }', "11-12 syntax: expected ';'"],
  ['BEGIN { $x.; }', "11-12 syntax: expected field name after '.'"],
  ['BEGIN { $x->1; }', "12-13 syntax: expected field name after '->'"],
  ['BEGIN { if 1 f(); }', "13-14 syntax: expected '{'"],
  ['BEGIN { if 1 { } else f(); }', "22-23 syntax: expected '{' or 'if' after 'else'"],
  ['BEGIN { while 1; }', "15-16 syntax: expected '{'"],
  ['BEGIN { for x : @m { } }', '12-13 syntax: expected variable in for loop'],
  ['BEGIN { for $x @m { } }', "15-17 syntax: expected ':'"],
  ['BEGIN { for $x : 1 { } }', '19-20 syntax: expected map or range in for loop'],
  ['BEGIN { for ($x : @m { } }', "21-22 syntax: expected ')'"],
  ['BEGIN { import x; }', "15-16 syntax: expected string after 'import'"],
  ['BEGIN { let $x : ; }', '17-18 syntax: expected type name'],
  ['BEGIN { let $x : int8[a]; }', "22-23 syntax: invalid integer suffix 'a'"],
  ['BEGIN { (struct *)1; }', '17-18 syntax: expected expression', "18-19 syntax: expected ';'"],
  ['BEGIN { offsetof(struct x); }', "25-26 syntax: expected ','"],
  ['BEGIN { offsetof(struct x, 1); }', "27-28 syntax: expected ')'", "27-28 syntax: expected ';'"],
  ['kprobe:f, { } , { }', '14-15 syntax: expected attach point', '14-15 syntax: unexpected input'],
  ['kprobe:f /1 { }', "12-13 syntax: expected '/' to close predicate"],
  ['kprobe:f kprobe:g { }', "9-15 syntax: expected '{'"],
  ['config { }', "7-8 syntax: expected '='"],
  ['config = { a }', "13-14 syntax: expected '='"],
  ['config = { a = }', '15-16 syntax: expected string, int, boolean, or ident'],
  ['config = { 1 = 2 }', '11-12 syntax: expected config key', "11-12 syntax: expected '}'"],
  ['import "x" BEGIN { }', "11-16 syntax: expected ';' after import"],
  ['import x;', "7-8 syntax: expected string after 'import'"],
  ['macro { }', '6-7 syntax: expected macro name'],
  ['macro if() { }'],
  ['macro m { }', "8-9 syntax: expected '('"],
  [
    'macro m(1) { }',
    '8-9 syntax: expected macro argument ($var, @map, or identifier)',
    "8-9 syntax: expected ')'",
  ],
  ['macro m($x $y) { }', "11-13 syntax: expected ')'"],
  ['fn f() { }', "7-8 syntax: expected ':'"],
  ['fn f($a) : void { }', "7-8 syntax: expected ':'"],
  [
    'fn f(a : int8) : void { }',
    '5-6 syntax: expected variable in function argument',
    "5-6 syntax: expected ')'",
  ],
  ['struct x { int a;', '0-6 syntax: unterminated struct definition'],
  ['macro m(pid) { }', "8-11 syntax: builtin 'pid' can't be used as a macro argument"],
  ['macro m(arg0) { }', "8-12 syntax: builtin 'arg0' can't be used as a macro argument"],
  ['BEGIN { (pid = 1); }', "13-14 syntax: expected ')'", "13-14 syntax: expected ';'"],
  ['BEGIN { (pid)1; }', "13-14 syntax: expected ';'"],
  ['BEGIN { 1++; }', '9-11 syntax: increment/decrement requires a variable or map'],
  ['BEGIN { --pid; }', '10-13 syntax: increment/decrement requires a variable or map'],
  ['BEGIN { $x.y++; }', '12-14 syntax: increment/decrement requires a variable or map'],
  ['BEGIN { &pid; }', '9-12 syntax: address-of operator (&) can only be used on a map or variable'],
  ['BEGIN { $0; }', '8-10 syntax: param $0 is out of integer range [1, 9223372036854775807]'],
  [
    'BEGIN { $9223372036854775808; }',
    '8-28 syntax: param $9223372036854775808 is out of integer range [1, 9223372036854775807]',
  ],
  ['BEGIN { 1x; }', "9-10 syntax: invalid integer suffix 'x'"],
  ['BEGIN { 1q; }', "9-10 syntax: invalid integer suffix 'q'"],
  ['BEGIN { 1_; }', '9-10 syntax: trailing underscore in integer literal'],
  ['BEGIN { 12e3; }', '8-12 syntax: coefficient part of scientific literal must be 1-9: 12e3'],
  [
    'BEGIN { 18446744073709551616; }',
    '8-28 syntax: overflow error, maximum value is 18446744073709551615: 18446744073709551616',
  ],
  ['BEGIN { "\\q"; }', "10-11 syntax: invalid escape character '\\q'"],
  [
    'BEGIN { "\\q\\z"; }',
    "10-11 syntax: invalid escape character '\\q'",
    "12-13 syntax: invalid escape character '\\z'",
  ],
  ['BEGIN { "abc', '12-12 syntax: unterminated string', "12-12 syntax: expected ';'"],
  ['BEGIN { "abc\n"; }', '13-14 syntax: unterminated string', "13-14 syntax: expected ';'"],
  ['BEGIN { "abc\\', '13-13 syntax: unterminated string', "13-13 syntax: expected ';'"],
  [
    'BEGIN { f("a); }',
    '16-16 syntax: unterminated string',
    "16-16 syntax: expected ')'",
    "16-16 syntax: expected ';'",
  ],
  ['uprobe:"a:b { }', "15-15 syntax: expected '{'"],
  ['BEGIN { } /* abc'],
] as const) {
  test(`error: ${text}`, () => assert.deepEqual(errorsOf(text), errors));
}

test('in an editor an error costs its statement; what is around it stays', () => {
  const diagnostics = new Diagnostics();
  const text = 'BEGIN { a(); b(; c(); if (1) { d(; e(); } f(); } kprobe:f { g(); }';
  const { items } = parseProgram({ name: 'stdin', text }, diagnostics, { tolerant: true });
  assert.equal(diagnostics.list.length, 2);
  assert.deepEqual(items.map(itemText), ['[BEGIN] {a(); c(); (if 1 {e()}); f()}', '[kprobe:f] {g()}']);
});

test('in an editor an error in the head of an item costs the item', () => {
  const diagnostics = new Diagnostics();
  const text = 'macro 1() { x(; } BEGIN { a(); } fn f { } END { b(); }';
  const { items } = parseProgram({ name: 'stdin', text }, diagnostics, { tolerant: true });
  assert.equal(diagnostics.list.length, 2);
  assert.deepEqual(items.map(itemText), ['[BEGIN] {a()}', '[END] {b()}']);
});

test('fifty errors are enough', () => {
  const errors = errorsOf('BEGIN { $x = ; }\n'.repeat(200), true);
  assert.equal(errors.length, 51);
  assert.match(errors.at(-1)!, /stopped after 50 errors/);
});

const deep: readonly (readonly [what: string, inside: (depth: number) => string])[] = [
  ['parentheses', (depth) => `$x = ${'('.repeat(depth)}1${')'.repeat(depth)};`],
  ['parentheses that do not close', (depth) => `$x = ${'('.repeat(depth)}`],
  ['tuples', (depth) => `$x = ${'(1,'.repeat(depth)}1${')'.repeat(depth)};`],
  ['blocks', (depth) => `${'{'.repeat(depth)}${'}'.repeat(depth)}`],
  ['calls', (depth) => `${'f('.repeat(depth)}${')'.repeat(depth)};`],
  ['keys', (depth) => `${'@m['.repeat(depth)}1${']'.repeat(depth)};`],
  ['unary operators', (depth) => `$x = ${'- '.repeat(depth)}1;`],
  ['casts', (depth) => `$x = ${'(uint8)'.repeat(depth)}1;`],
  ['conditions', (depth) => `$x = ${'a ? '.repeat(depth)}1${' : 2'.repeat(depth)};`],
  ['else branches', (depth) => `${'if 1 { } else '.repeat(depth)}{ }`],
  ['sums', (depth) => `$x = ${'1 + '.repeat(depth)}1;`],
  ['fields', (depth) => `$x${'.a'.repeat(depth)};`],
  ['indices', (depth) => `$x${'[1]'.repeat(depth)};`],
  ['typeof', (depth) => `${'typeof('.repeat(depth)}1${')'.repeat(depth)};`],
  ['typeof in casts', (depth) => `${'(typeof('.repeat(depth)}1${')1)'.repeat(depth)};`],
  ['comptime', (depth) => `$x = ${'comptime '.repeat(depth)}1;`],
  ['pointers', (depth) => `let $x : int8${'*'.repeat(depth)};`],
];

for (const [what, inside] of deep)
  test(`ten thousand nested ${what} are an error, at once`, () => {
    const before = process.cpuUsage();
    const errors = errorsOf(`BEGIN { ${inside(10_000)} }`);
    const { user, system } = process.cpuUsage(before);
    assert.match(errors[0] ?? '', /syntax: nested too deeply: more than \d+ levels/);
    assert.ok(errors.length <= 2, `${errors.length} errors`);
    assert.ok(user + system < 3e6);
  });

for (const [what, inside] of deep.filter(([name]) => !/do not close|typeof|pointers/.test(name)))
  test(`a hundred nested ${what} are fine`, () => {
    assert.deepEqual(errorsOf(`BEGIN { ${inside(100)} }`), []);
  });
