/**
 * Kernel fields by path: `mm.total_vm`, `signal.rlim[7].rlim_cur`, `task.flags`.
 *
 * A path starts at `struct task_struct` (a leading `task.` may say so) and goes on through members, elements of
 * arrays and pointers, each of which is looked up in the kernel's types; where a pointer is null the task has no such
 * value. Its end is a number, an enumeration, an address or a string. What comes out is a Field like those of the
 * table: text for the kernel program is made from the names that were found, never from what was typed.
 */
import type { Btf } from '../btf/btf.ts';
import type { TypeId } from '../btf/types.ts';
import { nearestNames } from '../text/nearest.ts';
import { pathIndex, pathSyntax, pathType, pathUnknown } from './errors.ts';
import type { Field } from './fields.ts';

/** True for what is meant as a path: no name of the table has these characters. */
export function isPath(name: string): boolean {
  return name.includes('.') || name.includes('[');
}

/** What a path may be made of; a hostile capture may call a column anything. */
export function isWholePath(name: string): boolean {
  return isPath(name) && name.length <= 256 && SYNTAX.test(name);
}

const SYNTAX = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\d{1,9}\])*$/;
/** A path is a handful of steps; each is a check in the kernel program. */
const MOST_STEPS = 24;
/** Bytes of a string behind a pointer that are kept, and of an array of characters. */
const POINTER_TEXT = 256;
const MOST_TEXT = 4096;

/** Throws TreeError for a path that is none, or that the kernel's types do not have. */
export function kernelField(btf: Btf, path: string): Field {
  if (!SYNTAX.test(path)) throw pathSyntax(path);
  const task = btf.find('task_struct', 'struct');
  if (task === undefined) throw pathUnknown(path, 'task_struct', 'the kernel', []);
  let steps: string[] = path.match(/[A-Za-z_]\w*|\d+/g)!;
  if (steps.length > MOST_STEPS) throw pathSyntax(path);
  if (steps[0] === 'task' && steps.length > 1 && !btf.member(task, 'task')) steps = steps.slice(1);
  let type: TypeId = task;
  let text = '';
  let bits = 0;
  for (const step of steps) {
    bits = 0;
    if (/^\d/.test(step)) {
      ({ text, type } = element(btf, path, type, text, step));
      continue;
    }
    let id = btf.strip(type);
    const pointer = btf.type(id);
    if (pointer.kind === 'pointer') {
      id = btf.strip(pointer.target);
      text += '?.';
    } else if (text !== '') text += '.';
    const kind = btf.kind(id);
    if (kind !== 'struct' && kind !== 'union') throw pathType(path, step, describe(btf, id), []);
    const member = btf.member(id, step);
    if (member === undefined) {
      throw pathUnknown(path, step, describe(btf, id), nearestNames(step, memberNames(btf, id)));
    }
    ({ type } = member);
    bits = member.bitSize;
    text += step;
  }
  return fieldOf(btf, path, type, text, bits);
}

function element(
  btf: Btf,
  path: string,
  type: TypeId,
  text: string,
  step: string,
): { readonly text: string; readonly type: TypeId } {
  const array = btf.type(btf.strip(type));
  if (array.kind !== 'array') throw pathIndex(path, step, 'it stands behind what is no array');
  const index = Number(step);
  // Length 0 is an array at the end of a struct, whose length only its owner knows (numbers of struct pid).
  const length = array.length === 0 ? 32 : array.length;
  if (index >= length) throw pathIndex(path, step, `the array has ${array.length} elements`);
  return { text: `${text}[${index}]`, type: array.element };
}

function fieldOf(btf: Btf, path: string, type: TypeId, text: string, bits: number): Field {
  const source = { kind: 'kernel', path: text } as const;
  const id = btf.strip(type);
  const end = btf.type(id);
  const common = {
    long: path,
    short: path,
    description: `task_struct.${path}: ${describe(btf, id)}`,
    source,
  };
  switch (end.kind) {
    case 'int':
      if (end.size > 8) break;
      return { ...common, type: 'long', signed: end.encoding === 'signed' };
    case 'enum':
    case 'enum64':
      return { ...common, type: 'long', signed: end.signed && bits === 0 };
    case 'pointer':
      if (isCharacter(btf, end.target)) return { ...common, type: 'bytes', length: POINTER_TEXT };
      return { ...common, type: 'address', signed: false };
    case 'array':
      if (isCharacter(btf, end.element) && end.length > 0) {
        return { ...common, type: 'bytes', length: Math.min(end.length, MOST_TEXT) };
      }
      throw pathType(path, '', describe(btf, id), []);
    case 'struct':
    case 'union':
      throw pathType(path, '', describe(btf, id), memberNames(btf, id));
    default:
  }
  throw pathType(path, '', describe(btf, id), []);
}

/** `char`, whatever its sign: BTF says so by name, and only some compilers by encoding. */
function isCharacter(btf: Btf, type: TypeId): boolean {
  const end = btf.type(btf.strip(type));
  return end.kind === 'int' && end.size === 1 && (end.name === 'char' || end.encoding === 'char');
}

function memberNames(btf: Btf, id: TypeId): string[] {
  const type = btf.type(id);
  if (type.kind !== 'struct' && type.kind !== 'union') return [];
  return type.members.flatMap(({ name, type: member }) =>
    name === '' ? memberNames(btf, btf.strip(member)) : [name],
  );
}

function describe(btf: Btf, id: TypeId): string {
  const type = btf.type(id);
  const name = btf.name(id);
  switch (type.kind) {
    case 'struct':
    case 'union':
      return `${type.kind} ${name === '' ? 'without a name' : name}`;
    case 'enum':
    case 'enum64':
      return `enum ${name}`;
    case 'array':
      return `an array of ${type.length} elements of ${describe(btf, btf.strip(type.element))}`;
    case 'pointer':
      return `a pointer to ${describe(btf, btf.strip(type.target))}`;
    default:
      return name === '' ? type.kind : name;
  }
}
