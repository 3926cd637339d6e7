/**
 * Compile once, run everywhere: fitting an object to the kernel that loads it.
 *
 * The compiler left a record for each access to a kernel type: which type (in the object's own BTF), which member,
 * and what is asked - where is it, how wide, does it exist. For each record the candidates of the kernel are
 * tried. All that match must give the same answer; where none does, questions of existence answer no, and the
 * instruction of any other question is poisoned.
 *
 * Example: the object has `struct task_struct___old { long state; }` and asks 0:0 for its offset. Candidates are
 * all `task_struct`s of the kernel. A kernel that renamed the member has none that matches: the load becomes a
 * call that no kernel has, which is dead code if the author asked `bpf_core_field_exists` before.
 */
import { slotsOf } from '../../asm/instruction.ts';
import type { Btf } from '../../btf/btf.ts';
import { BtfError } from '../../btf/errors.ts';
import type { TypeId } from '../../btf/types.ts';
import type { Unreachable } from '../../kernel/spec.ts';
import { didYouMean, nearestNames } from '../../text/nearest.ts';
import { ObjectError } from '../errors.ts';
import type { CoreKind, CoreRelocation, ObjectFunction, ObjectInstruction } from '../spec.ts';
import { type Access, AccessError, accessText, familyOf, parseAccess } from './access.ts';
import { type Candidate, CandidateCache, type CoreTarget } from './candidates.ts';
import { matchAccess } from './match.ts';
import { type Answer, patched, poison } from './patch.ts';
import { answerOn, impossible, type Value, widthMayChange } from './value.ts';

/** Why an instruction must not be reached. */
export interface Poisoned {
  /** In the function. */
  readonly slot: number;
  /**
   * `this kernel has no task_struct.state (candidates: struct task_struct)`. Asked for only where it is needed:
   * to look for near names takes as long as all relocations together.
   */
  readonly reason: () => Unreachable;
}

export interface RelocatedFunction {
  readonly instructions: readonly ObjectInstruction[];
  readonly poisoned: readonly Poisoned[];
  /** Types of the object whose ids the program asks for; by slot. Filled in when the kernel has the types. */
  readonly localTypes: ReadonlyMap<number, TypeId>;
}

/** What was used of the kernel's types, for a file with no more than that. */
export type UseRecorder = (kind: CoreKind, access: Access) => void;

export interface CoreOptions {
  readonly file: string;
  readonly record?: UseRecorder;
}

interface Outcome {
  readonly access: Access | undefined;
  readonly value: Value | typeof impossible;
}

interface Answered {
  /** Undefined where the kernel has none. */
  readonly answer: Answer | undefined;
  /** Why an instruction that the answer cannot be written into must not be reached. */
  readonly reason: () => Unreachable;
}

/** Answers the relocations of functions, in the order in which they are given. */
export class Relocator {
  readonly #local: Btf;
  readonly #target: CoreTarget;
  readonly #options: CoreOptions;
  readonly #candidates: CandidateCache;
  /** Answers by question: programs of one object ask the same ones again and again. */
  readonly #answers = new Map<string, Answered>();

  constructor(local: Btf, target: CoreTarget, options: CoreOptions) {
    this.#local = local;
    this.#target = target;
    this.#options = options;
    this.#candidates = new CandidateCache(local, target);
  }

  /** Throws ObjectError (core) for a relocation that makes no sense, or has two answers. */
  relocate(code: ObjectFunction): RelocatedFunction {
    const { instructions, relocations, start, section } = code;
    if (relocations.length === 0) return { instructions, poisoned: [], localTypes: new Map() };
    const bySlot = new Map<number, ObjectInstruction>();
    let slot = 0;
    for (const instruction of instructions) {
      bySlot.set(slot, instruction);
      slot += slotsOf(instruction as Parameters<typeof slotsOf>[0]);
    }
    const poisoned: Poisoned[] = [];
    const localTypes = new Map<number, TypeId>();
    const replaced = new Map<number, readonly ObjectInstruction[]>();
    for (const relocation of relocations) {
      const before = bySlot.get(relocation.slot);
      try {
        if (before === undefined) throw new AccessError('it belongs to the second half of an instruction');
        if (relocation.kind === 'typeIdLocal') {
          localTypes.set(relocation.slot, relocation.type);
          continue;
        }
        const after = this.#one(relocation, before);
        if (typeof after === 'function') poisoned.push({ slot: relocation.slot, reason: after });
        replaced.set(relocation.slot, typeof after === 'function' ? poison(before) : [after]);
      } catch (error) {
        if (!(error instanceof AccessError) && !(error instanceof BtfError)) throw error;
        const place = { file: this.#options.file, section, offset: (start + relocation.slot) * 8 };
        const what = `CO-RE relocation (${relocation.kind} of ${this.#text(relocation)})`;
        throw new ObjectError('core', place, `${what}: ${error.message}`, { cause: error });
      }
    }
    const out: ObjectInstruction[] = [];
    for (const [at, instruction] of bySlot) out.push(...(replaced.get(at) ?? [instruction]));
    return { instructions: out, poisoned, localTypes };
  }

  /** The instruction as it must be, or why it must not be. */
  #one(relocation: CoreRelocation, instruction: ObjectInstruction): ObjectInstruction | (() => Unreachable) {
    const { kind, type, access } = relocation;
    const question = `${kind} ${type} ${access}`;
    let answered = this.#answers.get(question);
    if (answered === undefined) {
      answered = this.#ask(relocation);
      this.#answers.set(question, answered);
    }
    const { answer, reason } = answered;
    return (answer === undefined ? undefined : patched(instruction, answer)) ?? reason;
  }

  #ask({ kind, type, access: text }: CoreRelocation): Answered {
    const local = parseAccess(this.#local, type, text, kind);
    if (this.#local.name(type) === '') throw new AccessError('the type has no name to look for');
    const own = answerOn(kind, local);
    const { access, value } = this.#search(kind, local);
    if (access !== undefined) this.#options.record?.(kind, access);
    if (own === impossible) throw new AccessError('its own types do not answer it');
    if (value === impossible) return { answer: undefined, reason: () => this.#reason(local, kind) };
    return {
      answer: this.#toAnswer(own, value, access),
      reason: () => this.#narrower(local, own, value),
    };
  }

  #search(kind: CoreKind, local: Access): Outcome {
    const matching: Candidate[] = [];
    let first: Outcome | undefined;
    for (const candidate of this.#candidates.of(local.root)) {
      const access = matchAccess(local, kind, candidate.types, candidate.id);
      if (access === undefined) continue;
      const value = answerOn(kind, access);
      if (first === undefined) first = { access, value };
      else if (!sameOutcome(first, { access, value })) {
        throw new AccessError(
          `types ${first.access?.root} and ${candidate.id} of the kernel both have it, in different places`,
        );
      }
      matching.push(candidate);
    }
    if (first === undefined) return { access: undefined, value: answerOn(kind, undefined) };
    this.#candidates.narrow(local.root, matching);
    return first;
  }

  #toAnswer(own: Value, found: Value, access: Access | undefined): Answer {
    const base = { local: own.value, target: found.value, checked: own.checked };
    if (own.memory === undefined || found.memory === undefined || access === undefined) return base;
    const mayChange = widthMayChange(
      this.#local.type(this.#local.strip(own.memory.type)),
      access.types.type(access.types.strip(found.memory.type)),
    );
    return { ...base, width: { local: own.memory.size, target: found.memory.size, mayChange } };
  }

  #text({ kind, type, access }: CoreRelocation): string {
    try {
      return accessText(parseAccess(this.#local, type, access, kind));
    } catch {
      return `type ${type}, "${access}"`;
    }
  }

  /** `this kernel has no task_struct.state (candidates: struct task_struct); did you mean task_struct.__state?` */
  #reason(local: Access, kind: CoreKind): Unreachable {
    const candidates = this.#candidates.of(local.root);
    const what = accessText(local);
    if (candidates.length === 0) {
      const name = this.#local.name(local.root);
      const near = this.#target.types.suggest(name, this.#local.kind(local.root));
      return { reason: `this kernel has no type ${name}`, hint: didYouMean(near) ?? guard(kind, true) };
    }
    const shown = candidates.slice(0, 3).map(({ types, id, module }) => {
      const where = module === undefined ? '' : ` of module ${module}`;
      return `${types.kind(id)} ${types.name(id)}${where}`;
    });
    const near = nearMembers(local, candidates[0]!);
    const reason = `this kernel has no ${what} (candidates: ${shown.join(', ')})`;
    return { reason, hint: didYouMean(near) ?? guard(kind, false) };
  }

  #narrower(local: Access, own: Value, found: Value): Unreachable {
    const [its, ours] = [found.memory?.size, own.memory?.size];
    return {
      reason:
        `${accessText(local)} has ${its} bytes in this kernel and ${ours} in the object, ` +
        'and a direct load or store cannot be adapted',
      hint: 'read it with BPF_CORE_READ()',
    };
  }
}

function sameOutcome(a: Outcome, b: Outcome): boolean {
  if (a.access?.bitOffset !== b.access?.bitOffset) return false;
  if (a.value === impossible || b.value === impossible) return a.value === b.value;
  return a.value.value === b.value.value;
}

/** How a program does without what a kernel may lack. */
function guard(kind: CoreKind, type: boolean): string {
  const family = familyOf(kind);
  if (family === 'enum') return 'test with bpf_core_enum_value_exists() before its use';
  const test = type || family === 'type' ? 'bpf_core_type_exists()' : 'bpf_core_field_exists()';
  return `test with ${test} before its use`;
}

/** Names like the one that was looked for, of the struct or enumeration of the candidate where it is not found. */
function nearMembers(local: Access, { types, id }: Candidate): string[] {
  let inside = types.strip(id);
  for (const { name } of local.accessors) {
    const type = types.type(inside);
    if (name === undefined) {
      if (type.kind === 'array') inside = types.strip(type.element);
      continue;
    }
    if (type.kind === 'enum' || type.kind === 'enum64') {
      return nearestNames(name, new Set(type.values.map((value) => value.name)));
    }
    const found = types.member(inside, name);
    if (found === undefined) return nearestNames(name, memberNames(types, inside));
    inside = types.strip(found.type);
  }
  return [];
}

/** Those of structs without a name too, which are used as if they were its own. */
function memberNames(types: Btf, id: TypeId, into: Set<string> = new Set()): ReadonlySet<string> {
  const type = types.type(types.strip(id));
  if (type.kind !== 'struct' && type.kind !== 'union') return into;
  for (const member of type.members) {
    if (member.name === '') memberNames(types, member.type, into);
    else into.add(member.name);
  }
  return into;
}
