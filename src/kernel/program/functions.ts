/** The functions of a loaded program, and where they are in its BTF: what fentry on BPF programs attaches to. */
import type { Btf } from '../../btf/btf.ts';
import { BtfError } from '../../btf/errors.ts';
import { objectInfo, programInfoFields } from '../../sys/bpf-info.ts';
import { SysError } from '../../sys/errors.ts';
import { readTypes } from '../types.ts';
import { openProgram, programIds } from './program.ts';

export interface ProgramFunction {
  readonly programId: number;
  /** As the source has it; the kernel's name of a program is cut after 15 characters. */
  readonly name: string;
  /** Of the function, in the program's BTF. */
  readonly btfId: number;
  readonly parameters: number;
}

/** `struct bpf_func_info` begins with the instruction and the type; later kernels may append. */
const RECORD_WORDS = 2;

/**
 * The main function and the subprograms of every loaded program that has BTF. Programs that go away meanwhile
 * are left out. Asks for CAP_SYS_ADMIN. Throws SysError.
 */
export function loadedFunctions(): ProgramFunction[] {
  const found: ProgramFunction[] = [];
  const types = new Map<number, Btf | undefined>();
  for (const id of programIds()) {
    try {
      found.push(...functionsOf(id, types));
    } catch (error) {
      if (!(error instanceof SysError) || error.code !== 'ENOENT') throw error;
    }
  }
  return found;
}

/** The functions of one program. Throws SysError: ENOENT where there is no such program. */
export function programFunctions(id: number): ProgramFunction[] {
  return functionsOf(id, new Map());
}

/** The types of a loaded program; undefined where it has none. Throws SysError. */
export function programTypes(id: number): Btf | undefined {
  const program = openProgram(id);
  try {
    const btfId = objectInfo(program.fd.number, programInfoFields).number('btfId');
    return btfId === 0 ? undefined : typesOf(btfId);
  } finally {
    program.close();
  }
}

function functionsOf(id: number, types: Map<number, Btf | undefined>): ProgramFunction[] {
  const program = openProgram(id);
  try {
    const head = objectInfo(program.fd.number, programInfoFields);
    const btfId = head.number('btfId');
    const count = head.number('nrFuncInfo');
    const size = head.number('funcInfoRecSize');
    if (btfId === 0 || count === 0 || size < RECORD_WORDS * 4) return [];
    if (!types.has(btfId)) types.set(btfId, typesOf(btfId));
    const btf = types.get(btfId);
    if (!btf) return [];
    const records = new Uint8Array(count * size);
    const info = objectInfo(program.fd.number, programInfoFields, {
      funcInfo: records,
      nrFuncInfo: count,
      funcInfoRecSize: size,
    });
    const got = Math.min(count, info.number('nrFuncInfo'));
    const view = new DataView(records.buffer);
    const found: ProgramFunction[] = [];
    for (let i = 0; i < got; i++) {
      const type = view.getUint32(i * size + 4, btf.littleEndian);
      if (type > 0 && type < btf.count && btf.kind(type) === 'function') {
        found.push({ programId: id, name: btf.name(type), btfId: type, parameters: parametersOf(btf, type) });
      }
    }
    return found;
  } finally {
    program.close();
  }
}

function parametersOf(btf: Btf, id: number): number {
  const type = btf.type(id);
  const prototype = type.kind === 'function' ? btf.type(type.prototype) : undefined;
  return prototype?.kind === 'prototype' ? prototype.parameters.length : 0;
}

/** Undefined where it is broken, or of a form that is newer than this. Throws SysError. */
function typesOf(id: number): Btf | undefined {
  try {
    return readTypes(id);
  } catch (error) {
    if (error instanceof BtfError) return undefined;
    throw error;
  }
}
