import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Machine, SectionFlag, SectionType, SymbolBinding, SymbolType } from './constants.ts';
import { ElfFile } from './file.ts';
import { readRelocations } from './relocations.ts';
import { bytesSource } from './source.ts';
import { ElfWriter } from './write.ts';

test('what is written is read back: sections, symbols with local ones first, relocations', () => {
  const writer = new ElfWriter();
  const code = writer.section({
    ...{ name: 'xdp', type: SectionType.progbits, data: new Uint8Array(16).fill(7), alignment: 8 },
    flags: SectionFlag.alloc | SectionFlag.executable,
  });
  const odd = writer.section({ name: 'odd', type: SectionType.progbits, data: new Uint8Array([1, 2, 3]) });
  const { global, local } = SymbolBinding;
  const far = writer.symbol({ name: 'far', binding: global, type: SymbolType.none });
  writer.symbol({ name: 'main', binding: global, type: SymbolType.function, section: code, size: 16 });
  writer.symbol({ name: 'near', binding: local, type: SymbolType.object, section: odd, value: 1, size: 2 });
  writer.relocate(code, 8, far, 1);
  writer.relocate(code, 0, writer.sectionSymbol(odd), 10);
  const elf = ElfFile.open(bytesSource(writer.encode(Machine.bpf)));
  assert.equal(elf.header.machine, Machine.bpf);
  assert.deepEqual(
    elf.sections.map(({ name }) => name),
    ['', 'xdp', 'odd', '.relxdp', '.symtab', '.strtab'],
  );
  const table = elf.symbols('static')!;
  const symbols = Array.from({ length: table.count }, (_, i) => table.symbol(i));
  assert.deepEqual(
    symbols.map(({ name, section, value, size }) => [name, section, Number(value), Number(size)]),
    [
      ['', 0, 0, 0],
      ['near', odd, 1, 2],
      ['', odd, 0, 0],
      ['far', 0, 0, 0],
      ['main', code, 0, 16],
    ],
  );
  assert.equal(elf.section('.symtab')!.info, 3, 'the first symbol that is not local');
  assert.deepEqual(
    [...readRelocations(elf, elf.section('.relxdp')!)].map(({ offset, symbol, type }) => [
      offset,
      symbol,
      type,
    ]),
    [
      [8, 3, 1],
      [0, 2, 10],
    ],
  );
  assert.deepEqual([...elf.contents(elf.section('odd')!).bytes], [1, 2, 3]);
});
