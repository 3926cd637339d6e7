/** One look at a sampled map, as lines: key-value rows, or a histogram for each key. */
import type { Btf } from '../../btf/btf.ts';
import { decoder } from '../../btf/decode.ts';
import type { TypeId } from '../../btf/types.ts';
import type { KeyedMap } from '../../kernel/map/keyed.ts';
import { escapeText } from '../../text/escape.ts';
import { jsonText } from '../../text/json.ts';
import { KernelString } from '../../text/kernel-string.ts';
import { badPackage } from '../errors.ts';
import { jsonOf, nameOfType } from './columns.ts';
import type { SampleExport } from './exports.ts';
import { linearHistogram, log2Histogram } from './histogram.ts';

export class Sampler {
  readonly #export: SampleExport;
  readonly #map: KeyedMap<unknown, unknown>;
  readonly #types: Btf;
  readonly #json: boolean;

  constructor(
    exported: SampleExport,
    map: KeyedMap<unknown, unknown>,
    types: Btf,
    options: { readonly json: boolean; readonly what: string },
  ) {
    this.#export = exported;
    this.#types = types;
    this.#json = options.json;
    const { keyType, valueType } = exported.definition;
    if (keyType === undefined || valueType === undefined) {
      throw badPackage(options.what, `map "${exported.map}": a sampled map needs types of key and value`);
    }
    if (exported.type !== 'default_kv' && !hasSlots(types, valueType)) {
      throw badPackage(options.what, `map "${exported.map}": no slots found: its value has no array "slots"`);
    }
    this.#map = map;
  }

  /** The heading of key-value rows; undefined where each look has its own. */
  get header(): string | undefined {
    if (this.#json || this.#export.type !== 'default_kv') return undefined;
    const { keyType, valueType } = this.#export.definition;
    const names = [...memberNames(this.#types, keyType!), ...memberNames(this.#types, valueType!)];
    return `TIME     ${names.map((name) => `${escapeText(name.toUpperCase()).padEnd(6)} `).join('')}`;
  }

  look(time: string): string[] {
    const lines: string[] = [];
    for (const [key, value] of this.#map) {
      if (this.#json) lines.push(this.#jsonLine(key, value));
      else if (this.#export.type === 'default_kv') lines.push(this.#row(time, key, value));
      else lines.push(...this.#histogram(key, value));
    }
    return lines;
  }

  #jsonLine(key: unknown, value: unknown): string {
    const { keyType, valueType } = this.#export.definition;
    const named = (part: unknown, type: TypeId): unknown =>
      isRecord(part) ? part : { [nameOfType(this.#types, type)]: part };
    const line = { key: named(key, keyType!), value: named(value, valueType!) };
    return jsonText(jsonOf(line));
  }

  #row(time: string, key: unknown, value: unknown): string {
    return `${time} ${jsonText(jsonOf(key))} ${jsonText(jsonOf(value))}`;
  }

  #histogram(key: unknown, value: unknown): string[] {
    const { slots, ...others } = value as Record<string, unknown> & { slots: readonly (number | bigint)[] };
    const counts = [...slots].map(Number);
    const draw = this.#export.type === 'log2_hist' ? log2Histogram : linearHistogram;
    const heading = isRecord(key)
      ? Object.entries(key).map(([name, part]) => `${escapeText(name)} = ${textOf(part)}`)
      : [`key =  ${textOf(key)}`];
    const members = Object.entries(others).map(([name, part]) => `${escapeText(name)} = ${textOf(part)}`);
    return [...heading, ...members, '', ...draw(counts, escapeText(this.#export.unit))];
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  const plain = typeof value === 'object' && value !== null && !Array.isArray(value);
  return plain && !(value instanceof KernelString) && !(value instanceof Uint8Array);
}

function textOf(value: unknown): string {
  if (value instanceof KernelString) return value.toString();
  return typeof value === 'object' ? jsonText(jsonOf(value)) : String(value);
}

function memberNames(types: Btf, id: TypeId): string[] {
  const type = types.type(types.strip(id));
  if (type.kind !== 'struct' && type.kind !== 'union') return [nameOfType(types, id)];
  return type.members.flatMap(({ name, type: inner }) => (name === '' ? memberNames(types, inner) : [name]));
}

function hasSlots(types: Btf, id: TypeId): boolean {
  const type = types.type(types.strip(id));
  if (type.kind !== 'struct') return false;
  const slots = type.members.find(({ name }) => name === 'slots');
  return (
    slots !== undefined && types.kind(types.strip(slots.type)) === 'array' && decoder(types, id) !== undefined
  );
}
