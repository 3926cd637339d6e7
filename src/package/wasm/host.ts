/**
 * The host side of wasm-bpf: six functions of the module `wasm_bpf` by which a guest loads BPF objects, attaches their
 * programs and reads their maps. Guests are strangers: every address and length that they give is checked against
 * their memory, and what fails is a negative errno for them, never an exception of ours.
 *
 *     wasm_load_bpf_object(buffer, length) -> u64       0: refused
 *     wasm_close_bpf_object(object) -> i32
 *     wasm_attach_bpf_program(object, name, target) -> i32
 *     wasm_bpf_buffer_poll(object, map fd, callback, context, buffer, size, timeout ms) -> i32   records, or an errno
 *     wasm_bpf_map_fd_by_name(object, name) -> i32
 *     wasm_bpf_map_operate(map fd, command, key, value, next key, flags) -> i32
 */
import { constants } from 'node:os';
import { possibleCpus } from '../../kernel/cpus.ts';
import type { BpfMap } from '../../kernel/map/map.ts';
import { MapType } from '../../kernel/spec.ts';
import type { EventStream } from '../../object/object.ts';
import { type AnyObject, type BpfObject, type LoadedProgram, loadObject } from '../../object/object.ts';
import { ElementCall, type ElementCommand } from '../../sys/bpf.ts';
import type { WasmInstance, WasmMemory, WasmTable } from './engine.ts';

const { EINVAL, ENOENT, EFAULT, EPERM } = constants.errno;

/** enum of bpf_cmd that guests use: include/uapi/linux/bpf.h. */
const commands: Readonly<Record<number, ElementCommand>> = {
  1: 'mapLookupElem',
  2: 'mapUpdateElem',
  3: 'mapDeleteElem',
  4: 'mapGetNextKey',
};

const largestObject = 64 << 20;
const longestName = 4096;
/** How long a wait sleeps before it looks again. */
const nap = 5;

export class BpfHost {
  readonly #objects = new Map<bigint, BpfObject<AnyObject>>();
  readonly #streams = new Map<number, EventStream<unknown>>();
  readonly #say: (message: string) => void;
  #instance: WasmInstance | undefined;
  #next = 1n;

  /** @param say where it goes what a negative number cannot tell. */
  constructor(say: (message: string) => void) {
    this.#say = say;
  }

  /** Before the guest runs. */
  bind(instance: WasmInstance): void {
    this.#instance = instance;
  }

  readonly imports: Readonly<Record<string, (...args: never[]) => number | bigint>> = {
    wasm_load_bpf_object: (at: number, length: number) => this.#load(at, length),
    wasm_close_bpf_object: (object: bigint) => this.#close(object),
    wasm_attach_bpf_program: (object: bigint, name: number, target: number) =>
      this.#attach(object, name, target),
    wasm_bpf_buffer_poll: (
      object: bigint,
      fd: number,
      callback: number,
      context: number,
      data: number,
      size: number,
      timeout: number,
    ) => this.#poll(object, fd, { callback, context, data, size, timeout }),
    wasm_bpf_map_fd_by_name: (object: bigint, name: number) => this.#mapFd(object, name),
    wasm_bpf_map_operate: (
      fd: number,
      command: number,
      key: number,
      value: number,
      next: number,
      flags: bigint,
    ) => this.#operate(fd, command, { key, value, next, flags }),
  };

  close(): void {
    for (const stream of this.#streams.values()) stream.close();
    for (const object of this.#objects.values()) object.close();
    this.#objects.clear();
  }

  #load(at: number, length: number): bigint {
    const bytes = length >>> 0 > largestObject ? undefined : this.#bytes(at, length);
    if (!bytes) return 0n;
    try {
      const handle = this.#next++;
      this.#objects.set(handle, loadObject(bytes.slice(), { file: `object${handle}.bpf.o` }));
      return handle;
    } catch (error) {
      this.#say(messageOf(error));
      return 0n;
    }
  }

  #close(handle: bigint): number {
    const object = this.#objects.get(handle);
    if (!object) return -EINVAL;
    for (const map of Object.values(object.maps)) {
      this.#streams.get(map.fd.number)?.close();
      this.#streams.delete(map.fd.number);
    }
    object.close();
    this.#objects.delete(handle);
    return 0;
  }

  #attach(handle: bigint, nameAt: number, targetAt: number): number {
    const object = this.#objects.get(handle);
    const name = this.#text(nameAt);
    const target = targetAt === 0 ? '' : this.#text(targetAt);
    if (!object || name === undefined || target === undefined) return -EINVAL;
    const program = Object.entries<LoadedProgram>(object.programs).find(([one]) => one === name)?.[1];
    if (!program) return -ENOENT;
    try {
      program.attach(attachTarget(program, target));
      return 0;
    } catch (error) {
      this.#say(messageOf(error));
      return -errnoOf(error);
    }
  }

  #poll(
    handle: bigint,
    fd: number,
    {
      callback,
      context,
      data,
      size,
      timeout,
    }: Record<'callback' | 'context' | 'data' | 'size' | 'timeout', number>,
  ): number {
    const object = this.#objects.get(handle);
    const map = object && this.#mapOf(fd);
    const table = this.#instance?.exports.__indirect_function_table as WasmTable | undefined;
    const call = table?.get(callback) as
      | ((context: number, data: number, size: number) => number)
      | undefined;
    if (!object || !map || typeof call !== 'function') return -EINVAL;
    let stream: EventStream<unknown>;
    try {
      stream = this.#streams.get(fd) ?? object.events(map.name);
      this.#streams.set(fd, stream);
    } catch (error) {
      this.#say(messageOf(error));
      return -EINVAL;
    }
    const end = timeout < 0 ? Number.POSITIVE_INFINITY : performance.now() + timeout;
    let wrong = 0;
    for (;;) {
      const count = stream.stream.consume(({ bytes }, offset, length) => {
        const taken = Math.min(length, size >>> 0);
        const room = this.#bytes(data, taken);
        if (!room) {
          wrong = -EFAULT;
          return;
        }
        room.set(bytes.subarray(offset, offset + taken));
        call(context, data, taken);
      });
      if (wrong !== 0) return wrong;
      if (count > 0 || performance.now() >= end) return count;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, nap);
    }
  }

  #mapFd(handle: bigint, nameAt: number): number {
    const object = this.#objects.get(handle);
    const name = this.#text(nameAt);
    if (!object || name === undefined) return -EINVAL;
    const map = Object.entries(object.maps).find(([one]) => one === name)?.[1];
    return map ? map.fd.number : -ENOENT;
  }

  #operate(
    fd: number,
    command: number,
    at: { readonly key: number; readonly value: number; readonly next: number; readonly flags: bigint },
  ): number {
    const map = this.#mapOf(fd);
    const name = commands[command];
    if (!map || !name) return -EINVAL;
    const { keySize } = map;
    const valueSize = userValueSize(map);
    const element = new ElementCall(fd, keySize, valueSize);
    const first = name === 'mapGetNextKey' && at.key === 0;
    const key = first ? element.key : this.#bytes(at.key, keySize);
    if (!key) return -EFAULT;
    element.key.set(key);
    if (name === 'mapUpdateElem') {
      const value = this.#bytes(at.value, valueSize);
      if (!value) return -EFAULT;
      element.value.set(value);
    }
    const result = element.run(name, Number(at.flags), first);
    if (result < 0) return result;
    const answer =
      name === 'mapLookupElem' ? [at.value, valueSize] : name === 'mapGetNextKey' ? [at.next, keySize] : [];
    if (answer.length === 0) return result;
    const room = this.#bytes(answer[0]!, answer[1]!);
    if (!room) return -EFAULT;
    room.set(element.value.subarray(0, answer[1]));
    return result;
  }

  /** Only maps of objects that the guest loaded itself: other descriptors of the process are not its own. */
  #mapOf(fd: number): BpfMap | undefined {
    for (const object of this.#objects.values()) {
      for (const map of Object.values(object.maps)) if (map.fd.number === fd) return map;
    }
    return undefined;
  }

  /** A piece of the guest's memory; undefined outside of it. Not kept: the guest may grow its memory. */
  #bytes(at: number, length: number): Uint8Array | undefined {
    const { buffer } = (this.#instance?.exports.memory as WasmMemory | undefined) ?? {
      buffer: new ArrayBuffer(0),
    };
    const [start, size] = [at >>> 0, length >>> 0];
    return start + size <= buffer.byteLength ? new Uint8Array(buffer, start, size) : undefined;
  }

  #text(at: number): string | undefined {
    const { buffer } = (this.#instance?.exports.memory as WasmMemory | undefined) ?? {
      buffer: new ArrayBuffer(0),
    };
    const start = at >>> 0;
    if (start >= buffer.byteLength) return undefined;
    const bytes = new Uint8Array(buffer, start, Math.min(longestName, buffer.byteLength - start));
    const end = bytes.indexOf(0);
    return end < 0 ? undefined : Buffer.from(bytes.subarray(0, end)).toString('utf8');
  }
}

/** What a guest may name: a control group, an interface, or nothing where SEC says it. */
function attachTarget(program: LoadedProgram, target: string): Parameters<LoadedProgram['attach']>[0] {
  if (target === '') return {};
  switch (program.spec.rule?.attach) {
    case 'cgroup':
      return { cgroup: target };
    case 'xdp':
    case 'tc':
    case 'tcx':
    case 'netkit':
      return { interface: target, direction: 'ingress' };
    default:
      return { target };
  }
}

/** Per-CPU maps have a value for each CPU, each rounded up to 8 bytes. */
function userValueSize(map: BpfMap): number {
  const perCpu = new Set<number>([
    MapType.perCpuArray,
    MapType.perCpuHash,
    MapType.lruPerCpuHash,
    MapType.perCpuCgroupStorage,
  ]);
  if (!perCpu.has(map.type)) return map.valueSize;
  return Math.ceil(map.valueSize / 8) * 8 * possibleCpus();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function errnoOf(error: unknown): number {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ('errno' in at && typeof at.errno === 'number' && at.errno !== 0) return Math.abs(at.errno);
  }
  return EPERM;
}
