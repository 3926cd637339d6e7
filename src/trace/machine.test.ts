/** What scripts ask files of the machine for, where the files are broken. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { elfImage, Strings, symbolBytes } from '../../test/support/elf-image.ts';
import { Machine } from './machine.ts';

const shape = { bits: 64, littleEndian: true } as const;
const folder = mkdtempSync(join(tmpdir(), 'bpfkit-machine-'));
after(() => rmSync(folder, { recursive: true }));

/** A file with one symbol table whose entries have this size. */
function fileWith(name: string, entrySize: number): string {
  const strings = new Strings();
  const data = symbolBytes(shape, [{ name: 'main', value: 0x1000n, size: 16, section: 1 }], strings);
  const sections = [
    { name: '.symtab', type: 2, data, link: '.strtab', entrySize },
    { name: '.strtab', type: 3, data: strings.done() },
  ];
  const path = join(folder, name);
  writeFileSync(path, elfImage(shape, { sections }));
  return path;
}

test('a symbol of a file is found; a broken file has none', () => {
  const { userSymbol } = new Machine().lower();
  assert.deepEqual(userSymbol(fileWith('good', 24), 'main'), 0x1000n);
  assert.equal(userSymbol(fileWith('good', 24), 'other'), undefined);
  assert.equal(userSymbol(fileWith('broken', 7), 'main'), undefined);
  assert.equal(userSymbol(join(folder, 'none'), 'main'), undefined);
});
