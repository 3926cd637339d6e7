/**
 * Local types of CO-RE: for each struct that a program asks about, a struct of the same name with only the members
 * that it asks for, at their places in the kernel that the program was made for.
 *
 * Members of anonymous structs stand in the struct itself: whoever loads the object looks for them in the kernel's
 * anonymous structs too. What a member is counts by its kind alone, so pointers lead to nothing.
 */
import type { FieldQuestion } from '../../asm/instruction.ts';
import type { Btf } from '../../btf/btf.ts';
import type { BtfBuilder, MemberInput } from '../../btf/build.ts';
import type { TypeId } from '../../btf/types.ts';

export interface LocalField {
  readonly type: TypeId;
  /** `0:2` */
  readonly access: string;
}

export class LocalTypes {
  readonly #kernel: Btf;
  readonly #to: BtfBuilder;
  /** Members that are asked for, by struct. */
  readonly #wanted = new Map<TypeId, Set<string>>();
  readonly #made = new Map<TypeId, { readonly id: TypeId; readonly members: readonly string[] }>();

  /** `kernel`: what questions refer to. All questions are asked before the first answer. */
  constructor(kernel: Btf, to: BtfBuilder, questions: Iterable<FieldQuestion>) {
    this.#kernel = kernel;
    this.#to = to;
    for (const { root, member } of questions) {
      const members = this.#wanted.get(root);
      if (members === undefined) this.#wanted.set(root, new Set([member]));
      else members.add(member);
    }
  }

  field({ root, member }: FieldQuestion): LocalField {
    const { id, members } = this.#struct(root);
    return { type: id, access: `0:${members.indexOf(member)}` };
  }

  #struct(root: TypeId): { readonly id: TypeId; readonly members: readonly string[] } {
    const known = this.#made.get(root);
    if (known !== undefined) return known;
    const type = this.#kernel.type(root);
    if (type.kind !== 'struct' && type.kind !== 'union')
      throw new Error(`internal: ${type.kind} has no members`);
    const inputs: MemberInput[] = [];
    for (const name of this.#wanted.get(root) ?? []) {
      const member = this.#kernel.member(root, name);
      if (member === undefined) throw new Error(`internal: ${type.kind} ${type.name} has no ${name}`);
      const { bitOffset, bitSize } = member;
      inputs.push({ name, type: this.#type(member.type), bitOffset, bitSize });
    }
    // The kernel wants members in the order of their places.
    inputs.sort((a, b) => a.bitOffset - b.bitOffset);
    const members = inputs.map(({ name }) => name);
    const { kind, name, size } = type;
    const all = inputs.map((input) => ({ bitSize: 0, ...input }));
    const made = { id: this.#to.add({ kind, name, size, members: all }), members };
    this.#made.set(root, made);
    return made;
  }

  #type(id: TypeId): TypeId {
    const kernel = this.#kernel;
    const stripped = kernel.strip(id);
    const type = kernel.type(stripped);
    switch (type.kind) {
      case 'int':
      case 'float':
      case 'enum':
      case 'enum64':
        return this.#to.add(type);
      case 'pointer':
        return this.#to.pointer(0);
      case 'array':
        return this.#to.array(this.#type(type.element), type.length);
      case 'struct':
      case 'union':
        return this.#struct(stripped).id;
      default:
        return 0;
    }
  }
}
