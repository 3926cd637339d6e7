import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { elfImage, Strings, symbolBytes } from '../../test/support/elf-image.ts';
import { ElfFile } from '../elf/file.ts';
import { AddressIndex, halves } from './address-index.ts';
import { SymbolFormatError } from './errors.ts';
import { FunctionIndex } from './functions.ts';
import { isFunction, KernelSymbols } from './kallsyms.ts';
import { isFile, mappingAt, offsetInFile, parseMaps } from './maps.ts';
import { nearKernelFunctions } from './near.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

const KALLSYMS = bytes(
  [
    '0000000000000000 A fixed_percpu_data',
    'ffffffff81000000 T _text',
    'ffffffff81000000 T _stext',
    'ffffffff81000040 t cleanup',
    'ffffffff81000100 T do_exit',
    'ffffffff81000200 t cleanup',
    'ffffffff81000300 T __x64_sys_openat',
    'ffffffff81000400 t do_exit_group.isra.0',
    'ffffffff81900000 D jiffies',
    'ffffffffc0500010 t veth_xmit\t[veth]',
    'ffffffffc0500000 t cleanup\t[veth]',
    'ffffffffc0700000 t bpf_prog_6deef7357e7b4530\t[bpf]',
    '',
  ].join('\n'),
);

test('a kernel symbol is found by its whole name, in each place where it is', () => {
  const symbols = new KernelSymbols(KALLSYMS);
  assert.deepEqual(symbols.find('do_exit'), [
    { address: 0xffffffff81000100n, type: 'T', name: 'do_exit', module: undefined },
  ]);
  assert.deepEqual(
    symbols.find('cleanup').map(({ address, module }) => [address, module]),
    [
      [0xffffffff81000040n, undefined],
      [0xffffffff81000200n, undefined],
      [0xffffffffc0500000n, 'veth'],
    ],
  );
  for (const name of ['do_exi', 'o_exit', '', 'T do_exit', 'cleanup\t[veth]', '__proto__']) {
    assert.deepEqual(symbols.find(name), []);
  }
});

test('an address belongs to the nearest symbol below, the first of several there', () => {
  const symbols = new KernelSymbols(KALLSYMS);
  const name = (address: bigint): string | undefined => {
    const place = symbols.at(address);
    return place && `${place.symbol.name}+${place.offset}`;
  };
  assert.equal(name(0xffffffff81000000n), '_text+0');
  assert.equal(name(0xffffffff81000105n), 'do_exit+5');
  assert.equal(name(0xffffffffc050000fn), 'cleanup+15');
  assert.equal(name(0xffffffffc0500010n), 'veth_xmit+0');
  assert.equal(name(0xffffffff80ffffffn), undefined);
  assert.equal(name(0n), undefined);
  assert.equal(name(0xffffffffffffffffn), undefined);
  assert.equal(symbols.at(0xffffffffc0700001n)?.symbol.module, 'bpf');
});

test('a kernel that hides addresses still gives names', () => {
  const symbols = new KernelSymbols(bytes('0000000000000000 T _text\n0000000000000000 T do_exit\n'));
  assert.equal(symbols.addressesHidden, true);
  assert.equal(symbols.find('do_exit')[0]?.address, 0n);
  assert.equal(symbols.at(0n), undefined);
  assert.equal(symbols.at(0x1000n), undefined);
  assert.equal(new KernelSymbols(bytes('')).addressesHidden, false);
});

test('one symbol at address 0 does not mean that addresses are hidden', () => {
  const symbols = new KernelSymbols(
    bytes('0000000000000000 A fixed_percpu_data\nffffffff81000000 T _text\n'),
  );
  assert.equal(symbols.addressesHidden, false);
  assert.equal(symbols.at(0n), undefined);
  assert.equal(symbols.at(0xffffffff81000001n)?.symbol.name, '_text');
});

test('a 32-bit kernel has eight digits', () => {
  const symbols = new KernelSymbols(bytes('c0008000 T _text\nc0009000 t second\n'));
  assert.equal(symbols.at(0xc0009004n)?.symbol.name, 'second');
});

test('an empty table has nothing, and a text of another kind is refused with its place', () => {
  const empty = new KernelSymbols(new Uint8Array(0));
  assert.deepEqual([...empty], []);
  assert.equal(empty.at(1n), undefined);
  for (const text of [
    'x',
    'hello world\n',
    'ffffffff8100000g T x\n',
    'ffffffff81000000 T\n',
    'ffffffff81000000 T \n',
  ]) {
    assert.throws(() => new KernelSymbols(bytes(text)), SymbolFormatError);
  }
  const broken = new KernelSymbols(bytes('ffffffff81000000 T a\nrubbish that is long enough\n'));
  assert.throws(
    () => [...broken],
    (error) => error instanceof SymbolFormatError && error.offset === 21,
  );
  assert.throws(() => broken.at(1n), SymbolFormatError);
});

test('code is told from data by the letter', () => {
  const symbols = [...new KernelSymbols(KALLSYMS)];
  assert.deepEqual(
    symbols.filter((symbol) => !isFunction(symbol)).map(({ name }) => name),
    ['fixed_percpu_data', 'jiffies'],
  );
});

test('a mistyped function has near names: its copies and wrappers, typing errors, longer ones', () => {
  const symbols = new KernelSymbols(KALLSYMS);
  assert.equal(nearKernelFunctions(symbols, 'sys_openat')[0], '__x64_sys_openat');
  assert.equal(nearKernelFunctions(symbols, '__arm64_sys_openat')[0], '__x64_sys_openat');
  assert.equal(nearKernelFunctions(symbols, 'do_exit_group')[0], 'do_exit_group.isra.0');
  assert.equal(nearKernelFunctions(symbols, 'do_exti')[0], 'do_exit');
  assert.deepEqual(nearKernelFunctions(symbols, 'veth'), ['veth_xmit']);
  assert.deepEqual(nearKernelFunctions(symbols, 'entirely_different'), []);
});

test('an index finds what a search from the start finds', () => {
  const address = fc.oneof(
    fc.bigInt({ min: 0n, max: 20n }),
    fc.bigInt({ min: 0xfffffff0n, max: 0x100000010n }),
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  );
  fc.assert(
    fc.property(
      fc.array(address, { maxLength: 40 }),
      fc.array(address, { maxLength: 10 }),
      (addresses, asked) => {
        const low = Uint32Array.from(addresses, (value) => halves(value).low);
        const high = Uint32Array.from(addresses, (value) => halves(value).high);
        const index = new AddressIndex(low, high);
        const sorted = addresses
          .map((value, i) => ({ value, i }))
          .sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : a.i - b.i));
        assert.deepEqual(
          [...index.order],
          sorted.map(({ i }) => i),
        );
        for (const value of [...asked, ...addresses]) {
          const below = sorted.filter((entry) => entry.value <= value).at(-1);
          const expected = below ? sorted.findIndex((entry) => entry.value === below.value) : -1;
          const { low: l, high: h } = halves(value);
          assert.equal(index.positionAt(l, h), expected);
          if (expected >= 0) assert.equal(index.address(expected), below?.value);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('equal addresses by the ten thousand keep their order', () => {
  const count = 70_000;
  const index = new AddressIndex(new Uint32Array(count).fill(7).with(count - 1, 6), new Uint32Array(count));
  assert.equal(index.order[0], count - 1);
  assert.equal(index.order[1], 0);
  assert.equal(index.positionAt(7, 0), 1);
});

test('this kernel’s own symbols are read, and each name is found where it was listed', () => {
  const symbols = new KernelSymbols(readFileSync('/proc/kallsyms'));
  let count = 0;
  for (const symbol of symbols) {
    if (count++ % 5000 !== 0) continue;
    const found = symbols.find(symbol.name);
    assert.ok(
      found.some(({ address, module }) => address === symbol.address && module === symbol.module),
      symbol.name,
    );
  }
  assert.ok(count > 10_000);
});

test('a line of a mapping is taken apart, its path kept as bytes', () => {
  const [code, heap, named] = parseMaps(
    bytes(
      '7f1c2a000000-7f1c2a1b2000 r-xp 00028000 fd:01 1835122                    /usr/lib/libc.so.6\n' +
        '55d0c0000000-55d0c0021000 rw-s 00000000 00:00 0 \n' +
        '7ffe00000000-7ffe00001000 ---p 00000000 08:123 18446744073709551615      /a b\\012\xff (deleted)\n',
    ),
  );
  assert.deepEqual(code, {
    start: 0x7f1c2a000000n,
    end: 0x7f1c2a1b2000n,
    readable: true,
    writable: false,
    executable: true,
    shared: false,
    offset: 0x28000,
    device: [0xfd, 1],
    inode: 1835122n,
    path: bytes('/usr/lib/libc.so.6'),
  });
  assert.deepEqual([heap?.writable, heap?.shared, heap?.path.length, isFile(heap!)], [true, true, 0, false]);
  assert.deepEqual([named?.inode, named?.device], [18446744073709551615n, [8, 0x123]]);
  assert.equal(Buffer.from(named!.path).toString('latin1'), '/a b\\012\xff (deleted)');
  assert.equal(offsetInFile(code!, 0x7f1c2a000010n), 0x28010);
});

test('a cut last line is left out, and a line of another kind refused with its place', () => {
  const line = '7f1c2a000000-7f1c2a1b2000 r-xp 00028000 fd:01 18 /x\n';
  assert.equal(parseMaps(bytes(`${line}7f1c2b000000-7f1c`)).length, 1);
  for (const bad of ['\n', 'hello\n', '7f-7g r-xp 0 fd:01 1 /x\n', `${'9'.repeat(500)}\n`]) {
    assert.throws(
      () => parseMaps(bytes(line + bad)),
      (error) => error instanceof SymbolFormatError && error.offset === line.length,
    );
  }
});

test('the running process finds its own code in its own mappings', () => {
  const mappings = parseMaps(readFileSync('/proc/self/maps'));
  const code = mappings.find(
    (mapping) => mapping.executable && Buffer.from(mapping.path).toString() === process.execPath,
  );
  assert.ok(code && isFile(code));
  assert.equal(mappingAt(mappings, code.start), code);
  assert.equal(mappingAt(mappings, code.end - 1n), code);
  assert.notEqual(mappingAt(mappings, code.end), code);
  assert.equal(mappingAt(mappings, 0n), undefined);
  assert.equal(mappingAt([], 5n), undefined);
});

for (const bits of [64, 32] as const) {
  for (const littleEndian of [true, false]) {
    const shape = { bits, littleEndian };
    test(`functions of a file are found by address as far as they reach (${bits} bit, little endian ${littleEndian})`, () => {
      const strings = new Strings();
      const data = symbolBytes(
        shape,
        [
          { name: 'small', value: 0x1000n, size: 16 },
          { name: 'alias', value: 0x1000n, size: 64 },
          { name: 'unsized', value: 0x2000n },
          { name: 'object', value: 0x2008n, size: 8, type: 1 },
          { name: 'imported', value: 0x3000n, section: 0 },
          ...(bits === 64 ? [{ name: 'high', value: 0xffffffff81000000n, size: 8 }] : []),
        ],
        strings,
      );
      const sections = [
        { name: '.symtab', type: 2, data, link: '.strtab', entrySize: bits === 64 ? 24 : 16 },
        { name: '.strtab', type: 3, data: strings.done() },
      ];
      const index = new FunctionIndex(ElfFile.open(elfImage(shape, { sections })));
      const name = (address: bigint): string | undefined => {
        const place = index.at(address);
        return place && `${Buffer.from(place.name)}+${place.offset}`;
      };
      assert.equal(index.count, bits === 64 ? 4 : 3);
      assert.equal(name(0x100fn), 'small+15');
      assert.equal(name(0x1010n), 'alias+16');
      assert.equal(name(0x1040n), undefined);
      assert.equal(name(0x2fffn), 'unsized+4095');
      assert.equal(name(0xfffn), undefined);
      assert.equal(name(0xffffffff81000007n), bits === 64 ? 'high+7' : undefined);
      assert.equal(new FunctionIndex(ElfFile.open(elfImage(shape, {}))).at(1n), undefined);
    });
  }
}
