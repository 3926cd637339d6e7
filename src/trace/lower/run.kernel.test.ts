/** What scripts do, by running them: `begin` probes, which need nothing to happen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runScript } from './run-testing.ts';

/** The lines that a body prints. */
const printed = (body: string): readonly string[] => runScript(`begin { ${body} }`).lines;
/** Its maps at the end. */
const stored = (body: string): string => runScript(`begin { ${body} }`).maps;

const values: readonly (readonly [title: string, expression: string, result: string])[] = [
  ['numbers add in 64 bits', '2147483647 + 1', '2147483648'],
  ['subtraction is signed', '1 - 2', '-1'],
  ['division is unsigned', '$minus / 2', '9223372036854775804'],
  ['the remainder is unsigned', '$minus % 2', '1'],
  ['a shift to the right brings zeros', '$minus >> 60', '15'],
  ['bits', '(6 & 3) | (8 ^ 1)', '11'],
  ['complement', '~$minus', '6'],
  ['a cast keeps the low bits', '(uint8)300', '44'],
  ['a cast to a signed type keeps the sign', '(int8)$big', '-56'],
  ['a signed comparison', '$minus < 3', 'true'],
  ['an unsigned comparison', '(uint64)$minus > 3', 'true'],
  ['and, or', '$minus < 0 && !($big < 0) || false', 'true'],
  ['a choice', '$minus > 0 ? 1 : 2', '2'],
  ['a choice of text', '$minus < 0 ? "below" : "above"', 'below'],
  ['a short choice', '0 ?: 7', '7'],
  ['a block has a value', '{ let $x = 3; $x + 1 }', '4'],
  ['an if has a value', 'if ($big > 0) { "yes" } else { "no" }', 'yes'],
  ['text is equal to a literal', '$text == "hello world"', 'true'],
  ['text is not equal to its beginning', '$text == "hello"', 'false'],
  ['text differs', '$text != "hello worle"', 'true'],
  ['a character of text', '$text[4]', '111'],
  ['tuples are equal', '($big, "a") == ((int64)200, "a")', 'true'],
  ['tuples differ', '($big, "b") == ((int64)200, "a")', 'false'],
  ['an element of a tuple', '(1, ("x", 5)).1.1', '5'],
  ['a field of a record', '(a = 1, b = (c = 2, d = "z")).b.d', 'z'],
  ['the length of text', 'strlen($text)', '11'],
  ['text in text', 'strstr($text, "wor")', '6'],
  ['text that is not in text', 'strstr($text, "word")', '-1'],
  ['text at the end of text', 'strcontains($text, "world")', 'true'],
  ['nothing is in every text', 'strcontains($text, "")', 'true'],
  ['two texts', 'str_concat($text, "!")', 'hello world!'],
  ['the same beginning', 'strncmp($text, "hellish", 4)', '0'],
  ['another beginning', 'strncmp($text, "hellish", 6)', '1'],
  ['bytes in order', 'memcmp("abc", "abd", 3)', '-1'],
  ['the same bytes', 'memcmp("abcx", "abcy", 3)', '0'],
  ['bytes turned round', 'bswap((uint32)0x01020304)', '67305985'],
  ['an address of the network', 'ntop((uint32)0x0100007f)', '127.0.0.1'],
  ['a long address of the network', 'ntop(pton("fe80::1"))', 'fe80::1'],
  ['a hardware address', 'macaddr((uint8[6])"abcdef")', '61:62:63:64:65:66'],
  ['bytes', 'buf("a\\x01c", 3)', 'a\\x01c'],
  ['an error of the kernel', 'is_err((uint64)-14)', 'true'],
  ['no error of the kernel', 'is_err((uint64)14)', 'false'],
  ['an array out of a number', '((uint8[4])(uint32)0x04030201)[2]', '3'],
  ['a missing key is zero', '@nothing[5]', '0'],
  ['a field of the current task', 'curtask.tgid == pid(init)', 'true'],
  ['a field of the parent', 'curtask.real_parent.tgid == ppid', 'true'],
  ['the name of the task', 'comm == curtask.comm', 'true'],
];

for (const [title, expression, result] of values) {
  test(title, () => {
    const set = '$minus = (int64)-7; $big = (int64)200; $text = "hello world";';
    const use = '$minus = $minus + 0; $big = $big + 0; if ($big == 1) { $text = "other text" }';
    const other = expression.includes('@nothing') ? '@nothing[1] = 1;' : '';
    assert.deepEqual(printed(`${set} ${use} ${other} print(${expression});`), [result]);
  });
}

test('division by zero gives 1 and says so', () => {
  const lines = printed('$zero = (int64)cpu - (int64)cpu; $a = 7 / $zero; $b = 7 % $zero; print(($a, $b))');
  assert.equal(lines.length, 3);
  assert.match(lines[0]!, /^error at 1:\d+$/);
  assert.equal(lines[2], '(1, 1)');
});

test('an index outside of an array gives 0 and says so', () => {
  const lines = printed('$i = 3; $i = $i + 5; $a = (int8[])"abc"; print($a[$i])');
  assert.deepEqual(lines.toSorted(), ['0', lines.find((line) => line.startsWith('error'))].toSorted());
});

test('printf sends its arguments as they are', () => {
  const lines = printed('printf("%d %s %x %s %c|%5d|", -1, "text", 255, (1, "a"), 65, 3)');
  assert.deepEqual(lines, ['-1 text ff (1, a) A|    3|']);
});

test('printf takes 128 arguments', () => {
  const format = '%d,'.repeat(128);
  const list = Array.from({ length: 128 }, (_, i) => i);
  assert.deepEqual(printed(`printf("${format}", ${list.join(', ')})`), [`${list.join(',')},`]);
});

test('arguments with effects are made once, in order', () => {
  const { lines, maps } = runScript('begin { printf("%d %d %d", @x++, ++@x, @x) }');
  assert.deepEqual(lines, ['0 2 2']);
  assert.equal(maps, '@x: 2\n');
});

test('exit ends the body', () => {
  assert.deepEqual(printed('print(1); if (true) { exit(3) } print(2)'), ['1', 'exit 3']);
});

test('assert ends the body', () => {
  assert.deepEqual(printed('assert(pid != 0, "fine"); assert(pid == 0, "no pid"); print(2)'), [
    'assert no pid',
  ]);
});

// Maps

test('a map is read and written by key', () => {
  assert.equal(
    stored('@a["x", 1] = 5; @a["y", 2] = @a["x", 1] + 1; @b = "text"'),
    '@a[x, 1]: 5\n@a[y, 2]: 6\n@b: text\n',
  );
});

test('a map counts from nothing', () => {
  assert.equal(
    stored('@a++; ++@a; @b[1] += 5; @b[1] += 5; @c -= 2; @d |= 6'),
    '@a: 2\n@b[1]: 10\n@c: -2\n@d: 6\n',
  );
});

test('the old and the new value of a change', () => {
  assert.deepEqual(printed('print(@a++); print(++@a); $x = 5; print($x--); print(--$x)'), [
    '0',
    '2',
    '5',
    '3',
  ]);
});

test('delete, has_key, find, len', () => {
  const body = `@a[1] = 7; @a[2] = 8; print(has_key(@a, 1)); print(delete(@a, 1)); print(delete(@a, 1));
    print(has_key(@a, 1)); print(len(@a)); if (find(@a, 2, $v)) { print($v) } print(find(@a, 3, $w))`;
  assert.deepEqual(printed(body), ['true', 'true', 'false', 'false', '1', '8', 'false']);
});

test('text keys of different lengths are the same key', () => {
  assert.equal(
    stored('$a = "k"; @m["k"] = 1; @m["longer key"] = 2; @m[$a] += 10'),
    '@m[longer key]: 2\n@m[k]: 11\n',
  );
});

test('tuples are values of maps', () => {
  assert.deepEqual(printed('@a = (1, "abc", (2, 3)); $t = @a; print($t); print(@a.2.1)'), [
    '(1, abc, (2, 3))',
    '3',
  ]);
});

test('aggregations', () => {
  const body = `@c = count(); @c = count(); @s = sum(5); @s = sum(-7); @mi = min(3); @mi = min(-2); @ma = max(3);
    @ma = max(9); @ma = max(4); @av = avg(4); @av = avg(8); @st = stats(1); @st = stats(5);`;
  assert.equal(
    stored(body),
    '@c: 2\n@s: -2\n@mi: -2\n@ma: 9\n@av: 6\n@st: { .count = 2, .average = 3, .total = 6 }\n',
  );
});

test('aggregations are read over all CPUs', () => {
  const body = `@c = count(); @c = count(); @s = sum(-7); @mi = min(-2); @ma = max(9); @av = avg(-4); @av = avg(-8);
    printf("%d %d %d %d %d", @c, @s, @mi, @ma, @av)`;
  assert.deepEqual(printed(body), ['2 -7 -2 9 -6']);
});

test('entries of aggregations are printed as they are now', () => {
  const body = `@c[1] = count(); @a[1] = avg(6); @m[1] = max(7); @s[1] = stats(4); @s[1] = stats(8);
    print(@c[1]); print(@a[1]); print(@m[1]); print(@s[1])`;
  assert.deepEqual(printed(body), ['1', '6', '7', '{ .count = 2, .average = 6, .total = 12 }']);
});

test('histograms have the right buckets', () => {
  const rows = (text: string): string[] =>
    text
      .split('\n')
      .filter((row) => /[1-9]\d* +\|@/.test(row))
      .map((row) => row.slice(0, row.indexOf('|')).trim());
  const powers =
    '@h = hist(-3); @h = hist(0); @h = hist(1); @h = hist(2); @h = hist(3); @h = hist(1024); @h = hist((uint64)1 << 40)';
  assert.deepEqual(
    rows(stored(powers)).map((row) => row.replace(/ +(\d+)$/, ' $1')),
    ['(..., 0) 1', '[0] 1', '[1] 1', '[2, 4) 2', '[1K, 2K) 1', '[1T, 2T) 1'],
  );
  const linear =
    '@l = lhist(-1, 0, 100, 10); @l = lhist(0, 0, 100, 10); @l = lhist(55, 0, 100, 10); @l = lhist(101, 0, 100, 10)';
  assert.deepEqual(
    rows(stored(linear)).map((row) => row.replace(/ +(\d+)$/, ' $1')),
    ['(..., 0) 1', '[0, 10) 1', '[50, 60) 1', '[100, ...) 1'],
  );
});

test('a full map counts what it refuses', () => {
  const { compiled } = runScript('let @m = hash(2); begin { @m[1] = 1; @m[2] = 1; @m[3] = 1 }');
  assert.ok(compiled.lossIndex.has('@m'));
});

test('long text is printed as far as it goes, and its end is marked', () => {
  const lines = runScript(`config = { max_strlen = 150 } begin {
    $a = "0123456789"; $b = str_concat($a, $a); $c = str_concat($b, $b); $d = str_concat($c, $c); $e = str_concat($d, $d);
    print($d); print($e); printf("%s|%s", $d, str(kptr(&$d)));
  }`).lines;
  assert.equal(lines[0], '0123456789'.repeat(8));
  assert.ok(lines[1]!.startsWith('0123456789'.repeat(14)), lines[1]);
});

// Loops

test('while, break, continue', () => {
  const body = '$i = 0; while ($i < 10) { $i++; if ($i == 2) { continue } if ($i == 5) { break } print($i) }';
  assert.deepEqual(printed(body), ['1', '3', '4']);
});

test('unroll', () => {
  assert.deepEqual(printed('$i = 1; unroll (4) { $i = $i * 2 } print($i)'), ['16']);
});

test('a short range', () => {
  assert.deepEqual(printed('for ($i : 2..5) { print($i) }'), ['2', '3', '4']);
});

test('a range of unknown length with variables of outside', () => {
  const body = `@n = 1000; $n = @n; $sum = (int64)0; $text = "abc"; $last = (int64)0;
    for ($i : 0..$n) { if ($i == 700) { break } if ($i % 2 == 0) { continue } $sum += $i; $last = $i; }
    print(($sum, $last, $text))`;
  assert.deepEqual(printed(body), ['(122500, 699, abc)']);
});

test('return in a loop leaves the probe', () => {
  assert.deepEqual(
    printed('@n = 100; $n = @n; for ($i : 0..$n) { if ($i == 3) { return } print($i) } print(9)'),
    ['0', '1', '2'],
  );
});

test('loops in loops', () => {
  const body =
    '@n = 3; $n = @n; $c = (int64)0; for ($i : 0..$n) { for ($j : 0..$n) { $c += $i * $j } } print($c)';
  assert.deepEqual(printed(body), ['9']);
});

test('over the entries of a map', () => {
  const body =
    '@m["a"] = 1; @m["b"] = 2; $sum = (int64)0; for ($kv : @m) { $sum += $kv.1; print($kv) } print($sum)';
  assert.deepEqual(printed(body).toSorted(), ['(a, 1)', '(b, 2)', '3']);
});

test('over the entries of a map of counts', () => {
  const body = '@m["a"] = count(); @m["a"] = count(); for ($kv : @m) { printf("%s %d", $kv.0, $kv.1) }';
  assert.deepEqual(printed(body), ['a 2']);
});

// Functions

test('sub-programs', () => {
  const script = `fn twice($a : int64) : int64 { return $a * 2 }
    fn add($a : int64, $b : int64) : int64 { if ($a > 100) { return 0 } return twice($a) + $b }
    begin { print(add(5, 1)); print(add(500, 1)) }`;
  assert.deepEqual(runScript(script).lines, ['11', '0']);
});

test('what a test returns is its result', () => {
  assert.deepEqual(runScript('test:a { return 7 } test:b { $x = 1 }').results, [7, 0]);
});

test('an address of a variable', () => {
  assert.deepEqual(printed('$x = (int64)5; $p = &$x; print(*$p)'), ['5']);
});

test('the time passes', () => {
  const [first, second] = printed('print(nsecs); print(nsecs)');
  assert.ok(BigInt(second!) >= BigInt(first!));
});

test('ids of the process', () => {
  assert.deepEqual(printed('print(pid(init)); print(uid)'), [`${process.pid}`, `${process.getuid?.()}`]);
});

test('with -k, reads of what is not there are reported', () => {
  const script = 'begin { print(*(uint64 *)kptr(8)); print(curtask.pid > 0) }';
  assert.deepEqual(runScript(script).lines, ['0', 'true']);
  assert.deepEqual(runScript(script, { helperWarnings: true }).lines.toSorted(), [
    '0',
    'helperError',
    'true',
  ]);
});
