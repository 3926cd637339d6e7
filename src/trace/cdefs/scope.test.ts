import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exprText } from '../../../test/support/trace-text.ts';
import { Btf } from '../../btf/btf.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { Diagnostics } from '../diagnostic.ts';
import { parseProgram } from '../parse/parse.ts';
import { renderDiagnostics } from '../render.ts';
import { typeText } from '../types/text.ts';
import type { StructMember, StructType } from '../types/type.ts';
import { type CScope, type CScopeOptions, readDefinitions } from './scope.ts';

const noFiles: CScopeOptions = { readFile: () => undefined, architecture: 'x64', kernelVersion: [6, 1, 50] };

function read(text: string, options: CScopeOptions = {}): { scope: CScope; errors: string[] } {
  const diagnostics = new Diagnostics();
  const program = parseProgram({ name: 'stdin', text }, diagnostics);
  const scope = readDefinitions(program.definitions, { ...noFiles, ...options }, diagnostics);
  const errors = renderDiagnostics(diagnostics.list)
    .split('\n')
    .filter((line) => line !== '');
  return { scope, errors };
}

function scopeOf(text: string, options: CScopeOptions = {}): CScope {
  const { scope, errors } = read(text, options);
  assert.deepEqual(errors, []);
  return scope;
}

function structOf(scope: CScope, name: string, tag: 'struct' | 'union' = 'struct'): StructType {
  const type = scope.type(name, tag);
  assert.ok(type?.kind === 'struct', `${tag} ${name}`);
  return type;
}

function memberText({ name, type, offset, bitfield }: StructMember): string {
  const target = type.kind === 'pointer' ? ` to ${typeText(type.target)}` : '';
  return `${name} ${offset}${bitfield ? `:${bitfield.shift}+${bitfield.size}` : ''} ${target === '' ? typeText(type) : `pointer${target}`}`;
}

/** Of `struct x`: its size and alignment, and its members. */
function layout(text: string, tag: 'struct' | 'union' = 'struct'): string[] {
  const struct = structOf(scopeOf(text), 'x', tag);
  return [
    `${struct.size} ${struct.align}`,
    ...struct.memberNames().map((name) => memberText(struct.member(name)!)),
  ];
}

for (const [what, text, ...expected] of [
  ['no members', 'struct x { };', '0 1'],
  [
    'padding',
    'struct x { char a; int b; short c; long d; };',
    '24 8',
    'a 0 int8',
    'b 4 int32',
    'c 8 int16',
    'd 16 int64',
  ],
  [
    'several names',
    'struct x { int a, *b, c[3]; };',
    '32 8',
    'a 0 int32',
    'b 8 pointer to int32',
    'c 16 int32[3]',
  ],
  [
    'words of types in any order',
    'struct x { long unsigned int a; unsigned long long b; short int c; unsigned d; signed char e; };',
    '32 8',
    'a 0 uint64',
    'b 8 uint64',
    'c 16 int16',
    'd 20 uint32',
    'e 24 int8',
  ],
  [
    'chars as text',
    'struct x { char a[16]; unsigned char b[6]; char c; char d[2][4]; };',
    '31 1',
    'a 0 string[16]',
    'b 16 uint8[6]',
    'c 22 int8',
    'd 23 string[4][2]',
  ],
  ['an array without a length', 'struct x { int n; char data[]; };', '4 4', 'n 0 int32', 'data 4 int8[0]'],
  ['arrays of arrays', 'struct x { int a[2][3]; };', '24 4', 'a 0 int32[3][2]'],
  [
    'bools and enums',
    'struct x { _Bool a; bool b; enum { A, B } c; };',
    '8 4',
    'a 0 bool',
    'b 1 bool',
    'c 4 enum',
  ],
  ['floats', 'struct x { float a; double b; };', '16 8', 'a 0 uint8[4]', 'b 8 uint8[8]'],
  [
    'pointers',
    'struct x { void *a; struct x *b; struct y *c; char **d; const char *e; };',
    '40 8',
    'a 0 pointer to void',
    'b 8 pointer to struct x',
    'c 16 pointer to struct y',
    'd 24 pointer to int8 *',
    'e 32 pointer to int8',
  ],
  [
    'functions behind pointers',
    'struct x { int (*f)(int, char); void (*g[2])(void); };',
    '24 8',
    'f 0 pointer to void',
    'g 8 void *[2]',
  ],
  ['pointers to arrays', 'struct x { int (*p)[4]; };', '8 8', 'p 0 pointer to int32[4]'],
  [
    'structs in structs',
    'struct y { int a; char b; }; struct x { char c; struct y d; struct { short e; } f; };',
    '16 4',
    'c 0 int8',
    'd 4 struct y',
    'f 12 struct {int16}',
  ],
  [
    'members of anonymous ones',
    'struct x { int a; union { long b; struct { int c, d; }; }; };',
    '16 8',
    'a 0 int32',
    'b 8 int64',
    'c 8 int32',
    'd 12 int32',
  ],
  [
    'a definition inside that declares no member',
    'struct x { struct y { int a; }; int b; };',
    '4 4',
    'b 0 int32',
  ],
  [
    'bitfields',
    'struct x { unsigned a : 3; unsigned b : 30; unsigned c : 2; };',
    '8 4',
    'a 0:0+3 uint32',
    'b 4:0+30 uint32',
    'c 4:30+2 uint32',
  ],
  [
    'bitfields of small types',
    'struct x { unsigned char a : 4; unsigned char b : 5; char c; };',
    '3 1',
    'a 0:0+4 uint8',
    'b 1:0+5 uint8',
    'c 2 int8',
  ],
  [
    'bitfields without a name',
    'struct x { int a : 4; int : 4; int b : 4; int : 0; int c : 1; };',
    '8 4',
    'a 0:0+4 int32',
    'b 0:8+4 int32',
    'c 4:0+1 int32',
  ],
  [
    'bitfields behind bytes',
    'struct x { char a; int b : 8; int c : 24; };',
    '8 4',
    'a 0 int8',
    'b 0:8+8 int32',
    'c 4:0+24 int32',
  ],
  [
    'packed',
    'struct x { char a; int b; long c; } __attribute__((packed));',
    '13 1',
    'a 0 int8',
    'b 1 int32',
    'c 5 int64',
  ],
  [
    'packed, said first',
    'struct __attribute__((packed)) x { char a; int b; };',
    '5 1',
    'a 0 int8',
    'b 1 int32',
  ],
  [
    'packed bitfields over a boundary',
    'struct x { char a; unsigned b : 30; unsigned c : 10; } __attribute__((packed));',
    '6 1',
    'a 0 int8',
    'b 0:8+30 uint64',
    'c 4:6+10 uint32',
  ],
  ['aligned', 'struct x { char a; } __attribute__((aligned(16)));', '16 16', 'a 0 int8'],
  [
    'aligned members',
    'struct x { char a; char b __attribute__((aligned(8))); };',
    '16 8',
    'a 0 int8',
    'b 8 int8',
  ],
  [
    'packed and aligned',
    'struct x { char a; int b; } __attribute__((packed, aligned(4)));',
    '8 4',
    'a 0 int8',
    'b 1 int32',
  ],
  [
    'sizes that are computed',
    '#define N 4\nenum e { K = 2 }; struct x { int a[N * K + 1]; char b[sizeof(long) * 2]; char c[N > 3 ? 1 : 2]; };',
    '56 4',
    'a 0 int32[9]',
    'b 36 string[16]',
    'c 52 string[1]',
  ],
  [
    'typedefs',
    'typedef unsigned int u; typedef struct { u a; } s_t; typedef s_t *p_t; typedef char name_t[8]; struct x { s_t a; p_t b; name_t c; };',
    '24 8',
    'a 0 struct {uint32}',
    'b 8 pointer to struct {uint32}',
    'c 16 string[8]',
  ],
  [
    'names of integers that everybody knows',
    'struct x { u8 a; __u32 b; uint64_t c; size_t d; pid_t e; };',
    '32 8',
    'a 0 uint8',
    'b 4 uint32',
    'c 8 uint64',
    'd 16 uint64',
    'e 24 int32',
  ],
] as const) {
  test(`the layout of a struct: ${what}`, () => assert.deepEqual(layout(text), expected));
}

test('a union is as large as its largest member, and says that it is one', () => {
  assert.deepEqual(layout('union x { char a; long b; int c[3]; };', 'union'), [
    '16 8',
    'a 0 int8',
    'b 0 int64',
    'c 0 int32[3]',
  ]);
  const struct = structOf(scopeOf('struct x { int a; union { int b; }; };'), 'x');
  assert.deepEqual([struct.member('a')?.inUnion, struct.member('b')?.inUnion], [false, true]);
});

test('a struct can be used before it is defined, through a pointer', () => {
  const scope = scopeOf('struct x { struct y *p; }; struct y { int a; };');
  const pointer = structOf(scope, 'x').member('p')?.type;
  assert.ok(pointer?.kind === 'pointer' && pointer.target.kind === 'struct');
  assert.deepEqual(pointer.target.memberNames(), ['a']);
});

test('an address of a process is known by __user', () => {
  const struct = structOf(scopeOf('struct x { char __user *a; char *b; };'), 'x');
  const spaces = ['a', 'b'].map((name) => {
    const type = struct.member(name)?.type;
    return type?.kind === 'pointer' ? type.space : undefined;
  });
  assert.deepEqual(spaces, ['user', 'unknown']);
});

test('declarations that are no types are passed over', () => {
  const scope = scopeOf('#include "h.h"', {
    directory: '/d',
    readFile: (path) =>
      path === '/d/h.h'
        ? 'extern int f(int, struct q *);\nstatic inline int g(void) { return f(1, 0); }\nint v = 5, w;\n_Static_assert(1, "x");\nstruct x { int a; };'
        : undefined,
  });
  assert.equal(structOf(scope, 'x').size, 4);
});

for (const [text, name, value] of [
  ['#define X 5', 'X', 5n],
  ['#define X 0x10', 'X', 16n],
  ['#define X 010', 'X', 8n],
  ['#define X -1', 'X', -1n],
  ['#define X (1 << 4 | 2)', 'X', 18n],
  ['#define X ~0U', 'X', 4294967295n],
  ['#define X ~0UL', 'X', 18446744073709551615n],
  ['#define X ~0', 'X', -1n],
  ['#define X (1 << 31)', 'X', -2147483648n],
  ['#define X (1U << 31)', 'X', 2147483648n],
  ['#define X 1ULL << 40', 'X', 1099511627776n],
  ['#define X 7 / 2 * 2 + 7 % 4', 'X', 9n],
  ['#define X -7 / 2', 'X', -3n],
  ['#define X (3 > 2) + (1 == 1) + !5', 'X', 2n],
  ['#define X 1 ? 2 : 3', 'X', 2n],
  ['#define X 0 && 1 / 0', 'X', 0n],
  ["#define X 'a'", 'X', 97n],
  ["#define X '\\n'", 'X', 10n],
  ["#define X '\\x41'", 'X', 65n],
  ['#define X sizeof(struct s)\nstruct s { long a; char b; };', 'X', undefined],
  ['#define Y 2\n#define X (Y * Y)', 'X', 4n],
  ['#define X (Y + 1)\n#define Y 2', 'X', 3n],
  ['#define X ((u32)-1)', 'X', 4294967295n],
  ['#define X ((unsigned char)300)', 'X', 44n],
  ['#define X ((__force gfp_t)0x40u)', 'X', 64n],
  ['#define X "abc"', 'X', 'abc'],
  ['#define X "a" "b\\n"', 'X', 'ab\n'],
  ['#define X(a) a', 'X', undefined],
  ['#define X', 'X', undefined],
  ['#define X X', 'X', undefined],
  ['#define X Y\n#define Y X', 'X', undefined],
  ['#define X 5\n#undef X', 'X', undefined],
  ['#define X 1\n#define X 2', 'X', 2n],
  ['enum e { A, B = 5, C };', 'C', 6n],
  ['enum { A = -1, B };', 'B', 0n],
  ['enum { A = 1 << 3, B = A | 1 };', 'B', 9n],
  ['enum e { A }; \n#define X A', 'X', 0n],
  ['', 'AF_INET6', 10n],
  ['', 'EPERM', 1n],
  ['', 'O_CREAT', 64n],
  ['', 'O_DIRECT', 16384n],
  ['', 'SIGKILL', 9n],
  ['', 'ETH_P_IP', 2048n],
  ['', 'TCP_LISTEN', 10n],
  ['', 'IPPROTO_UDP', 17n],
  ['', 'SOCK_STREAM', 1n],
  ['', 'S_IFMT', 61440n],
  ['', 'PROT_EXEC', 4n],
  ['', 'MAP_PRIVATE', 2n],
  ['', 'CLONE_NEWNS', 131072n],
  ['', 'CAP_SYS_ADMIN', 21n],
  ['', '__GFP_ZERO', 256n],
  ['', 'GFP_KERNEL', 3264n],
  ['', 'AT_FDCWD', -100n],
  ['#define AF_INET6 99', 'AF_INET6', 99n],
  ['', 'NOTHING', undefined],
  ['', 'constructor', undefined],
] as const) {
  test(`the constant ${name} of ${JSON.stringify(text)} is ${value}`, () => {
    assert.equal(scopeOf(text).constant(name)?.value, value);
  });
}

test('flags of open differ by architecture', () => {
  const on = (architecture: string): unknown => scopeOf('', { architecture }).constant('O_DIRECT')?.value;
  assert.deepEqual([on('x64'), on('arm64'), on('riscv64')], [0o40000n, 0o200000n, 0o40000n]);
});

test('an enumerator knows its enum', () => {
  const constant = scopeOf('enum color { RED = 1, BLUE };').constant('BLUE');
  assert.deepEqual(
    [constant?.value, constant?.type?.name, constant?.type?.values.length],
    [2n, 'enum color', 2],
  );
});

for (const [body, bits, signed] of [
  ['A, B', 32, false],
  ['A = -1', 32, true],
  ['A = 0xffffffff', 32, false],
  ['A = 0x100000000', 64, false],
  ['A = -1, B = 0x80000000', 64, true],
] as const) {
  test(`enum { ${body} } has ${bits} bits`, () => {
    const type = scopeOf(`enum e { ${body} };`).type('e', 'enum');
    assert.deepEqual(type?.kind === 'enum' && [type.bits, type.signed], [bits, signed]);
  });
}

for (const [text, tree] of [
  ['#define X $x + 1', '($x + 1)'],
  ['#define X pid', 'pid'],
  ['#define X ((struct sock *)arg0)->sk', '((cast struct:sock* arg0) -> sk)'],
  ['#define X @map[1]', '@map[1]'],
  ['#define Y 2\n#define X f(Y)', 'f(2)'],
  ['#define X (', undefined],
  ['#define X do { } while (0)', undefined],
  ['#define X', undefined],
] as const) {
  test(`the expression of ${text}`, () => {
    const expr = scopeOf(text).expansion('X');
    assert.equal(expr && exprText(expr), tree);
  });
}

for (const [condition, holds] of [
  ['#if 1', true],
  ['#if 0', false],
  ['#if 2 > 1 && !0', true],
  ['#if UNKNOWN', false],
  ['#if defined(A)', true],
  ['#if defined A && !defined B', true],
  ['#ifdef A', true],
  ['#ifdef B', false],
  ['#ifndef B', true],
  ['#if A == 5', true],
  ['#if F', false],
  ['#ifdef F', true],
  ['#if defined(__x86_64__)', true],
  ['#ifdef __aarch64__', false],
  ['#ifdef BPFTRACE_HAVE_BTF', false],
  ['#if -1 > 0u', true],
  ['#if 0x7fffffff + 1 > 0', true],
  ['#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)', true],
  ['#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)', false],
  ['#if defined(AF_INET) && AF_INET == 2', true],
  ['#if __has_include(<linux/sched.h>)', true],
  ['#if __has_include("none.h")', false],
  ["#if 'a' == 97", true],
  ['#if 1 ? 0 : 1', false],
  ['#if (1 || 1 / 0)', true],
] as const) {
  test(`the condition ${condition} ${holds ? 'holds' : 'does not hold'}`, () => {
    const head = '#include <linux/version.h>\n#define A 5\n#define F(x) x\n';
    const scope = scopeOf(`${head}${condition}\nstruct yes { };\n#else\nstruct no { };\n#endif\n`);
    assert.deepEqual(
      [scope.type('yes', 'struct') !== undefined, scope.type('no', 'struct') !== undefined],
      [holds, !holds],
    );
  });
}

test('of branches one is taken, and conditions inside of others are not read', () => {
  const scope = scopeOf(
    '#if 0\n#if 1 / 0\n#error no\n#endif\nstruct a { };\n#elif 1\nstruct b { };\n#elif 1\nstruct c { };\n#else\nstruct d { };\n#endif',
  );
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].filter((name) => scope.type(name, 'struct')),
    ['b'],
  );
});

for (const [text, ...errors] of [
  ['#include <x.h>', "2:10: fatal error: 'x.h' file not found"],
  ['#include "x.h"', "2:10: fatal error: 'x.h' file not found"],
  ['#define A 1\n#include <nope/x.h>\nstruct x { foo a; };', "3:10: fatal error: 'nope/x.h' file not found"],
  ['#include', '2:2: error: expected "FILENAME" or <FILENAME>'],
  ['#include x', '2:10: error: expected "FILENAME" or <FILENAME>'],
  ['#if 1', '2:2: error: unterminated conditional directive'],
  ['#else', '2:2: error: #else without #if'],
  ['#endif', '2:2: error: #endif without #if'],
  ['#elif 1', '2:2: error: #elif without #if'],
  ['#if 1\n#else\n#else\n#endif', '4:2: error: #else after #else'],
  ['#if\n#endif', '2:2: error: expected value in expression'],
  ['#if 1 +\n#endif', '2:7: error: expected value in expression'],
  ['#if (1\n#endif', "2:6: error: expected ')'"],
  ['#if 1 2\n#endif', '2:7: error: token is not a valid binary operator in a preprocessor subexpression'],
  ['#if 1 / 0\n#endif', '2:7: error: division by zero in preprocessor expression'],
  ['#if f(1)\n#endif', "2:5: error: function-like macro 'f' is not defined"],
  ['#ifdef\n#endif', '2:2: error: macro name missing'],
  ['#ifdef 1\n#endif', '2:8: error: macro name must be an identifier'],
  ['#define', '2:2: error: macro name missing'],
  ['#define 1', '2:9: error: macro name must be an identifier'],
  ['#error some text', '2:2: error: some text'],
  ['#foo', '2:2: error: invalid preprocessing directive'],
  ['struct x { foo a; };', "2:12: error: unknown type name 'foo'"],
  [
    'struct x { foo a; int b\nint c; };',
    "2:12: error: unknown type name 'foo'",
    "3:1: error: expected ';' at end of declaration list",
  ],
  ['struct x { struct y a; };', "2:21: error: field has incomplete type 'struct y'"],
  ['struct x { struct x a; };', "2:21: error: field has incomplete type 'struct x'"],
  ['struct x { void a; };', "2:17: error: field has incomplete type 'void'"],
  ['struct x { int a; }; struct x { int b; };', "3:8: error: redefinition of 'x'"],
  ['enum e { A }; enum e { B };', "3:6: error: redefinition of 'e'"],
  ['enum { A, A };', "2:11: error: redefinition of 'A'"],
  ['struct x { int a; int a; };', "2:8: error: duplicate member 'a'"],
  ['struct x { int a[-1]; };', '2:18: error: array size is negative'],
  ['struct x { int a[N]; };', "2:18: error: use of undeclared identifier 'N'"],
  ['struct x { char a[1L << 60]; };', '2:19: error: array is too large'],
  ['struct x { int a : 40; };', "2:20: error: width of bit-field 'a' exceeds the width of its type"],
  [
    'struct x { int a __attribute__((aligned(3))); };',
    '2:41: error: requested alignment is not a power of 2',
  ],
  [
    'struct x { char a[sizeof(struct y)]; };',
    "2:26: error: invalid application of 'sizeof' to an incomplete type 'struct y'",
  ],
  ['enum { 1 };', '2:8: error: expected identifier'],
  ['typedef int;', undefined],
  ['typedef foo x_t;', "2:9: error: unknown type name 'foo'"],
] as const) {
  test(`error of definitions: ${JSON.stringify(text)}`, () => {
    assert.deepEqual(
      read(text).errors,
      errors.filter((error) => error !== undefined).map((error) => `definitions.h:${error}`),
    );
  });
}

test('files are looked for next to the script, then in the paths of -I', () => {
  const files = new Map([
    ['/script/own.h', '#include "sub/deep.h"\nstruct own { int a; };'],
    ['/script/sub/deep.h', '#pragma once\n#include <other.h>\nstruct deep { struct other a; };'],
    ['/inc/other.h', '#ifndef OTHER\n#define OTHER\n#include "other.h"\nstruct other { long a; };\n#endif'],
    ['/inc/first.h', 'typedef int first_t;'],
  ]);
  const scope = scopeOf(
    '#include "own.h"\n#include "sub/deep.h"\n#include <other.h>\n#include <linux/sched.h>\nstruct x { first_t a; };',
    {
      directory: '/script',
      includePaths: ['/none', '/inc'],
      includeFiles: ['first.h'],
      readFile: (path) => files.get(path),
    },
  );
  assert.deepEqual(
    ['own', 'deep', 'other', 'x'].map((name) => structOf(scope, name).size),
    [4, 8, 8, 4],
  );
});

test('errors in files are told by the name of the file', () => {
  const { errors } = read('#include "own.h"', {
    directory: '/script',
    readFile: (path) => (path === '/script/own.h' ? '\nstruct x { foo a; };' : undefined),
  });
  assert.deepEqual(errors, ["/script/own.h:2:12: error: unknown type name 'foo'"]);
});

test('a file that includes itself ends', () => {
  const { errors } = read('#include "a.h"', {
    directory: '/',
    readFile: (path) => (path === '/a.h' ? '#include "a.h"' : undefined),
  });
  assert.deepEqual(errors, ['/a.h:1:10: fatal error: #include nested too deeply']);
});

test('a file of --include that is not there is an error', () => {
  assert.deepEqual(read('', { includeFiles: ['no.h'] }).errors, [
    "definitions.h:1:1: fatal error: 'no.h' file not found",
  ]);
});

test('macros that double each other, and nesting without end, are errors at once', () => {
  const doubling = Array.from({ length: 60 }, (_, i) => `#define A${i + 1} A${i} A${i}`).join('\n');
  for (const text of [
    `#define A0 1\n${doubling}\nstruct x { int a[A60]; };`,
    `${'#if 1\n'.repeat(5000)}`,
    `struct x { int a[${'('.repeat(5000)}1]; };`,
    `struct x { int ${'('.repeat(5000)}a; };`,
    `struct x { int ${'*'.repeat(50000)}a; };`,
    `${'struct a { '.repeat(5000)}${'} x;'.repeat(5000)}`,
    `${Array.from({ length: 5000 }, (_, i) => `#define A${i} A${i + 1}`).join('\n')}\nstruct x { int a[A0]; };`,
  ]) {
    const before = process.cpuUsage();
    const { scope, errors } = read(text);
    assert.ok(errors.length > 0, text.slice(0, 60));
    assert.equal(scope.constant('A60'), undefined);
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 3e6);
  }
});

const kernel = Btf.parse(
  (() => {
    const builder = new BtfBuilder();
    const int = builder.int('int', 4, 'signed');
    builder.struct('kernel_struct', 8, [
      { name: 'a', type: int, bitOffset: 0 },
      { name: 'b', type: int, bitOffset: 32 },
    ]);
    builder.typedef('kernel_t', builder.int('unsigned short', 2, 'unsigned'));
    builder.enum('kernel_enum', [
      { name: 'KERNEL_A', value: 3n },
      { name: '___GFP_ZERO_BIT', value: 20n },
    ]);
    return builder.encode();
  })(),
);

test('what the script does not define comes from the kernel', () => {
  const scope = scopeOf(
    'struct x { kernel_t a; struct kernel_struct b; enum kernel_enum c; int d[KERNEL_A]; struct kernel_struct *e; };',
    { btf: kernel },
  );
  const x = structOf(scope, 'x');
  assert.deepEqual(
    x.memberNames().map((name) => memberText(x.member(name)!)),
    [
      'a 0 uint16',
      'b 4 struct kernel_struct',
      'c 12 enum kernel_enum',
      'd 16 int32[3]',
      'e 32 pointer to struct kernel_struct',
    ],
  );
  assert.equal(structOf(scope, 'kernel_struct').size, 8);
  assert.equal(scope.type('kernel_t', undefined)?.kind, 'int');
  assert.equal(scope.type('kernel_enum', 'enum')?.kind, 'enum');
  assert.equal(scope.constant('KERNEL_A')?.value, 3n);
  assert.equal(scope.constant('__GFP_ZERO')?.value, 1n << 20n);
  assert.equal(scope.type('none', 'struct'), undefined);
});

test('a definition of the script goes before that of the kernel', () => {
  const scope = scopeOf('struct kernel_struct { long q; };\nstruct x { struct kernel_struct a; };', {
    btf: kernel,
  });
  assert.deepEqual(structOf(scope, 'kernel_struct').memberNames(), ['q']);
  assert.equal(structOf(scope, 'x').size, 8);
});

test('a struct that is declared only is the kernel’s', () => {
  const scope = scopeOf('struct x { struct kernel_struct *p; };', { btf: kernel });
  assert.equal(structOf(scope, 'kernel_struct').size, 8);
  assert.equal(scopeOf('struct x { struct nowhere *p; };').type('nowhere', 'struct'), undefined);
});

test('scripts can ask whether the kernel has types', () => {
  const text = '#ifdef BPFTRACE_HAVE_BTF\nstruct yes { };\n#endif';
  assert.ok(scopeOf(text, { btf: kernel }).type('yes', 'struct'));
  assert.equal(scopeOf(text).type('yes', 'struct'), undefined);
});

test('names near to one that is not there are suggested, the script’s first', () => {
  const scope = scopeOf('struct kernel_strukt { };', { btf: kernel });
  assert.deepEqual(scope.suggest?.('kernel_struc', 'struct').toSorted(), ['kernel_struct', 'kernel_strukt']);
});
