/**
 * Where the members of a struct or union lie: the System V rules that gcc and clang follow on Linux.
 *
 * A bitfield goes behind the bits before it unless it would cross a boundary of its type; then it begins at that
 * boundary. `int a : 20; int b : 20;` puts b at bit 32. Packed, it goes behind them whatever is crossed. A width of
 * zero goes to the next boundary and takes nothing.
 */
import { bitfieldMember } from '../types/btf-types.ts';
import type { StructMember } from '../types/type.ts';
import type { CStruct, CType } from './types.ts';

export interface CMember {
  /** '' for an anonymous struct or union, and for bits that are not used. */
  readonly name: string;
  readonly type: CType;
  readonly bits?: number | undefined;
  readonly packed?: boolean;
  /** `__attribute__((aligned(n)))` */
  readonly align?: number | undefined;
}

export interface LayoutAttributes {
  readonly packed: boolean;
  readonly align: number | undefined;
}

export function layOut(
  struct: CStruct,
  isUnion: boolean,
  members: readonly CMember[],
  attributes: LayoutAttributes,
): readonly string[] {
  const duplicates: string[] = [];
  let bit = 0;
  let end = 0;
  let align = 1;
  for (const member of members) {
    if (isUnion) bit = 0;
    const packed = attributes.packed || member.packed === true;
    const own = Math.max(packed ? 1 : member.type.align, member.align ?? 1);
    if (member.bits !== undefined) {
      const unit = member.type.size * 8;
      const crosses = Math.floor(bit / unit) !== Math.floor((bit + member.bits - 1) / unit);
      if (member.bits === 0 || (!packed && crosses)) bit = up(bit, unit);
      if (member.align !== undefined) bit = up(bit, member.align * 8);
      if (member.bits > 0) {
        if (member.name !== '') {
          align = Math.max(align, own);
          const placed = bitfieldMember(member.name, member.type.type(), bit, member.bits);
          if (!struct.add({ ...placed, inUnion: isUnion })) duplicates.push(member.name);
        }
        bit += member.bits;
      }
    } else {
      bit = up(bit, own * 8);
      align = Math.max(align, own);
      duplicates.push(...addMember(struct, member, bit / 8, isUnion));
      bit += member.type.size * 8;
    }
    end = Math.max(end, bit);
  }
  align = Math.max(align, attributes.align ?? 1);
  struct.align = align;
  struct.size = up(Math.ceil(end / 8), align);
  struct.complete = true;
  return duplicates;
}

const up = (value: number, unit: number): number => Math.ceil(value / unit) * unit;

/** The names that were there already. */
function addMember(struct: CStruct, member: CMember, offset: number, inUnion: boolean): string[] {
  const type = member.type.type();
  if (member.name !== '')
    return struct.add({ name: member.name, type, offset, inUnion }) ? [] : [member.name];
  if (type.kind !== 'struct') return [];
  const duplicates: string[] = [];
  for (const name of type.memberNames()) {
    const inner: StructMember = type.member(name)!;
    const placed = { ...inner, offset: inner.offset + offset, inUnion: inUnion || inner.inUnion === true };
    if (!struct.add(placed)) duplicates.push(name);
  }
  return duplicates;
}
