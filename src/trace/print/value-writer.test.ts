import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bool,
  buffer,
  int8,
  int16,
  int32,
  int64,
  pointerTo,
  type StackMode,
  type StackType,
  string,
  type Type,
  uint8,
  uint64,
  voidType,
} from '../types/type.ts';
import type { PrintContext } from './context.ts';
import { inetText } from './late.ts';
import { errorText, kernelErrorText, signalText } from './names.ts';
import { type Sample, shown, testContext } from './testing.ts';

const pointer = pointerTo(voidType);
const colour: Type = {
  kind: 'enum',
  name: 'enum colour',
  bits: 32,
  signed: false,
  values: [
    { name: 'RED', value: 0n },
    { name: 'CRIMSON', value: 0n },
    { name: 'BLUE', value: 7n },
  ],
};
const inet: Type = { kind: 'inet' };
const mac: Type = { kind: 'macaddr' };
const max = 2n ** 64n - 1n;

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text.split(' '), (one) => Number.parseInt(one, 16));
}

function address(family: number, text: string): Uint8Array {
  return Uint8Array.from([family, 0, 0, 0, 0, 0, 0, 0, ...bytes(text)]);
}

/** Type, value, as text, as JSON. */
const cases: readonly (readonly [Type, Sample, string, string])[] = [
  [int64, 0, '0', '0'],
  [int64, -5, '-5', '-5'],
  [int8, -128, '-128', '-128'],
  [uint8, 200, '200', '200'],
  [int16, -2, '-2', '-2'],
  [int32, -2147483648, '-2147483648', '-2147483648'],
  [uint64, max, '18446744073709551615', '"18446744073709551615"'],
  [uint64, 2n ** 53n, '9007199254740992', '9007199254740992'],
  [uint64, 2n ** 53n + 1n, '9007199254740993', '"9007199254740993"'],
  [uint64, 2n ** 53n + 2n, '9007199254740994', '9007199254740994'],
  [int64, -(2n ** 63n), '-9223372036854775808', '-9223372036854775808'],
  [int64, 2n ** 63n - 1n, '9223372036854775807', '"9223372036854775807"'],
  [int64, 1_000_000_000_000n, '1000000000000', '1000000000000'],
  [bool, true, 'true', 'true'],
  [bool, false, 'false', 'false'],
  [pointer, 0, '0x0', '0'],
  [pointer, 0xffff_8880_1234_5678n, '0xffff888012345678', '"18446612682375452280"'],
  [pointer, 0x7f00, '0x7f00', '32512'],
  [colour, 7, 'BLUE', '7'],
  [colour, 0, 'RED', '0'],
  [colour, 9, '9', '9'],
  [string(8), 'abc', 'abc', '"abc"'],
  [string(8), '', '', '""'],
  [string(3), 'abc', 'abc..', '"abc.."'],
  [string(16), 'a"b\\c', 'a"b\\c', '"a\\"b\\\\c"'],
  [string(16), 'a\nb\tc\rd', 'a\nb\tc\rd', '"a\\nb\\tc\\rd"'],
  [string(16), '\x01\x1f\x7f', '\x01\x1f\x7f', '"\\u0001\\u001f\x7f"'],
  [string(16), '\xe2\x82\xac', '\xe2\x82\xac', '"\xe2\x82\xac"'],
  [buffer(4), bytes('41 00 ff'), 'A\\x00\\xff', '[65,0,-1]'],
  [buffer(4), bytes('5c 22 7e 20'), '\\"~ ', '[92,34,126,32]'],
  [buffer(4), Uint8Array.of(), '', '[]'],
  [{ kind: 'array', element: int32, length: 2 }, [1, 2], '[1,2]', '[1,2]'],
  [{ kind: 'array', element: int32, length: 0 }, [], '[]', '[]'],
  [
    { kind: 'array', element: { kind: 'array', element: int8, length: 2 }, length: 2 },
    [
      [1, 2],
      [3, 4],
    ],
    '[[1,2],[3,4]]',
    '[[1,2],[3,4]]',
  ],
  [{ kind: 'tuple', elements: [] }, [], '()', '[]'],
  [{ kind: 'tuple', elements: [int64] }, [1], '(1)', '[1]'],
  [{ kind: 'tuple', elements: [int8, string(4), int64] }, [1, 'ab', -3], '(1, ab, -3)', '[1,"ab",-3]'],
  [
    { kind: 'tuple', elements: [int8, { kind: 'tuple', elements: [bool, colour] }] },
    [1, [true, 7]],
    '(1, (true, BLUE))',
    '[1,[true,7]]',
  ],
  [{ kind: 'record', fields: [] }, [], '{}', '{}'],
  [
    {
      kind: 'record',
      fields: [
        { name: 'a', type: int8 },
        { name: 'b', type: string(4) },
      ],
    },
    [5, 'xy'],
    '{ .a = 5, .b = xy }',
    '{"a": 5, "b": "xy"}',
  ],
  [mac, bytes('0a 1b 2c 3d 4e ff 00 00'), '0A:1B:2C:3D:4E:FF', '"0A:1B:2C:3D:4E:FF"'],
  [inet, address(2, '7f 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00'), '127.0.0.1', '"127.0.0.1"'],
  [inet, address(10, '00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01'), '::1', '"::1"'],
  [{ kind: 'none' }, [], 'null', 'null'],
  [{ kind: 'void' }, [], 'null', 'null'],
  [{ kind: 'named', table: 'errno' }, 2, 'No such file or directory', '"No such file or directory"'],
  [{ kind: 'named', table: 'signal' }, 9, 'Killed', '"Killed"'],
  [{ kind: 'named', table: 'signal' }, 99, 'N/A', '"N/A"'],
];

for (const [type, sample, text, json] of cases) {
  test(`a ${type.kind} as ${JSON.stringify(text)} and as JSON ${json}`, () => {
    assert.equal(shown(type, sample), text);
    assert.equal(shown(type, sample, 'json'), json);
  });
}

test('members of a struct are read at their places, bitfields by their bits', () => {
  const members = {
    a: { name: 'a', type: int32, offset: 0 },
    low: { name: 'low', type: int32, offset: 4, bitfield: { shift: 0, size: 3 } },
    high: {
      name: 'high',
      type: { kind: 'int', bits: 32, signed: false },
      offset: 4,
      bitfield: { shift: 3, size: 5 },
    },
    p: { name: 'p', type: pointer, offset: 8 },
  } as const;
  const type: Type = {
    kind: 'struct',
    name: 'struct x',
    size: 16,
    align: 8,
    member: (name) => members[name as keyof typeof members],
    memberNames: () => Object.keys(members),
  };
  const value = bytes('ff ff ff ff fd 00 00 00 10 00 00 00 00 00 00 00');
  assert.equal(shown(type, value), '{ .a = -1, .low = -3, .high = 31, .p = 0x10 }');
  assert.equal(shown(type, value, 'json'), '{"a": -1, "low": -3, "high": 31, "p": 16}');
});

test('a struct without members is a pair of braces', () => {
  const type: Type = {
    kind: 'struct',
    name: 'struct x',
    size: 0,
    align: 1,
    member: () => undefined,
    memberNames: () => [],
  };
  assert.equal(shown(type, []), '{}');
});

test('addresses are shown as inet_ntop shows them', () => {
  // RFC 5952, and glibc's form of addresses that hold one of IPv4.
  const six = (text: string): string =>
    inetText(
      10,
      Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)),
    );
  assert.equal(six('20010db8000000000000ff0000428329'), '2001:db8::ff00:42:8329');
  assert.equal(six('20010db8000000010000000000000001'), '2001:db8:0:1::1');
  assert.equal(six('00000000000000000000000000000000'), '::');
  assert.equal(six('00000000000000000000ffffc0a80001'), '::ffff:192.168.0.1');
  assert.equal(six('000000000000000000000000c0a80001'), '::192.168.0.1');
  assert.equal(six('00010000000000000000000000000000'), '1::');
  assert.equal(six('00010002000300040005000600070008'), '1:2:3:4:5:6:7:8');
  assert.equal(six('00010000000300040005000600070008'), '1:0:3:4:5:6:7:8');
  assert.equal(six('fe80000000000000021132fffe4a1b2c'), 'fe80::211:32ff:fe4a:1b2c');
  assert.equal(inetText(2, Uint8Array.of(255, 255, 255, 255)), '255.255.255.255');
  assert.equal(inetText(1, new Uint8Array(16)), '');
});

test('errors and signals have the names of libc', () => {
  assert.equal(errorText(0), 'Success');
  assert.equal(errorText(1), 'Operation not permitted');
  assert.equal(errorText(11), 'Resource temporarily unavailable');
  assert.equal(errorText(110), 'Connection timed out');
  assert.equal(errorText(133), 'Memory page has hardware error');
  assert.equal(errorText(41), 'Unknown error 41');
  assert.equal(errorText(-2), 'Unknown error -2');
  assert.equal(errorText(4096), 'Unknown error 4096');
  assert.equal(kernelErrorText(-11), 'Try again (operation would block)');
  assert.equal(kernelErrorText(2), 'No such file or directory');
  assert.equal(kernelErrorText(41), 'Unknown error');
  assert.equal(signalText(15), 'Terminated');
  assert.equal(signalText(34), 'Real-time signal 0');
  assert.equal(signalText(0), 'Unknown signal 0');
  assert.equal(signalText(65), 'N/A');
});

const stackOf = (kind: StackType['kind'], mode: StackMode): StackType => ({ kind, mode, limit: 3 });
const symbols: Partial<PrintContext> = {
  stack: (_, id) => (id === 5n ? [0xffffffff81000010n, 0xffffffff81000200n] : undefined),
  buildIdStack: () => [
    { buildId: 'deadbeef', offset: 0x1234n },
    { buildId: undefined, offset: 0x7f00n },
  ],
  kernelPlace: (at) => (at === 0xffffffff81000010n ? { name: 'vfs_read', offset: 16n } : undefined),
  userPlace: (at, pid) =>
    at === 0xffffffff81000010n
      ? { name: `main${pid}`, offset: 4n, module: '/bin/x', source: 'src/x.c:7', inlined: [{ name: 'tiny' }] }
      : undefined,
};

test('stacks in their modes', () => {
  const context = testContext(symbols);
  const show = (type: StackType, sample: Sample): string => shown(type, sample, 'text', context);
  assert.equal(show(stackOf('kstack', 'bpftrace'), 5), '\n        vfs_read+16\n        0xffffffff81000200\n');
  assert.equal(
    show(stackOf('kstack', 'perf'), 5),
    '\n\tffffffff81000010 vfs_read+16\n\tffffffff81000200 0xffffffff81000200\n',
  );
  assert.equal(show(stackOf('kstack', 'raw'), 5), '\nffffffff81000010\nffffffff81000200\n');
  assert.equal(
    show(stackOf('ustack', 'bpftrace'), [5, 812]),
    '\n        [inlined] tiny\n        main812+4@src/x.c:7\n        0xffffffff81000200\n',
  );
  assert.equal(
    show(stackOf('ustack', 'perf'), [5, 812]),
    '\n\tffffffff81000010 main812+4 (/bin/x)\n\tffffffff81000200 0xffffffff81000200 ([unknown])\n',
  );
  assert.equal(show(stackOf('ustack', 'build_id'), [5, 812]), '\ndeadbeef 0x1234\n0x7f00\n');
  assert.equal(show(stackOf('kstack', 'bpftrace'), 0), '\n<unwind failure>\n');
  assert.equal(show(stackOf('ustack', 'perf'), [0, 1]), '\n<unwind failure>\n');
  assert.equal(show(stackOf('kstack', 'bpftrace'), 9), '\n<unwind failure>\n');
});

test('symbols, users, cgroups and times are asked for, numbers where nobody knows', () => {
  const context = testContext({
    ...symbols,
    userName: (uid) => (uid === 0 ? 'root' : undefined),
    cgroupPath: (id, filter) => `unified:/${id}${filter}`,
    syscallName: (number) => (number === 0 ? 'read' : undefined),
    clockOffset: (clock) => (clock === 'boot' ? 1_700_000_000_000_000_000n : 0n),
  });
  const show = (type: Type, sample: Sample): string => shown(type, sample, 'text', context);
  assert.equal(show({ kind: 'ksym' }, 0xffffffff81000010n), 'vfs_read');
  assert.equal(show({ kind: 'ksym' }, 0x1234n), '0x1234');
  assert.equal(show({ kind: 'usym' }, [0xffffffff81000010n, 7]), 'main7');
  assert.equal(show({ kind: 'usym' }, [0x1234n, 7]), '0x1234');
  assert.equal(show({ kind: 'username' }, 0), 'root');
  assert.equal(show({ kind: 'username' }, 1234), '1234');
  assert.equal(show({ kind: 'cgroupPath', filter: 'x' }, 77), 'unified:/77x');
  assert.equal(show({ kind: 'named', table: 'syscall' }, 0), 'read');
  assert.equal(show({ kind: 'named', table: 'syscall' }, 9999), 'Unknown syscall');
  const time: Type = { kind: 'timestamp', format: '%Y-%m-%d %H:%M:%S.%f', clock: 'boot' };
  assert.equal(show(time, 1_500_000_000n), '2023-11-14 22:13:21.500000');
});
