/**
 * Samples of stacks, as `intepreter: stack_trace` asks for them: a record has a kernel and a user stack as arrays of
 * addresses with their sizes in bytes, and is shown with the names of functions.
 *
 *     COMM: node (pid=1409) @ CPU 1
 *     Kernel:
 *       0 [<ffffffff81a3b2c0>] do_syscall_64+0x5b
 *     No Userspace Stack
 */
import type { Btf } from '../../btf/btf.ts';
import { decoder } from '../../btf/decode.ts';
import type { TypeId } from '../../btf/types.ts';
import { kernelPlace } from '../../kernel/symbol/kernel-symbols.ts';
import { UserSymbols } from '../../kernel/symbol/user-symbols.ts';
import { type JsonValue, jsonText } from '../../text/json.ts';
import { KernelString } from '../../text/kernel-string.ts';
import { badPackage } from '../errors.ts';
import { optional, type Reader, record, text, tristate } from '../format/shape.ts';
import { jsonOf } from './columns.ts';

const roles = ['pid', 'cpu_id', 'comm', 'kstack_sz', 'ustack_sz', 'kstack', 'ustack'] as const;
type Role = (typeof roles)[number];

export interface StackMembers {
  /** Which member of the record plays which role: `field_map`; by default the one of the role's name. */
  readonly members: Readonly<Record<Role, string>>;
  /** Addresses alone without. */
  readonly symbols: boolean;
}

/** Throws PackageError `badPackage` for what is no description of stacks. */
export function stackMembers(value: unknown, place: Reader): StackMembers {
  const given = typeof value === 'boolean' ? {} : record(value, place);
  const within = (path: string): Reader => ({ what: place.what, path: `${place.path}.${path}` });
  const map = optional(given.field_map, (one) => record(one, within('field_map'))) ?? {};
  const members = Object.fromEntries(
    roles.map((role) => [role, optional(map[role], (one) => text(one, within(`field_map.${role}`))) ?? role]),
  ) as Record<Role, string>;
  return { members, symbols: tristate(given.with_symbols, within('with_symbols')) ?? true };
}

interface Frame {
  readonly address: bigint;
  readonly name?: KernelString;
  readonly offset?: bigint;
  readonly module?: KernelString;
}

/** Names addresses; made once for a run, since files and processes are remembered. */
export class StackNames {
  readonly #users = new UserSymbols();

  kernel(address: bigint): Frame {
    const place = kernelPlace(address);
    if (!place) return { address };
    const { name, module } = place.symbol;
    const { offset } = place;
    return { address, name: bytewise(name), offset, ...(module ? { module: bytewise(module) } : {}) };
  }

  user(pid: number, address: bigint): Frame {
    const place = this.#users.at(pid, address);
    if (!place) return { address };
    return {
      address,
      name: bytewise(place.name),
      offset: place.offset,
      module: KernelString.from(Buffer.from(place.module)),
    };
  }
}

/** Symbols are texts of one character a byte. */
function bytewise(name: string): KernelString {
  return KernelString.from(Buffer.from(name, 'latin1'));
}

/** A record as lines, or as one line of JSON; none for a record without any stack. */
export type StackPrinter = (view: DataView, offset: number) => string[];

/** Throws PackageError `badPackage` where the type lacks a member. */
export function stackPrinter(
  types: Btf,
  id: TypeId,
  { members, symbols }: StackMembers,
  names: StackNames,
  options: {
    readonly json: boolean;
    readonly what: string;
    readonly map: string;
    /** Makes a line of JSON. */
    wrap?(value: JsonValue): string;
  },
): StackPrinter {
  const type = types.type(types.strip(id));
  const known = type.kind === 'struct' ? new Set(type.members.map(({ name }) => name)) : new Set();
  const missing = roles.find((role) => !known.has(members[role]));
  if (missing !== undefined) {
    throw badPackage(
      options.what,
      `map "${options.map}": intepreter: its records have no member "${members[missing]}"`,
    );
  }
  const read = decoder(types, id);
  return (view, at) => {
    const value = read(view, at) as Record<string, unknown>;
    const of = (role: Role): unknown => value[members[role]];
    const [kernelSize, userSize] = [Number(of('kstack_sz')), Number(of('ustack_sz'))];
    if (kernelSize <= 0 && userSize <= 0) return [];
    const pid = Number(of('pid'));
    const frames = (stack: unknown, size: number, name: (address: bigint) => Frame): Frame[] =>
      addressesOf(stack, size).map((address) => (symbols ? name(address) : { address }));
    const kernel = frames(of('kstack'), kernelSize, (address) => names.kernel(address));
    const user = frames(of('ustack'), userSize, (address) => names.user(pid, address));
    if (options.json) {
      const shown = { ...value, [members.kstack]: undefined, [members.ustack]: undefined };
      const line = new Map(jsonOf(shown) as ReadonlyMap<string, JsonValue>);
      line.set(members.kstack, kernel.map(frameJson));
      line.set(members.ustack, user.map(frameJson));
      return [(options.wrap ?? jsonText)(line)];
    }
    return [
      `COMM: ${String(of('comm'))} (pid=${pid}) @ CPU ${String(of('cpu_id'))}`,
      ...(kernel.length > 0 ? ['Kernel:', ...kernel.map(frameText)] : ['No Kernel Stack']),
      ...(user.length > 0 ? ['Userspace:', ...user.map(frameText)] : ['No Userspace Stack']),
      '',
    ];
  };
}

/** The array has room for the deepest stack; the size says how much of it was filled. */
function addressesOf(stack: unknown, bytes: number): bigint[] {
  if (!Array.isArray(stack) || bytes <= 0) return [];
  return stack
    .slice(0, Math.floor(bytes / 8))
    .filter((address): address is bigint => typeof address === 'bigint' && address !== 0n);
}

function frameText({ address, name, offset = 0n }: Frame, index: number): string {
  const place = `  ${index} [<${address.toString(16).padStart(16, '0')}>]`;
  return name === undefined ? place : `${place} ${name}+0x${offset.toString(16)}`;
}

function frameJson({ address, name, offset, module }: Frame): JsonValue {
  return {
    address,
    ...(name === undefined ? {} : { symbol: name.toString() }),
    ...(offset === undefined ? {} : { offset }),
    ...(module === undefined ? {} : { module: module.toString() }),
  };
}
