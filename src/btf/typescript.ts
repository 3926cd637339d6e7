/**
 * TypeScript declarations of kernel types: what makes `k.task.` complete in an editor.
 *
 * The file is a module that imports bpfkit's names for what memory holds (`u32`, `Ptr`, `Arr`, ...), declares an
 * interface for each struct and union, and adds them to bpfkit's `KernelTypes`. Members of anonymous members are
 * flattened into their parent, as C lets people write them. Declarations are sorted by name, so that
 * files of two kernels can be compared.
 */
import type { Btf } from './btf.ts';
import { isByte, isChar } from './decode.ts';
import { notFound, tooManyValues } from './errors.ts';
import type { BtfKind, BtfType, Parameter, TypeId } from './types.ts';
import { DeclarationNames, propertyName } from './typescript-names.ts';

export interface DeclarationOptions {
  /** What the types are imported from and added to. Default 'bpfkit'. */
  readonly module?: string;
  /** A sentence for the head of the file, such as the kernel's release. Default none. */
  readonly source?: string;
}

const imported = [
  'Address',
  'Arr',
  'Bytes',
  'Chars',
  'i16',
  'i32',
  'i64',
  'i8',
  'Ptr',
  'u16',
  'u32',
  'u64',
  'u8',
] as const;

const TRACEPOINT_PREFIX = '__traceiter_';

/** Written members of a whole file; a kernel has 100,000, only made-up BTF has more than this. */
const MAX_MEMBERS = 2 ** 20;

/**
 * Declarations of the named types and kernel functions with everything that they reach; without names, of every
 * struct, union and raw tracepoint (all 60,000 functions would make the file too slow for editors).
 * Throws `BtfError` for a name that does not exist, with the nearest ones.
 */
export function declarationsOf(
  btf: Btf,
  roots?: readonly string[],
  options: DeclarationOptions = {},
): string {
  const writer = new Writer(btf);
  if (roots === undefined) writer.everything();
  else for (const name of roots) writer.root(name);
  return writer.text(options);
}

class Writer {
  readonly #btf: Btf;
  readonly #names: DeclarationNames;
  readonly #queue: TypeId[] = [];
  readonly #queued = new Set<TypeId>();
  readonly #declarations = new Map<string, string>();
  readonly #functions = new Map<string, string>();
  readonly #tracepoints = new Map<string, string>();
  /** Structs whose members are being written: only made-up BTF comes back to one. */
  readonly #inside = new Set<TypeId>();
  #members = 0;

  constructor(btf: Btf) {
    this.#btf = btf;
    this.#names = new DeclarationNames(btf, imported);
  }

  everything(): void {
    for (const [, id] of this.#names.composites()) this.#use(id);
    for (let id = 1; id < this.#btf.count; id++) {
      const kind = this.#btf.kind(id);
      if (kind === 'struct' || kind === 'union') this.#use(id);
      if (kind === 'function') this.#tracepoint(id, this.#btf.name(id));
    }
  }

  root(name: string): void {
    const kinds: readonly BtfKind[] = ['struct', 'union', 'typedef', 'function', 'enum', 'enum64'];
    let found = false;
    for (const kind of kinds) {
      const id = this.#btf.find(name, kind);
      if (id === undefined) continue;
      found = true;
      if (kind === 'function') this.#function(id, name);
      else this.#type(id, 0);
    }
    const tracepoint = this.#btf.find(TRACEPOINT_PREFIX + name, 'function');
    if (tracepoint !== undefined) this.#tracepoint(tracepoint, TRACEPOINT_PREFIX + name);
    else if (!found) throw notFound(name, this.#btf.suggest(name));
  }

  text({ module = 'bpfkit', source }: DeclarationOptions): string {
    for (let id = this.#queue.pop(); id !== undefined; id = this.#queue.pop()) this.#declare(id);
    const declarations = sorted(this.#declarations);
    const body = declarations.map(([, text]) => text).join('\n');
    const augmented = this.#augmented();
    const used = new Set(`${body}${augmented}`.match(/\b[A-Za-z]+[0-9]*\b/g));
    const from = `'${module.replace(/['\\\n]/g, '')}'`;
    const parts = [
      '// Kernel types, written by `bpfkit types`. Do not edit: write it again for another kernel.\n',
      source === undefined ? '' : `// ${source.replace(/[\r\n\u2028\u2029]/g, ' ')}\n`,
      `import type { ${imported.filter((name) => used.has(name)).join(', ')} } from ${from};\n\n`,
      body,
      `\ndeclare module ${from} {\n`,
      augmented,
      '}\n',
    ];
    return parts.join('');
  }

  /** What is added to the interfaces that bpfkit leaves open. */
  #augmented(): string {
    const types: string[] = [];
    for (const [name, id] of [...this.#names.composites()].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (this.#queued.has(id)) types.push(`    ${propertyName(name)}: ${this.#names.of(id)};\n`);
    }
    return [
      ...block('KernelTypes', types.join('')),
      ...block(
        'RawTracepoints',
        sorted(this.#tracepoints)
          .map(([, text]) => text)
          .join(''),
      ),
      ...block(
        'KernelFunctions',
        sorted(this.#functions)
          .map(([, text]) => text)
          .join(''),
      ),
    ].join('');
  }

  #use(id: TypeId): void {
    if (this.#queued.has(id) || this.#names.of(id) === undefined) return;
    this.#queued.add(id);
    this.#queue.push(id);
  }

  #declare(id: TypeId): void {
    const name = this.#names.of(id)!;
    const type = this.#btf.type(id);
    if (type.kind === 'struct' || type.kind === 'union') {
      this.#declarations.set(name, `export interface ${name} {\n${this.#fields(id, type, '  ', 0)}}\n`);
    } else if (type.kind === 'typedef') {
      this.#declarations.set(name, `export type ${name} = ${this.#type(type.target, 0)};\n`);
    }
  }

  #fields(
    id: TypeId,
    type: Extract<BtfType, { kind: 'struct' | 'union' }>,
    indent: string,
    depth: number,
  ): string {
    if (this.#inside.has(id)) return '';
    this.#inside.add(id);
    let text = '';
    for (const member of type.members) {
      this.#members++;
      if (this.#members > MAX_MEMBERS) throw tooManyValues(id);
      if (member.name !== '') {
        const fieldType = this.#type(member.type, depth, indent);
        text += `${indent}readonly ${propertyName(member.name)}: ${fieldType};\n`;
        continue;
      }
      const innerId = this.#btf.strip(member.type);
      const inner = this.#btf.type(innerId);
      if ((inner.kind === 'struct' || inner.kind === 'union') && depth < 32) {
        text += this.#fields(innerId, inner, indent, depth + 1);
      }
    }
    this.#inside.delete(id);
    return text;
  }

  /** The type as an expression; what it names is declared too. */
  #type(start: TypeId, depth: number, indent = ''): string {
    let id = start;
    for (let steps = 0; steps < 64; steps++) {
      const type = this.#btf.type(id);
      switch (type.kind) {
        case 'typedef': {
          const name = this.#names.of(id);
          if (name !== undefined) {
            this.#use(id);
            return name;
          }
          id = type.target;
          break;
        }
        case 'const':
        case 'volatile':
        case 'restrict':
        case 'typeTag':
          id = type.target;
          break;
        case 'int':
          if (type.encoding === 'bool') return 'boolean';
          return type.size > 8 ? 'unknown' : integer(type.size, type.encoding === 'signed');
        case 'enum':
        case 'enum64':
          return integer(type.size, type.signed);
        case 'float':
          return 'number';
        case 'pointer':
          return this.#pointer(type.target, depth, indent);
        case 'array':
          return this.#array(type, depth, indent);
        case 'struct':
        case 'union': {
          const name = this.#names.of(id);
          if (name !== undefined) {
            this.#use(id);
            return name;
          }
          if (depth >= 32) return 'unknown';
          return `{\n${this.#fields(id, type, `${indent}  `, depth + 1)}${indent}}`;
        }
        default:
          return 'unknown';
      }
    }
    return 'unknown';
  }

  #pointer(target: TypeId, depth: number, indent: string): string {
    const stripped = this.#btf.strip(target);
    const type = this.#btf.type(stripped);
    switch (type.kind) {
      case 'forward': {
        const whole = this.#names.composite(type.name);
        return whole === undefined ? 'Ptr<unknown>' : `Ptr<${this.#type(whole, depth, indent)}>`;
      }
      case 'int':
      case 'enum':
      case 'enum64':
      case 'float':
      case 'struct':
      case 'union':
        return `Ptr<${this.#type(target, depth, indent)}>`;
      default:
        // Ptr of a struct is the struct itself, so a pointer to a pointer must not name what that points to.
        return 'Ptr<unknown>';
    }
  }

  #array(type: Extract<BtfType, { kind: 'array' }>, depth: number, indent: string): string {
    const element = this.#btf.type(this.#btf.strip(type.element));
    if (isChar(element)) return `Chars<${type.length}>`;
    if (isByte(element)) return `Bytes<${type.length}>`;
    if (depth >= 32) return 'unknown';
    return `Arr<${this.#type(type.element, depth + 1, indent)}, ${type.length}>`;
  }

  #function(id: TypeId, name: string): void {
    const prototype = this.#prototype(id);
    if (prototype === undefined) return;
    const args = this.#parameters(prototype.parameters);
    const ret = prototype.returns === 0 ? 'undefined' : this.#type(prototype.returns, 0);
    this.#functions.set(
      name,
      `    ${propertyName(name)}: { readonly args: ${args}; readonly ret: ${ret} };\n`,
    );
  }

  /** The kernel calls `__traceiter_NAME(data, ...)` for a raw tracepoint: its arguments without the first. */
  #tracepoint(id: TypeId, name: string): void {
    if (!name.startsWith(TRACEPOINT_PREFIX)) return;
    const prototype = this.#prototype(id);
    if (prototype === undefined) return;
    const short = name.slice(TRACEPOINT_PREFIX.length);
    const args = this.#parameters(prototype.parameters.slice(1));
    this.#tracepoints.set(short, `    ${propertyName(short)}: ${args};\n`);
  }

  #prototype(id: TypeId): Extract<BtfType, { kind: 'prototype' }> | undefined {
    const type = this.#btf.type(id);
    const prototype = type.kind === 'function' ? this.#btf.type(type.prototype) : type;
    return prototype.kind === 'prototype' ? prototype : undefined;
  }

  #parameters(parameters: readonly Parameter[]): string {
    const fields = parameters
      .filter(({ name }) => name !== '')
      .map(({ name, type }) => `readonly ${propertyName(name)}: ${this.#type(type, 0, '    ')}`);
    return fields.length === 0 ? '{}' : `{ ${fields.join('; ')} }`;
  }
}

function integer(size: number, signed: boolean): string {
  return `${signed ? 'i' : 'u'}${size * 8}`;
}

function sorted(texts: ReadonlyMap<string, string>): [string, string][] {
  return [...texts].sort(([a], [b]) => (a < b ? -1 : 1));
}

function block(name: string, body: string): string[] {
  return body === '' ? [] : [`  interface ${name} {\n`, body, '  }\n'];
}
