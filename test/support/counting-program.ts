/** A program of any type that counts its runs and answers a number, and packets to make it run. */
import * as asm from '../../src/asm/build.ts';
import type { Instruction } from '../../src/asm/instruction.ts';
import { loadProgram } from '../../src/kernel/program/load.ts';
import type { Program } from '../../src/kernel/program/program.ts';
import { MapType, type ProgramSpec } from '../../src/kernel/spec.ts';
import { makeMap } from '../../src/kernel/stream/bare.ts';
import { vmlinux } from '../../src/kernel/vmlinux.ts';
import type { Fd } from '../../src/sys/fd.ts';
import { Mapping, pageSize } from '../../src/sys/memory.ts';
import { Family, inetAddress, openSocket, SocketType, sendBytes } from '../../src/sys/socket.ts';

export interface CountingOptions extends Partial<Omit<ProgramSpec, 'type' | 'instructions'>> {
  /** The answer; default 0. */
  readonly returns?: number;
  /** Runs after counting, with the context in r6; what it leaves in r0 is the answer. */
  readonly body?: readonly Instruction[];
  /** Maps that the body refers to. */
  readonly maps?: Readonly<Record<string, { readonly fd: Fd }>>;
  readonly targetFd?: number;
}

export class CountingProgram {
  readonly program: Program;
  readonly #map: Fd;
  readonly #mapping: Mapping;
  readonly #values: BigUint64Array;

  constructor(type: ProgramSpec['type'], options: CountingOptions = {}) {
    const { returns = 0, body, maps = {}, targetFd, ...spec } = options;
    this.#map = makeMap(MapType.array, { keySize: 4, valueSize: 16, maxEntries: 1, flags: 1 << 10 });
    this.#mapping = Mapping.of(this.#map.number, pageSize());
    this.#values = new BigUint64Array(this.#mapping.buffer, 0, 2);
    const instructions: Instruction[] = [
      asm.mov64(6, 1),
      asm.ldMapValue(7, 'runs', 0),
      asm.mov64Imm(1, 1),
      asm.atomic('add', 8, 7, 0, 1),
      ...(body ?? [asm.mov64Imm(0, returns)]),
      asm.exit(),
    ];
    try {
      this.program = loadProgram(
        { name: 'counting', type, ...spec, instructions },
        {
          mapFd: (name) => (name === 'runs' ? this.#map.number : maps[name]?.fd.number),
          kernelTypes: vmlinux,
          targetFd,
        },
      );
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  get runs(): number {
    return Number(Atomics.load(this.#values, 0));
  }

  /** The second number of the map, for what a body stores at r7 + 8. */
  get noted(): bigint {
    return Atomics.load(this.#values, 1);
  }

  /** How many runs `act` makes. */
  during(act: () => void): number {
    const before = this.runs;
    act();
    return this.runs - before;
  }

  #release(): void {
    this.#mapping.close();
    this.#map.close();
  }

  close(): void {
    this.program.close();
    this.#release();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Sends some datagrams from this thread's network namespace. */
export function sendDatagrams(address: string, port: number, count = 3): void {
  const socket = openSocket(address.includes(':') ? Family.ipv6 : Family.ipv4, SocketType.datagram);
  try {
    for (let i = 0; i < count; i++) sendBytes(socket.number, Buffer.from('ping'), inetAddress(address, port));
  } finally {
    socket.close();
  }
}
