import assert from 'node:assert/strict';
import { test } from 'node:test';
import { itemText } from '../../../test/support/trace-text.ts';
import type { Program } from '../ast/nodes.ts';
import { Diagnostics } from '../diagnostic.ts';
import { parseProgram } from './parse.ts';

function parse(text: string): Program {
  const diagnostics = new Diagnostics();
  const program = parseProgram({ name: 'stdin', text }, diagnostics);
  assert.deepEqual(
    diagnostics.list.map(({ message, span }) => `${message} at ${text.slice(span?.start)}`),
    [],
  );
  return program;
}

const items = (text: string): string => parse(text).items.map(itemText).join('\n');

for (const [text, tree] of [
  ['BEGIN { }', '[BEGIN] {}'],
  ['BEGIN{}', '[BEGIN] {}'],
  ['begin,end { }', '[begin] [end] {}'],
  ['kprobe:f, kprobe:g, { }', '[kprobe:f] [kprobe:g] {}'],
  ['kprobe:f,\n// comment\nkprobe:g\n{ }', '[kprobe:f] [kprobe:g] {}'],
  ['kprobe:do_* { }', '[kprobe:do_*] {}'],
  ['kprobe:f+0x10 { }', '[kprobe:f+0x10] {}'],
  ['uprobe:/bin/bash:readline { }', '[uprobe:/bin/bash:readline] {}'],
  ['uprobe:/a/*:f { }', '[uprobe:/a/*:f] {}'],
  ['uprobe:"/a b/{c,d}":f { }', '[uprobe:"/a b/{c,d}":f] {}'],
  ['uprobe:./a@x.c:10:3{}', '[uprobe:./a@x.c:10:3] {}'],
  ['usdt:/x:"a:b" { }', '[usdt:/x:"a:b"] {}'],
  ['interval:s:$1 { }', '[interval:s:$1] {}'],
  ['profile:1s { }', '[profile:1s] {}'],
  ['*:f { }', '[*:f] {}'],
  ['first=kprobe:f { }', 'first=[kprobe:f] {}'],
  ['a=kprobe:f, b=kprobe:g { }', 'a=[kprobe:f] b=[kprobe:g] {}'],
  ['BEGIN /1/ { }', '[BEGIN] /1/ {}'],
  ['BEGIN/1/{ }', '[BEGIN] /1/ {}'],
  ['kprobe:f /pid == 1 / 2/ { }', '[kprobe:f] /(pid == (1 / 2))/ {}'],
  ['kprobe:f /a / b/ // c\n { }', '[kprobe:f] /(a / b)/ {}'],
  ['kprobe:f /@x[1 / 2]/{ }', '[kprobe:f] /@x[(1 / 2)]/ {}'],
  ['kprobe:f /!(pid)/ { }', '[kprobe:f] /(! pid)/ {}'],
  ['kprobe:f,/1/ { }', '[kprobe:f] /1/ {}'],
  ['kprobe:f /a ? b : c/ { }', '[kprobe:f] /(a ? b : c)/ {}'],
  ['kprobe:f /comm == "a/b"/ { }', '[kprobe:f] /(comm == "a/b")/ {}'],
  ['iter:task { }', '[iter:task] {}'],
  ['macro m() { }', 'macro m() {}'],
  ['macro m($x, @m, e) { $x = e; @m }', 'macro m(variable $x, map @m, expression e) {$x = e; => @m}'],
  ['fn f() : void { }', 'fn f(): void {}'],
  [
    'fn f($a : int64, $b:struct x*):uint8[4] { return 1; }',
    'fn f($a: int64, $b: struct:x*): uint8[4] {return 1}',
  ],
  ['let @m = lruhash(100);', 'let @m = lruhash(100)'],
  ['let @ = hash(0x10);', 'let @ = hash(16)'],
  ['import "a.bt";', 'import "a.bt"'],
  ['import "a.bt"; BEGIN { } macro m() { }', 'import "a.bt"\n[BEGIN] {}\nmacro m() {}'],
] as const) {
  test(`item: ${text}`, () => assert.equal(items(text), tree));
}

for (const [text, tree] of [
  ['$x = 1;', '{$x = 1}'],
  ['$x = 1', '{$x = 1}'],
  ['@m[1] = 2;', '{@m[1] = 2}'],
  ['@ = count();', '{@ = count()}'],
  ['$x += 1; $x -= 1; $x *= 1; $x /= 1; $x %= 1;', '{$x += 1; $x -= 1; $x *= 1; $x /= 1; $x %= 1}'],
  ['$x &= 1; $x |= 1; $x ^= 1; $x <<= 1; $x >>= 1;', '{$x &= 1; $x |= 1; $x ^= 1; $x <<= 1; $x >>= 1}'],
  ['_ = f();', '{_ = f()}'],
  ['f();', '{f()}'],
  ['f()', '{=> f()}'],
  ['f(); g()', '{f(); => g()}'],
  ['@x++;', '{(post @x ++)}'],
  ['let $x;', '{let $x}'],
  ['let $x = 1;', '{let $x = 1}'],
  ['let $x : uint8;', '{let $x: uint8}'],
  ['let $x: struct x * = 0;', '{let $x: struct:x* = 0}'],
  ['let $x: int8*= 0;', '{let $x: int8* = 0}'],
  ['let $x: string[64] = "a";', '{let $x: string[64] = "a"}'],
  ['if (1) { f(); }', '{=> (if 1 {f()})}'],
  ['if (1) { f(); } g();', '{(if 1 {f()}); g()}'],
  ['if 1 { } else { } f()', '{(if 1 {} {}); => f()}'],
  ['if 1 { } ++$x;', '{(if 1 {}); (++ $x)}'],
  ['if 1 { } (a, b);', '{(if 1 {}); <a b>}'],
  ['if 1 { } *$p;', '{(if 1 {}); (* $p)}'],
  ['if (a) { } else if (b) { } else { }', '{=> (if a {} {=> (if b {} {})})}'],
  ['{ f(); } g();', '{{f()}; g()}'],
  ['{ f(); }', '{=> {f()}}'],
  ['while (1) { break; } f();', '{while 1 {break}; f()}'],
  ['while $x < 5 { continue }', '{while ($x < 5) {continue}}'],
  ['unroll 3 { f(); }', '{unroll 3 {f()}}'],
  ['unroll (100) { }', '{unroll 100 {}}'],
  ['unroll $1 { } f();', '{unroll $1 {}; f()}'],
  ['for $kv : @m { }', '{for $kv in @m {}}'],
  ['for ($kv : @m) { print($kv); } f();', '{for $kv in @m {print($kv)}; f()}'],
  ['for $i : 0..10 { }', '{for $i in 0..10 {}}'],
  ['for ($i : 0..$n) { }', '{for $i in 0..$n {}}'],
  ['for $i : $a..(1 + 2) { }', '{for $i in $a..(1 + 2) {}}'],
  ['for $i : @a..@b[1] { }', '{for $i in @a..@b[1] {}}'],
  ['return;', '{return}'],
  ['return', '{return}'],
  ['return 1;', '{return 1}'],
  ['return (1, 2)', '{return <1 2>}'],
  ['import "a";', '{import "a"}'],
  ['$x = if (1) { 2 } else { 3 };', '{$x = (if 1 {=> 2} {=> 3})}'],
  ['$x = { 1 }; f()', '{$x = {=> 1}; => f()}'],
  ['pid == 1 ? f() : g();', '{((pid == 1) ? f() : g())}'],
  ['print("a"); // c\n/* d */ clear(@);', '{print("a"); clear(@)}'],
] as const) {
  test(`statement: ${text}`, () => assert.equal(items(`BEGIN { ${text} }`), `[BEGIN] ${tree}`));
}

test('a configuration holds text, words, truths and numbers, the last with or without a semicolon', () => {
  const { config } = parse('config = { a = "x"; b = 5; c = true; d = false, }'.replace(',', ''));
  assert.deepEqual(
    config?.entries.map(({ key, value, bare }) => [key, value, bare]),
    [
      ['a', 'x', false],
      ['b', 5n, false],
      ['c', true, false],
      ['d', false, false],
    ],
  );
  assert.deepEqual(
    parse('config = { missing_probes = warn }').config?.entries.map(({ value, bare }) => [value, bare]),
    [['warn', true]],
  );
  assert.deepEqual(parse('config={}').config?.entries, []);
});

for (const [text, definitions] of [
  ['#include <linux/sched.h>\nBEGIN { }', ['#include <linux/sched.h>']],
  ['  #define X 1\n', ['#define X 1']],
  ['#define X 1 \\\n + 2\nBEGIN { }', ['#define X 1 \\\n + 2']],
  ['#define X /* a\nb */ 1\nBEGIN { }', ['#define X /* a\nb */ 1']],
  ['#define X 1 // c \\\nBEGIN { }', ['#define X 1 // c']],
  ['struct x { int a; }\nBEGIN { }', ['struct x { int a; };']],
  ['struct x { int a; };BEGIN { }', ['struct x { int a; };']],
  [
    'struct x { struct { int a; } b; };\nunion y { };',
    ['struct x { struct { int a; } b; };', 'union y { };'],
  ],
  [
    'struct x { int a; } __attribute__((packed)) ;\nBEGIN { }',
    ['struct x { int a; } __attribute__((packed)) ;'],
  ],
  [
    'struct x { } __attribute__ ( (packed) ) __attribute__((aligned(8)))\nBEGIN { }',
    ['struct x { } __attribute__ ( (packed) ) __attribute__((aligned(8)));'],
  ],
  ['struct x { // }\n /* } */ int a; };', ['struct x { // }\n /* } */ int a; };']],
  ["enum e { A = '}' };", ["enum e { A = '}' };"]],
  ['typedef struct { int a; } x_t;\nBEGIN { }', ['typedef struct { int a; } x_t;']],
  ['#ifndef X\nstruct x { };\n#else\n#endif\n', ['#ifndef X', 'struct x { };', '#else', '#endif']],
  ['#define X \\', ['#define X']],
] as const) {
  test(`definitions: ${JSON.stringify(text)}`, () => {
    assert.deepEqual(
      parse(text).definitions.map((definition) => definition.text),
      definitions,
    );
  });
}

test('the line of the interpreter is kept, and only as the first', () => {
  assert.equal(parse('#!/usr/bin/env bpftrace\nBEGIN { }').interpreter, '#!/usr/bin/env bpftrace');
  assert.equal(parse('#!/bin/x').interpreter, '#!/bin/x');
  assert.equal(parse('BEGIN { }').interpreter, undefined);
});

test('comments are kept once and in order, with their places', () => {
  const text = '// a\nBEGIN /* b */ { f(/* c */ 1); // d\n}\n// e';
  const { comments } = parse(text);
  assert.deepEqual(
    comments.map((comment) => comment.text),
    ['// a', '/* b */', '/* c */', '// d', '// e'],
  );
  for (const { span, text: own } of comments) assert.equal(text.slice(span.start, span.end), own);
});

test('spans of attach points, names and keys are exact', () => {
  const text = 'config = { key = 1 } a=kprobe:f /1/ { } macro name() { }';
  const {
    config,
    items: [probe, macro],
  } = parse(text);
  const of = (span: { start: number; end: number } | undefined): string => text.slice(span?.start, span?.end);
  assert.equal(of(config?.entries[0]?.keySpan), 'key');
  assert.equal(of(config?.entries[0]?.span), 'key = 1');
  assert.ok(probe?.kind === 'probe' && macro?.kind === 'macro');
  assert.equal(of(probe.attachPoints[0]?.span), 'a=kprobe:f');
  assert.equal(of(probe.body.span), '{ }');
  assert.equal(of(macro.nameSpan), 'name');
});

test('bytes of strings that are no UTF-8 are kept', async () => {
  const { sourceFromBytes } = await import('../lex/bytes.ts');
  const source = sourceFromBytes('x', Buffer.from('BEGIN { print("\xff\xc3\xa9"); }', 'latin1'));
  const [probe] = parseProgram(source, new Diagnostics()).items;
  assert.equal(probe && itemText(probe), '[BEGIN] {print("ÿÃ©")}');
});

test('a program of a megabyte is read in a second', () => {
  const text = 'BEGIN { @x = count(); $y = foo(1, "abc", @m[1, pid]) + 5; }\n'.repeat(17_000);
  const before = process.cpuUsage();
  assert.equal(parse(text).items.length, 17_000);
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 3e6, `${(user + system) / 1000} ms`);
});
