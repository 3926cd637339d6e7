import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  bool,
  buffer,
  int8,
  int16,
  int32,
  int64,
  pointerTo,
  string,
  type Type,
  uint8,
  uint16,
  uint32,
  uint64,
  voidType,
} from '../types/type.ts';
import { ByteBuffer } from './byte-buffer.ts';
import { parseFormat } from './format-spec.ts';
import { formatter } from './printf.ts';
import { record, type Sample, testContext } from './testing.ts';

function printf(format: string, ...args: readonly (readonly [Type, Sample])[]): string {
  const { memory, fields } = record(args);
  const out = new ByteBuffer();
  formatter(parseFormat(format), fields, testContext())(out, memory, 0);
  return out.latin1();
}

const pointer = pointerTo(voidType);
const point: Type = {
  kind: 'record',
  fields: [
    { name: 'a', type: int64 },
    { name: 'b', type: string(4) },
  ],
};
const pair: Type = { kind: 'tuple', elements: [int64, int64] };
const colour: Type = {
  kind: 'enum',
  name: 'enum colour',
  bits: 32,
  signed: false,
  values: [
    { name: 'RED', value: 0n },
    { name: 'BLUE', value: 7n },
  ],
};

const max = 2n ** 64n - 1n;

/** Format, argument, what section 2.12 says. */
const cases: readonly (readonly [string, Type, Sample, string])[] = [
  ['%d', int64, 0, '0'],
  ['%d', int64, -1, '-1'],
  ['%d', int64, 2147483647, '2147483647'],
  ['%d', int64, 2147483648, '-2147483648'],
  ['%d', int64, 4294967296, '0'],
  ['%d', int64, 4294967297n, '1'],
  ['%i', int64, -5, '-5'],
  ['%d', int32, -2147483648, '-2147483648'],
  ['%d', int16, -3, '-3'],
  ['%d', int8, -128, '-128'],
  ['%d', uint8, 255, '255'],
  ['%d', uint16, 65535, '65535'],
  ['%d', uint32, 4294967295, '-1'],
  ['%d', uint64, max, '-1'],
  ['%u', int64, -1, '4294967295'],
  ['%u', uint32, 4294967295, '4294967295'],
  ['%u', int8, -1, '4294967295'],
  ['%u', uint64, 4294967296n, '0'],
  ['%ld', int64, -1, '-1'],
  ['%ld', int64, 4294967296n, '4294967296'],
  ['%lld', int64, -(2n ** 63n), '-9223372036854775808'],
  ['%lld', int64, 2n ** 63n - 1n, '9223372036854775807'],
  ['%lld', uint64, max, '-1'],
  ['%lu', uint64, max, '18446744073709551615'],
  ['%llu', uint64, max, '18446744073709551615'],
  ['%llu', uint64, 10_000_000_000n, '10000000000'],
  ['%llu', uint64, 9_007_199_254_740_993n, '9007199254740993'],
  ['%llu', int8, -1, '18446744073709551615'],
  ['%ju', uint64, 12345678901n, '12345678901'],
  ['%zd', int64, -12345678901n, '-12345678901'],
  ['%td', int64, 12345678901n, '12345678901'],
  ['%hd', int64, 65535, '-1'],
  ['%hd', int64, 98304, '-32768'],
  ['%hu', int64, 65537, '1'],
  ['%hhd', int64, 255, '-1'],
  ['%hhd', int64, 128, '-128'],
  ['%hhu', int64, -1, '255'],
  ['%hhu', int64, 256, '0'],
  ['%x', int64, 255, 'ff'],
  ['%x', int64, -1, 'ffffffff'],
  ['%x', int64, 0, '0'],
  ['%X', int64, 48879, 'BEEF'],
  ['%lx', int64, -1, 'ffffffffffffffff'],
  ['%lx', uint64, 0x1234_5678_9abc_def0n, '123456789abcdef0'],
  ['%x', uint64, 0x1234_5678_9abc_def0n, '9abcdef0'],
  ['%llX', uint64, 0xdead_beef_0000_0001n, 'DEADBEEF00000001'],
  ['%hx', int64, 0x12345, '2345'],
  ['%hhx', int64, 0x1ff, 'ff'],
  ['%o', int64, 8, '10'],
  ['%o', int64, -1, '37777777777'],
  ['%lo', uint64, max, '1777777777777777777777'],
  ['%#x', int64, 255, '0xff'],
  ['%#X', int64, 255, '0XFF'],
  ['%#x', int64, 0, '0'],
  ['%#o', int64, 8, '010'],
  ['%#o', int64, 0, '0'],
  ['%#d', int64, 9, '9'],
  ['%+d', int64, 5, '+5'],
  ['%+d', int64, 0, '+0'],
  ['%+d', int64, -5, '-5'],
  ['%+u', int64, 5, '5'],
  ['%+x', int64, 5, '5'],
  ['%+lld', int64, 2n ** 40n, '+1099511627776'],
  ['% d', int64, 5, '5'],
  ['%5d', int64, 42, '   42'],
  ['%-5d', int64, 42, '42   '],
  ['%05d', int64, 42, '00042'],
  ['%05d', int64, -3, '000-3'],
  ['%-05d', int64, 42, '42000'],
  ['%2d', int64, 12345, '12345'],
  ['%8x', int64, 255, '      ff'],
  ['%08x', int64, 255, '000000ff'],
  ['%#08x', int64, 255, '00000xff'],
  ['%016llx', uint64, 0xffffn, '000000000000ffff'],
  ['%+5d', int64, 42, '  +42'],
  ['%-+5d', int64, 42, '+42  '],
  ['%*d', int64, 42, '42'],
  ['%-*d', int64, 42, '42'],
  ['%.3d', int64, 42, '42'],
  ['%10.3d', int64, 42, '        42'],
  ['%.*d', int64, 42, '42'],
  ['%d', bool, true, '1'],
  ['%d', bool, false, '0'],
  ['%x', bool, true, '1'],
  ['%d', pointer, 0x1000, '4096'],
  ['%p', pointer, 0xffff_8880_0000_1000n, '0xffff888000001000'],
  ['%p', pointer, 0, '0'],
  ['%p', int64, 255, '0xff'],
  ['%p', int32, -1, '0xffffffffffffffff'],
  ['%20p', pointer, 0xffff_8880_0000_1000n, '  0xffff888000001000'],
  ['%-8p|', pointer, 16, '0x10    |'],
  ['%lx', pointer, 0xffff_8880_0000_1000n, 'ffff888000001000'],
  ['%c', int64, 65, 'A'],
  ['%c', int64, 0x141, 'A'],
  ['%c', uint8, 0xe9, '\xe9'],
  ['%3c', int64, 65, '  A'],
  ['%-3c|', int64, 65, 'A  |'],
  ['%s', string(16), 'hello', 'hello'],
  ['%s', string(16), '', ''],
  ['%10s', string(16), 'hello', '     hello'],
  ['%-10s|', string(16), 'hello', 'hello     |'],
  ['%3s', string(16), 'hello', 'hello'],
  ['%.3s', string(16), 'hello', 'hello'],
  ['%010s', string(16), 'hello', '00000hello'],
  ['%s', string(5), 'hello', 'hello..'],
  ['%s', string(16), 'caf\xc3\xa9', 'caf\xc3\xa9'],
  ['%s', string(16), 'a\x1b[2Jb', 'a\x1b[2Jb'],
  ['%s', int64, -7, '-7'],
  ['%s', uint64, max, '18446744073709551615'],
  ['%5s', int64, -7, '   -7'],
  ['%+s', int64, 7, '+7'],
  ['%s', bool, true, 'true'],
  ['%s', bool, false, 'false'],
  ['%6s', bool, true, '  true'],
  ['%s', pointer, 4096, '0x1000'],
  ['%s', pointer, 0, '0x0'],
  ['%s', colour, 7, 'BLUE'],
  ['%d', colour, 7, '7'],
  ['%s', colour, 3, '3'],
  ['%8s', colour, 0, '     RED'],
  ['%s', pair, [1, 2], '(1, 2)'],
  ['%4s', pair, [1, 2], '   (1, 2)'],
  ['%-4s', pair, [1, 2], '(   1, 2)'],
  ['%s', { kind: 'array', element: int32, length: 3 }, [1, -2, 3], '[1,-2,3]'],
  ['%s', point, [4, 'xy'], '{ .a = 4, .b = xy }'],
  ['%s', { kind: 'record', fields: [] }, [], '{}'],
  ['%r', buffer(8), Uint8Array.of(0x41, 0, 0x7f, 0xff, 0x20), 'A\\x00\\x7f\\xff '],
  ['%rx', buffer(8), Uint8Array.of(0x41, 0x0a), '\\x41\\x0a'],
  ['%rh', buffer(8), Uint8Array.of(0x41, 0x0a, 0xff), '41 0a ff'],
  ['%rh', buffer(8), Uint8Array.of(), ''],
  ['%s', buffer(8), Uint8Array.of(0x41, 0x0a), 'A\\x0a'],
  ['%10r', buffer(8), Uint8Array.of(0x41, 0x42), '        AB'],
  ['%s', { kind: 'none' }, [], 'null'],
  ['%d', string(8), 'abc', '!{invalid integer conversion: abc}'],
];

for (const [format, type, sample, expected] of cases) {
  const said =
    typeof sample === 'object' ? `[${Array.from(sample as readonly Sample[]).join(',')}]` : String(sample);
  test(`printf("${format}", ${type.kind} ${JSON.stringify(said)}) is ${JSON.stringify(expected)}`, () => {
    assert.equal(printf(format, [type, sample]), expected);
  });
}

test('text, percent signs and several arguments stand in order', () => {
  assert.equal(printf('plain\n'), 'plain\n');
  assert.equal(printf(''), '');
  assert.equal(printf('100%%\n'), '100%\n');
  assert.equal(printf('%d%%', [int64, 5]), '5%');
  assert.equal(
    printf('%-6d %-16s %s\n', [uint32, 812], [string(16), 'nginx'], [string(64), '/etc/passwd']),
    '812    nginx            /etc/passwd\n',
  );
  assert.equal(printf('%d %d', [int8, 1], [int64, 2]), '1 2');
});

test('a percent sign that begins nothing is text', () => {
  assert.equal(printf('50%, of %d', [int64, 5]), '50%, of 5');
  assert.equal(printf('%'), '%');
});

test('a specifier without an argument is printed as it is written', () => {
  assert.equal(printf('%d'), '%d');
});

test('digits are those of BigInt for any number and width', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      assert.equal(printf('%lld', [int64, value]), value.toString());
      assert.equal(printf('%llu', [int64, value]), BigInt.asUintN(64, value).toString());
      assert.equal(printf('%llx', [int64, value]), BigInt.asUintN(64, value).toString(16));
      assert.equal(printf('%llo', [int64, value]), BigInt.asUintN(64, value).toString(8));
      assert.equal(printf('%d', [int64, value]), BigInt.asIntN(32, value).toString());
      assert.equal(printf('%u', [int64, value]), BigInt.asUintN(32, value).toString());
      assert.equal(printf('%hhd', [int64, value]), BigInt.asIntN(8, value).toString());
      assert.equal(printf('%12d', [int64, value]), BigInt.asIntN(32, value).toString().padStart(12));
    }),
  );
});

test('data of other processes is made safe on a terminal only, and the format never', () => {
  const { memory, fields } = record([[string(16), 'a\x1b]0;x\x07\nb']]);
  const out = new ByteBuffer({ escaping: true });
  formatter(parseFormat('\x1b[1m%s\x1b[0m\n'), fields, testContext())(out, memory, 0);
  assert.equal(out.latin1(), '\x1b[1ma\\x1b]0;x\\x07\\nb\x1b[0m\n');
});

test('formats are taken apart by the expression of the reference', () => {
  const [spec] = parseFormat('%-+ #012.34lld').parts;
  assert.deepEqual(spec, {
    text: '%-+ #012.34lld',
    left: true,
    plus: true,
    alternate: true,
    zero: true,
    width: 12,
    precision: 34,
    length: 'll',
    conversion: 'd',
  });
  const conversions = [...'diouxXeEfFgGaAcspn', 'gr', 'rh', 'rx', 'r'];
  for (const one of conversions) {
    const [part] = parseFormat(`%${one}`).parts;
    assert.equal(typeof part === 'object' ? part.conversion : part, one);
  }
  assert.deepEqual(parseFormat('%y %v').parts, ['%y %v']);
  assert.deepEqual(parseFormat('a%%b').parts, ['a%b']);
});

test('a width that no line can have is cut', () => {
  assert.equal(printf('%99999999999d', [int64, 1]).length, 65536);
});
