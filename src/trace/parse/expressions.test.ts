import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exprText } from '../../../test/support/trace-text.ts';
import { Diagnostics } from '../diagnostic.ts';
import { parseExpression } from './parse.ts';

function parsed(text: string): string {
  const diagnostics = new Diagnostics();
  const expr = parseExpression({ name: 'stdin', text }, diagnostics);
  assert.deepEqual(
    diagnostics.list.map(({ message }) => message),
    [],
  );
  assert.ok(expr);
  assert.deepEqual([expr.span.start >= 0, expr.span.end <= text.length], [true, true]);
  return exprText(expr);
}

const cases: readonly (readonly [what: string, pairs: readonly (readonly [text: string, tree: string])[]])[] =
  [
    [
      'literals and names',
      [
        ['1', '1'],
        ['0x1f', '31'],
        ['5ms', '5000000'],
        ['7ull', '7ull'],
        ['true', 'true'],
        ['false', 'false'],
        ['"a\\n"', '"a\\n"'],
        ['pid', 'pid'],
        ['$1', '$1'],
        ['$99', '$99'],
        ['$#', '$#'],
        ['$x', '$x'],
        ['$_a1', '$_a1'],
        ['@', '@'],
        ['@m', '@m'],
        ['@ [1]', '@[1]'],
        ['__builtin_cpu', '__builtin_cpu'],
        ['(1)', '1'],
        ['((pid))', 'pid'],
      ],
    ],
    [
      'maps and calls',
      [
        ['@m[1]', '@m[1]'],
        ['@m[pid, comm]', '@m[<pid comm>]'],
        ['@m[(1, 2)]', '@m[<1 2>]'],
        ['@m[@n[1]]', '@m[@n[1]]'],
        ['@m[1][2]', '(@m[1] at 2)'],
        ['f()', 'f()'],
        ['f (1)', 'f(1)'],
        ['f(1, "a", @m)', 'f(1 "a" @m)'],
        ['f(g(h()))', 'f(g(h()))'],
        ['delete(@m[k])', 'delete(@m[k])'],
        ['delete(@m, (1, 2))', 'delete(@m <1 2>)'],
        ['kstack(perf, 3)', 'kstack(perf 3)'],
        ['pid()', 'pid()'],
      ],
    ],
    [
      'precedence, from low to high',
      [
        ['a ? b : c ? d : e', '(a ? b : (c ? d : e))'],
        ['a ? b ? c : d : e', '(a ? (b ? c : d) : e)'],
        ['a ?: b', '(a ?  : b)'],
        ['a ? : b', '(a ?  : b)'],
        ['a || b ? 1 : 2', '((a || b) ? 1 : 2)'],
        ['a || b && c', '(a || (b && c))'],
        ['a && b | c', '(a && (b | c))'],
        ['a | b ^ c', '(a | (b ^ c))'],
        ['a ^ b & c', '(a ^ (b & c))'],
        ['a & b == c', '(a & (b == c))'],
        ['a == b < c', '(a == (b < c))'],
        ['a < b << c', '(a < (b << c))'],
        ['a << b + c', '(a << (b + c))'],
        ['a + b * c', '(a + (b * c))'],
        ['a * b + c', '((a * b) + c)'],
        ['a * -b', '(a * (- b))'],
        ['-a.b', '(- (a . b))'],
        ['!a == b', '((! a) == b)'],
        ['(a + b) * c', '((a + b) * c)'],
      ],
    ],
    [
      'operators of one level, which go from left to right',
      [
        ['a - b - c', '((a - b) - c)'],
        ['a / b * c % d', '(((a / b) * c) % d)'],
        ['a == b != c', '((a == b) != c)'],
        ['a < b > c <= d >= e', '((((a < b) > c) <= d) >= e)'],
        ['a << b >> c', '((a << b) >> c)'],
        ['a && b && c', '((a && b) && c)'],
        ['a || b || c', '((a || b) || c)'],
        ['a | b | c', '((a | b) | c)'],
      ],
    ],
    [
      'unary operators and steps',
      [
        ['-1', '(- 1)'],
        ['- - 1', '(- (- 1))'],
        ['!!a', '(! (! a))'],
        ['~a', '(~ a)'],
        ['*$p', '(* $p)'],
        ['**$p', '(* (* $p))'],
        ['&$x', '(& $x)'],
        ['&@m', '(& @m)'],
        ['&@m[1]', '(& @m[1])'],
        ['++$x', '(++ $x)'],
        ['--@m[1]', '(-- @m[1])'],
        ['$x++', '(post $x ++)'],
        ['@m[1]--', '(post @m[1] --)'],
        ['$x++ + ++$y', '((post $x ++) + (++ $y))'],
        ['a - -b', '(a - (- b))'],
        ['a & &$b', '(a & (& $b))'],
        ['*$p++', '(* (post $p ++))'],
      ],
    ],
    [
      'fields, elements and indices',
      [
        ['a.b', '(a . b)'],
        ['a->b', '(a -> b)'],
        ['a->b.c->d', '(((a -> b) . c) -> d)'],
        ['a.if', '(a . if)'],
        ['args.struct', '(args . struct)'],
        ['$t.0', '($t . 0)'],
        ['$t.1.2', '(($t . 1) . 2)'],
        ['$a[1]', '($a at 1)'],
        ['a.b[i + 1].c', '(((a . b) at (i + 1)) . c)'],
        ['f().x', '(f() . x)'],
        ['(1, 2).0', '(<1 2> . 0)'],
        ['((struct x *)1)->y', '((cast struct:x* 1) -> y)'],
        ['"abc"[1]', '("abc" at 1)'],
      ],
    ],
    [
      'tuples and records',
      [
        ['()', '<>'],
        ['(1,)', '<1>'],
        ['(1, 2)', '<1 2>'],
        ['(1, 2,)', '<1 2>'],
        ['(1, (2, 3))', '<1 <2 3>>'],
        ['(a = 1)', '<a=1>'],
        ['(a = 1, b = "x")', '<a=1 b="x">'],
        ['(a == 1)', '(a == 1)'],
        ['(a == 1, 2)', '<(a == 1) 2>'],
      ],
    ],
    [
      'casts',
      [
        ['(uint64)1', '(cast uint64 1)'],
        ['(uint64)-1', '(cast uint64 (- 1))'],
        ['(u32)*$p', '(cast u32 (* $p))'],
        ['(pid_t)&$x', '(cast pid_t (& $x))'],
        ['(__be16) - 1', '(cast __be16 (- 1))'],
        ['(struct sock *)arg0', '(cast struct:sock* arg0)'],
        ['(struct sock*)arg0', '(cast struct:sock* arg0)'],
        ['(union x **)arg0', '(cast union:x** arg0)'],
        ['(enum e)1', '(cast enum:e 1)'],
        ['(foo)$x', '(cast foo $x)'],
        ['(foo)@x', '(cast foo @x)'],
        ['(foo)"a"', '(cast foo "a")'],
        ['(foo)!a', '(cast foo (! a))'],
        ['(foo)~a', '(cast foo (~ a))'],
        ['(foo)(bar)1', '(cast foo (cast bar 1))'],
        ['(foo*)$x', '(cast foo* $x)'],
        ['(int32*[4])$x', '(cast int32*[4] $x)'],
        ['(int8[])"str"', '(cast int8[] "str")'],
        ['(int8[4])$x', '(cast int8[4] $x)'],
        ['(uint64)$x + 1', '((cast uint64 $x) + 1)'],
        ['(uint64)$x.y', '(cast uint64 ($x . y))'],
        ['(typeof($x))$y', '(cast typeof<$x> $y)'],
        ['(typeof(int32))-1', '(cast typeof<type int32> (- 1))'],
        ['(typeof($x)*)$y', '(cast typeof<$x>* $y)'],
        ['-(uint8)1', '(- (cast uint8 1))'],
      ],
    ],
    [
      'names in parentheses that are no casts',
      [
        ['(pid) * 2', '(pid * 2)'],
        ['(pid) & 1', '(pid & 1)'],
        ['(a) + 1', '(a + 1)'],
        ['(a) == 1', '(a == 1)'],
        ['(a)', 'a'],
        ['(a).b', '(a . b)'],
        ['(a)[1]', '(a at 1)'],
        ['(a[4]) + 1', '((a at 4) + 1)'],
        ['(a * b)', '(a * b)'],
        ['(pid) - 1', '(pid - 1)'],
        ['(arg0) / 2', '(arg0 / 2)'],
      ],
    ],
    [
      'questions about types',
      [
        ['sizeof(int32)', 'sizeof<type int32>'],
        ['sizeof(struct x)', 'sizeof<type struct:x>'],
        ['sizeof(struct x *)', 'sizeof<type struct:x*>'],
        ['sizeof(foo*)', 'sizeof<type foo*>'],
        ['sizeof(foo[])', 'sizeof<type foo[]>'],
        ['sizeof(int8[4])', 'sizeof<type int8[4]>'],
        ['sizeof(foo)', 'sizeof<foo>'],
        ['sizeof(foo[4])', 'sizeof<(foo at 4)>'],
        ['sizeof($x)', 'sizeof<$x>'],
        ['sizeof(a * b)', 'sizeof<(a * b)>'],
        ['sizeof(*$p)', 'sizeof<(* $p)>'],
        ['typeof($x.y)', 'typeof<($x . y)>'],
        ['typeinfo(uint8)', 'typeinfo<type uint8>'],
        ['typeinfo(typeof($x)*)', 'typeinfo<type typeof<$x>*>'],
        ['offsetof(struct x, a)', 'offsetof<type struct:x a>'],
        ['offsetof(struct x, a.b.if)', 'offsetof<type struct:x a.b.if>'],
        ['offsetof(*$p, a)', 'offsetof<(* $p) a>'],
        ['sizeof(1) + 2', '(sizeof<1> + 2)'],
      ],
    ],
    [
      'blocks and conditions as values',
      [
        ['{ 1 }', '{=> 1}'],
        ['{ $x = 1; $x }', '{$x = 1; => $x}'],
        ['{ }', '{}'],
        ['if (1) { 2 } else { 3 }', '(if 1 {=> 2} {=> 3})'],
        ['if 1 { 2 }', '(if 1 {=> 2})'],
        ['if a { 1 } else if b { 2 } else { 3 }', '(if a {=> 1} {=> (if b {=> 2} {=> 3})})'],
        ['1 + { 2 }', '(1 + {=> 2})'],
        ['{ 1 } + 2', '({=> 1} + 2)'],
        ['comptime 1 + 2', '((comptime 1) + 2)'],
        ['comptime (1) == 2', '((comptime 1) == 2)'],
        ['(comptime 1) + 2', '((comptime 1) + 2)'],
        ['if (x) { 1 }', '(if x {=> 1})'],
        ['if comptime (x) { 1 }', '(if (comptime x) {=> 1})'],
      ],
    ],
    [
      'comments and white space between tokens',
      [
        ['/* a */ 1 // b\n + /* c\n d */ 2', '(1 + 2)'],
        ['a\n.\nb', '(a . b)'],
        ['\t\r\n\f1', '1'],
        ['1/**/', '1'],
      ],
    ],
  ];

for (const [what, pairs] of cases)
  for (const [text, tree] of pairs)
    test(`${what}: ${text}`, () => {
      assert.equal(parsed(text), tree);
    });

test('spans are those of the text, with parentheses around what is in them', () => {
  const text = '(1 + 22) * f(3)';
  const expr = parseExpression({ name: 's', text }, new Diagnostics());
  assert.ok(expr?.kind === 'binary');
  const of = ({ start, end }: { start: number; end: number }): string => text.slice(start, end);
  // The parentheses are of nobody, as in bpftrace.
  assert.equal(of(expr.span), text.slice(1));
  assert.equal(of(expr.operatorSpan), '*');
  assert.equal(of(expr.left.span), '1 + 22');
  assert.equal(of(expr.right.span), 'f(3)');
});
