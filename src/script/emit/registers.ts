/** Registers of the two architectures: where arguments and results of functions and system calls are. */

import type { Environment } from '../environment.ts';
import type { MemberInfo } from '../lower/data-type.ts';
import { fromBtf } from '../lower/data-type.ts';

type Architecture = Environment['architecture'];

/** Names in struct pt_regs; `regs[n]` of arm64 is written as a number. */
interface Registers {
  readonly arguments: readonly (string | number)[];
  readonly syscallArguments: readonly (string | number)[];
  readonly result: string | number;
  readonly instruction: string;
  readonly syscallNumber: string;
}

// System V ABI x86-64 and AAPCS64; for system calls arch/x86/include/asm/syscall.h (r10 instead of rcx)
// and arch/arm64/include/asm/syscall.h (x0 is overwritten by the result, orig_x0 keeps the argument).
const table: Record<Architecture, Registers> = {
  x64: {
    arguments: ['di', 'si', 'dx', 'cx', 'r8', 'r9'],
    syscallArguments: ['di', 'si', 'dx', 'r10', 'r8', 'r9'],
    result: 'ax',
    instruction: 'ip',
    syscallNumber: 'orig_ax',
  },
  arm64: {
    arguments: [0, 1, 2, 3, 4, 5, 6, 7],
    syscallArguments: ['orig_x0', 1, 2, 3, 4, 5],
    result: 0,
    instruction: 'pc',
    syscallNumber: 'syscallno',
  },
};

export function registersOf(architecture: Architecture): Registers {
  return table[architecture];
}

/** Offset in bytes and type of a register in struct pt_regs. */
export function registerMember(
  { btf, architecture }: Environment,
  register: string | number,
): MemberInfo | undefined {
  const id = btf.find('pt_regs', 'struct');
  if (id === undefined) return undefined;
  const regs = fromBtf(btf, id);
  if (regs.kind !== 'struct') return undefined;
  if (typeof register === 'string') return regs.member(register);
  const all = architecture === 'arm64' ? regs.member('regs') : undefined;
  if (all?.type.kind !== 'array') return undefined;
  return { ...all, name: `x${register}`, offset: all.offset + register * 8, type: all.type.element };
}
