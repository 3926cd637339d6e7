/**
 * From an object to what the running kernel is asked to load: relocations answered, functions linked, types cut down
 * to what is needed. Nothing is made in the kernel here.
 */
import { CALL, PseudoCall } from '../../asm/opcodes.ts';
import type { Btf } from '../../btf/btf.ts';
import { essentialName } from '../../btf/names.ts';
import type { BtfType, TypeId } from '../../btf/types.ts';
import { feature, helperFeature } from '../../kernel/feature/features.ts';
import { olderThan } from '../../kernel/feature/release.ts';
import { structOpsLayout } from '../../kernel/link/struct-ops.ts';
import { MapFlag } from '../../kernel/map/kind.ts';
import {
  type AttachTarget,
  AttachType,
  type CollectionSpec,
  type MapSpec,
  MapType,
  ProgramFlag,
  type ProgramSpec,
  ProgramType,
  type Unreachable,
} from '../../kernel/spec.ts';
import { didYouMean } from '../../text/nearest.ts';
import type { CoreTarget } from '../core/candidates.ts';
import { type RelocatedFunction, Relocator, type UseRecorder } from '../core/relocate.ts';
import { ObjectError } from '../errors.ts';
import { type LinkEnvironment, type LinkInput, linkProgram, type Replacement } from '../link.ts';
import { nearSections } from '../sections.ts';
import type { ObjectInstruction, ObjectMap, ObjectProgram, ObjectSpec } from '../spec.ts';
import { kernelKnows } from './btf-fixes.ts';
import { ContextArguments } from './context-arguments.ts';
import { fillKconfig, type KernelNames, MISSING_MAP } from './externs.ts';
import type { Kconfig } from './kconfig.ts';
import { type LocalTypes, localTypes } from './local-types.ts';

export interface PrepareOptions {
  readonly core: CoreTarget | (() => CoreTarget);
  readonly names: KernelNames;
  readonly kernelTypes: () => Btf;
  readonly kconfig?: Kconfig | undefined;
  readonly record?: UseRecorder | undefined;
}

export interface Prepared {
  readonly collection: CollectionSpec;
  /** The programs that are loaded. */
  readonly programs: readonly ObjectProgram[];
  readonly maps: readonly ObjectMap[];
}

/** Throws ObjectError. */
export function prepare(spec: ObjectSpec, options: PrepareOptions): Prepared {
  const programs = spec.programs.filter((program) => program.autoload && isWanted(spec, program));
  for (const program of programs) checkProgram(spec, program);
  const maps = spec.maps.filter(({ autocreate }) => autocreate);
  const code = relocateAll(spec, programs, options);
  const contexts =
    spec.types !== undefined && olderThan('6.8') ? new ContextArguments(spec.types) : undefined;
  const types = typesFor(spec, { maps, programs }, code, contexts);
  const environment = new Environment(spec, maps, code, types, options.names);
  const linked = programs.map((program) => programSpec(spec, program, environment, { types, contexts }));
  return {
    collection: {
      ...(types === undefined ? {} : { btf: types.bytes }),
      maps: maps.map((map) => mapSpec(spec, map, types, options)),
      programs: linked,
    },
    programs,
    maps,
  };
}

/** Programs of structures that are not made have nothing to be loaded for. */
function isWanted(spec: ObjectSpec, { rule, function: key }: ObjectProgram): boolean {
  if (rule?.type !== ProgramType.structOps) return true;
  return structOpsOf(spec, key) !== undefined;
}

function structOpsOf(
  spec: ObjectSpec,
  key: string,
): { readonly map: ObjectMap; readonly member: string } | undefined {
  for (const map of spec.maps) {
    if (!map.autocreate || map.structOps === undefined) continue;
    for (const [member, name] of map.structOps.functions) if (name === key) return { map, member };
  }
  return undefined;
}

function checkProgram(spec: ObjectSpec, { name, section, rule }: ObjectProgram): void {
  if (rule !== undefined) return;
  const near = nearSections(section);
  throw new ObjectError(
    'section',
    { file: spec.file, section },
    `program "${name}": no SEC name is called that`,
    {
      hint: didYouMean(near) ?? 'docs/objects.md lists them',
    },
  );
}

/** Functions that programs reach, with their relocations answered, by key. */
type Code = ReadonlyMap<string, RelocatedFunction>;

function relocateAll(spec: ObjectSpec, programs: readonly ObjectProgram[], options: PrepareOptions): Code {
  const reached = new Set<string>();
  const stack = programs.flatMap(({ function: key, exceptionCallback }) =>
    exceptionCallback === undefined ? [key] : [key, exceptionCallback],
  );
  for (let key = stack.pop(); key !== undefined; key = stack.pop()) {
    if (reached.has(key)) continue;
    const found = spec.functions.get(key);
    if (found === undefined)
      throw new ObjectError('relocation', { file: spec.file }, `it has no function "${key}"`);
    reached.add(key);
    for (const { reference } of found.instructions)
      if (reference?.kind === 'function') stack.push(reference.name);
  }
  let relocator: Relocator | undefined;
  const code = new Map<string, RelocatedFunction>();
  // In the object's order: what one relocation finds out narrows the next.
  for (const [key, found] of spec.functions) {
    if (!reached.has(key)) continue;
    if (found.relocations.length === 0 || spec.types === undefined) {
      code.set(key, { instructions: found.instructions, poisoned: [], localTypes: new Map() });
      continue;
    }
    if (relocator === undefined) {
      const target = typeof options.core === 'function' ? options.core() : options.core;
      const { record } = options;
      relocator = new Relocator(spec.types, target, {
        file: spec.file,
        ...(record === undefined ? {} : { record }),
      });
    }
    code.set(key, relocator.relocate(found));
  }
  return code;
}

function typesFor(
  spec: ObjectSpec,
  { maps, programs }: { readonly maps: readonly ObjectMap[]; readonly programs: readonly ObjectProgram[] },
  code: Code,
  contexts: ContextArguments | undefined,
): LocalTypes | undefined {
  const { types } = spec;
  if (types === undefined) return undefined;
  const roots = new Set<TypeId>();
  const amended = new Map<TypeId, BtfType>();
  const withMap = (map: ObjectMap): void => {
    for (const id of [map.keyType, map.valueType]) if (id !== undefined) roots.add(id);
    if (map.inner !== undefined) withMap(map.inner);
    if (map.data !== undefined) amendSection(types, map.data, amended);
  };
  for (const map of maps) withMap(map);
  for (const [key, { localTypes: local }] of code) {
    const { type, linkage } = spec.functions.get(key)!;
    for (const id of local.values()) roots.add(id);
    if (type === undefined) continue;
    roots.add(type);
    const declared = types.type(type);
    // The verifier looks at a hidden function with each caller, as at a static one.
    if (linkage === 'hidden' && declared.kind === 'function') amended.set(type, { ...declared, linkage: 0 });
    if (linkage === 'global') for (const { rule } of programs) contexts?.declarationFor(type, rule!.type);
  }
  const added = contexts?.added ?? [];
  return localTypes(types, roots, { amended, added, knows: kernelKnows, littleEndian: spec.littleEndian });
}

/** The section as it is in memory: the compiler left sizes and places to the linker. */
function amendSection(types: Btf, data: NonNullable<ObjectMap['data']>, amended: Map<TypeId, BtfType>): void {
  if (data.type === undefined) return;
  amended.set(data.type, {
    kind: 'section',
    name: data.section,
    size: data.contents.length,
    variables: data.variables.map(({ variable, offset, size }) => ({ type: variable, offset, size })),
  });
  for (const { variable, static: hidden } of data.variables) {
    const declared = types.type(variable);
    if (declared.kind !== 'variable') continue;
    const linkage = hidden ? 0 : 1;
    if (declared.linkage !== linkage) amended.set(variable, { ...declared, linkage });
  }
}

class Environment implements LinkEnvironment {
  readonly #spec: ObjectSpec;
  readonly #made: ReadonlySet<string>;
  readonly #code: Code;
  readonly #types: LocalTypes | undefined;
  readonly #names: KernelNames;

  constructor(
    spec: ObjectSpec,
    maps: readonly ObjectMap[],
    code: Code,
    types: LocalTypes | undefined,
    names: KernelNames,
  ) {
    this.#spec = spec;
    this.#made = new Set(maps.map(({ name }) => name));
    this.#code = code;
    this.#types = types;
    this.#names = names;
  }

  /** Why instructions of a function must not be reached, by slot in it. */
  poisoned(key: string): RelocatedFunction['poisoned'] {
    return this.#code.get(key)?.poisoned ?? [];
  }

  functionOf(key: string): LinkInput {
    const found = this.#spec.functions.get(key);
    const code = this.#code.get(key);
    if (found === undefined || code === undefined) {
      throw new ObjectError('relocation', { file: this.#spec.file }, `it has no function "${key}"`);
    }
    return { key, instructions: this.#withLocalTypes(code), lines: found.lines };
  }

  resolve(
    instruction: ObjectInstruction,
    reference: Parameters<LinkEnvironment['resolve']>[1],
  ): Replacement | undefined {
    switch (reference.kind) {
      case 'kfunc':
        return this.#names.call(instruction, reference.name);
      case 'ksym':
        return this.#names.address(instruction, reference.name);
      case 'extern':
        throw new ObjectError(
          'relocation',
          { file: this.#spec.file },
          `"${reference.name}" is declared extern and defined nowhere`,
          {
            hint: this.#spec.types
              ? "declare it with __ksym or __kconfig if it is the kernel's, or combine the object with one that has it"
              : 'the object has no types, which say where it is to be looked for: compile with -g',
          },
        );
      case 'map':
      case 'mapValue': {
        if (this.#made.has(reference.map)) return undefined;
        const index = this.#spec.maps.findIndex(({ name }) => name === reference.map);
        const call = { opcode: CALL, dst: 0, src: 0, offset: 0, imm: MISSING_MAP + index } as const;
        return { instructions: [call, call], reason: { reason: `map "${reference.map}" was not made` } };
      }
    }
  }

  /** Ids of the object's own types become those that the kernel gets. */
  #withLocalTypes({ instructions, localTypes: wanted }: RelocatedFunction): readonly ObjectInstruction[] {
    const probes = lacksProbeReads();
    if (wanted.size === 0 && !probes) return instructions;
    let slot = 0;
    return instructions.map((instruction) => {
      const type = wanted.get(slot);
      slot += instruction.imm64 === undefined ? 1 : 2;
      if (type !== undefined) {
        const id = this.#types?.ids.get(type) ?? 0;
        return instruction.imm64 === undefined
          ? { ...instruction, imm: id }
          : { ...instruction, imm: id, imm64: BigInt(id) };
      }
      return probes ? olderHelper(instruction) : instruction;
    });
  }
}

/** bpf_probe_read_user, _kernel, _user_str, _kernel_str (5.5), and what did their work before. */
const olderHelpers: ReadonlyMap<number, number> = new Map([
  [112, 4],
  [113, 4],
  [114, 45],
  [115, 45],
]);

function lacksProbeReads(): boolean {
  return olderThan('5.5') && helperFeature(113).answer === 'no';
}

function olderHelper(instruction: ObjectInstruction): ObjectInstruction {
  if (instruction.opcode !== CALL || instruction.src !== PseudoCall.helper) return instruction;
  const older = olderHelpers.get(instruction.imm);
  return older === undefined ? instruction : { ...instruction, imm: older };
}

function programSpec(
  spec: ObjectSpec,
  program: ObjectProgram,
  environment: Environment,
  {
    types,
    contexts,
  }: { readonly types: LocalTypes | undefined; readonly contexts: ContextArguments | undefined },
): ProgramSpec {
  const rule = program.rule!;
  const also = program.exceptionCallback === undefined ? [] : [program.exceptionCallback];
  const linked = linkProgram(program.function, environment, also);
  const unreachable = new Map<number, Unreachable | (() => Unreachable)>(linked.unreachable);
  const functions = linked.functions.flatMap(({ key, start }) => {
    for (const { slot, reason } of environment.poisoned(key)) unreachable.set(start + slot, reason);
    const { type, name, linkage } = spec.functions.get(key)!;
    // The entry is called by the kernel, which knows what it hands over.
    const called = linkage === 'global' && start > 0 ? contexts : undefined;
    const declared = type === undefined ? undefined : (called?.declarationFor(type, rule.type) ?? type);
    const id = declared === undefined ? undefined : types?.ids.get(declared);
    return id === undefined ? [] : [{ slot: start, name, type: id }];
  });
  // The kernel wants all functions described, or none.
  const described = functions.length === linked.functions.length;
  const target = attachTargetOf(spec, program);
  const flags = program.flags | (rule.fragments === true ? ProgramFlag.xdpHasFrags : 0);
  const attachType = attachTypeOf(program);
  return {
    name: program.name,
    section: program.section,
    type: rule.type,
    ...(attachType === undefined ? {} : { attachType }),
    instructions: linked.instructions,
    license: spec.license,
    ...(described ? { functions, lines: linked.lines } : {}),
    ...(unreachable.size === 0 ? {} : { unreachable }),
    ...(target === undefined ? {} : { attachTarget: target }),
    ...(rule.sleepable === true ? { sleepable: true } : {}),
    ...(flags === 0 ? {} : { flags }),
  };
}

/** What SEC says, and for USDT the faster way where the kernel has it: the choice is made when the program loads. */
function attachTypeOf({ rule }: ObjectProgram): AttachType | undefined {
  if (rule?.attach === 'usdt' && feature('uprobeMulti').answer === 'yes') return AttachType.traceUprobeMulti;
  return rule?.attachType;
}

function attachTargetOf(spec: ObjectSpec, program: ObjectProgram): AttachTarget | undefined {
  const { rule, section, name } = program;
  if (rule?.type === ProgramType.structOps) {
    const { map, member } = structOpsOf(spec, program.function)!;
    return { kind: 'structOps', name: essentialName(map.structOps!.typeName), member };
  }
  const kind = rule?.target;
  if (kind === undefined) return undefined;
  if (program.target === '') {
    throw new ObjectError(
      'section',
      { file: spec.file, section },
      `program "${name}" does not say what it attaches to`,
      {
        hint: `write it behind the name, as in SEC("${section}/NAME"), or set the program's target before loading`,
      },
    );
  }
  // `module:function`: modules are searched anyway.
  const target = kind === 'function' ? program.target.slice(program.target.indexOf(':') + 1) : program.target;
  return { kind: program.targetProgram === undefined ? kind : 'program', name: target };
}

function mapSpec(
  spec: ObjectSpec,
  map: ObjectMap,
  types: LocalTypes | undefined,
  options: PrepareOptions,
): MapSpec {
  const { data } = map;
  const contents = data === undefined ? undefined : filled(spec, data, options);
  const constant = data?.kind === 'rodata' || data?.kind === 'kconfig';
  const [keyType, valueType] = [map.keyType, map.valueType].map((id) =>
    id === undefined ? undefined : types?.ids.get(id),
  );
  const mapped = (map.flags & MapFlag.mmapable) !== 0 && data !== undefined;
  const flags =
    mapped && feature('mmapableArray').answer === 'no' ? map.flags & ~MapFlag.mmapable : map.flags;
  return {
    name: map.name,
    type: map.type,
    ...sizesOf(map, options.kernelTypes),
    maxEntries: map.maxEntries,
    flags,
    ...(map.extra === undefined ? {} : { extra: Number(map.extra) }),
    ...(map.numaNode === undefined ? {} : { numaNode: map.numaNode }),
    ...(keyType === undefined ? {} : { keyType }),
    ...(valueType === undefined ? {} : { valueType }),
    ...(map.inner === undefined ? {} : { inner: mapSpec(spec, map.inner, types, options) }),
    ...(contents === undefined ? {} : { contents }),
    ...(constant ? { freeze: true } : {}),
    ...(map.structOps === undefined ? {} : { structOps: essentialName(map.structOps.typeName) }),
  };
}

/** Definitions may name the type of what goes through a map, which the kernel does not want as a size. */
function sizesOf(
  { type, keySize, valueSize, structOps }: ObjectMap,
  kernelTypes: () => Btf,
): { readonly keySize: number; readonly valueSize: number } {
  switch (type) {
    case MapType.structOps: {
      const name = essentialName(structOps?.typeName ?? '');
      return { keySize: 4, valueSize: structOpsLayout(name, kernelTypes()).valueSize };
    }
    case MapType.ringBuffer:
    case MapType.userRingBuffer:
    case MapType.arena:
      return { keySize: 0, valueSize: 0 };
    case MapType.perfEventArray:
      return { keySize: 4, valueSize: 4 };
    default:
      return { keySize, valueSize };
  }
}

function filled(spec: ObjectSpec, data: NonNullable<ObjectMap['data']>, options: PrepareOptions): Uint8Array {
  if (data.kind !== 'kconfig') return data.contents;
  const contents = data.contents.slice();
  fillKconfig(spec, contents, { kernelTypes: options.kernelTypes, kconfig: options.kconfig });
  return contents;
}
