/**
 * What `args` and `retval` are: structs made of what the kernel says of a place. Their offsets are those of
 * the program's context: a tracepoint's record as its format file has it; elsewhere 8 bytes an argument, in order.
 */
import type { Btf } from '../../btf/btf.ts';
import type { TypeId } from '../../btf/types.ts';
import type { TracepointField, TracepointFormat } from '../../kernel/tracepoint/format.ts';
import type { ProbeTarget, ResolvedProbe } from '../probes/resolved.ts';
import { findBtfType, typeOfBtf } from '../types/btf-types.ts';
import {
  bool,
  type IntegerType,
  int8,
  pointerTo,
  type StructMember,
  type StructType,
  string,
  type Type,
  uint8,
  voidType,
} from '../types/type.ts';
import type { ArgumentsMissing } from './environment.ts';
import * as say from './messages.ts';
import type { UserArguments } from './user-arguments.ts';

/** Where the facts come from. */
export interface ArgumentSource {
  /** Undefined: vmlinux. */
  types(module: string | undefined): Btf | undefined;
  format(category: string, event: string): TracepointFormat | undefined;
  /** The types of a loaded BPF program, for `fentry:bpf:…`. */
  programTypes?(programId: number): Btf | undefined;
  /** Of a program's function. */
  userArguments?(target: Extract<ProbeTarget, { kind: 'userFunction' }>): UserArguments | ArgumentsMissing;
}

export function argumentsOf(probe: ResolvedProbe, source: ArgumentSource): StructType | ArgumentsMissing {
  const [target] = probe.targets;
  switch (target?.kind) {
    case 'tracepoint':
      return tracepointArguments(target, source);
    case 'rawtracepoint': {
      const parameters = rawTracepointParameters(target, source);
      return parameters === undefined
        ? { missing: say.noArguments(target.name) }
        : ofParameters(parameters.btf, parameters.list);
    }
    case 'kernelFunction':
    case 'bpfProgram': {
      const prototype = prototypeOf(target, source);
      if (prototype === undefined) return { missing: say.noArguments(target.name) };
      return ofParameters(prototype.btf, prototype.parameters);
    }
    case 'userFunction': {
      const found = source.userArguments?.(target) ?? { missing: say.noParameters };
      return 'missing' in found ? found : found.type;
    }
    default:
      return { missing: say.argsElsewhere(probe.provider) };
  }
}

/** What a function returns; undefined where nothing is known, or nothing comes back. */
export function returnOf({ targets: [target] }: ResolvedProbe, source: ArgumentSource): Type | undefined {
  if (target?.kind !== 'kernelFunction' && target?.kind !== 'bpfProgram') return undefined;
  const prototype = prototypeOf(target, source);
  if (prototype === undefined) return undefined;
  const type = argumentType(prototype.btf, prototype.returns);
  return type.kind === 'void' ? undefined : type;
}

// Functions

interface Parameters {
  readonly name: string;
  readonly type: TypeId;
}

interface Prototype {
  readonly btf: Btf;
  readonly parameters: readonly Parameters[];
  readonly returns: TypeId;
}

type FunctionTarget = Extract<ProbeTarget, { kind: 'kernelFunction' | 'bpfProgram' }>;

function prototypeOf(target: FunctionTarget, source: ArgumentSource): Prototype | undefined {
  if (target.kind === 'bpfProgram') {
    const btf = source.programTypes?.(target.programId);
    return btf && prototypeById(btf, target.btfId);
  }
  const btf = source.types(target.module);
  const id = btf?.find(target.symbol, 'function');
  return btf === undefined || id === undefined ? undefined : prototypeById(btf, id);
}

function prototypeById(btf: Btf, id: TypeId): Prototype | undefined {
  const type = btf.type(id);
  if (type.kind !== 'function') return undefined;
  const prototype = btf.type(type.prototype);
  if (prototype.kind !== 'prototype') return undefined;
  return { btf, parameters: prototype.parameters, returns: prototype.returns };
}

/**
 * `__traceiter_EVENT` is called with what the tracepoint brings, and knows the names; the prototype behind the typedef
 * `btf_trace_EVENT` has types only. Both begin with a pointer of their own.
 */
function rawTracepointParameters(
  { event, module }: Extract<ProbeTarget, { kind: 'rawtracepoint' }>,
  source: ArgumentSource,
): { btf: Btf; list: readonly Parameters[] } | undefined {
  const btf = source.types(module);
  if (btf === undefined) return undefined;
  const iterator = btf.find(`__traceiter_${event}`, 'function');
  const named = iterator === undefined ? undefined : prototypeById(btf, iterator);
  if (named !== undefined) return { btf, list: named.parameters.slice(1) };
  const typedef = btf.find(`btf_trace_${event}`, 'typedef');
  if (typedef === undefined) return undefined;
  const pointer = btf.type(btf.strip(typedef));
  const prototype = pointer.kind === 'pointer' ? btf.type(btf.strip(pointer.target)) : pointer;
  return prototype.kind === 'prototype' ? { btf, list: prototype.parameters.slice(1) } : undefined;
}

function ofParameters(btf: Btf, parameters: readonly Parameters[]): StructType {
  const members = parameters
    // Type 0 in the last place: `...`.
    .filter(({ type, name }, index) => type !== 0 || name !== '' || index < parameters.length - 1)
    .map(
      ({ name, type }, index): StructMember => ({
        name: name === '' ? `arg${index}` : name,
        type: argumentType(btf, type),
        offset: index * 8,
      }),
    );
  return structOf('struct args', members.length * 8, members);
}

const argumentType = (btf: Btf, id: TypeId): Type => (id === 0 ? voidType : typeOfBtf(btf, id));

// Tracepoints

function tracepointArguments(
  { category, event, name }: Extract<ProbeTarget, { kind: 'tracepoint' }>,
  source: ArgumentSource,
): StructType | ArgumentsMissing {
  const format = source.format(category, event);
  if (format !== undefined) {
    const types = source.types(undefined);
    const user = category === 'syscalls';
    const fields = format.fields.map((field) => formatMember(field, types, user));
    const end = format.fields.reduce((most, { offset, size }) => Math.max(most, offset + size), 8);
    return structOf(`struct trace_event_raw_${event}`, end, fields);
  }
  const types = source.types(undefined);
  const struct = types && findBtfType(types, `trace_event_raw_${event}`, 'struct');
  return struct?.kind === 'struct' ? struct : { missing: say.noArguments(name) };
}

function formatMember(field: TracepointField, types: Btf | undefined, user: boolean): StructMember {
  const { name, offset, location } = field;
  if (location !== undefined) {
    // The bytes are in the record; where, the field says.
    const element = namedType(field.type, 1, false, types) ?? int8;
    return { name, offset, type: pointerTo(element, 'kernel'), dataLocation: location };
  }
  return { name, offset, type: fieldType(field, types, user) };
}

function fieldType(field: TracepointField, types: Btf | undefined, user: boolean): Type {
  const { type, size, signed, length } = field;
  if (length !== undefined && length > 0) {
    if (plainName(type) === 'char') return string(length);
    const element = namedType(type, size / length, signed, types);
    return { kind: 'array', element: element ?? uint8, length: element === undefined ? size : length };
  }
  return namedType(type, size, signed, types, user) ?? { kind: 'array', element: uint8, length: size };
}

const plainName = (type: string): string =>
  type
    .replaceAll(/\b(const|volatile|restrict|__user|__kernel|__rcu)\b/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();

/** A type as the kernel writes it in a format file: `const struct sock *`, `unsigned int`, `enum x`, `pid_t`. */
function namedType(
  written: string,
  size: number,
  signed: boolean,
  types: Btf | undefined,
  user = false,
): Type | undefined {
  const text = plainName(written);
  if (text.endsWith('*')) {
    const target = text.slice(0, -1).trim();
    // What a system call is given is the caller's.
    return pointerTo(
      target.endsWith('*') ? (namedType(target, 8, false, types, user) ?? voidType) : pointee(target, types),
      user ? 'user' : 'kernel',
    );
  }
  if (text === 'bool' || text === '_Bool') return bool;
  const tagged = /^(struct|union|enum) (\w+)$/.exec(text);
  if (tagged !== null) {
    const found = types && findBtfType(types, tagged[2]!, tagged[1] as 'struct' | 'union' | 'enum');
    if (found !== undefined && (found.kind === 'enum' || found.kind === 'struct')) return found;
  } else if (types !== undefined && /^\w+$/.test(text)) {
    const found = findBtfType(types, text, undefined);
    // The record may hold it in another width.
    if (found?.kind === 'struct' || (found?.kind === 'int' && found.bits === size * 8)) return found;
  }
  // A system call's `int` lies in 8 bytes, which the kernel calls unsigned.
  const widened = size === 8 && text === 'int';
  return size === 1 || size === 2 || size === 4 || size === 8
    ? { kind: 'int', bits: (size * 8) as IntegerType['bits'], signed: signed || widened }
    : undefined;
}

function pointee(text: string, types: Btf | undefined): Type {
  if (text === 'char' || text === 'signed char') return int8;
  if (text === 'unsigned char') return uint8;
  if (text === 'void') return voidType;
  const tagged = /^(struct|union|enum) (\w+)$/.exec(text);
  if (types === undefined) return voidType;
  if (tagged !== null) return findBtfType(types, tagged[2]!, tagged[1] as 'struct') ?? voidType;
  return findBtfType(types, basicNames.get(text) ?? text, undefined) ?? voidType;
}

/** C's names for what BTF calls otherwise. */
const basicNames: ReadonlyMap<string, string> = new Map([
  ['unsigned long', 'long unsigned int'],
  ['long', 'long int'],
  ['short', 'short int'],
  ['unsigned short', 'short unsigned int'],
  ['long long', 'long long int'],
  ['unsigned long long', 'long long unsigned int'],
  ['unsigned', 'unsigned int'],
]);

function structOf(name: string, size: number, members: readonly StructMember[]): StructType {
  const byName = new Map(members.map((member) => [member.name, member]));
  return {
    kind: 'struct',
    name,
    size,
    align: 8,
    member: (wanted) => byName.get(wanted),
    memberNames: () => members.map((member) => member.name),
  };
}
