/** Types as C declares them, with the star at the type: `const char* path`. */
import { At, Tag } from './constants.ts';
import type { Entry } from './entry.ts';
import { formalTypes } from './functions.ts';
import { arrayOf } from './types.ts';

/** Types that lead to types, and all of them together; more are cut. */
const MAX_DEPTH = 32;
const MAX_PARTS = 256;

interface Left {
  parts: number;
}

/** A variable or parameter of a type; undefined is void. */
export function declarationText(type: Entry | undefined, name: string): string {
  const [before, after] = around(type, 0, { parts: MAX_PARTS });
  return /[*&]$/.test(before) && after !== ''
    ? `${before}${name}${after}`
    : `${before} ${name}${after}`.trim();
}

/** A type by itself. */
export function typeText(type: Entry | undefined): string {
  return around(type, 0, { parts: MAX_PARTS }).join('');
}

/** What stands before the name, and what behind it. */
function around(type: Entry | undefined, depth: number, left: Left): readonly [string, string] {
  if (!type) return ['void', ''];
  if (depth > MAX_DEPTH || left.parts-- <= 0) return ['...', ''];
  const inner = (): readonly [string, string] => around(type.reference(At.type), depth + 1, left);
  switch (type.tag) {
    case Tag.pointerType:
      return pointer(type, '*', depth, left);
    case Tag.referenceType:
      return pointer(type, '&', depth, left);
    case Tag.rvalueReferenceType:
      return pointer(type, '&&', depth, left);
    case Tag.constType:
      return qualified(inner(), 'const');
    case Tag.volatileType:
      return qualified(inner(), 'volatile');
    case Tag.restrictType:
      return qualified(inner(), 'restrict');
    case Tag.atomicType:
      return qualified(inner(), '_Atomic');
    case Tag.arrayType: {
      const { element, counts } = arrayOf(type);
      const [before, after] = around(element, depth + 1, left);
      return [before, `${counts.map((count) => `[${count === 0 ? '' : count}]`).join('')}${after}`];
    }
    case Tag.subroutineType: {
      const [before, after] = inner();
      const parameters = formalTypes(type).map((each) =>
        each === '...' ? each : around(each, depth + 1, left).join(''),
      );
      return [before, `(${parameters.join(', ') || 'void'})${after}`];
    }
    default:
      return [tagged(type), ''];
  }
}

function pointer(type: Entry, mark: string, depth: number, left: Left): readonly [string, string] {
  const target = type.reference(At.type);
  const [before, after] = around(target, depth + 1, left);
  const isAround = target?.tag === Tag.arrayType || target?.tag === Tag.subroutineType;
  return isAround ? [`${before} (${mark}`, `)${after}`] : [`${before}${mark}`, after];
}

/** `const char`, and `char* const`. */
function qualified([before, after]: readonly [string, string], word: string): readonly [string, string] {
  return /[*&]$/.test(before) ? [`${before} ${word}`, after] : [`${word} ${before}`, after];
}

function tagged(written: Entry): string {
  // One that only stands for a type with a unit of its own.
  const type = written.reference(At.signature) ?? written;
  const name = type.name;
  switch (type.tag) {
    case Tag.structureType:
      return `struct ${name ?? '{...}'}`;
    case Tag.classType:
      return `class ${name ?? '{...}'}`;
    case Tag.unionType:
      return `union ${name ?? '{...}'}`;
    case Tag.enumerationType:
      return `enum ${name ?? '{...}'}`;
    default:
      return name ?? '<unknown type>';
  }
}
