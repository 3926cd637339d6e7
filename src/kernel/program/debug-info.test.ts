import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callFunction, exit, ldImm64, mov64Imm } from '../../asm/build.ts';
import { Btf } from '../../btf/btf.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { ProgramType } from '../spec.ts';
import {
  functionRecords,
  joinSections,
  lineRecords,
  StringTail,
  sectionsOf,
  usableLines,
} from './debug-info.ts';

const source = (line: number) => ({ file: 'a.ts', line, column: 3, text: ` line ${line}` });
const program = { name: 'p', type: ProgramType.socketFilter };

test('strings are appended behind the types and strings that were there, each once', () => {
  const builder = new BtfBuilder();
  const int = builder.int('int', 4, 'signed');
  builder.typedef('number', int);
  const sections = sectionsOf(builder.encode());
  const tail = new StringTail(sections.strings.length);
  const [one, two, again] = [tail.offset('ä'), tail.offset('two'), tail.offset('ä')];
  assert.equal(one, sections.strings.length);
  assert.equal(two, one + 3);
  assert.equal(again, one);
  const bytes = joinSections(sections, tail);
  const btf = Btf.parse(bytes);
  assert.equal(btf.find('number', 'typedef'), 2);
  assert.ok(Buffer.from(bytes).includes(Buffer.from('two\0')));
});

test('without BTF there is still one type for the lines to hang on', () => {
  const sections = sectionsOf(undefined);
  const btf = Btf.parse(joinSections(sections, new StringTail(sections.strings.length)));
  assert.equal(btf.find('int', 'int'), 1);
});

test('bytes that are no BTF, or cut off, are refused', () => {
  assert.throws(() => sectionsOf(new Uint8Array(10)), /BTF header/);
  const whole = new BtfBuilder();
  whole.int('int', 4, 'signed');
  assert.throws(() => sectionsOf(whole.encode().subarray(0, 30)), /past its end/);
});

test('lines ascend, stand on instructions, and every function begins with one', () => {
  const lines = usableLines({
    ...program,
    instructions: [ldImm64(1, 5n), callFunction('f', 1), exit(), mov64Imm(0, 1), exit()],
    lines: [
      { slot: 5, source: source(9) },
      { slot: 2, source: source(4) },
      // The second half of the 64-bit load, and past the end.
      { slot: 1, source: source(1) },
      { slot: 7, source: source(1) },
    ],
  });
  assert.deepEqual(
    lines.map(({ slot, source: { line } }) => [slot, line]),
    [
      [0, 4],
      [2, 4],
      [4, 9],
      [5, 9],
    ],
  );
  assert.deepEqual(usableLines({ ...program, instructions: [exit()] }), []);
});

test('records are laid out as the kernel reads them', () => {
  const tail = new StringTail(100);
  assert.deepEqual([...lineRecords([{ slot: 3, source: source(5) }], tail)], [3, 100, 105, (5 << 10) | 3]);
  assert.deepEqual(
    [
      ...functionRecords([
        { slot: 4, name: 'b', type: 9 },
        { slot: 0, name: 'a', type: 8 },
      ]),
    ],
    [0, 8, 4, 9],
  );
});
