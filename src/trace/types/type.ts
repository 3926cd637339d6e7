/**
 * The types of the tracing language: plain data, a closed union by `kind`. The checker infers them, lowering
 * lays them out, and printing reads values by them.
 */

export interface IntegerType {
  readonly kind: 'int';
  readonly bits: 8 | 16 | 32 | 64;
  readonly signed: boolean;
}

/** Where memory behind a pointer lies: it decides the helper that reads it. */
export type AddressSpace = 'kernel' | 'user' | 'bpf' | 'unknown';

export interface PointerType {
  readonly kind: 'pointer';
  /** `void` for an address of nothing in particular. */
  readonly target: Type;
  readonly space: AddressSpace;
}

/** A struct or union of BTF, of the script's C definitions, or of a format file. */
export interface StructType {
  readonly kind: 'struct';
  /** `struct sock`, `union x`; '' for an anonymous one. Equal only for the same type. */
  readonly name: string;
  readonly size: number;
  readonly align: number;
  /** Looks through anonymous members. Made when asked for: kernel types are endless. */
  member(name: string): StructMember | undefined;
  memberNames(): readonly string[];
  /** Why there is no member of a name, where more is to be said than that. */
  absent?(name: string): string | undefined;
}

export interface StructMember {
  readonly name: string;
  readonly type: Type;
  /** Bytes from the start of the struct; for a bitfield, of the integer that holds it. */
  readonly offset: number;
  readonly bitfield?: { readonly shift: number; readonly size: number } | undefined;
  /** A pointer reached through a union: the verifier's own type for it may be another. */
  readonly inUnion?: boolean;
  /** `__data_loc` of a tracepoint record: a u32 at `offset` says where the bytes are. */
  readonly dataLocation?: 'record' | 'field' | undefined;
}

export interface EnumType {
  readonly kind: 'enum';
  /** `enum foo` */
  readonly name: string;
  readonly bits: 8 | 16 | 32 | 64;
  readonly signed: boolean;
  readonly values: readonly { readonly name: string; readonly value: bigint }[];
}

export interface TupleType {
  readonly kind: 'tuple';
  readonly elements: readonly Type[];
}

export interface RecordType {
  readonly kind: 'record';
  readonly fields: readonly { readonly name: string; readonly type: Type }[];
}

export type StackMode = 'bpftrace' | 'perf' | 'raw' | 'build_id';

export interface StackType {
  readonly kind: 'kstack' | 'ustack';
  readonly mode: StackMode;
  readonly limit: number;
}

/** What only map values can be; `signed` is that of the argument. */
export type AggregateType =
  | { readonly kind: 'count' }
  | { readonly kind: 'sum' | 'min' | 'max' | 'avg' | 'stats'; readonly signed: boolean }
  /** `bits` is k of `hist(n, k)`. */
  | { readonly kind: 'hist'; readonly bits: number }
  | { readonly kind: 'lhist'; readonly min: bigint; readonly max: bigint; readonly step: bigint }
  | {
      readonly kind: 'tseries';
      readonly signed: boolean;
      /** Nanoseconds of one interval. */
      readonly interval: bigint;
      readonly intervals: number;
      readonly aggregate: 'last' | 'avg' | 'max' | 'min' | 'sum';
    };

/** Numbers that become text in user space, after the event. */
export type LateType =
  /** u64 */
  | { readonly kind: 'ksym' }
  /** u64 address, u32 pid, u32 probe: which program it belongs to. */
  | { readonly kind: 'usym' }
  | { readonly kind: 'username' }
  | { readonly kind: 'cgroupPath'; readonly filter: string }
  /** `strftime`: u64 nanoseconds since boot. */
  | {
      readonly kind: 'timestamp';
      readonly format: string;
      readonly clock: 'boot' | 'monotonic' | 'tai' | 'sw_tai';
    }
  /** `strerror`, `signal_name`, `syscall_name`: a number with a table in user space. */
  | { readonly kind: 'named'; readonly table: 'errno' | 'signal' | 'syscall' };

export type Type =
  | { readonly kind: 'none' }
  | { readonly kind: 'void' }
  | { readonly kind: 'bool' }
  | IntegerType
  | EnumType
  | PointerType
  /** Bytes with the terminating zero. */
  | { readonly kind: 'string'; readonly size: number }
  /** Bytes after the length that goes before them. */
  | { readonly kind: 'buffer'; readonly size: number }
  | { readonly kind: 'array'; readonly element: Type; readonly length: number }
  | StructType
  | TupleType
  | RecordType
  /** u32 address family (2 or 10) padded to 8, then 16 bytes. */
  | { readonly kind: 'inet' }
  /** 6 bytes in 8. */
  | { readonly kind: 'macaddr' }
  | StackType
  | LateType
  | AggregateType
  /** The program's context, `ctx`: its struct is behind it where the probe type has one. */
  | { readonly kind: 'context'; readonly target: Type };

export type TypeKind = Type['kind'];
export type TypeOf<K extends TypeKind> = Extract<Type, { kind: K }>;

const integer = (bits: IntegerType['bits'], signed: boolean): IntegerType => ({ kind: 'int', bits, signed });

export const int8: IntegerType = integer(8, true);
export const int16: IntegerType = integer(16, true);
export const int32: IntegerType = integer(32, true);
export const int64: IntegerType = integer(64, true);
export const uint8: IntegerType = integer(8, false);
export const uint16: IntegerType = integer(16, false);
export const uint32: IntegerType = integer(32, false);
export const uint64: IntegerType = integer(64, false);
export const bool: Type = { kind: 'bool' };
export const none: Type = { kind: 'none' };
export const voidType: Type = { kind: 'void' };
export const string = (size: number): Type => ({ kind: 'string', size });
export const buffer = (size: number): Type => ({ kind: 'buffer', size });
export const pointerTo = (target: Type, space: AddressSpace = 'unknown'): PointerType => ({
  kind: 'pointer',
  target,
  space,
});

/** Of many entries in the kernel's map, one a bucket. */
export const hasBuckets = ({ kind }: Type): boolean =>
  kind === 'hist' || kind === 'lhist' || kind === 'tseries';

export function isAggregate(type: Type): type is AggregateType {
  switch (type.kind) {
    case 'count':
    case 'sum':
    case 'min':
    case 'max':
    case 'avg':
    case 'stats':
    case 'hist':
    case 'lhist':
    case 'tseries':
      return true;
    default:
      return false;
  }
}
