/**
 * The instructions of a loaded program as the kernel runs them: after the verifier's rewriting, and as machine
 * code where that may be seen.
 *
 * The kernel hides itself in what it gives back (kernel/bpf/syscall.c, bpf_insn_prepare_dump): pointers to maps
 * become map ids; a call of a helper is its distance from `__bpf_call_base`, which /proc/kallsyms turns into a name;
 * a call of a function has its distance in the offset and the number of the function as immediate.
 */

import { readFileSync } from 'node:fs';
import { decode } from '../../asm/decode.ts';
import { instructionText } from '../../asm/disassemble.ts';
import { type Instruction, slotsOf } from '../../asm/instruction.ts';
import { PseudoCall, PseudoLoad } from '../../asm/opcodes.ts';
import { KernelSymbols } from '../../symbol/kallsyms.ts';
import { bpfFd } from '../../sys/bpf.ts';
import { objectInfo, programInfoFields } from '../../sys/bpf-info.ts';
import { SysError } from '../../sys/errors.ts';
import { littleEndian } from '../../sys/layout.ts';
import { mapInfo } from '../map/map.ts';
import { programInfo } from '../program/program.ts';
import { debugInfo, type LoadedLine } from './debug.ts';

export interface CodeLine {
  readonly slot: number;
  readonly instruction: Instruction;
  readonly text: string;
  /** Set at the first instruction of a function. */
  readonly function: string | undefined;
  /** Set where a source line begins. */
  readonly source: LoadedLine | undefined;
}

/** The translated instructions with names; empty where they may not be seen. Throws SysError. */
export function translatedCode(programFd: number): CodeLine[] {
  const info = programInfo(programFd);
  if (info.translatedSize === 0) return [];
  const insns = new Uint8Array(info.translatedSize);
  const got = objectInfo(programFd, programInfoFields, {
    xlatedProgInsns: insns,
    xlatedProgLen: insns.length,
  });
  // The pointer comes back as NULL when kernel.kptr_restrict or the caller's rights hide the code.
  if (got.bigint('xlatedProgInsns') === 0n) return [];
  const { functions, lines } = debugInfo(programFd, info.btfId);
  const functionAt = new Map(functions.map(({ slot, name }) => [slot, name]));
  const lineAt = new Map(lines.map((line) => [line.slot, line]));
  const names = new Names(functions.map(({ name }) => name));
  const out: CodeLine[] = [];
  let slot = 0;
  for (const instruction of decode(insns.subarray(0, got.number('xlatedProgLen')), { littleEndian })) {
    out.push({
      slot,
      instruction,
      text: instructionText(names.named(instruction), { helperName: (distance) => names.helper(distance) }),
      function: functionAt.get(slot),
      source: lineAt.get(slot),
    });
    slot += slotsOf(instruction);
  }
  return out;
}

/** Turns ids and distances into names. */
class Names {
  readonly #functions: readonly string[];
  readonly #maps = new Map<number, string>();
  #symbols: KernelSymbols | undefined;
  #base: bigint | undefined;

  constructor(functions: readonly string[]) {
    this.#functions = functions;
  }

  named(instruction: Instruction): Instruction {
    const { src, imm, imm64, offset } = instruction;
    if (imm64 !== undefined && src === PseudoLoad.mapFd) {
      return { ...instruction, reference: { kind: 'map', map: this.#map(imm) } };
    }
    if (imm64 !== undefined && src === PseudoLoad.mapValue) {
      const at = Number(imm64 >> 32n);
      return { ...instruction, reference: { kind: 'mapValue', map: this.#map(imm), offset: at } };
    }
    const call = instruction.opcode === 0x85;
    if (call && src === PseudoCall.function) {
      const name = this.#functions[imm];
      const there = { ...instruction, imm: offset };
      return name === undefined ? there : { ...there, reference: { kind: 'function', name } };
    }
    if (call && src === PseudoCall.kfunc) {
      const name = this.helper(imm);
      return name === undefined ? instruction : { ...instruction, reference: { kind: 'kfunc', name } };
    }
    return instruction;
  }

  /** A function of the kernel by its distance. */
  helper(distance: number): string | undefined {
    this.#symbols ??= kernelSymbols();
    this.#base ??= this.#symbols?.find('__bpf_call_base').at(0)?.address ?? 0n;
    if (this.#base === 0n) return undefined;
    const place = this.#symbols?.at(BigInt.asUintN(64, this.#base + BigInt(distance)));
    return place === undefined || place.offset !== 0n ? undefined : place.symbol.name;
  }

  #map(id: number): string {
    const known = this.#maps.get(id);
    if (known !== undefined) return known;
    const name = mapName(id);
    this.#maps.set(id, name);
    return name;
  }
}

function kernelSymbols(): KernelSymbols | undefined {
  try {
    return new KernelSymbols(readFileSync('/proc/kallsyms'));
  } catch {
    return undefined;
  }
}

/** `counts, id 12`, or only the id of a map that is gone or may not be opened. */
function mapName(id: number): string {
  try {
    const fd = bpfFd('mapGetFdById', { id });
    try {
      const { name } = mapInfo(fd.number);
      return name === '' ? `id:${id}` : `${name}, id:${id}`;
    } finally {
      fd.close();
    }
  } catch (error) {
    if (error instanceof SysError) return `id:${id}`;
    throw error;
  }
}

/** One function as machine code. */
export interface MachineFunction {
  readonly name: string;
  /** 0 where addresses are hidden. */
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/** Machine code by function; empty where there is none or it may not be seen. Throws SysError. */
export function machineCode(programFd: number): MachineFunction[] {
  const { machineSize, btfId, name } = programInfo(programFd);
  if (machineSize === 0) return [];
  const count = objectInfo(programFd, programInfoFields).number('nrJitedFuncLens');
  const bytes = new Uint8Array(machineSize);
  const [lengths, addresses] = [new Uint32Array(count), new BigUint64Array(count)];
  const got = objectInfo(programFd, programInfoFields, {
    jitedProgInsns: bytes,
    jitedProgLen: bytes.length,
    ...(count === 0
      ? {}
      : { jitedFuncLens: lengths, nrJitedFuncLens: count, jitedKsyms: addresses, nrJitedKsyms: count }),
  });
  if (got.bigint('jitedProgInsns') === 0n) return [];
  const { functions } = debugInfo(programFd, btfId);
  const parts = count === 0 ? [bytes.length] : [...lengths];
  let at = 0;
  return parts.map((length, i) => {
    const part = bytes.slice(at, at + length);
    at += length;
    return {
      name: functions[i]?.name ?? (i === 0 ? name : `function ${i}`),
      address: addresses[i] ?? 0n,
      bytes: part,
    };
  });
}
