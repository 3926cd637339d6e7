/**
 * Damaged and hostile BTF: every answer must be a value or a `BtfError`, soon, and without growing memory.
 *
 *   node --import tsx test/fuzz/btf.ts [iterations=20000] [seed]
 *
 * Inputs are small real BTF (types of the running kernel where it has them) with bytes, words and
 * lengths changed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { Btf } from '../../src/btf/btf.ts';
import { BtfBuilder } from '../../src/btf/build.ts';
import { copyType } from '../../src/btf/copy.ts';
import { decoder } from '../../src/btf/decode.ts';
import { BtfError } from '../../src/btf/errors.ts';
import { declarationsInC } from '../../src/btf/format.ts';
import { declarationsOf } from '../../src/btf/typescript.ts';
import { encoder } from '../../src/btf/write.ts';

const iterations = Number(process.argv[2] ?? 20_000);
const seed = Number(process.argv[3] ?? Date.now() % 0xffff_ffff);
const SLOW_MS = 2_000;

/** xorshift: the same inputs for the same seed. */
let state = (seed * 2 + 1) | 0;
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

function built(): Uint8Array {
  const b = new BtfBuilder();
  const u32 = b.int('unsigned int', 4, 'unsigned');
  const char = b.int('char', 1, 'signed');
  const node = b.reserve();
  const either = b.union('', [
    { name: 'a', type: u32 },
    { name: 'e', type: b.enum('mode', [{ name: 'A', value: 1n }]) },
  ]);
  b.define(node, {
    kind: 'struct',
    name: 'node',
    size: 40,
    members: [
      { name: 'next', type: b.pointer(b.typedef('node_t', b.const(node))), bitOffset: 0, bitSize: 0 },
      { name: 'bits', type: u32, bitOffset: 64, bitSize: 3 },
      { name: '', type: either, bitOffset: 96, bitSize: 0 },
      { name: 'comm', type: b.array(char, 16), bitOffset: 128, bitSize: 0 },
      { name: 'list', type: b.array(u32, 2), bitOffset: 256, bitSize: 0 },
    ],
  });
  b.function('handle', u32, [{ name: 'n', type: b.pointer(node) }]);
  const variable = b.add({ kind: 'variable', name: 'v', type: node, linkage: 1 });
  b.add({ kind: 'section', name: '.data', size: 40, variables: [{ type: variable, offset: 0, size: 40 }] });
  b.add({ kind: 'declTag', name: 'tag', target: node, component: -1 });
  b.enum('wide', [{ name: 'W', value: 1n << 40n }]);
  return b.encode({ littleEndian: random(4) !== 0 });
}

function kernels(): Uint8Array[] {
  const path = '/sys/kernel/btf/vmlinux';
  if (!existsSync(path)) return [];
  const btf = Btf.parse(readFileSync(path));
  return ['pid', 'linux_binprm', 'iphdr', 'bpf_iter__task', 'kernel_siginfo'].flatMap((name) => {
    const id = btf.find(name, 'struct');
    if (id === undefined) return [];
    const builder = new BtfBuilder();
    copyType(btf, id, builder);
    return [builder.encode()];
  });
}

const interesting = [
  0, 1, 2, 3, 0x7f, 0xff, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffc, 0xffff_ffff,
];

function mutate(source: Uint8Array): Uint8Array {
  const bytes = source.slice();
  const view = new DataView(bytes.buffer);
  for (let n = 1 + random(6); n > 0; n--) {
    const word = 24 + random((bytes.length - 24) >> 2) * 4;
    switch (random(6)) {
      case 0:
        bytes[random(bytes.length)] = random(256);
        break;
      case 1:
        if (word + 4 <= bytes.length) view.setUint32(word, interesting[random(interesting.length)]!, true);
        break;
      case 2:
        // A small number in any word: another type, kind of list or length that still exists.
        if (word + 4 <= bytes.length) view.setUint32(word, random(40), true);
        break;
      case 3: {
        // Another kind of record.
        const at = word + 3;
        if (at < bytes.length) bytes[at] = random(20) | (random(2) << 7);
        break;
      }
      case 4:
        if (random(4) === 0) view.setUint32(4 + random(5) * 4, random(2 * bytes.length), true);
        break;
      default:
        bytes.copyWithin(word, 24 + random((bytes.length - 24) >> 2) * 4, bytes.length - random(16));
    }
  }
  return random(10) === 0 ? bytes.subarray(0, random(bytes.length + 1)) : bytes;
}

let errors = 0;
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof BtfError)) throw error;
    errors++;
    return undefined;
  }
}

function exercise(bytes: Uint8Array, thorough: boolean): void {
  const btf = attempt(() => Btf.parse(bytes));
  if (btf === undefined) return;
  attempt(() => btf.find('node'));
  for (let i = 0; i < 12; i++) {
    const id = random(btf.count);
    attempt(() => btf.type(id));
    attempt(() => btf.alignOf(id));
    attempt(() => btf.member(id, 'a'));
    const size = attempt(() => btf.sizeOf(id));
    if (size === undefined || size > 4096) continue;
    const view = new DataView(new ArrayBuffer(size));
    for (let at = 0; at < size; at += 3) view.setUint8(at, random(256));
    const value = attempt(() => decoder(btf, id)(view, 0));
    if (value !== undefined) attempt(() => encoder(btf, id)(value, view, 0));
  }
  if (!thorough) return;
  attempt(() => declarationsOf(btf));
  for (let id = 1; id < btf.count; id += 5) attempt(() => declarationsInC(btf, [id]));
  attempt(() => copyType(btf, random(btf.count), new BtfBuilder()));
  const builder = new BtfBuilder();
  attempt(() => {
    for (let id = 1; id < btf.count; id++) builder.add(btf.type(id));
    return builder.encode();
  });
}

const seeds = [built(), built(), ...kernels()];
const started = performance.now();
let settled = 0;
for (let i = 0; i < iterations; i++) {
  const before = state;
  const bytes = mutate(seeds[random(seeds.length)]!);
  const from = performance.now();
  try {
    exercise(bytes, i % 16 === 0);
  } catch (error) {
    console.error(`iteration ${i}, state ${before}, seed ${seed}: ${Buffer.from(bytes).toString('hex')}`);
    throw error;
  }
  const took = performance.now() - from;
  if (took > SLOW_MS) throw new Error(`iteration ${i}, seed ${seed}: ${took.toFixed(0)} ms`);
  if (i === iterations >> 2) settled = process.memoryUsage().heapTotal;
}
const seconds = ((performance.now() - started) / 1000).toFixed(1);
const grown = (process.memoryUsage().heapTotal - settled) / 2 ** 20;
console.log(
  `${iterations} inputs, seed ${seed}: ${errors} typed errors, ${seconds} s, heap grew by ${grown.toFixed(1)} MB`,
);
if (grown > 64) throw new Error('the heap grew');
