/** What is found out about the maps of a script: keyed or not, key and value, over all its probes. */
import type { MapDeclaration } from '../ast/nodes.ts';
import type { Span } from '../source.ts';
import type { Type } from '../types/type.ts';
import type { MapUse } from './context.ts';

export interface MapState extends MapUse {
  readonly name: string;
  key: Type | undefined;
  value: Type | undefined;
  scalar: boolean | undefined;
  /** The first place it is met. */
  first: Span;
  /** Something is put into it somewhere, even if what that is could not be told. */
  written: boolean;
}

export class MapTable {
  readonly declarations: Map<string, MapDeclaration> = new Map();
  readonly #states = new Map<string, MapState>();
  /** Something was found out since it was last set to false. */
  changed = false;

  state(name: string, span: Span): MapState {
    let state = this.#states.get(name);
    if (state === undefined) {
      state = { name, key: undefined, value: undefined, scalar: undefined, first: span, written: false };
      this.#states.set(name, state);
    }
    return state;
  }

  get states(): Iterable<MapState> {
    return this.#states.values();
  }

  setKey(state: MapState, key: Type): void {
    state.key = key;
    this.changed = true;
  }

  setValue(state: MapState, value: Type): void {
    state.value = value;
    this.changed = true;
  }

  setScalar(state: MapState, scalar: boolean): void {
    state.scalar = scalar;
    this.changed = true;
  }
}
