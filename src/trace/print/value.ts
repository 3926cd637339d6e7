/** Values of a script as JavaScript has them: for programs that use the library, not for printing. */
import { KernelString } from '../../text/kernel-string.ts';
import { sequence } from '../types/layout.ts';
import type { StackType, Type } from '../types/type.ts';
import type { Place, PrintContext } from './context.ts';
import { lateText } from './late.ts';
import { type Memory, readInteger, readU32, readU64, textEnd } from './memory.ts';

export interface StackFrame {
  readonly address: bigint;
  /** The function that it lies in, where that is known. */
  readonly name?: string;
  /** Bytes from the start of the function. */
  readonly offset?: bigint;
  /** File or kernel module. */
  readonly module?: string;
  /** `/src/main.c:12`, with the setting `show_debug_info`. */
  readonly source?: string;
}

/**
 * - integers of 64 bits and pointers are bigints, shorter ones numbers; an enum is its name, or its number
 * - text of other processes is a KernelString, which is exact; what bpfkit looked up (users, symbols, times) a string
 * - buffers are bytes; arrays and tuples lists; structs and records objects; a stack a list of frames
 */
export type TraceValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | KernelString
  | Uint8Array
  | readonly TraceValue[]
  | readonly StackFrame[]
  | { readonly [member: string]: TraceValue };

export type Decode = (memory: Memory, at: number) => TraceValue;

/** The reader of a type's values; made once. */
export function decoderOf(type: Type, context: PrintContext): Decode {
  switch (type.kind) {
    case 'bool':
      return ({ bytes }, at) => bytes[at] !== 0;
    case 'int':
      if (type.bits === 64) return ({ view }, at) => readInteger(type, view, at);
      return ({ view }, at) => Number(readInteger(type, view, at));
    case 'enum':
      return ({ view }, at) => {
        const value = readInteger(type, view, at);
        const name = type.values.find((one) => one.value === value)?.name;
        return name ?? (type.bits === 64 ? value : Number(value));
      };
    case 'pointer':
    case 'context':
    case 'count':
      return ({ view }, at) => readU64(view, at);
    case 'sum':
    case 'min':
    case 'max':
    case 'avg': {
      const number = { kind: 'int', bits: 64, signed: type.signed } as const;
      return ({ view }, at) => readInteger(number, view, at);
    }
    case 'string':
      return ({ bytes }, at) => KernelString.from(bytes.subarray(at, textEnd(bytes, at, type.size)));
    case 'buffer':
      return ({ view, bytes }, at) => bytes.slice(at + 4, at + 4 + Math.min(readU32(view, at), type.size));
    case 'array':
      return elements(
        Array.from({ length: type.length }, () => type.element),
        context,
      );
    case 'tuple':
      return elements(type.elements, context);
    case 'record': {
      const { offsets } = sequence(type.fields.map((field) => field.type));
      return members(
        type.fields.map((field, i) => [field.name, offsets[i]!, decoderOf(field.type, context)] as const),
      );
    }
    case 'struct': {
      let decode: Decode | undefined;
      return (memory, at) => {
        decode ??= members(
          type
            .memberNames()
            .map((name) => type.member(name))
            .filter((member) => member !== undefined)
            .map((member) => [member.name, member.offset, memberDecoder(member, context)] as const),
        );
        return decode(memory, at);
      };
    }
    case 'kstack':
    case 'ustack':
      return stackDecoder(type, context);
    default: {
      const late = lateText(type, context);
      if (late === undefined) return () => null;
      return (memory, at) => Buffer.from(late(memory, at), 'latin1').toString('utf8');
    }
  }
}

function memberDecoder(
  {
    type,
    bitfield,
  }: { readonly type: Type; readonly bitfield?: { shift: number; size: number } | undefined },
  context: PrintContext,
): Decode {
  if (bitfield === undefined || type.kind !== 'int') return decoderOf(type, context);
  const { shift, size } = bitfield;
  return ({ view }, at) => {
    const raw = BigInt.asUintN(type.bits, readInteger(type, view, at)) >> BigInt(shift);
    const value = type.signed ? BigInt.asIntN(size, raw) : BigInt.asUintN(size, raw);
    return type.bits === 64 ? value : Number(value);
  };
}

function elements(types: readonly Type[], context: PrintContext): Decode {
  const { offsets } = sequence(types);
  const decoders = types.map((type) => decoderOf(type, context));
  return (memory, at) => decoders.map((decode, i) => decode(memory, at + offsets[i]!));
}

function members(parts: readonly (readonly [name: string, offset: number, decode: Decode])[]): Decode {
  return (memory, at) => {
    // Members may have any name, `__proto__` too.
    const object: Record<string, TraceValue> = Object.create(null);
    for (const [name, offset, decode] of parts) object[name] = decode(memory, at + offset);
    return object;
  };
}

function stackDecoder(type: StackType, context: PrintContext): Decode {
  return ({ view }, at): readonly StackFrame[] => {
    const id = readU64(view, at);
    if (id === 0n) return [];
    const user = type.kind === 'ustack';
    if (user && type.mode === 'build_id') {
      return (context.buildIdStack(type, id) ?? []).map(({ buildId, offset }) => ({
        address: offset,
        ...(buildId === undefined ? {} : { module: buildId }),
      }));
    }
    const [pid, probe] = user ? [readU32(view, at + 8), readU32(view, at + 12)] : [0, 0];
    return (context.stack(type, id) ?? []).map((address, i) => {
      const frame = i === 0 ? 'innermost' : 'caller';
      return frameOf(
        address,
        user ? context.userPlace(address, pid, probe, frame) : context.kernelPlace(address),
      );
    });
  };
}

function frameOf(address: bigint, place: Place | undefined): StackFrame {
  if (place === undefined) return { address };
  const { name, offset, module, source } = place;
  return {
    ...{ address, name, offset },
    ...(module === undefined ? {} : { module }),
    ...(source === undefined ? {} : { source }),
  };
}
