/**
 * Which maps of a package speak to the user, and what their records are made of.
 *
 * Ring buffers and perf event arrays send events; a map with `sample` is looked at again and again. The type of an
 * event is the one that `export_config` names; else the value type of the map's own definition; else, of the
 * package's export types, the one whose size is the record's. An object without a package has no export types: then
 * every struct that is called `event`, `data_t` or like it stands for them.
 *
 * Differs from the original, which exports one map only unless it is told otherwise, always with the first type.
 */
import type { Btf } from '../../btf/btf.ts';
import type { TypeId } from '../../btf/types.ts';
import { MapType } from '../../kernel/spec.ts';
import type { ObjectMap, ObjectSpec } from '../../object/spec.ts';
import { badPackage } from '../errors.ts';
import type { PackageMap, PackageMeta } from '../format/package-json.ts';
import { type StackMembers, stackMembers } from './stacks.ts';

export interface EventExport {
  readonly kind: 'events';
  readonly map: string;
  /** The type of a record of so many bytes; undefined: bytes. */
  typeFor(length: number): TypeId | undefined;
  /** The type to announce in the header. */
  readonly first: TypeId | undefined;
  /** `intepreter: stack_trace`: a record is a sample with a kernel and a user stack. */
  readonly stacks: StackMembers | undefined;
}

export interface SampleExport {
  readonly kind: 'sample';
  readonly map: string;
  readonly definition: ObjectMap;
  /** Milliseconds between two looks. */
  readonly interval: number;
  readonly type: 'log2_hist' | 'linear_hist' | 'default_kv';
  readonly unit: string;
  readonly clear: boolean;
}

export type MapExport = EventExport | SampleExport;

/** Throws PackageError `badPackage` where an annotation says what cannot be. */
export function exportsOf(meta: PackageMeta, spec: ObjectSpec, what: string): MapExport[] {
  const described = new Map(meta.bpf_skel.maps.map((map) => [map.name, map]));
  const found: MapExport[] = [];
  for (const map of spec.maps) {
    const annotations = described.get(map.name);
    if (annotations?.sample !== undefined) found.push(sampleOf(map, annotations, what));
    else if (map.type === MapType.ringBuffer || map.type === MapType.perfEventArray) {
      found.push(eventsOf(map, annotations, meta, spec, what));
    }
  }
  return found;
}

function sampleOf(map: ObjectMap, annotations: PackageMap, what: string): SampleExport {
  const { sample } = annotations;
  const wrong = (problem: string): never => {
    throw badPackage(what, `map "${map.name}": sample: ${problem}`);
  };
  if (typeof sample !== 'object' || sample === null) return wrong('an object is wanted');
  const {
    interval,
    type = 'default_kv',
    unit = '(unit)',
    clear_map = false,
  } = sample as Record<string, unknown>;
  if (typeof interval !== 'number' || !(interval >= 1))
    return wrong('interval is a number of milliseconds from 1 on');
  if (type !== 'log2_hist' && type !== 'linear_hist' && type !== 'default_kv') {
    return wrong(
      `type is log2_hist, linear_hist or default_kv, not ${typeof type === 'string' ? JSON.stringify(type) : typeof type}`,
    );
  }
  if (typeof unit !== 'string') return wrong('unit is a text');
  return { kind: 'sample', map: map.name, definition: map, interval, type, unit, clear: clear_map === true };
}

function eventsOf(
  map: ObjectMap,
  annotations: PackageMap | undefined,
  meta: PackageMeta,
  spec: ObjectSpec,
  what: string,
): EventExport {
  const { types } = spec;
  const base = { kind: 'events', map: map.name, stacks: interpreterOf(annotations, what) } as const;
  if (!types) return { ...base, first: undefined, typeFor: () => undefined };
  const configured = configuredType(annotations, types) ?? ownType(map, types);
  if (configured !== undefined) return { ...base, first: configured, typeFor: () => configured };
  const candidates = meta.export_types
    ? meta.export_types.flatMap(({ name }) => types.find(name, 'struct') ?? [])
    : eventStructs(types);
  // Records may carry more than the type has: text of variable length at the end.
  const typeFor = (length: number): TypeId | undefined =>
    candidates.find((id) => types.sizeOf(id) === length) ??
    candidates.find((id) => alignedSize(types.sizeOf(id)) === length) ??
    candidates.find((id) => types.sizeOf(id) <= length);
  return { ...base, first: candidates[0], typeFor };
}

/** Perf records are padded to 8 bytes behind a header of 4. */
function alignedSize(size: number): number {
  return Math.ceil((size + 4) / 8) * 8 - 4;
}

function configuredType(annotations: PackageMap | undefined, types: Btf): TypeId | undefined {
  const config = annotations?.export_config;
  if (typeof config !== 'object' || config === null) return undefined;
  const { btf_type_id: id } = config as Record<string, unknown>;
  return typeof id === 'number' && Number.isInteger(id) && id > 0 && id < types.count ? id : undefined;
}

/** `__type(value, struct event)` of a ring buffer's definition. */
function ownType(map: ObjectMap, types: Btf): TypeId | undefined {
  if (map.valueType === undefined) return undefined;
  const kind = types.kind(types.strip(map.valueType));
  return kind === 'struct' || kind === 'union' ? map.valueType : undefined;
}

function eventStructs(types: Btf): TypeId[] {
  const found: TypeId[] = [];
  for (let id = 1; id < types.count; id++) {
    if (types.kind(id) !== 'struct') continue;
    if (/^(?:event|evt|data_t|event_t|\w+_event_t)$/.test(types.name(id))) found.push(id);
  }
  return found;
}

/** The format spells it without its r. */
function interpreterOf(annotations: PackageMap | undefined, what: string): StackMembers | undefined {
  const interpreter = annotations?.intepreter ?? annotations?.interpreter;
  if (typeof interpreter !== 'object' || interpreter === null) return undefined;
  const { stack_trace: stacks } = interpreter as Record<string, unknown>;
  return stacks === undefined
    ? undefined
    : stackMembers(stacks, { what, path: `map "${annotations!.name}": intepreter.stack_trace` });
}
