/**
 * C declarations of types, in an order that a C compiler accepts, with the layout that BTF tells.
 *
 * The order: what a struct holds by value is defined before it, what it points to is at least declared. The layout:
 * BTF has offsets, C has rules, and where the rules give another offset (a cache-line-aligned member, a packed
 * struct) unnamed bitfields or `packed` make up for it. Two kernel structs of one name get `___2`, as bpftool
 * writes them. Type tags are left out.
 */
import type { Btf } from './btf.ts';
import { Names } from './c-names.ts';
import { tooDeep, tooManyValues } from './errors.ts';
import { MAX_DEPTH } from './layout.ts';
import type { BtfType, Parameter, TypeId } from './types.ts';

type Composite = Extract<BtfType, { kind: 'struct' | 'union' }>;
type Enumeration = Extract<BtfType, { kind: 'enum' | 'enum64' }>;

/** Types visited for one text; a whole kernel takes 300,000, only made-up BTF more than this. */
const MAX_STEPS = 2 ** 21;

/** The types and everything that they need, each once; ends with a line feed unless it is empty. */
export function declarationsInC(btf: Btf, ids: Iterable<TypeId>): string {
  const writer = new Writer(btf);
  for (const id of ids) writer.define(id);
  return writer.text();
}

/** How a variable of the type would be declared: `const struct file *f`, `int (*call)(void *)`, `char comm[16]`. */
export function declarationInC(btf: Btf, id: TypeId, name: string): string {
  return new Writer(btf).declarator(id, name, 0);
}

/** One struct, union or enum by itself, `struct path { … };`: what it uses is named, not defined. Empty for others. */
export function definitionInC(btf: Btf, id: TypeId): string {
  return new Writer(btf).definition(id);
}

class Writer {
  readonly #btf: Btf;
  readonly #names = new Names();
  readonly #lines: string[] = [];
  readonly #defined = new Set<TypeId>();
  readonly #defining = new Set<TypeId>();
  readonly #declared = new Set<string>();
  #steps = 0;

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  text(): string {
    return this.#lines.join('\n');
  }

  define(id: TypeId): void {
    const type = this.#btf.type(id);
    this.#need(id, true, 0);
    // Asked for by itself, an enumeration without a name is a set of constants.
    const constants = (type.kind === 'enum' || type.kind === 'enum64') && type.name === '';
    if (constants) this.#once(id, `${this.#enumText(id, type)};\n`);
    if (type.kind === 'function') this.#once(id, `${this.declarator(type.prototype, type.name, 0)};\n`);
    if (type.kind === 'variable') this.#once(id, `extern ${this.declarator(type.type, type.name, 0)};\n`);
  }

  definition(id: TypeId): string {
    const type = this.#btf.type(id);
    if (type.kind === 'struct' || type.kind === 'union') return `${this.#body(id, type, 0)};`;
    return type.kind === 'enum' || type.kind === 'enum64' ? `${this.#enumText(id, type)};` : '';
  }

  #step(id: TypeId): void {
    this.#steps++;
    if (this.#steps > MAX_STEPS) throw tooManyValues(id);
  }

  #once(id: TypeId, text: string): void {
    if (this.#defined.has(id)) return;
    this.#defined.add(id);
    this.#lines.push(text);
  }

  /** Writes what must stand before a use of the type: by value, or (behind a pointer) by name only. */
  #need(id: TypeId, byValue: boolean, depth: number): void {
    this.#step(id);
    if (depth > MAX_DEPTH * 4) throw tooDeep(id);
    const type = this.#btf.type(id);
    switch (type.kind) {
      case 'pointer':
        this.#need(type.target, false, depth + 1);
        return;
      case 'array':
        this.#need(type.element, byValue, depth + 1);
        return;
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'typeTag':
        this.#need(type.target, byValue, depth + 1);
        return;
      case 'variable':
        this.#need(type.type, byValue, depth + 1);
        return;
      case 'typedef':
        this.#typedef(id, type, byValue, depth);
        return;
      case 'struct':
      case 'union':
        if (type.name === '') this.#nameless(id, type, depth);
        else if (byValue) this.#struct(id, type, depth);
        else if (!this.#defined.has(id)) this.#declare(type.kind, this.#names.tag(id, type.name));
        return;
      case 'forward':
        this.#declare(type.union ? 'union' : 'struct', type.name);
        return;
      case 'enum':
      case 'enum64':
        if (type.name !== '') this.#once(id, `${this.#enumText(id, type)};\n`);
        return;
      case 'function':
        this.#need(type.prototype, false, depth + 1);
        return;
      case 'prototype':
        this.#need(type.returns, false, depth + 1);
        for (const parameter of type.parameters) this.#need(parameter.type, false, depth + 1);
        return;
      default:
        return;
    }
  }

  #typedef(id: TypeId, type: Extract<BtfType, { kind: 'typedef' }>, byValue: boolean, depth: number): void {
    if (this.#defining.has(id)) {
      if (byValue) throw tooDeep(id);
      return;
    }
    if (!this.#defined.has(id)) {
      this.#defining.add(id);
      // A typedef of a named struct may stand before its body, which may use the typedef; an array of it may not.
      const whole = this.#btf.kind(this.#btf.strip(type.target)) === 'array';
      this.#need(type.target, whole, depth + 1);
      this.#defining.delete(id);
      // The compiler knows these itself, and C has no way to say them again.
      if (type.name.startsWith('__builtin_')) this.#defined.add(id);
      else
        this.#once(id, `typedef ${this.declarator(type.target, this.#names.ordinary(id, type.name), 0)};\n`);
    }
    if (byValue) this.#need(type.target, true, depth + 1);
  }

  #struct(id: TypeId, type: Composite, depth: number): void {
    if (this.#defined.has(id)) return;
    if (this.#defining.has(id)) throw tooDeep(id);
    this.#defining.add(id);
    this.#members(id, type, depth);
    this.#defining.delete(id);
    this.#once(id, `${this.#body(id, type, 0)};\n`);
  }

  #nameless(id: TypeId, type: Composite, depth: number): void {
    if (this.#defining.has(id)) throw tooDeep(id);
    this.#defining.add(id);
    this.#members(id, type, depth);
    this.#defining.delete(id);
  }

  #members(id: TypeId, type: Composite, depth: number): void {
    if (depth > MAX_DEPTH * 4) throw tooDeep(id);
    for (const member of type.members) this.#need(member.type, true, depth + 1);
  }

  #declare(keyword: string, name: string): void {
    const text = `${keyword} ${name};\n`;
    if (this.#declared.has(text)) return;
    this.#declared.add(text);
    this.#lines.push(text);
  }

  #enumText(id: TypeId, type: Enumeration): string {
    const name = type.name === '' ? '' : `${this.#names.tag(id, type.name)} `;
    const lines = type.values.map(
      ({ name, value }, i) => `\t${this.#names.enumerator(id, i, name)} = ${literal(value)},\n`,
    );
    const mode =
      type.size === 4 || type.size === 8 ? '' : ` __attribute__((mode(${type.size === 1 ? 'byte' : 'HI'})))`;
    return `enum ${name}{\n${lines.join('')}}${mode}`;
  }

  #body(id: TypeId, type: Composite, depth: number): string {
    if (depth > MAX_DEPTH) throw tooDeep(id);
    const indent = '\t'.repeat(depth + 1);
    const name = type.name === '' ? '' : `${this.#names.tag(id, type.name)} `;
    const packed = this.#isPacked(id, type);
    let text = `${type.kind} ${name}{\n`;
    let bit = 0;
    for (const member of type.members) {
      const align = packed ? 1 : this.#btf.alignOf(member.type);
      const width = member.bitSize > 0 ? member.bitSize : this.#btf.sizeOf(member.type) * 8;
      if (type.kind === 'struct') {
        const unit = member.bitSize > 0 ? this.#btf.sizeOf(member.type) * 8 : align * 8;
        const natural = placed(bit, width, unit, member.bitSize > 0, packed);
        if (natural < member.bitOffset) text += padding(bit, member.bitOffset, indent, !packed);
        bit = member.bitOffset + width;
      }
      const suffix = member.bitSize > 0 ? `: ${member.bitSize}` : '';
      text += `${indent}${this.declarator(member.type, member.name, depth + 1)}${suffix};\n`;
    }
    if (type.kind === 'struct') {
      const align = packed ? 8 : this.#btf.alignOf(id) * 8;
      if (Math.ceil(bit / align) * align < type.size * 8)
        text += padding(bit, type.size * 8, indent, !packed);
    }
    return `${text}${'\t'.repeat(depth)}}${packed ? ' __attribute__((packed))' : ''}`;
  }

  #isPacked(id: TypeId, type: Composite): boolean {
    if (this.#btf.alignOf(id) > 1) return false;
    return type.members.some(({ type: member }) => this.#btf.alignOf(member) > 1);
  }

  /** C declares inside out: `inner` is what stands around the name so far, `qualifiers` wait for their target. */
  declarator(id: TypeId, inner: string, depth: number, qualifiers = ''): string {
    this.#step(id);
    if (depth > MAX_DEPTH) throw tooDeep(id);
    const type = this.#btf.type(id);
    switch (type.kind) {
      case 'const':
      case 'volatile':
      case 'restrict':
        // An array that is const is an array of const elements, which may say so themselves.
        return this.declarator(
          type.target,
          inner,
          depth + 1,
          qualifiers.includes(type.kind) ? qualifiers : `${type.kind} ${qualifiers}`,
        );
      case 'typeTag':
        return this.declarator(type.target, inner, depth + 1, qualifiers);
      case 'pointer': {
        const pointed = `*${qualifiers}${inner}`;
        return this.declarator(
          type.target,
          this.#bindsLooser(type.target) ? `(${pointed})` : pointed,
          depth + 1,
        );
      }
      case 'array':
        return this.declarator(type.element, `${inner}[${type.length}]`, depth + 1, qualifiers);
      case 'prototype':
        return this.declarator(
          type.returns,
          `${inner}(${this.#parameters(type.parameters, depth)})`,
          depth + 1,
        );
      default:
        return `${qualifiers}${this.#specifier(id, type, depth)}${inner === '' ? '' : ' '}${inner}`;
    }
  }

  #bindsLooser(id: TypeId): boolean {
    let at = id;
    for (let steps = 0; steps < MAX_DEPTH; steps++) {
      const type = this.#btf.type(at);
      if (type.kind === 'array' || type.kind === 'prototype') return true;
      if (type.kind !== 'typeTag' && type.kind !== 'const' && type.kind !== 'volatile') return false;
      at = type.target;
    }
    throw tooDeep(id);
  }

  #parameters(parameters: readonly Parameter[], depth: number): string {
    if (parameters.length === 0) return 'void';
    return parameters
      .map(({ name, type }, i) =>
        type === 0 && i === parameters.length - 1 ? '...' : this.declarator(type, name, depth + 1),
      )
      .join(', ');
  }

  #specifier(id: TypeId, type: BtfType, depth: number): string {
    switch (type.kind) {
      case 'void':
        return 'void';
      case 'int':
      case 'float':
        return type.name === '' ? 'int' : type.name;
      case 'struct':
      case 'union':
        return type.name === ''
          ? this.#body(id, type, depth)
          : `${type.kind} ${this.#names.tag(id, type.name)}`;
      case 'enum':
      case 'enum64':
        return type.name === '' ? this.#enumText(id, type) : `enum ${this.#names.tag(id, type.name)}`;
      case 'forward':
        return `${type.union ? 'union' : 'struct'} ${type.name}`;
      case 'typedef':
        return this.#names.ordinary(id, type.name);
      default:
        return 'void';
    }
  }
}

/** Where C would put the first bit of a member after `bit`. */
function placed(bit: number, width: number, unit: number, bitfield: boolean, packed: boolean): number {
  if (!bitfield) return Math.ceil(bit / unit) * unit;
  if (packed || width === 0) return bit;
  const first = Math.floor(bit / unit);
  const last = Math.floor((bit + width - 1) / unit);
  return first === last ? bit : (first + 1) * unit;
}

/** Bits; a hole wider than a page is one array instead of thousands of bitfields. */
const WIDEST_PADDING = 4096 * 8;

/** Unnamed bitfields from one bit to another; none crosses the unit of its type. */
function padding(from: number, to: number, indent: string, wide: boolean): string {
  let text = '';
  for (let bit = from; bit < to; ) {
    if (bit % 8 === 0 && to - bit > WIDEST_PADDING) {
      text += `${indent}char __padding${bit / 8}[${Math.floor((to - bit) / 8)}];\n`;
      bit = to - (to % 8);
      continue;
    }
    const units: readonly [string, number][] = [
      ['long', 64],
      ['int', 32],
      ['short', 16],
      ['char', 8],
    ];
    const unit = wide ? units.find(([, bits]) => bit % bits === 0 && bit + bits <= to) : undefined;
    if (unit !== undefined) {
      text += `${indent}${unit[0]}: ${unit[1]};\n`;
      bit += unit[1];
    } else {
      const bits = Math.min(8 - (bit % 8), to - bit);
      text += `${indent}char: ${bits};\n`;
      bit += bits;
    }
  }
  return text;
}

function literal(value: bigint): string {
  if (value >= 1n << 63n) return `${value}ULL`;
  if (value >= 1n << 31n || value < -(1n << 31n)) return `${value}LL`;
  return String(value);
}
