/**
 * USDT for programs that were written for libbpf's `usdt.bpf.h`.
 *
 * A marker of a program stands in several places, and where its arguments are differs from place to place: in a
 * register here, on the stack there. The notes of the file say it as text. A program cannot read text, so each
 * different description becomes an entry of the array `__bpf_usdt_specs`, and the uprobe of each place has the number
 * of its entry as its cookie, by which `bpf_usdt_arg()` finds it; on kernels without cookies its address tells it.
 *
 * The entries' type is the object's own, since headers of different ages lay it out differently.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Btf } from '../btf/btf.ts';
import { encoder } from '../btf/write.ts';
import { Machine } from '../elf/constants.ts';
import { ElfError } from '../elf/errors.ts';
import { ElfFile } from '../elf/file.ts';
import { type UsdtNote, usdtNotes } from '../elf/usdt.ts';
import {
  parseUsdtArgument,
  relativeToProbe,
  splitUsdtArguments,
  type UsdtArgument,
} from '../elf/usdt-arguments.ts';
import { AttachError } from '../kernel/link/errors.ts';
import { AttachedLink } from '../kernel/link/link.ts';
import { attachUprobe } from '../kernel/link/uprobe.ts';
import { attachUprobes, uprobeMultiWorks } from '../kernel/link/uprobe-multi.ts';
import { resolveUserFunction } from '../kernel/link/user-function.ts';
import { KeyedMap } from '../kernel/map/keyed.ts';
import type { BpfMap } from '../kernel/map/map.ts';
import type { Program } from '../kernel/program/program.ts';
import { nearestNames } from '../text/nearest.ts';
import { ObjectError } from './errors.ts';
import type { UsdtPlace } from './place.ts';
import type { ObjectSpec } from './spec.ts';
import { AddressTable, bytes as bytesCodec, markerAddress, usesCookies } from './usdt-addresses.ts';

const SPECS = '__bpf_usdt_specs';
const MAX_ARGUMENTS = 12;

/** Where a register is in the `struct pt_regs` that programs of this machine see: include/uapi/asm/ptrace.h. */
const x64 = [
  ...['r15', 'r14', 'r13', 'r12', 'rbp', 'rbx', 'r11', 'r10', 'r9', 'r8'],
  ...['rax', 'rcx', 'rdx', 'rsi', 'rdi', 'orig_rax', 'rip', 'cs', 'eflags', 'rsp'],
];
const arm64 = [...Array.from({ length: 31 }, (_, i) => `x${i}`), 'sp', 'pc'];
const registers: Readonly<Record<string, readonly string[]>> = { x64, arm64 };

const ArgumentType = { constant: 0, register: 1, memory: 2, indexed: 3 } as const;

/** Values of `struct __bpf_usdt_arg_spec`, before they are cut down to the members that the header has. */
interface ArgumentSpec {
  readonly val_off: bigint;
  readonly arg_type: number;
  readonly idx_reg_off: number;
  readonly scale_bitshift: number;
  readonly reg_off: number;
  readonly arg_signed: boolean;
  readonly arg_bitshift: number;
}

const nothing: ArgumentSpec = {
  val_off: 0n,
  arg_type: 0,
  idx_reg_off: 0,
  scale_bitshift: 0,
  reg_off: 0,
  arg_signed: false,
  arg_bitshift: 0,
};

export interface UsdtOptions {
  readonly pid?: number;
  /** What `bpf_usdt_cookie` answers. Default 0. */
  readonly cookie?: bigint;
}

interface FoundNote extends UsdtNote {
  /** In the process, where that tells places apart. */
  readonly running: bigint | undefined;
}

/** The entries of one loaded object: descriptions that are equal share one. */
export class UsdtSpecs {
  readonly #spec: ObjectSpec;
  readonly #maps: ReadonlyMap<string, BpfMap>;
  readonly #map: BpfMap | undefined;
  readonly #numbers = new Map<string, number>();
  #addresses: AddressTable | undefined;

  constructor(spec: ObjectSpec, maps: ReadonlyMap<string, BpfMap>) {
    this.#spec = spec;
    this.#maps = maps;
    this.#map = maps.get(SPECS);
  }

  /** Attaches to all places of a marker, or to none. Throws AttachError, ObjectError. */
  attach(program: Program, place: UsdtPlace, options: UsdtOptions = {}): AttachedLink {
    const { path } = resolveUserFunction(program.name, place.binary, '', 0);
    const cookies = usesCookies(this.#spec, this.#maps);
    const where = cookies ? undefined : options;
    const { notes, arch } = this.#notes(program, path, place, where);
    const target = `${path}:${place.provider}:${place.name}`;
    const addresses: bigint[] = [];
    const places = notes.map((note) => {
      const number = this.#number(program, note, arch, options.cookie ?? 0n);
      if (note.running !== undefined) {
        this.#byAddress(program).set(note.running, number);
        addresses.push(note.running);
      }
      return {
        offset: note.fileOffset!,
        symbol: `${place.provider}:${place.name}`,
        ...(cookies ? { cookie: BigInt(number) } : {}),
        ...(note.semaphoreOffset === undefined ? {} : { semaphoreOffset: note.semaphoreOffset }),
      };
    });
    const forget = (): void => {
      for (const address of addresses) this.#byAddress(program).delete(address);
    };
    const only = options.pid === undefined ? {} : { pid: options.pid };
    const links: AttachedLink[] = [];
    try {
      if (uprobeMultiWorks(program)) links.push(attachUprobes(program, { path, places, ...only }));
      else for (const one of places) links.push(attachUprobe(program, { path, ...one, ...only }));
    } catch (error) {
      for (const link of links) link.close();
      forget();
      throw error;
    }
    return new AttachedLink({
      kind: 'usdt',
      target,
      program: program.name,
      descriptors: [],
      isLink: false,
      slow: true,
      afterwards: () => {
        for (const link of links) link.close();
        if (!this.#map?.fd.closed) forget();
      },
    });
  }

  #notes(
    program: Program,
    path: string,
    place: UsdtPlace,
    where: UsdtOptions | undefined,
  ): { readonly notes: FoundNote[]; readonly arch: string } {
    const fd = openSync(path, 'r');
    try {
      const { size } = fstatSync(fd);
      const read = (offset: number, length: number): Uint8Array => {
        const bytes = new Uint8Array(length);
        return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
      };
      const file = ElfFile.open({ size, read });
      const arch = file.header.machine === Machine.arm64 ? 'arm64' : 'x64';
      const all = [...usdtNotes(file)];
      const named = all.filter(({ provider, name }) => provider === place.provider && name === place.name);
      const notes = named.filter(({ fileOffset }) => fileOffset !== undefined);
      if (notes.length === 0) throw this.#missing(program, path, place, all);
      const found = notes.map((note) => {
        const running = where === undefined ? undefined : markerAddress(file, path, note, where.pid);
        if (typeof running === 'string') throw this.#wrong(program, running);
        return { ...note, arguments: withSymbols(file, note), running };
      });
      return { notes: found, arch };
    } catch (error) {
      if (error instanceof ElfError) throw this.#wrong(program, `${path}: ${error.message}`);
      throw error;
    } finally {
      closeSync(fd);
    }
  }

  #byAddress(program: Program): AddressTable {
    this.#addresses ??= AddressTable.of(this.#maps);
    if (this.#addresses !== undefined) return this.#addresses;
    throw this.#wrong(program, 'the object has no map __bpf_usdt_ip_to_spec_id: include <bpf/usdt.bpf.h>');
  }

  #missing(program: Program, path: string, place: UsdtPlace, all: readonly UsdtNote[]): AttachError {
    const wanted = `${place.provider}:${place.name}`;
    const what = { kind: 'usdt', program: program.name, target: `${path}:${wanted}` } as const;
    if (all.length === 0) return new AttachError('notFound', what, 'the file has no USDT markers');
    const near = nearestNames(wanted, new Set(all.map(({ provider, name }) => `${provider}:${name}`)));
    return new AttachError('notFound', what, 'the file has no such marker', { suggestions: near });
  }

  /** The number of the entry that describes a place; made and written when it is new. */
  #number(program: Program, note: UsdtNote, arch: string, cookie: bigint): number {
    const key = `${arch} ${cookie} ${note.arguments}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const { map, types, type } = this.#specsMap(program);
    const number = this.#numbers.size;
    if (number >= map.maxEntries) {
      throw this.#wrong(
        program,
        `more than ${map.maxEntries} different descriptions (BPF_USDT_MAX_SPEC_CNT)`,
      );
    }
    const texts = splitUsdtArguments(note.arguments);
    if (texts.length > MAX_ARGUMENTS)
      throw this.#wrong(program, `a marker with ${texts.length} arguments, of 12 at most`);
    const args = texts.map((text) => this.#argument(program, text, arch));
    const value = {
      args: Array.from({ length: MAX_ARGUMENTS }, (_, i) => args[i] ?? nothing),
      usdt_cookie: cookie,
      arg_cnt: args.length,
    };
    const bytes = new Uint8Array(types.sizeOf(type));
    encoder(types, type, { label: SPECS })(cutDown(types, type, value), new DataView(bytes.buffer), 0);
    const raw = map.withCodecs(map.keyCodec, bytesCodec(bytes.length));
    raw.set(number, bytes);
    this.#numbers.set(key, number);
    return number;
  }

  #argument(program: Program, text: string, arch: string): ArgumentSpec {
    const parsed = parseUsdtArgument(text, arch);
    if (parsed.error !== undefined) throw this.#wrong(program, `argument "${text}": ${parsed.error}`);
    const { argument } = parsed;
    const common = { ...nothing, arg_signed: argument.signed, arg_bitshift: 64 - 8 * argument.size };
    switch (argument.kind) {
      case 'constant':
        return { ...common, val_off: BigInt.asUintN(64, argument.value) };
      case 'register':
        if (argument.shift !== 0) throw this.#wrong(program, `argument "${text}": a part of a register`);
        return {
          ...common,
          arg_type: ArgumentType.register,
          reg_off: this.#register(program, argument.register, arch),
        };
      case 'memory':
        return { ...common, ...this.#memory(program, text, argument, arch) };
    }
  }

  #memory(
    program: Program,
    text: string,
    { base, index, indexExtension, scale, displacement }: Extract<UsdtArgument, { kind: 'memory' }>,
    arch: string,
  ): Partial<ArgumentSpec> {
    if (base === undefined) throw this.#wrong(program, `argument "${text}": no base register`);
    const found = { val_off: BigInt.asUintN(64, displacement), reg_off: this.#register(program, base, arch) };
    if (index === undefined) return { ...found, arg_type: ArgumentType.memory };
    if (indexExtension !== 'none') throw this.#wrong(program, `argument "${text}": half a register as index`);
    const { types, type } = this.#specsMap(program);
    if (!hasIndex(types, type)) {
      throw this.#wrong(
        program,
        `argument "${text}": the usdt.bpf.h of this object knows no index registers`,
      );
    }
    return {
      ...found,
      arg_type: ArgumentType.indexed,
      idx_reg_off: this.#register(program, index, arch),
      scale_bitshift: Math.log2(scale),
    };
  }

  #register(program: Program, name: string, arch: string): number {
    const at = registers[arch]?.indexOf(name) ?? -1;
    if (at < 0) throw this.#wrong(program, `register ${name} is not among those that programs see`);
    return at * 8;
  }

  #specsMap(program: Program): {
    readonly map: KeyedMap<number, unknown>;
    readonly types: Btf;
    readonly type: number;
  } {
    const spec = this.#spec.maps.find(({ name }) => name === SPECS);
    const { types } = this.#spec;
    if (!(this.#map instanceof KeyedMap) || types === undefined || spec?.valueType === undefined) {
      throw this.#wrong(program, `the object has no map ${SPECS}: include <bpf/usdt.bpf.h>`);
    }
    return { map: this.#map as KeyedMap<number, unknown>, types, type: spec.valueType };
  }

  #wrong(program: Program, problem: string): ObjectError {
    return new ObjectError(
      'use',
      { file: this.#spec.file },
      `attach program "${program.name}" to a marker: ${problem}`,
    );
  }
}

/** `4@counter(%rip)` needs the address of `counter`. */
function withSymbols(file: ElfFile, note: UsdtNote): string {
  return relativeToProbe(note, (symbol) => {
    for (const kind of ['static', 'dynamic'] as const) {
      const table = file.symbols(kind);
      const [found] = table?.find(symbol) ?? [];
      if (table !== undefined && found !== undefined) return table.value(found);
    }
    return undefined;
  });
}

/** The entry with the members that the object's type has, no more. */
function cutDown(types: Btf, type: number, value: { readonly args: readonly ArgumentSpec[] }): unknown {
  const members = argumentMembers(types, type);
  const args = value.args.map((one) =>
    Object.fromEntries(Object.entries(one).filter(([name]) => members.has(name))),
  );
  return { ...value, args };
}

function hasIndex(types: Btf, type: number): boolean {
  return argumentMembers(types, type).has('idx_reg_off');
}

function argumentMembers(types: Btf, type: number): ReadonlySet<string> {
  const args = types.member(type, 'args');
  const array = args === undefined ? undefined : types.type(types.strip(args.type));
  const struct = array?.kind === 'array' ? types.type(types.strip(array.element)) : undefined;
  return new Set(struct?.kind === 'struct' ? struct.members.map(({ name }) => name) : []);
}
