/**
 * Compiled programs of our own, kept from one run to the next.
 *
 * For a command that runs a hundred times a day, reading the kernel's types and compiling the same program
 * is most of its start. A kept program holds for one build of bpfkit and one build of one kernel, both of
 * which are in its name, and comes from a folder that only root can write to (sys/root-cache.ts). Whatever
 * is wrong with it, the program is compiled as if there were none.
 */
import type { Instruction, Reference, Register } from '../asm/instruction.ts';
import { kernelIdentity } from '../kernel/identity.ts';
import { targetId } from '../kernel/program/target.ts';
import type { MapSpec, ProgramSpec } from '../kernel/spec.ts';
import { vmlinux } from '../kernel/vmlinux.ts';
import { keptFiles, type RootCache } from '../sys/root-cache.ts';
import { type Loadable, type LoadedDefinition, loadCompiled } from './load.ts';
import type { AnyMap, CompiledDefinition } from './program.ts';

/** The hash of the bundle, written over by the build. */
const build = '@BUILD@';

type Params = Readonly<Record<string, boolean | number | bigint>>;

/** A program that can be kept: what defineProgram makes, or one whose text is made at run time. */
export interface Kept {
  readonly maps: ReadonlyMap<string, AnyMap>;
  compile(options: { readonly params: Params }): CompiledDefinition;
}

/**
 * Loads `program` with these parameters, compiled now or kept from before. Throws what loading throws.
 *
 * @param options `keep: false` for what nobody will ask for again; default true.
 */
export function loadKept(
  name: string,
  program: Kept,
  params: Params,
  { keep = true }: { readonly keep?: boolean } = {},
): LoadedDefinition {
  const { maps } = program;
  const cache = keep ? keptFiles() : undefined;
  if (cache === undefined) return loadCompiled(program.compile({ params }), maps);
  const values = Object.values(params).map(Number).join('-');
  const file = `program-${name}-${build}-${kernelIdentity()}-${values}.json`;
  const kept = restore(cache, file);
  if (kept) {
    try {
      return loadCompiled(kept, maps);
    } catch {
      // Compiled for something else after all: the error that counts is the one of a fresh program.
    }
  }
  const compiled = program.compile({ params });
  const loaded = loadCompiled(compiled, maps);
  cache.write(file, new TextEncoder().encode(JSON.stringify(saved(compiled))));
  return loaded;
}

type SavedInstruction = readonly [
  opcode: number,
  dst: number,
  src: number,
  offset: number,
  imm: number,
  imm64: string | null,
  reference: Reference | null,
];

interface Saved {
  readonly btf: string;
  readonly maps: readonly MapSpec[];
  readonly programs: readonly (Omit<ProgramSpec, 'instructions'> & {
    readonly instructions: readonly SavedInstruction[];
  })[];
  readonly probes: Loadable['probes'];
  readonly lossIndex: readonly (readonly [string, number])[];
}

function saved({ spec, probes, lossIndex }: Loadable): Saved {
  return {
    btf: Buffer.from(spec.btf ?? []).toString('base64'),
    maps: spec.maps,
    programs: spec.programs.map(({ lines: _, attachTarget, ...program }) => ({
      ...program,
      ...(attachTarget ? { attachTarget: { kind: 'id' as const, id: targetId(attachTarget, vmlinux) } } : {}),
      instructions: program.instructions.map(({ opcode, dst, src, offset, imm, imm64, reference }) => {
        // The number of a kernel function is that of this kernel's BTF, and in place already.
        const kept = reference?.kind === 'kfunc' ? null : (reference ?? null);
        return [opcode, dst, src, offset, imm, imm64 === undefined ? null : `${imm64}`, kept] as const;
      }),
    })),
    probes: probes.map(({ probe, program, plan: { title, attachment, attachType } }) => ({
      probe,
      program,
      plan: { title, attachment, ...(attachType === undefined ? {} : { attachType }) },
    })),
    lossIndex: [...lossIndex],
  };
}

function restore(cache: RootCache, file: string): Loadable | undefined {
  try {
    const bytes = cache.read(file);
    if (!bytes) return undefined;
    const kept = JSON.parse(bytes.toString('utf8')) as Saved;
    const programs = kept.programs.map((program) => ({
      ...program,
      instructions: program.instructions.map(instruction),
    }));
    return {
      spec: { btf: Buffer.from(kept.btf, 'base64'), maps: kept.maps, programs },
      probes: kept.probes,
      lossIndex: new Map(kept.lossIndex),
    };
  } catch {
    return undefined;
  }
}

function instruction([opcode, dst, src, offset, imm, imm64, reference]: SavedInstruction): Instruction {
  return {
    opcode,
    dst: dst as Register,
    src,
    offset,
    imm,
    ...(imm64 === null ? {} : { imm64: BigInt(imm64) }),
    ...(reference === null ? {} : { reference }),
  };
}
