/** One look at a sampled map, as lines: key-value rows, or a histogram for each key. */
import type { Btf } from '../../btf/btf.ts';
import { isChar } from '../../btf/decode.ts';
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
  /** Other maps speak too: each line says which map it is of. */
  readonly #several: boolean;

  constructor(
    exported: SampleExport,
    map: KeyedMap<unknown, unknown>,
    types: Btf,
    options: { readonly json: boolean; readonly what: string; readonly several: boolean },
  ) {
    this.#export = exported;
    this.#types = types;
    this.#json = options.json;
    this.#several = options.several;
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
      else lines.push(...this.#histogram(key, overAllCpus(value)));
    }
    return lines;
  }

  #jsonLine(key: unknown, value: unknown): string {
    const { keyType, valueType } = this.#export.definition;
    const named = (part: unknown, type: TypeId): unknown =>
      isRecord(part) ? part : { [nameOfType(this.#types, type)]: part };
    const line = { key: named(key, keyType!), value: named(value, valueType!) };
    return jsonText(jsonOf(this.#several ? { map: this.#export.map, ...line } : line));
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

/** Values of a per-CPU map are a list: slots are added up, what else there is comes from the first CPU that counted. */
function overAllCpus(value: unknown): Record<string, unknown> {
  if (!Array.isArray(value)) return value as Record<string, unknown>;
  const all = value as readonly (Record<string, unknown> & { slots: readonly (number | bigint)[] })[];
  const counts = all.map(({ slots }) => [...slots].map(Number));
  const counted = counts.findIndex((slots) => slots.some((count) => count > 0));
  const sum = counts[0]!.map((_, i) => counts.reduce((total, slots) => total + slots[i]!, 0));
  return { ...all[Math.max(counted, 0)]!, slots: sum };
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

/** An array of numbers; a `char` array would be text. */
function hasSlots(types: Btf, id: TypeId): boolean {
  const type = types.type(types.strip(id));
  if (type.kind !== 'struct') return false;
  const slots = type.members.find(({ name }) => name === 'slots');
  const array = slots && types.type(types.strip(slots.type));
  if (array?.kind !== 'array') return false;
  const element = types.type(types.strip(array.element));
  return element.kind === 'int' && !isChar(element);
}
