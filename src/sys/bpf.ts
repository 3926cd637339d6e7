/** bpf(2): one function for every command, and a faster one for the elements of maps. */
import { type BpfCommand, type BpfValues, bpfCommands } from './bpf-attr.ts';
import { SysError } from './errors.ts';
import { Fd } from './fd.ts';
import { littleEndian, Struct } from './layout.ts';
import { activeFake, addressOf, bpfReal } from './syscall.ts';

/** What the kernel answered: `result` is a descriptor or 0, or minus the errno; `attr` its written-back fields. */
export interface BpfAnswer {
  readonly result: number;
  readonly attr: Struct;
}

/** Runs a command. What the kernel refuses comes back as a negative result. Linux 3.18. */
export function bpfTry<C extends BpfCommand>(command: C, values: BpfValues<C>): BpfAnswer {
  const { number, fields } = bpfCommands[command];
  const attr = new Struct(fields, values);
  const real = (): number => bpfReal(number, addressOf(attr.bytes), attr.length, attr);
  const fake = activeFake();
  if (fake === undefined) return { result: real(), attr };
  const answer = (field: string, value: number | bigint): void => attr.put(field, value);
  const call = { command, values: { ...values } as Record<string, unknown>, answer };
  return { result: fake({ name: 'bpf', args: [number, attr.bytes, attr.length], bpf: call }, real), attr };
}

/** Runs a command; throws SysError when the kernel refuses. `subject` names the object: `map "events"`. */
export function bpf<C extends BpfCommand>(command: C, values: BpfValues<C>, subject?: string): BpfAnswer {
  const answer = bpfTry(command, values);
  if (answer.result < 0) throw bpfError(command, -answer.result, subject);
  return answer;
}

/** Runs a command that makes a descriptor, and owns it. */
export function bpfFd<C extends BpfCommand>(command: C, values: BpfValues<C>, subject?: string): Fd {
  const { result } = bpf(command, values, subject);
  return Fd.own(result, subject ?? bpfCommands[command].name);
}

/** The error of a failed command. */
export function bpfError(command: BpfCommand, errno: number, subject?: string): SysError {
  return new SysError(bpfCommands[command].name, errno, subject);
}

export type ElementCommand =
  | 'mapLookupElem'
  | 'mapUpdateElem'
  | 'mapDeleteElem'
  | 'mapGetNextKey'
  | 'mapLookupAndDeleteElem';

/** Where each command's last field ends: the kernel refuses non-zero bytes after it. */
const attributeSize = {
  mapLookupElem: 32,
  mapUpdateElem: 32,
  mapDeleteElem: 16,
  mapGetNextKey: 24,
  mapLookupAndDeleteElem: 32,
} as const satisfies Record<ElementCommand, number>;

/**
 * The attribute of element commands, made once a map: its key and value buffers stay where they are,
 * so a lookup costs one native call and no allocation.
 */
export class ElementCall {
  /** Where keys go before the call. */
  readonly key: Uint8Array;
  /** Where values and next keys come and go. */
  readonly value: Uint8Array;
  readonly #attr: Uint32Array;
  readonly #attrAddress: number;
  readonly #keyWords: readonly [number, number];

  constructor(fd: number, keySize: number, valueSize: number) {
    // One byte at least: an empty view has no address. Backing stores do not move once their
    // address was asked for.
    this.key = new Uint8Array(new ArrayBuffer(Math.max(keySize, 1)), 0, keySize);
    // GET_NEXT_KEY answers into the same buffer.
    const room = Math.max(valueSize, keySize, 1);
    this.value = new Uint8Array(new ArrayBuffer(room), 0, Math.max(valueSize, keySize));
    this.#attr = new Uint32Array(8);
    this.#attr[0] = fd;
    const keyAddress = addressOf(this.key.buffer);
    const valueAddress = addressOf(this.value.buffer);
    this.#keyWords = split(keyAddress);
    const [low, high] = split(valueAddress);
    this.#attr[4] = low;
    this.#attr[5] = high;
    this.#attrAddress = addressOf(this.#attr.buffer);
  }

  /** Runs one command on `key` and `value`; `firstKey` passes no key, as iteration begins. */
  run(command: ElementCommand, flags = 0, firstKey = false): number {
    const attr = this.#attr;
    attr[2] = firstKey ? 0 : this.#keyWords[0];
    attr[3] = firstKey ? 0 : this.#keyWords[1];
    attr[littleEndian ? 6 : 7] = flags;
    const { number } = bpfCommands[command];
    const size = attributeSize[command];
    const fake = activeFake();
    if (fake === undefined) return bpfReal(number, this.#attrAddress, size, this);
    const values = { mapFd: attr[0], key: firstKey ? null : this.key, value: this.value, flags };
    const call = { command, values, answer: (): void => {} };
    return fake({ name: 'bpf', args: [number, attr, size], bpf: call }, () =>
      bpfReal(number, this.#attrAddress, size, this),
    );
  }
}

/** The two 32-bit words of a number below 2^53 as they lie in memory. */
function split(value: number): readonly [number, number] {
  const low = value >>> 0;
  const high = Math.floor(value / 2 ** 32);
  return littleEndian ? [low, high] : [high, low];
}
