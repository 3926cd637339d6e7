/**
 * A compiled BPF object as plain data: what `parseObject` makes of bytes alone, the same on every machine, and
 * what may be edited before it is loaded.
 */
import type { Instruction } from '../asm/instruction.ts';
import type { Btf } from '../btf/btf.ts';
import type { TypeId } from '../btf/types.ts';
import type { MapType, SourceLine } from '../kernel/spec.ts';
import type { SectionRule } from './sections.ts';

/** What an instruction of an object names; loading replaces it by what the kernel understands. */
export type ObjectReference =
  /** `ld_imm64`: a map. */
  | { readonly kind: 'map'; readonly map: string }
  /** `ld_imm64`: a byte of a global variable. */
  | { readonly kind: 'mapValue'; readonly map: string; readonly offset: number }
  /** `call`, or `ld_imm64` of a callback: another function of the object, by its key. */
  | { readonly kind: 'function'; readonly name: string }
  /** `call` of a kernel function. */
  | { readonly kind: 'kfunc'; readonly name: string }
  /** `ld_imm64`: a variable of the kernel. */
  | { readonly kind: 'ksym'; readonly name: string }
  /** What another object defines: a function, map or variable. `combineObjects` resolves it. */
  | { readonly kind: 'extern'; readonly name: string; readonly addend: number };

export interface ObjectInstruction extends Omit<Instruction, 'reference'> {
  readonly reference?: ObjectReference;
}

/** The 13 kinds of `enum bpf_core_relo_kind`; the index is the number. */
export const coreKinds = [
  'fieldOffset',
  'fieldSize',
  'fieldExists',
  'fieldSigned',
  'fieldLeftShift',
  'fieldRightShift',
  'typeIdLocal',
  'typeIdTarget',
  'typeExists',
  'typeSize',
  'enumValueExists',
  'enumValue',
  'typeMatches',
] as const;
export type CoreKind = (typeof coreKinds)[number];

/** A question to the types of the kernel that the program is loaded into. */
export interface CoreRelocation {
  /** In slots of 8 bytes from the start of the function. */
  readonly slot: number;
  readonly kind: CoreKind;
  /** In the object's own types. */
  readonly type: TypeId;
  /** `0:1:2`: which member of which member. */
  readonly access: string;
}

export interface CodeLine {
  readonly slot: number;
  readonly source: SourceLine;
}

/** A function: the entry of a program, or one that others call. */
export interface ObjectFunction {
  /** Unique in the object: the symbol's name, with `@2` and so on for static functions that share one. */
  readonly key: string;
  readonly name: string;
  readonly section: string;
  /** In slots from the start of its section. */
  readonly start: number;
  instructions: ObjectInstruction[];
  readonly relocations: readonly CoreRelocation[];
  readonly lines: readonly CodeLine[];
  /** Its `function` in the object's types, where BTF.ext tells. */
  readonly type: TypeId | undefined;
  /** The verifier looks at a global function once, without its callers; at others with each caller. */
  readonly linkage: 'global' | 'static' | 'hidden';
  /** `__weak`: another definition may replace it when objects are linked. */
  readonly weak: boolean;
}

/** An entry point: a function with a SEC name. */
export interface ObjectProgram {
  readonly name: string;
  /** Key in `functions`. */
  readonly function: string;
  /** The SEC name as written, without the `?`. */
  readonly section: string;
  /** What the table makes of the SEC name; undefined for a name that it does not have. */
  rule: SectionRule | undefined;
  /** What stands after the rule's name in SEC: `do_unlinkat` of `kprobe/do_unlinkat`. */
  target: string;
  /** Whether `load` loads it: false for `SEC("?...")`. */
  autoload: boolean;
  /** Whether `attach` on the whole object attaches it. Default true. */
  autoattach: boolean;
  /** BPF_F_* to add when it is loaded. Default 0. */
  flags: number;
  /** For `freplace`, and fentry of BPF programs: whose function is meant. Set before loading. */
  targetProgram?: { readonly fd: { readonly number: number } };
  /** Name of the function that handles exceptions, from the declaration tag `exception_callback:`. */
  readonly exceptionCallback?: string;
}

export interface ObjectMap {
  readonly name: string;
  type: MapType;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  flags: number;
  /** Types of key and value in the object's own types. */
  readonly keyType?: TypeId;
  readonly valueType?: TypeId;
  numaNode?: number;
  /** `map_extra`: hash functions of a bloom filter, address of an arena. */
  extra?: bigint;
  /** `LIBBPF_PIN_BY_NAME`. */
  pinning: boolean;
  /** Where exactly to pin, instead of the pin directory and the name. */
  pinPath?: string;
  /** Only maps of maps. */
  inner?: ObjectMap;
  /** Initial slots: maps by name in maps of maps, programs in program arrays. Holes are undefined. */
  readonly slots?: readonly (string | undefined)[];
  /** Whether `load` makes it. */
  autocreate: boolean;
  /** What it holds when it is made from a section of the file. */
  readonly data?: DataSection;
  /** What it holds when it comes from `.struct_ops`. */
  readonly structOps?: StructOps;
}

/** Global variables of one section: the value of a one-element array, or the first bytes of an arena. */
export interface DataSection {
  readonly section: string;
  readonly kind: 'data' | 'rodata' | 'bss' | 'kconfig' | 'arena';
  /** The first contents; editable, as long as the length stays. */
  readonly contents: Uint8Array;
  /** Its DATASEC in the object's types. */
  readonly type: TypeId | undefined;
  readonly variables: readonly ObjectVariable[];
}

export interface ObjectVariable {
  readonly name: string;
  /** Of the value, in the object's types: what the VAR has. */
  readonly type: TypeId;
  /** The VAR itself. */
  readonly variable: TypeId;
  readonly offset: number;
  readonly size: number;
  /** Not seen outside of its file: not offered as a property. */
  readonly static: boolean;
}

/** `struct x_ops name = { ... }` in `.struct_ops`. */
export interface StructOps {
  /** The struct, in the object's types. */
  readonly type: TypeId;
  readonly typeName: string;
  readonly contents: Uint8Array;
  /** `.struct_ops.link`: attached by a link; otherwise it stays registered until it is deleted. */
  readonly link: boolean;
  /** Functions by member. */
  readonly functions: ReadonlyMap<string, string>;
}

/** Something that the kernel or its configuration must answer. */
export interface ObjectExtern {
  readonly name: string;
  readonly kind: 'kconfig' | 'ksym' | 'kfunc';
  /** May be missing: it is 0 then. */
  readonly weak: boolean;
  /** In the object's types: of the value, or the function. Undefined: `void`, only the address is wanted. */
  readonly type: TypeId | undefined;
  /** `.kconfig`: where in the section. */
  readonly offset?: number;
  readonly size?: number;
}

export interface ObjectSpec {
  /** The file's name without directory and extensions: part of the names of data maps. */
  readonly name: string;
  /** For messages. */
  readonly file: string;
  readonly littleEndian: boolean;
  license: string;
  /** From the section `version`, for kprobes on kernels before 5.0. */
  readonly version: number | undefined;
  /** The object's own types. Undefined in objects without `.BTF`. */
  readonly types: Btf | undefined;
  readonly functions: ReadonlyMap<string, ObjectFunction>;
  readonly programs: readonly ObjectProgram[];
  readonly maps: readonly ObjectMap[];
  readonly externs: readonly ObjectExtern[];
}
