import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseUsdtArgument, splitUsdtArguments } from './usdt-arguments.ts';

test('the arguments of a note are split where the next one begins', () => {
  assert.deepEqual(splitUsdtArguments('-4@%edi 8@16(%rbp)  -8@$-5'), ['-4@%edi', '8@16(%rbp)', '-8@$-5']);
  assert.deepEqual(splitUsdtArguments('8@[sp, 16] -4@w1 8f@d0'), ['8@[sp, 16]', '-4@w1', '8f@d0']);
  assert.deepEqual(splitUsdtArguments('%rax %rbx'), ['%rax', '%rbx']);
  assert.deepEqual(splitUsdtArguments(' '), []);
});

test('operands of x86-64', () => {
  const memory = { kind: 'memory', index: undefined, indexExtension: 'none', scale: 1, displacement: 0n };
  for (const [text, argument] of [
    ['-4@%edi', { kind: 'register', register: 'rdi', shift: 0, size: 4, signed: true }],
    ['1@%ah', { kind: 'register', register: 'rax', shift: 8, size: 1, signed: false }],
    ['2@%r10w', { kind: 'register', register: 'r10', shift: 0, size: 2, signed: false }],
    ['8@%sil', { kind: 'register', register: 'rsi', shift: 0, size: 8, signed: false }],
    ['-4@$-9', { kind: 'constant', value: -9n, size: 4, signed: true }],
    ['4@$-1', { kind: 'constant', value: 0xffffffffn, size: 4, signed: false }],
    ['8@$0x10', { kind: 'constant', value: 16n, size: 8, signed: false }],
    ['8@(%rax)', { ...memory, base: 'rax', size: 8, signed: false }],
    ['-4@-1204(%rbp)', { ...memory, base: 'rbp', displacement: -1204n, size: 4, signed: true }],
    ['4@-8+20(%rsp)', { ...memory, base: 'rsp', displacement: 12n, size: 4, signed: false }],
    ['8@16(%rip)', { ...memory, base: 'rip', displacement: 16n, size: 8, signed: false }],
    [
      '8@(%rax,%rdx,8)',
      { ...memory, base: 'rax', index: 'rdx', scale: 8, displacement: 0n, size: 8, signed: false },
    ],
    ['8@8(%rax,%rdx)', { ...memory, base: 'rax', index: 'rdx', displacement: 8n, size: 8, signed: false }],
    [
      '4@4(,%rcx,4)',
      { ...memory, base: undefined, index: 'rcx', scale: 4, displacement: 4n, size: 4, signed: false },
    ],
  ] as const) {
    assert.deepEqual(parseUsdtArgument(text, 'x64'), { argument }, text);
  }
});

test('operands of arm64', () => {
  const memory = { kind: 'memory', index: undefined, indexExtension: 'none', scale: 1, displacement: 0n };
  for (const [text, argument] of [
    ['-4@w1', { kind: 'register', register: 'x1', shift: 0, size: 4, signed: true }],
    ['8@x30', { kind: 'register', register: 'x30', shift: 0, size: 8, signed: false }],
    ['4@5', { kind: 'constant', value: 5n, size: 4, signed: false }],
    ['-8@#-7', { kind: 'constant', value: -7n, size: 8, signed: true }],
    ['8@[sp]', { ...memory, base: 'sp', size: 8, signed: false }],
    ['-4@[x29, 24]', { ...memory, base: 'x29', displacement: 24n, size: 4, signed: true }],
    ['8@[x1, #-16]', { ...memory, base: 'x1', displacement: -16n, size: 8, signed: false }],
    ['8@[x1, x2]', { ...memory, base: 'x1', index: 'x2', size: 8, signed: false }],
    ['8@[x1, x2, lsl 3]', { ...memory, base: 'x1', index: 'x2', scale: 8, size: 8, signed: false }],
    [
      '4@[x1, w2, sxtw 2]',
      { ...memory, base: 'x1', index: 'x2', indexExtension: 'signed32', scale: 4, size: 4, signed: false },
    ],
  ] as const) {
    assert.deepEqual(parseUsdtArgument(text, 'arm64'), { argument }, text);
  }
});

test('what is no operand is refused with a reason', () => {
  for (const text of [
    '',
    '3@%eax',
    '4@%nope',
    '4@()',
    '4@(%rax,%rbx,3)',
    '4@counter(%rip)',
    '8@$x',
    '4@%eax junk',
  ]) {
    assert.ok(parseUsdtArgument(text, 'x64').error, text);
  }
  for (const text of ['8@x31', '8@[w1]', '8@[x1, w2]', '8@[x1, x2, sxtw 2]', '8@[x1, 8, lsl 3]', '8@%rax']) {
    assert.ok(parseUsdtArgument(text, 'arm64').error, text);
  }
  assert.match(parseUsdtArgument('8f@%xmm0', 'x64').error ?? '', /floating-point/);
  assert.match(parseUsdtArgument('4@1', 'riscv64').error ?? '', /riscv64/);
});

test('no text makes the reader throw or hang', () => {
  const piece = fc.constantFrom(
    '-4',
    '8',
    '@',
    '%',
    '$',
    'rax',
    '(',
    ')',
    ',',
    '[',
    ']',
    'x1',
    ' ',
    '9',
    '+',
    '-',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), fc.constantFrom('x64', 'arm64'), (pieces, arch) => {
      for (const text of splitUsdtArguments(pieces.join(''))) {
        const { argument, error } = parseUsdtArgument(text, arch);
        assert.notEqual(argument === undefined, error === undefined);
      }
    }),
  );
});
