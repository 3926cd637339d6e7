/** What compilers make of one source, by version, format and optimisation. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { projectRoot } from '../../test/support/project.ts';
import { ElfFile } from '../elf/file.ts';
import { findFunctions } from '../elf/functions.ts';
import { argumentsAt } from './arguments.ts';
import type { Entry } from './entry.ts';
import { declarationText } from './format.ts';
import { functionAt, functionName, inlinedAt, parametersOf } from './functions.ts';
import { DebugInfo } from './info.ts';
import { linesOf } from './lines.ts';
import { findTypeIn } from './names.ts';
import { findSourceLine } from './source-lines.ts';
import { enumOf, membersOf, sizeOf } from './types.ts';

const folder = mkdtempSync(join(tmpdir(), 'bpfkit-dwarf-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const source = join(projectRoot, 'test/programs/debugged.c');
const text = readFileSync(source, 'utf8');
const lineOf = (part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;

let made = 0;

/** Undefined where the compiler is missing, or does not know a flag. */
function build(compiler: string, flags: readonly string[]): DebugInfo | undefined {
  const output = join(folder, `program${made++}`);
  const ran = spawnSync(compiler, ['-g', ...flags, '-o', output, source], { encoding: 'utf8' });
  if (ran.status !== 0) return undefined;
  const info = DebugInfo.open(ElfFile.open(readFileSync(output)));
  assert.ok(info);
  return info;
}

const builds = ['gcc', 'clang'].flatMap((compiler) =>
  [
    ['-O0'],
    ['-O2'],
    ['-O2', '-gdwarf-4'],
    ['-O0', '-gdwarf-4'],
    ['-O1', '-gdwarf-5', '-gdwarf64'],
    ['-O0', '-gz=zlib'],
    ['-O2', '-fdebug-types-section'],
    ['-O0', '-gdwarf-4', '-fdebug-types-section'],
    ['-O0', '-gdwarf-3', '-gstrict-dwarf'],
    ['-O0', '-gdwarf-2', '-gstrict-dwarf'],
  ].map((flags) => ({ compiler, flags })),
);

function entered(info: DebugInfo, name: string): { readonly copy: Entry; readonly address: number } {
  const [found] = findFunctions(info.elf, name);
  assert.ok(found, name);
  const address = Number(found.symbol.value);
  const unit = info.unitAt(address);
  assert.ok(unit, `${name} is in no unit`);
  const copy = functionAt(unit, address);
  assert.ok(copy, `${name} has no entry`);
  return { copy, address };
}

const declared = (copy: Entry): readonly string[] =>
  parametersOf(copy).map(({ type, name = '' }) => declarationText(type, name));

for (const { compiler, flags } of builds) {
  test(`${compiler} ${flags.join(' ')}`, (t) => {
    const info = build(compiler, flags);
    if (!info) return t.skip(`needs ${compiler} with ${flags.join(' ')}`);
    const { copy, address } = entered(info, 'pointers');
    const { unit } = copy;
    assert.equal(functionName(copy), 'pointers');
    assert.deepEqual(declared(copy), [
      'const char* text',
      'struct outer* outer',
      'enum color color',
      'unnamed_t* unnamed',
      'struct undefined* none',
    ]);
    const outer = findTypeIn(unit, 'struct', 'outer');
    assert.ok(outer);
    const members = membersOf(outer);
    assert.deepEqual(
      members.map(({ name }) => name),
      ['first', 'low', 'high', 'text', 'next', 'inside', 'color', '', 'flag', 'list', 'pair', 'callback'],
    );
    const high = members.find(({ name }) => name === 'high');
    assert.deepEqual([high?.bitOffset, high?.bitSize], [35, 5]);
    assert.equal(sizeOf(outer), 96);
    assert.equal(sizeOf(findTypeIn(unit, 'typedef', 'inner_t')), 12);
    const color = findTypeIn(unit, 'enum', 'color');
    assert.ok(color);
    assert.deepEqual(
      enumOf(color).values.map(({ name, value }) => `${name} ${value}`),
      ['RED 0', 'GREEN 5', 'BLUE -1'],
    );
    assert.deepEqual(declared(entered(info, 'values').copy), [
      'struct small s',
      'struct middle m',
      'struct large l',
      'int last',
    ]);
    const place = linesOf(unit)?.at(address);
    assert.equal(place?.file?.path, source);
    // Optimised code has lines of the body at its first instruction as well: the last one counts.
    if (flags.includes('-O0')) assert.equal(place?.line, lineOf('APART int pointers'));
    checkLines(info, flags.includes('-O0'));
  });

  test(`arguments of ${compiler} ${flags.join(' ')}`, (t) => {
    if (process.arch !== 'x64') return t.skip('needs x86: this is another architecture');
    const info = build(compiler, flags);
    if (!info) return t.skip(`needs ${compiler} with ${flags.join(' ')}`);
    const sources = (name: string): Readonly<Record<string, unknown>> => {
      const { copy, address } = entered(info, name);
      const list = argumentsAt(copy, address, 'x64', true);
      return Object.fromEntries(
        list.map((each) => {
          const { source: from } = each;
          if (typeof from === 'string') return [each.name, from];
          if (from.kind === 'registers') return [each.name, from.names.join(' ')];
          return [each.name, from.kind === 'memory' ? `${from.register}+${from.offset}` : from.kind];
        }),
      );
    };
    assert.deepEqual(sources('scalars'), { c: 'di', u: 'si', s: 'dx', n: 'cx', l: 'r8', b: 'r9' });
    const { g, h } = sources('many');
    assert.deepEqual([g, h], ['sp+8', 'sp+16']);
    assert.deepEqual(sources('values'), { s: 'di', m: 'si dx', l: 'sp+8', last: 'cx' });
    assert.deepEqual(sources('floats'), { d: 'vector', first: 'di', f: 'vector', second: 'si' });
  });
}

function checkLines(info: DebugInfo, plain: boolean): void {
  const inInlined = findSourceLine(info, {
    file: 'debugged.c',
    line: lineOf('line of inlined'),
    column: undefined,
  });
  assert.equal(inInlined.kind, 'found');
  assert.ok(inInlined.kind === 'found');
  // Inlined twice.
  assert.equal(inInlined.addresses.length, 2);
  for (const address of inInlined.addresses) {
    const unit = info.unitAt(address)!;
    const copy = functionAt(unit, address)!;
    assert.equal(functionName(copy), 'caller');
    // Optimised, gcc places the line before the instructions that it says were inlined.
    if (!plain) continue;
    assert.deepEqual(
      inlinedAt(copy, address).map(({ entry }) => functionName(entry)),
      ['inlined'],
    );
  }
  assert.equal(findSourceLine(info, { file: source, line: 1, column: undefined }).kind, 'noLine');
  assert.equal(findSourceLine(info, { file: 'other.c', line: 1, column: undefined }).kind, 'noFile');
}
