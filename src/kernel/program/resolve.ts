/** Instructions with their references filled in: descriptors exist only now. */
import type { Instruction } from '../../asm/instruction.ts';
import type { Btf } from '../../btf/btf.ts';
import { badSpec, noTarget } from '../errors.ts';

/** What instructions may refer to. */
export interface ReferenceContext {
  /** Descriptor of a map of the collection, or undefined. */
  mapFd(name: string): number | undefined;
  /** The kernel's types; asked only when a program calls a kernel function. */
  kernelTypes(): Btf;
}

/** Replaces references by what they stand for. Throws KernelError. */
export function resolveReferences(
  program: string,
  instructions: readonly Instruction[],
  context: ReferenceContext,
): Instruction[] {
  return instructions.map((instruction) => resolved(program, instruction, context));
}

function resolved(program: string, instruction: Instruction, context: ReferenceContext): Instruction {
  const { reference } = instruction;
  switch (reference?.kind) {
    case 'map':
    case 'mapValue': {
      const fd = context.mapFd(reference.map);
      if (fd === undefined) {
        throw badSpec(`program "${program}"`, `it refers to map "${reference.map}", which its spec lacks`);
      }
      const offset = reference.kind === 'mapValue' ? reference.offset : 0;
      return { ...instruction, imm: fd, imm64: BigInt(fd) | (BigInt(offset) << 32n) };
    }
    case 'kfunc': {
      const types = context.kernelTypes();
      const id = types.find(reference.name, 'function');
      if (id !== undefined) return { ...instruction, imm: id };
      const near = types.suggest(reference.name, 'function');
      throw noTarget(`load program "${program}"`, `function ${reference.name} that programs may call`, near);
    }
    // A function of the program is a distance already: nothing of it depends on the kernel.
    case 'function':
    case undefined:
      return instruction;
  }
}
