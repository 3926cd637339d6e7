/**
 * A fresh process that has the kernel's BTF loads a program of 100 instructions with its two maps, in milliseconds.
 * `load.mjs FILE` also writes the program to FILE for c/load.c, its references to maps by index.
 */
import { writeFileSync } from 'node:fs';
import * as asm from 'bpfkit/asm';
import { loadCollection, MapType, ProgramType, vmlinux } from 'bpfkit/kernel';

const wanted = 100;
const names = ['started', 'events'];
const recordSize = 512;

const head = [
  asm.callHelper(14), // get_current_pid_tgid
  asm.store(4, 10, -4, 0),
  asm.ldMap(1, 'started'),
  asm.mov64(2, 10),
  asm.alu64Imm('add', 2, -4),
  asm.callHelper(1), // map_lookup_elem
  asm.jumpIfImm('jeq', 0, 0, 1),
  asm.load(8, 0, 0, 0),
  asm.ldMap(1, 'events'),
  asm.mov64Imm(2, recordSize),
  asm.mov64Imm(3, 0),
  asm.callHelper(131), // ringbuf_reserve
];
const tail = [
  asm.mov64(1, 0),
  asm.mov64Imm(2, 0),
  asm.callHelper(132), // ringbuf_submit
  asm.mov64Imm(0, 0),
  asm.exit(),
];
const slots = (list: readonly asm.Instruction[]): number =>
  list.reduce((sum, one) => sum + asm.slotsOf(one), 0);
const stores = wanted - slots(head) - slots(tail) - 1;
const instructions = [
  ...head,
  asm.jumpIfImm('jeq', 0, 0, stores + 3),
  ...Array.from({ length: stores }, (_, i) => asm.storeImm(8, 0, 8 * (i % (recordSize / 8)), i)),
  ...tail,
];

const [, , file] = process.argv;
if (file !== undefined) {
  const byIndex = instructions.map((one) =>
    one.reference?.kind === 'map'
      ? { ...one, imm: names.indexOf(one.reference.map), imm64: BigInt(names.indexOf(one.reference.map)) }
      : one,
  );
  writeFileSync(file, asm.encode(byIndex));
}

vmlinux().find('task_struct', 'struct');
const start = performance.now();
const loaded = loadCollection({
  maps: [
    { name: 'started', type: MapType.hash, keySize: 4, valueSize: 8, maxEntries: 8192 },
    { name: 'events', type: MapType.ringBuffer, keySize: 0, valueSize: 0, maxEntries: 8 << 20 },
  ],
  programs: [{ name: 'loaded', type: ProgramType.rawTracepoint, instructions }],
});
const milliseconds = performance.now() - start;
loaded.close();
console.log(JSON.stringify({ milliseconds, instructions: slots(instructions) }));
