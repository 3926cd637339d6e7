/**
 * TypeScript declarations of one object: its maps with keys and values, programs, variables and events, as
 * `loadObject<Name>()` gives them. Types follow what `btf/decode.ts` makes of bytes.
 */
import type { Btf } from '../btf/btf.ts';
import { isByte, isChar } from '../btf/decode.ts';
import type { BtfType, Member, TypeId } from '../btf/types.ts';
import { DeclarationNames, propertyName } from '../btf/typescript-names.ts';
import { mapKind } from '../kernel/map/kind.ts';
import { holdsProgram } from '../kernel/map/redirect.ts';
import { MapType } from '../kernel/spec.ts';
import { eventType } from './object.ts';
import type { ObjectMap, ObjectSpec } from './spec.ts';

export interface ObjectDeclarationOptions {
  /** What names are imported from. Default 'bpfkit/object'. */
  readonly module?: string;
  /** The interface's name. Default: made from the object's: `FirstObject` of `first.bpf.o`. */
  readonly name?: string;
}

const imported = [
  'ArenaMap',
  'BloomFilter',
  'BpfMap',
  'CpuTarget',
  'DescriptorMap',
  'DeviceTarget',
  'KernelString',
  'KeyedMap',
  'LoadedProgram',
  'QueueMap',
  'StackMap',
  'StorageMap',
] as const;

/** Levels of arrays and anonymous structs; only made-up types have more. */
const MAX_DEPTH = 32;

/** The text of a `.d.ts` (or `.ts`) file for an object. */
export function objectDeclarations(spec: ObjectSpec, options: ObjectDeclarationOptions = {}): string {
  return new Writer(spec, options).text();
}

/** `tcp_connlat` as `TcpConnlatObject`. */
function interfaceName(name: string): string {
  const camel = name.replace(/(?:^|_+)([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return `${/^\d/.test(camel) ? '_' : ''}${camel.replace(/[^A-Za-z0-9]/g, '')}Object`;
}

class Writer {
  readonly #spec: ObjectSpec;
  readonly #types: Btf | undefined;
  readonly #names: DeclarationNames | undefined;
  readonly #module: string;
  readonly #name: string;
  readonly #declared = new Map<TypeId, string>();
  readonly #queue: TypeId[] = [];

  constructor(spec: ObjectSpec, options: ObjectDeclarationOptions) {
    this.#spec = spec;
    this.#types = spec.types;
    this.#module = options.module ?? 'bpfkit/object';
    this.#name = options.name ?? interfaceName(spec.name);
    this.#names = spec.types && new DeclarationNames(spec.types, [...imported, this.#name, 'ArrayLike']);
  }

  text(): string {
    const body = this.#object();
    this.#declareQueued();
    const types = [...this.#declared.values()].sort((a, b) => (a < b ? -1 : 1)).join('\n');
    const used = new Set(`${types}${body}`.match(/\b[A-Za-z]+\b/g));
    const names = imported.filter((name) => used.has(name));
    const from = `'${this.#module.replace(/['\\\n]/g, '')}'`;
    return [
      `// Types of ${oneLine(this.#spec.file)}, written by \`bpfkit gen\`. Do not edit: write them again.\n`,
      names.length === 0 ? '' : `import type { ${names.join(', ')} } from ${from};\n\n`,
      types === '' ? '' : `${types}\n`,
      body,
    ].join('');
  }

  #object(): string {
    const { programs, maps } = this.#spec;
    const loaded = maps.filter((map) => map.autocreate);
    return [
      `/** For \`loadObject<${this.#name}>(${JSON.stringify(oneLine(this.#spec.file))})\`. */\n`,
      `export interface ${this.#name} {\n`,
      block(
        'maps',
        loaded.map((map) => `readonly ${propertyName(map.name)}: ${this.#map(map)};`),
      ),
      block(
        'programs',
        programs.map(({ name }) => `readonly ${propertyName(name)}: LoadedProgram;`),
      ),
      block('variables', this.#variables()),
      block('events', this.#events()),
      '}\n',
    ].join('');
  }

  #map(map: ObjectMap): string {
    const kind = mapKind(map.type);
    const value = this.#mapValue(map);
    const key = kind.indexed === true ? 'number' : this.#typeOr(map.keyType, map.keySize);
    switch (kind.access) {
      case 'keyed':
        return `KeyedMap<${key}, ${kind.perCpu === true ? `${grouped(value)}[]` : value}>`;
      case 'queue':
        return `QueueMap<${value}>`;
      case 'descriptors':
        return `DescriptorMap<${key}>`;
      case 'stacks':
        return 'StackMap';
      case 'storage':
        return `StorageMap<${value}>`;
      case 'bloom':
        return `BloomFilter<${value}>`;
      case 'arena':
        return 'ArenaMap';
      default:
        return 'BpfMap';
    }
  }

  #mapValue({ type, data, valueType, valueSize }: ObjectMap): string {
    if (data !== undefined) return 'Uint8Array';
    if (holdsProgram(type, valueSize)) return type === MapType.cpumap ? 'CpuTarget' : 'DeviceTarget';
    return this.#typeOr(valueType, valueSize);
  }

  /** As loading decides: a type of another size than the map's is not used. */
  #typeOr(id: TypeId | undefined, size: number): string {
    const types = this.#types;
    if (id === undefined || types === undefined || types.strip(id) === 0) return 'Uint8Array';
    return types.sizeOf(id) === size ? this.#type(id, 0) : 'Uint8Array';
  }

  #variables(): string[] {
    const lines: string[] = [];
    for (const { data } of this.#spec.maps) {
      for (const { name, type, static: hidden } of data?.variables ?? []) {
        if (hidden) continue;
        const read = this.#type(type, 0);
        const property = propertyName(name);
        if (data?.kind === 'kconfig') {
          lines.push(`readonly ${property}: ${read};`);
          continue;
        }
        const constant = data?.kind === 'rodata' ? '/** Constant once it is loaded. */\n    ' : '';
        const write = this.#written(type, read);
        if (write === read) lines.push(`${constant}${property}: ${read};`);
        else lines.push(`${constant}get ${property}(): ${read};\n    set ${property}(value: ${write});`);
      }
    }
    return lines;
  }

  /** More is accepted than is given back. */
  #written(id: TypeId, read: string): string {
    if (read === 'bigint' || read === 'number') return 'number | bigint';
    if (read === 'KernelString') return 'string | KernelString | Uint8Array';
    const type = this.#types!.type(this.#types!.strip(id));
    if (type.kind === 'enum' || type.kind === 'enum64') return `${read} | number | bigint`;
    return read === 'Uint8Array' ? 'ArrayLike<number>' : read;
  }

  #events(): string[] {
    const lines: string[] = [];
    for (const map of this.#spec.maps) {
      if (map.type !== MapType.ringBuffer && map.type !== MapType.perfEventArray) continue;
      const id = eventType(this.#types, map);
      const type = id === undefined ? 'Uint8Array' : this.#type(id, 0);
      lines.push(`readonly ${propertyName(map.name)}: ${type};`);
    }
    return lines;
  }

  #declareQueued(): void {
    for (let id = this.#queue.pop(); id !== undefined; id = this.#queue.pop()) {
      if (this.#declared.has(id)) continue;
      const type = this.#types!.type(id);
      if (type.kind !== 'struct' && type.kind !== 'union') continue;
      this.#declared.set(id, '');
      const name = this.#names!.of(id)!;
      this.#declared.set(id, `export interface ${name} {\n${this.#members(type, '  ', 0, false)}}\n`);
    }
  }

  #members(
    type: Extract<BtfType, { kind: 'struct' | 'union' }>,
    indent: string,
    depth: number,
    inside: boolean,
  ): string {
    if (depth > MAX_DEPTH) return '';
    return type.members.map((member) => this.#member(member, indent, depth, inside)).join('');
  }

  #member(member: Member, indent: string, depth: number, inside: boolean): string {
    const types = this.#types!;
    if (member.name !== '') {
      return `${indent}${propertyName(member.name)}: ${this.#type(member.type, depth, indent)};\n`;
    }
    const inner = types.type(types.strip(member.type));
    if (inner.kind !== 'struct' && inner.kind !== 'union') return '';
    return this.#members(inner, indent, depth + 1, inside);
  }

  #type(id: TypeId, depth: number, indent = ''): string {
    const types = this.#types!;
    const stripped = types.strip(id);
    const type = types.type(stripped);
    switch (type.kind) {
      case 'int':
        if (type.encoding === 'bool') return 'boolean';
        return type.size > 4 ? 'bigint' : 'number';
      case 'pointer':
        return 'bigint';
      case 'float':
        return 'number';
      case 'enum':
      case 'enum64':
        return [
          ...new Set(type.values.map(({ name }) => JSON.stringify(name))),
          type.size > 4 ? 'bigint' : 'number',
        ].join(' | ');
      case 'array': {
        const element = types.type(types.strip(type.element));
        if (isChar(element)) return 'KernelString';
        if (isByte(element)) return 'Uint8Array';
        return depth > MAX_DEPTH ? 'unknown' : `${grouped(this.#type(type.element, depth + 1, indent))}[]`;
      }
      case 'struct':
      case 'union': {
        const name = this.#names!.of(stripped);
        if (name !== undefined) {
          this.#queue.push(stripped);
          return name;
        }
        if (depth > MAX_DEPTH) return 'unknown';
        return `{\n${this.#members(type, `${indent}  `, depth + 1, true)}${indent}}`;
      }
      default:
        return 'unknown';
    }
  }
}

function grouped(type: string): string {
  return type.includes(' | ') ? `(${type})` : type;
}

function block(name: string, lines: readonly string[]): string {
  if (lines.length === 0) return `  readonly ${name}: Record<never, never>;\n`;
  return `  readonly ${name}: {\n${lines.map((line) => `    ${line}\n`).join('')}  };\n`;
}

function oneLine(text: string): string {
  return text.replace(/[\r\n\u2028\u2029]|\*\//g, ' ');
}
