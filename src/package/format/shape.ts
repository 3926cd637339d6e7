/** Checks of untrusted JSON that name the place which is wrong. */
import { badPackage } from '../errors.ts';

/** Where a value stands: `package.json`, `meta.bpf_skel.maps[2]`. */
export interface Reader {
  readonly what: string;
  readonly path: string;
}

function wrong(value: unknown, wanted: string, { what, path }: Reader): never {
  const found = value === undefined ? 'it is missing' : `it is ${describe(value)}`;
  throw badPackage(what, `${path === '' ? 'the document' : path}: ${wanted} is wanted, ${found}`);
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 40))}`;
  return `${String(value)}`;
}

export function record(value: unknown, place: Reader): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) wrong(value, 'an object', place);
  // Without a prototype: names come from strangers.
  return Object.assign(Object.create(null), value);
}

export function text(value: unknown, place: Reader): string {
  if (typeof value !== 'string') wrong(value, 'a text', place);
  return value;
}

export function whole(value: unknown, place: Reader): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    wrong(value, 'a whole number from 0 on', place);
  }
  return value;
}

export function tristate(value: unknown, place: Reader): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') wrong(value, 'true or false', place);
  return value;
}

/** A missing list and `null` are the empty list. */
export function list<T>(value: unknown, place: Reader, item: (value: unknown, place: Reader) => T): T[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) wrong(value, 'a list', place);
  return value.map((one, i) => item(one, { what: place.what, path: `${place.path}[${i}]` }));
}

export function optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : read(value);
}
