/** A kernel program that counts its runs in one process, and keeps the last cookie. */
import * as asm from '../../src/asm/build.ts';
import type { Instruction } from '../../src/asm/instruction.ts';
import type { AttachableProgram } from '../../src/kernel/link/link.ts';
import { MapType } from '../../src/kernel/spec.ts';
import { Helper, makeMap, makeProgram } from '../../src/kernel/stream/bare.ts';
import type { Fd } from '../../src/sys/fd.ts';
import { Mapping, pageSize } from '../../src/sys/memory.ts';

export interface CounterOptions {
  readonly attachType?: number;
  readonly attachBtfId?: number;
  readonly targetFd?: number;
  /** Whose runs count. Default: everybody's. */
  readonly pid?: number;
  readonly cookie?: boolean;
}

export class RunCounter implements Disposable {
  readonly program: AttachableProgram & { close(): void };
  readonly #map: Fd;
  readonly #mapping: Mapping;
  /** Mapped to be read only. */
  readonly #values: BigUint64Array;
  #asked = 0;

  /** Throws with the verifier's log where the kernel does not load it. */
  constructor(type: number, options: CounterOptions = {}) {
    this.#map = makeMap(MapType.array, { keySize: 4, valueSize: 16, maxEntries: 1, flags: 1 << 10 });
    this.#mapping = Mapping.of(this.#map.number, pageSize());
    this.#values = new BigUint64Array(this.#mapping.buffer, 0, 2);
    const body: Instruction[] = [
      asm.ldMapValue(7, 'counts', 0),
      asm.mov64Imm(1, 1),
      asm.atomic('add', 8, 7, 0, 1),
      ...(options.cookie
        ? [asm.mov64(1, 6), asm.callHelper(Helper.getAttachCookie), asm.store(8, 7, 8, 0)]
        : []),
    ];
    const filter: Instruction[] =
      options.pid === undefined
        ? []
        : [
            asm.callHelper(Helper.getCurrentPidTgid),
            asm.alu64Imm('rsh', 0, 32),
            asm.jumpIfImm('jne', 0, options.pid, body.length + 1),
          ];
    const code = [asm.mov64(6, 1), ...filter, ...body, asm.mov64Imm(0, 0), asm.exit()];
    try {
      this.program = makeProgram(type, code, { counts: this.#map }, options);
    } catch (error) {
      this.#mapping.close();
      this.#map.close();
      throw error;
    }
  }

  get runs(): number {
    return Number(Atomics.load(this.#values, 0));
  }

  get cookie(): bigint {
    return Atomics.load(this.#values, 1);
  }

  /** Runs since the last question. */
  taken(): number {
    const before = this.#asked;
    this.#asked = this.runs;
    return this.#asked - before;
  }

  close(): void {
    this.program.close();
    this.#mapping.close();
    this.#map.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
