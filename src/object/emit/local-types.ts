/**
 * Local types of CO-RE: for each struct that a program asks about, a struct of the same name with only the members
 * that it asks for, at their places in the kernel that the program was made for; for an enum, its enumerators.
 *
 * Members of anonymous structs stand in the struct itself: whoever loads the object looks for them in the kernel's
 * anonymous structs too. What a member is counts by its kind alone, so pointers lead to nothing.
 */
import type { KernelQuestion } from '../../asm/instruction.ts';
import type { Btf } from '../../btf/btf.ts';
import type { BtfBuilder, MemberInput } from '../../btf/build.ts';
import type { TypeId } from '../../btf/types.ts';

export interface LocalAnswer {
  readonly type: TypeId;
  /** `0:2` */
  readonly access: string;
}

interface LocalStruct {
  readonly id: TypeId;
  readonly members: readonly string[];
}

export class LocalTypes {
  readonly #to: BtfBuilder;
  /** Of the kernel, and of each module. */
  readonly #tables = new Map<Btf, LocalTable>();

  /** All questions are asked before the first answer. */
  constructor(to: BtfBuilder, questions: Iterable<KernelQuestion>) {
    this.#to = to;
    for (const question of questions) this.#table(question).want(question);
  }

  answer(question: KernelQuestion): LocalAnswer {
    return this.#table(question).answer(question);
  }

  #table({ types, root }: KernelQuestion): LocalTable {
    // What a module shares with the kernel is the kernel's.
    const own = types.base !== undefined && root < types.base.count ? types.base : types;
    let table = this.#tables.get(own);
    if (table === undefined) this.#tables.set(own, (table = new LocalTable(own, this.#to)));
    return table;
  }
}

class LocalTable {
  readonly #kernel: Btf;
  readonly #to: BtfBuilder;
  /** Members that are asked for, by struct. */
  readonly #wanted = new Map<TypeId, Set<string>>();
  readonly #made = new Map<TypeId, LocalStruct>();

  constructor(kernel: Btf, to: BtfBuilder) {
    this.#kernel = kernel;
    this.#to = to;
  }

  want({ kind, root, path }: KernelQuestion): void {
    if (kind === 'enumValue') return;
    let at = this.#kernel.strip(root);
    for (const step of path) {
      if (typeof step === 'string') {
        const members = this.#wanted.get(at);
        if (members === undefined) this.#wanted.set(at, new Set([step]));
        else members.add(step);
      }
      at = this.#next(at, step);
    }
  }

  answer({ kind, root, path }: KernelQuestion): LocalAnswer {
    if (kind === 'enumValue') return this.#enumerator(root, String(path[0]));
    if (kind === 'typeSize') return { type: this.#type(root), access: '0' };
    let at = this.#kernel.strip(root);
    const { id } = this.#struct(at);
    let access = '0';
    for (const step of path) {
      access += `:${typeof step === 'number' ? step : this.#struct(at).members.indexOf(step)}`;
      at = this.#next(at, step);
    }
    return { type: id, access };
  }

  /** Where a member, or an element, leads. */
  #next(id: TypeId, step: string | number): TypeId {
    const type = this.#kernel.type(id);
    if (typeof step === 'number') {
      if (type.kind !== 'array') throw new Error(`internal: ${type.kind} has no elements`);
      return this.#kernel.strip(type.element);
    }
    const member = this.#kernel.member(id, step);
    if (member === undefined)
      throw new Error(`internal: ${type.kind} ${this.#kernel.name(id)} has no ${step}`);
    return this.#kernel.strip(member.type);
  }

  #enumerator(root: TypeId, name: string): LocalAnswer {
    const type = this.#kernel.type(this.#kernel.strip(root));
    if (type.kind !== 'enum' && type.kind !== 'enum64')
      throw new Error(`internal: ${type.kind} has no enumerators`);
    const index = type.values.findIndex((value) => value.name === name);
    return { type: this.#to.add(type), access: String(index) };
  }

  #struct(root: TypeId): LocalStruct {
    const known = this.#made.get(root);
    if (known !== undefined) return known;
    const type = this.#kernel.type(root);
    if (type.kind !== 'struct' && type.kind !== 'union')
      throw new Error(`internal: ${type.kind} has no members`);
    const inputs: MemberInput[] = [];
    for (const name of this.#wanted.get(root) ?? []) {
      const member = this.#kernel.member(root, name)!;
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
