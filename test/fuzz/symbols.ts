/**
 * Broken tables of symbols and mappings: the answer is a value or a SymbolFormatError, soon.
 *
 *     node --import tsx test/fuzz/symbols.ts 1000000 7
 */
import { pathToFileURL } from 'node:url';
import { SymbolFormatError } from '../../src/symbol/errors.ts';
import { KernelSymbols } from '../../src/symbol/kallsyms.ts';
import { mappingAt, parseMaps } from '../../src/symbol/maps.ts';
import { nearKernelFunctions } from '../../src/symbol/near.ts';
import { type FuzzReport, fuzz, fuzzFromCommandLine } from './mutate.ts';

const SEEDS = [
  'ffffffff81000000 T _text\nffffffff81000100 t do_exit\nffffffffc0500010 t veth_xmit\t[veth]\n',
  'c0008000 T _text\nc0009000 t second\n',
  '7f1c2a000000-7f1c2a1b2000 r-xp 00028000 fd:01 1835122   /usr/lib/libc.so.6\n' +
    '7f1c2b000000-7f1c2b1b2000 rw-p 00000000 00:00 0 \n',
].map((text) => Uint8Array.from(Buffer.from(text, 'latin1')));

const QUESTIONS: readonly ((bytes: Uint8Array) => unknown)[] = [
  (bytes) => [...new KernelSymbols(bytes)],
  (bytes) => new KernelSymbols(bytes).find('do_exit'),
  (bytes) => new KernelSymbols(bytes).at(0xffffffff81000105n),
  (bytes) => nearKernelFunctions(new KernelSymbols(bytes), 'do_exti'),
  (bytes) => mappingAt(parseMaps(bytes), 0x7f1c2a000010n),
];

function look(bytes: Uint8Array): 'accepted' | 'refused' {
  let refused = 0;
  for (const question of QUESTIONS) {
    try {
      question(bytes);
    } catch (error) {
      if (!(error instanceof SymbolFormatError)) throw error;
      refused++;
    }
  }
  return refused === QUESTIONS.length ? 'refused' : 'accepted';
}

export function fuzzSymbols(iterations: number, seed: number): FuzzReport {
  return fuzz(SEEDS, iterations, seed, look);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) fuzzFromCommandLine(fuzzSymbols);
