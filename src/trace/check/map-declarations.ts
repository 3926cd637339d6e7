/** Maps as they are declared, and as they are made in the end. */
import type { Program } from '../ast/nodes.ts';
import type { CheckedMap } from '../checked.ts';
import type { Config } from '../config.ts';
import type { Diagnostics } from '../diagnostic.ts';
import { int64, isAggregate } from '../types/type.ts';
import { settled } from './integers.ts';
import type { MapState, MapTable } from './map-table.ts';
import * as say from './messages.ts';

const mapTypes = ['hash', 'lruhash', 'percpuhash', 'percpulruhash'] as const;
const greatestMap = 0xffff_ffffn;

export function declareMaps(program: Program, maps: MapTable, diagnostics: Diagnostics): void {
  for (const item of program.items) {
    if (item.kind !== 'mapDeclaration') continue;
    const before = maps.declarations.get(item.map);
    if (before !== undefined) {
      diagnostics.error(item.span, say.mapRedeclared(item.map), {
        related: [{ message: say.initialDeclaration, span: before.span }],
      });
      continue;
    }
    if (!mapTypes.some((type) => type === item.type)) {
      diagnostics.error(item.typeSpan, say.invalidMapType(item.type), { hint: say.validMapTypes });
    }
    if (item.size < 1n || item.size > greatestMap) diagnostics.error(item.span, say.mapSize(item.map));
    maps.declarations.set(item.map, item);
  }
}

const perCpu = (state: MapState): boolean => state.value !== undefined && isAggregate(state.value);

/** What can be said of declarations once all uses are known. */
export function checkMaps(maps: MapTable, diagnostics: Diagnostics): void {
  const used = new Map([...maps.states].map((state) => [state.name, state]));
  for (const [name, declaration] of maps.declarations) {
    const state = used.get(name);
    if (state === undefined) {
      diagnostics.warning(declaration.span, say.unusedMap(name));
      continue;
    }
    if (state.value === undefined) continue;
    const declared = declaration.type.startsWith('percpu');
    if (declared !== perCpu(state)) {
      const needed = perCpu(state) ? 'percpuhash' : 'hash';
      diagnostics.error(declaration.span, say.incompatibleMapType(declaration.type, needed));
    }
  }
}

/** After the last pass. */
export function checkedMaps(maps: MapTable, config: Config): ReadonlyMap<string, CheckedMap> {
  const checked = new Map<string, CheckedMap>();
  for (const state of maps.states) {
    if (state.value === undefined) continue;
    const declaration = maps.declarations.get(state.name);
    const scalar = state.scalar !== false;
    const kind =
      mapTypes.find((type) => type === declaration?.type) ?? (perCpu(state) ? 'percpuhash' : 'hash');
    const bucketed = ['hist', 'lhist', 'tseries'].includes(state.value.kind);
    const maxEntries =
      declaration !== undefined ? Number(declaration.size) : scalar && !bucketed ? 1 : config.maxMapKeys;
    checked.set(state.name, {
      name: state.name,
      key: scalar ? int64 : settled(state.key ?? int64),
      scalar,
      value: settled(state.value),
      kind,
      maxEntries,
    });
  }
  return checked;
}
