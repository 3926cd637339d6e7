/**
 * Global variables as properties: in the object's contents before loading, in the kernel's memory afterwards.
 */
import type { Btf } from '../btf/btf.ts';
import { type Decoder, decoder } from '../btf/decode.ts';
import { type Encoder, encoder } from '../btf/write.ts';
import { KeyedMap } from '../kernel/map/keyed.ts';
import { MapFlag } from '../kernel/map/kind.ts';
import type { BpfMap } from '../kernel/map/map.ts';
import type { Mapping } from '../sys/memory.ts';
import { didYouMean, nearestNames } from '../text/nearest.ts';
import { ObjectError } from './errors.ts';
import type { DataSection, ObjectMap, ObjectSpec, ObjectVariable } from './spec.ts';

/** Values by name. A name that the object does not have is an ObjectError with near names. */
export type Variables = Record<string, unknown>;

/** Where the bytes of one section are. */
interface Memory {
  read(offset: number, size: number): DataView;
  /** The view holds the value alone. */
  write(offset: number, value: DataView): void;
}

/** Variables of an object that is not loaded: writes go into the spec. */
export function specVariables(spec: ObjectSpec): Variables {
  return makeVariables(spec, ({ data }) => new SpecMemory(data!));
}

/** Variables of a loaded object. `maps` are its data maps by name; `close` gives mappings back. */
export function loadedVariables(
  spec: ObjectSpec,
  maps: ReadonlyMap<string, BpfMap>,
): { readonly variables: Variables; close(): void } {
  const opened: MapMemory[] = [];
  const variables = makeVariables(spec, (map) => {
    const handle = maps.get(map.name);
    if (handle === undefined) return undefined;
    const memory = new MapMemory(spec, map, handle);
    opened.push(memory);
    return memory;
  });
  return {
    variables,
    close: () => {
      for (const memory of opened) memory.close();
    },
  };
}

function makeVariables(spec: ObjectSpec, memoryOf: (map: ObjectMap) => Memory | undefined): Variables {
  const { types } = spec;
  const holder: Variables = {};
  for (const map of spec.maps) {
    if (map.data === undefined || types === undefined) continue;
    let memory: Memory | undefined;
    for (const variable of map.data.variables) {
      if (variable.static || Object.hasOwn(holder, variable.name)) continue;
      const access = new VariableAccess(spec, types, variable);
      const there = (): Memory => {
        memory ??= memoryOf(map);
        if (memory === undefined) throw use(spec, `variable "${variable.name}" was not loaded`);
        return memory;
      };
      Object.defineProperty(holder, variable.name, {
        enumerable: true,
        get: () => access.get(there()),
        set: (value: unknown) => access.set(there(), value),
      });
    }
  }
  // A mistyped name would otherwise be a new property, and the program would run with its default.
  return new Proxy(holder, {
    get: (target, name) => {
      if (typeof name === 'string' && !Object.hasOwn(target, name) && name !== 'then' && name !== 'toJSON') {
        throw unknownVariable(spec, name, target);
      }
      return Reflect.get(target, name);
    },
    set: (target, name, value) => {
      if (typeof name === 'string' && !Object.hasOwn(target, name)) throw unknownVariable(spec, name, target);
      return Reflect.set(target, name, value);
    },
  });
}

function unknownVariable(spec: ObjectSpec, name: string, known: Variables): ObjectError {
  const near = nearestNames(name, Object.keys(known));
  return new ObjectError('use', { file: spec.file }, `it has no variable "${name}"`, {
    hint: didYouMean(near),
  });
}

function use(spec: ObjectSpec, problem: string, hint?: string): ObjectError {
  return new ObjectError('use', { file: spec.file }, problem, { hint });
}

class VariableAccess {
  readonly #spec: ObjectSpec;
  readonly #types: Btf;
  readonly #variable: ObjectVariable;
  #read: Decoder | undefined;
  #write: Encoder | undefined;

  constructor(spec: ObjectSpec, types: Btf, variable: ObjectVariable) {
    this.#spec = spec;
    this.#types = types;
    this.#variable = variable;
  }

  get(memory: Memory): unknown {
    const { type, offset, size } = this.#variable;
    this.#read ??= decoder(this.#types, type);
    return this.#read(memory.read(offset, size), 0);
  }

  set(memory: Memory, value: unknown): void {
    const { type, offset, size, name } = this.#variable;
    if (this.#types.sizeOf(type) !== size)
      throw use(this.#spec, `variable "${name}" has a size of its own, set its bytes`);
    this.#write ??= encoder(this.#types, type, { label: `variable "${name}"` });
    const view = new DataView(new ArrayBuffer(size));
    this.#write(value, view, 0);
    memory.write(offset, view);
  }
}

class SpecMemory implements Memory {
  readonly #data: DataSection;

  constructor(data: DataSection) {
    this.#data = data;
  }

  read(offset: number, size: number): DataView {
    const { contents } = this.#data;
    return new DataView(contents.buffer, contents.byteOffset + offset, size);
  }

  write(offset: number, value: DataView): void {
    this.#data.contents.set(new Uint8Array(value.buffer), offset);
  }
}

/** The value of a loaded map: mapped into memory where the kernel can, else read and written as a whole. */
class MapMemory implements Memory {
  readonly #spec: ObjectSpec;
  readonly #map: ObjectMap;
  readonly #handle: BpfMap;
  #mapping: Mapping | undefined;

  constructor(spec: ObjectSpec, map: ObjectMap, handle: BpfMap) {
    this.#spec = spec;
    this.#map = map;
    this.#handle = handle;
  }

  get #constant(): boolean {
    return this.#map.data!.kind === 'rodata' || this.#map.data!.kind === 'kconfig';
  }

  read(offset: number, size: number): DataView {
    // A closed map must not be read through what is left of its mapping.
    this.#handle.fd.number;
    const mapping = this.#mapped();
    if (mapping !== undefined) return new DataView(mapping.buffer, offset, size);
    const whole = this.#whole();
    return new DataView(whole.buffer, whole.byteOffset + offset, size);
  }

  write(offset: number, value: DataView): void {
    if (this.#constant) {
      const name = this.#map.data!.variables.find((one) => one.offset === offset)?.name ?? '';
      throw use(
        this.#spec,
        `variable "${name}" is constant (${this.#map.data!.section}), and was fixed when the object was loaded`,
        'set it before loading',
      );
    }
    this.#handle.fd.number;
    const mapping = this.#mapped();
    if (mapping !== undefined) return place(mapping.buffer, offset, value);
    const whole = this.#whole();
    whole.set(new Uint8Array(value.buffer), offset);
    (this.#handle as KeyedMap<number, Uint8Array>).set(0, whole);
  }

  close(): void {
    const mapping = this.#mapping;
    this.#mapping = undefined;
    mapping?.close();
  }

  #mapped(): Mapping | undefined {
    if ((this.#handle.flags & MapFlag.mmapable) === 0) return undefined;
    this.#mapping ??= this.#handle.mmap({ write: !this.#constant });
    return this.#mapping;
  }

  #whole(): Uint8Array {
    if (!(this.#handle instanceof KeyedMap))
      throw use(this.#spec, `map "${this.#map.name}" holds no variables`);
    const value: unknown = this.#handle.get(0);
    if (!(value instanceof Uint8Array)) throw use(this.#spec, `map "${this.#map.name}" holds no variables`);
    return value;
  }
}

/** In one step where the processor can: programs may read the variable at any time. */
function place(memory: ArrayBuffer, offset: number, value: DataView): void {
  const size = value.byteLength;
  if (size === 8 && offset % 8 === 0)
    new BigUint64Array(memory, offset, 1)[0] = new BigUint64Array(value.buffer)[0]!;
  else if (size === 4 && offset % 4 === 0)
    new Uint32Array(memory, offset, 1)[0] = new Uint32Array(value.buffer)[0]!;
  else if (size === 2 && offset % 2 === 0)
    new Uint16Array(memory, offset, 1)[0] = new Uint16Array(value.buffer)[0]!;
  else new Uint8Array(memory, offset, size).set(new Uint8Array(value.buffer));
}
