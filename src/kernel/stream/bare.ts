/**
 * Maps and programs made with the system calls alone, for kernel tests and benchmarks of streams and links:
 * they do not depend on the loader, and what a test needs stands in the test.
 */
import * as asm from '../../asm/build.ts';
import { encode } from '../../asm/encode.ts';
import type { Instruction } from '../../asm/instruction.ts';
import { bpfFd } from '../../sys/bpf.ts';
import type { Fd } from '../../sys/fd.ts';
import { cString } from '../../sys/file.ts';
import { Mapping, pageSize } from '../../sys/memory.ts';
import { possibleCpus } from '../cpus.ts';
import type { AttachableProgram } from '../link/link.ts';
import { MapType, ProgramType } from '../spec.ts';
import { LostCounters, type LostLayout, lostCounterOffset, lostLayout } from './lost.ts';

/** Helpers by their numbers in `enum bpf_func_id`. */
export const Helper = {
  mapLookupElem: 1,
  ktimeGetNs: 5,
  getSmpProcessorId: 8,
  getCurrentPidTgid: 14,
  perfEventOutput: 25,
  seqWrite: 127,
  ringbufOutput: 130,
  ringbufReserve: 131,
  ringbufSubmit: 132,
  ringbufDiscard: 133,
  getAttachCookie: 174,
} as const;

/** Numbers of getppid(2) by architecture: a system call that does nothing else. */
export const getppidNumber: number = process.arch === 'x64' ? 110 : 173;

export function makeMap(
  mapType: number,
  sizes: {
    readonly keySize?: number;
    readonly valueSize?: number;
    readonly maxEntries: number;
    readonly flags?: number;
  },
): Fd {
  return bpfFd('mapCreate', {
    mapType,
    keySize: sizes.keySize ?? 0,
    valueSize: sizes.valueSize ?? 0,
    maxEntries: sizes.maxEntries,
    mapFlags: sizes.flags ?? 0,
  });
}

/** Loads a program; references to maps are looked up in `maps`. The verifier's log is in the error. */
export function makeProgram(
  type: number,
  instructions: readonly Instruction[],
  maps: Readonly<Record<string, Fd>> = {},
  options: {
    readonly attachType?: number;
    readonly attachBtfId?: number;
    /** The program, or module, that `attachBtfId` lies in. */
    readonly targetFd?: number;
  } = {},
): AttachableProgram & { close(): void } {
  const resolved = instructions.map((instruction) => {
    const reference = instruction.reference;
    if (reference === undefined || !('map' in reference)) return instruction;
    const fd = maps[reference.map]!.number;
    const upper = (instruction.imm64 ?? 0n) & ~0xffff_ffffn;
    return { ...instruction, imm: fd, imm64: upper | BigInt(fd) };
  });
  const insns = encode(resolved);
  const log = new Uint8Array(64 * 1024);
  let fd: Fd;
  try {
    fd = bpfFd('programLoad', {
      programType: type,
      insns,
      insnCnt: insns.length / 8,
      license: cString('GPL'),
      logLevel: 1,
      logSize: log.length,
      logBuf: log,
      expectedAttachType: options.attachType,
      attachBtfId: options.attachBtfId,
      attachBtfObjFd: options.targetFd,
    });
  } catch (cause) {
    const text = Buffer.from(log.subarray(0, log.indexOf(0))).toString('latin1');
    throw new Error(`load a test program: ${String(cause)}\n${text}`, { cause });
  }
  return { name: 'bare', fd, close: () => fd.close() };
}

export type Delivery = 'ring' | 'perf';

/**
 * A raw tracepoint program that makes a record of each getppid(2) of this process: u64 sequence number, u64
 * time, zeroes up to `recordSize`. It counts what it wanted to deliver and what it could not.
 */
export class Flood {
  readonly program: AttachableProgram & { close(): void };
  readonly events: Fd;
  readonly lost: LostCounters;
  readonly layout: LostLayout;
  readonly #counters: Fd;
  readonly #mapping: Mapping;

  constructor(delivery: Delivery, eventsSize: number, recordSize = 64, flags = 0) {
    const cpus = possibleCpus();
    this.layout = lostLayout(2, cpus);
    this.events =
      delivery === 'ring'
        ? makeMap(MapType.ringBuffer, { maxEntries: eventsSize })
        : makeMap(MapType.perfEventArray, { keySize: 4, valueSize: 4, maxEntries: cpus });
    this.#counters = makeMap(MapType.array, {
      keySize: 4,
      valueSize: this.layout.valueSize,
      maxEntries: 1,
      flags: 1 << 10,
    });
    const page = pageSize();
    this.#mapping = Mapping.of(this.#counters.number, Math.ceil(this.layout.valueSize / page) * page);
    this.lost = new LostCounters(this.layout, this.#mapping.buffer);
    this.program = makeProgram(
      ProgramType.rawTracepoint,
      floodProgram(delivery, this.layout, recordSize, flags),
      { events: this.events, counters: this.#counters },
    );
  }

  /** Records that the program wanted to deliver. */
  get produced(): bigint {
    return this.lost.total(1);
  }

  close(): void {
    this.program.close();
    this.events.close();
    this.#mapping.close();
    this.#counters.close();
  }
}

function floodProgram(
  delivery: Delivery,
  layout: LostLayout,
  recordSize: number,
  flags: number,
): Instruction[] {
  const start: Instruction[] = [
    asm.mov64(6, 1),
    asm.callHelper(Helper.getCurrentPidTgid),
    asm.alu64Imm('rsh', 0, 32),
  ];
  const filter = [asm.load(8, 1, 6, 8)];
  const body: Instruction[] = [
    asm.ldMapValue(7, 'counters', 0),
    asm.mov64Imm(9, 1),
    asm.atomic('fetchAdd', 8, 7, lostCounterOffset(layout, 1, 0), 9),
    ...(delivery === 'ring' ? ringOutput(recordSize, flags) : perfOutput(recordSize)),
  ];
  const lost: Instruction[] = [
    asm.callHelper(Helper.getSmpProcessorId),
    asm.alu64Imm('and', 0, layout.cpus - 1),
    asm.alu64Imm('mul', 0, 64),
    asm.alu64('add', 7, 0),
    asm.mov64Imm(1, 1),
    asm.atomic('add', 8, 7, 0, 1),
  ];
  const end = [asm.mov64Imm(0, 0), asm.exit()];
  const slots = (list: readonly Instruction[]): number =>
    list.reduce((sum, each) => sum + (each.imm64 === undefined ? 1 : 2), 0);
  const afterFilter = slots(body) + slots(lost);
  return [
    ...start,
    asm.jumpIfImm('jne', 0, process.pid, slots(filter) + 1 + afterFilter),
    ...filter,
    asm.jumpIfImm('jne', 1, getppidNumber, afterFilter),
    ...body,
    ...lost,
    ...end,
  ];
}

/** Reserve and fill, or fall through to what counts the loss. Ends the program on success. */
function ringOutput(recordSize: number, flags: number): Instruction[] {
  const fill: Instruction[] = [
    asm.mov64(8, 0),
    asm.store(8, 8, 0, 9),
    asm.callHelper(Helper.ktimeGetNs),
    asm.store(8, 8, 8, 0),
    ...Array.from({ length: recordSize / 8 - 2 }, (_, i) => asm.storeImm(8, 8, 16 + 8 * i, 0)),
    asm.mov64(1, 8),
    asm.mov64Imm(2, flags),
    asm.callHelper(Helper.ringbufSubmit),
    asm.mov64Imm(0, 0),
    asm.exit(),
  ];
  return [
    asm.ldMap(1, 'events'),
    asm.mov64Imm(2, recordSize),
    asm.mov64Imm(3, 0),
    asm.callHelper(Helper.ringbufReserve),
    asm.jumpIfImm('jeq', 0, 0, fill.length),
    ...fill,
  ];
}

/** The record on the stack, sent to the buffer of the current CPU. */
function perfOutput(recordSize: number): Instruction[] {
  const at = -recordSize;
  return [
    asm.store(8, 10, at, 9),
    asm.callHelper(Helper.ktimeGetNs),
    asm.store(8, 10, at + 8, 0),
    ...Array.from({ length: recordSize / 8 - 2 }, (_, i) => asm.storeImm(8, 10, at + 16 + 8 * i, 0)),
    asm.mov64(1, 6),
    asm.ldMap(2, 'events'),
    // BPF_F_CURRENT_CPU
    asm.ldImm64(3, 0xffff_ffffn),
    asm.mov64(4, 10),
    asm.alu64Imm('add', 4, at),
    asm.mov64Imm(5, recordSize),
    asm.callHelper(Helper.perfEventOutput),
    asm.jumpIfImm('jslt', 0, 0, 2),
    asm.mov64Imm(0, 0),
    asm.exit(),
  ];
}

/** JavaScript for a worker thread that calls getppid(2) `count` times, then posts a message. */
export function getppidLoop(count: number): string {
  return `
    const { parentPort } = require('node:worker_threads');
    for (let i = 0; i < ${count}; i++) process.ppid;
    parentPort.postMessage('done');
  `;
}
