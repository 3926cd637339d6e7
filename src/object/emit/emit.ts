/**
 * A collection as an object file, for libbpf and for `loadObject`: what would be loaded here, to be loaded elsewhere.
 *
 *  - Each program stands in the section of its SEC name; one that is attached to several places under several names
 *    stands there several times. The functions that it calls move to `.text`, where loaders look for them.
 *  - Maps are definitions in `.maps`. Array maps whose values instructions point into are sections of data: a
 *    definition has no symbol that an address inside of it could be told by.
 *  - Questions about the kernel's types become CO-RE relocations.
 */
import type { KernelQuestion } from '../../asm/instruction.ts';
import { Btf } from '../../btf/btf.ts';
import { BtfBuilder } from '../../btf/build.ts';
import type { TypeId } from '../../btf/types.ts';
import { Machine, SectionFlag, SectionType, SymbolBinding, SymbolType } from '../../elf/constants.ts';
import { ElfWriter, type SymbolHandle } from '../../elf/write.ts';
import { joinSections, StringTail, sectionsOf } from '../../kernel/program/debug-info.ts';
import type { CollectionSpec, MapSpec } from '../../kernel/spec.ts';
import { CodeSections, symbolName } from './code.ts';
import { encodeExtension } from './extension.ts';
import { LocalTypes } from './local-types.ts';
import { dataSection, dataSectionName, mapDefinition } from './maps.ts';

export interface EmitOptions {
  readonly spec: CollectionSpec;
  /** SEC names of a program, at least one. */
  sections(program: string): readonly string[];
  /** What numbers of kernel functions refer to; asked for only where there are any. */
  kernelTypes(): Btf;
}

const { global } = SymbolBinding;
const { alloc, write } = SectionFlag;
/** BTF_FUNC_GLOBAL */
const globalLinkage = 1;

/** A relocatable BPF object, little-endian. */
export function emitObject({ spec, sections, kernelTypes }: EmitOptions): Uint8Array<ArrayBuffer> {
  const elf = new ElfWriter();
  const types = new BtfBuilder();
  if (spec.btf !== undefined) copyAll(Btf.parse(spec.btf), types);
  const maps = addMaps(elf, types, spec);
  const externs = addKernelFunctions(elf, types, spec, kernelTypes);
  const local = localTypes(types, spec);
  const entries = entryTypes(types, spec, sections);
  const encoded = sectionsOf(types.encode({ littleEndian: true }));
  const strings = new StringTail(encoded.strings.length);
  const code = new CodeSections(strings, local, entries);
  for (const program of spec.programs) {
    for (const [copy, section] of sections(program.name).entries()) code.add(program, section, copy);
  }
  code.write(elf, { maps, externs });
  addLicense(elf, spec);
  const { progbits } = SectionType;
  const [btf, extension] = [joinSections(encoded, strings), encodeExtension(code.records)];
  elf.section({ name: '.BTF', type: progbits, data: btf, alignment: 4 });
  elf.section({ name: '.BTF.ext', type: progbits, data: extension, alignment: 4 });
  return elf.encode(Machine.bpf);
}

/** With the ids that they have. */
function copyAll(from: Btf, to: BtfBuilder): void {
  for (let id = 1; id < from.count; id++) {
    // One that is equal to one before needs an id all the same.
    if (to.add(from.type(id)) !== id) to.define(to.reserve(), from.type(id));
  }
}

function addLicense(elf: ElfWriter, spec: CollectionSpec): void {
  const license = spec.programs[0]?.license ?? 'GPL';
  const data = Buffer.from(`${license}\0`);
  elf.section({ name: 'license', type: SectionType.progbits, flags: alloc | write, data });
}

/** Maps by name: the symbol that instructions wait for. */
function addMaps(elf: ElfWriter, types: BtfBuilder, spec: CollectionSpec): Map<string, SymbolHandle> {
  const symbols = new Map<string, SymbolHandle>();
  const asData = valuesInCode(spec);
  const defined = spec.maps.filter((map) => !asData.has(map.name));
  const { object } = SymbolType;
  for (const map of spec.maps) {
    if (!asData.has(map.name)) continue;
    dataSection(types, map);
    const section = elf.section({
      ...{ name: dataSectionName(map), type: SectionType.progbits, alignment: 8 },
      flags: map.freeze === true ? alloc : alloc | write,
      data: padded(map),
    });
    const { name, valueSize: size } = map;
    symbols.set(name, elf.symbol({ name, binding: global, type: object, section, size }));
  }
  if (defined.length === 0) return symbols;
  const definitions = defined.map((map) => mapDefinition(types, map));
  const size = definitions.reduce((sum, one) => sum + one.size, 0);
  const section = elf.section({
    ...{ name: '.maps', type: SectionType.progbits, alignment: 8 },
    flags: alloc | write,
    data: new Uint8Array(size),
  });
  const variables: { type: TypeId; offset: number; size: number }[] = [];
  let value = 0;
  for (const [i, { name }] of defined.entries()) {
    const { type, size } = definitions[i]!;
    symbols.set(name, elf.symbol({ name, binding: global, type: object, section, value, size }));
    const variable = types.add({ kind: 'variable', name, type, linkage: 1 });
    variables.push({ type: variable, offset: value, size });
    value += size;
  }
  types.add({ kind: 'section', name: '.maps', size, variables });
  return symbols;
}

/** Maps that instructions point into. */
function valuesInCode(spec: CollectionSpec): Set<string> {
  const names = new Set<string>();
  for (const { instructions } of spec.programs) {
    for (const { reference } of instructions) if (reference?.kind === 'mapValue') names.add(reference.map);
  }
  return names;
}

function padded({ valueSize, contents }: MapSpec): Uint8Array {
  const data = new Uint8Array(valueSize);
  if (contents !== undefined) data.set(contents.subarray(0, valueSize));
  return data;
}

/** Functions of the kernel that are called: declared, in `.ksyms`, with the types that this kernel has for them. */
function addKernelFunctions(
  elf: ElfWriter,
  types: BtfBuilder,
  spec: CollectionSpec,
  kernelTypes: () => Btf,
): Map<string, SymbolHandle> {
  const symbols = new Map<string, SymbolHandle>();
  const variables: { type: TypeId; offset: number; size: number }[] = [];
  for (const { reference, imm } of spec.programs.flatMap(({ instructions }) => instructions)) {
    if (reference?.kind !== 'kfunc' || symbols.has(reference.name)) continue;
    const { name } = reference;
    symbols.set(name, elf.symbol({ name, binding: global, type: SymbolType.none }));
    const type = kernelTypes().type(imm);
    if (type.kind !== 'function') throw new Error(`internal: ${name} is no function`);
    const prototype = declaration(kernelTypes(), type.prototype, types);
    const declared = types.add({ kind: 'function', name, prototype, linkage: 2 });
    variables.push({ type: declared, offset: 0, size: 0 });
  }
  if (variables.length > 0) types.add({ kind: 'section', name: '.ksyms', size: 0, variables });
  return symbols;
}

/** A prototype with empty structs behind its pointers: loaders compare kinds there, and a forward is another kind. */
function declaration(from: Btf, id: TypeId, to: BtfBuilder, depth = 0): TypeId {
  const type = from.type(from.strip(id));
  switch (type.kind) {
    case 'prototype':
      if (depth > 0) return 0;
      return to.prototype(
        declaration(from, type.returns, to, depth + 1),
        type.parameters.map(({ name, type }) => ({ name, type: declaration(from, type, to, depth + 1) })),
      );
    case 'pointer':
      return to.pointer(declaration(from, type.target, to, depth + 1));
    case 'struct':
    case 'union':
      return to.add({ kind: type.kind, name: type.name, size: 0, members: [] });
    case 'int':
    case 'float':
    case 'enum':
    case 'enum64':
    case 'forward':
      return to.add(type);
    default:
      return 0;
  }
}

/** What linkers look for: of each global symbol of code, a function of that name in the types. */
function entryTypes(
  types: BtfBuilder,
  spec: CollectionSpec,
  sections: (program: string) => readonly string[],
): Map<string, TypeId> {
  const entries = new Map<string, TypeId>();
  const known = spec.btf === undefined ? undefined : Btf.parse(spec.btf);
  for (const { name, functions = [] } of spec.programs) {
    const [entry] = [...functions].sort((a, b) => a.slot - b.slot);
    const type = known?.type(entry?.type ?? 0);
    if (type?.kind !== 'function') continue;
    for (const copy of sections(name).keys()) {
      const own = symbolName(name, copy);
      entries.set(own, types.add({ ...type, name: own, linkage: globalLinkage }));
    }
  }
  return entries;
}

/** The answers to all questions, with their types in the object. */
function localTypes(types: BtfBuilder, spec: CollectionSpec): LocalTypes | undefined {
  const questions: KernelQuestion[] = [];
  for (const { instructions } of spec.programs) {
    for (const { question } of instructions) if (question) questions.push(question);
  }
  if (questions.length === 0) return undefined;
  const local = new LocalTypes(types, questions);
  for (const question of questions) local.answer(question);
  return local;
}
