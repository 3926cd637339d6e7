/** One program of test/object/network.bpf.c, loaded, with the count of its runs. */
import assert from 'node:assert/strict';
import type { LinkKind } from '../../src/kernel/link/link.ts';
import type { BpfMap } from '../../src/kernel/map/map.ts';
import type { AttachOptions } from '../../src/object/attach.ts';
import { type BpfObject, loadObject } from '../../src/object/object.ts';
import { saw } from './kinds-seen.ts';
import { objectBytes } from './objects.ts';
import { waitUntil } from './wait.ts';

export class NetworkObject {
  readonly #object: BpfObject;
  readonly #program: string;

  /** `others`: programs to be loaded beside it. */
  constructor(program: string, others: readonly string[] = []) {
    this.#program = program;
    this.#object = loadObject(objectBytes('network'), {
      file: 'network.bpf.o',
      programs: [program, ...others],
    });
  }

  get programs(): BpfObject['programs'] {
    return this.#object.programs;
  }

  get maps(): Readonly<Record<string, BpfMap>> {
    return this.#object.maps;
  }

  get runs(): number {
    return Number(this.#object.variables.runs as bigint);
  }

  /** Attaches by the SEC name, sees it run when `act` acts (again and again, until it does), and not after it was detached. */
  async fires(kind: LinkKind, options: AttachOptions, act: () => void): Promise<void> {
    const link = this.programs[this.#program]!.attach(options);
    try {
      assert.equal(link.kind, kind);
      assert.equal(this.runs, 0);
      await waitUntil(`${this.#program} to run`, () => {
        act();
        return this.runs > 0;
      });
      saw(this.programs[this.#program]!.spec.section);
    } finally {
      link.close();
    }
    const before = this.runs;
    act();
    assert.equal(this.runs, before, 'nothing runs after it was detached');
    // The place is free again.
    this.programs[this.#program]!.attach(options).close();
  }

  close(): void {
    this.#object.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
