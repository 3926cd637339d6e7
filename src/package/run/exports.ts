/**
 * Which maps of a package speak to the user: ring buffers and perf event arrays send events, a map with `sample` is
 * looked at again and again.
 *
 * Differs from the original, which exports one map only unless it is told otherwise.
 */
import { MapType } from '../../kernel/spec.ts';
import type { ObjectMap, ObjectSpec } from '../../object/spec.ts';
import { badPackage } from '../errors.ts';
import type { PackageMap, PackageMeta } from '../format/package-json.ts';
import { type EventExport, eventsOf } from './events.ts';

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
  const known = new Set(spec.maps.map(({ name }) => name));
  for (const { name, sample, export_config: config } of described.values()) {
    if ((sample ?? config) !== undefined && !known.has(name)) {
      throw badPackage(what, `map "${name}" is described, but its object has no such map`);
    }
  }
  const found: MapExport[] = [];
  for (const map of spec.maps) {
    const annotations = described.get(map.name);
    if (!isExported(meta, annotations)) continue;
    if (annotations?.sample !== undefined) found.push(sampleOf(map, annotations, what));
    else if (map.type === MapType.ringBuffer || map.type === MapType.perfEventArray) {
      found.push(eventsOf(map, annotations, meta, spec, what));
    }
  }
  return found;
}

/** Every map that can speak does, unless the package names those that do, or says of one that it does not. */
function isExported(meta: PackageMeta, annotations: PackageMap | undefined): boolean {
  const config = annotations?.export_config;
  if (config === 'no_export') return false;
  return meta.enable_multiple_export_types !== true || (config !== undefined && config !== null);
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
  // Timers count in 31 bits.
  if (typeof interval !== 'number' || !(interval >= 1 && interval < 2 ** 31))
    return wrong('interval is a number of milliseconds from 1 to 2147483647');
  if (type !== 'log2_hist' && type !== 'linear_hist' && type !== 'default_kv') {
    return wrong(
      `type is log2_hist, linear_hist or default_kv, not ${typeof type === 'string' ? JSON.stringify(type) : typeof type}`,
    );
  }
  if (typeof unit !== 'string') return wrong('unit is a text');
  return { kind: 'sample', map: map.name, definition: map, interval, type, unit, clear: clear_map === true };
}
