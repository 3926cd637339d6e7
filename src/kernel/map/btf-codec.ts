/** Codecs made from types of C. */
import type { Btf } from '../../btf/btf.ts';
import { decoder } from '../../btf/decode.ts';
import { BtfError } from '../../btf/errors.ts';
import type { TypeId } from '../../btf/types.ts';
import { encoder } from '../../btf/write.ts';
import type { Codec } from './codec.ts';
import type { HandleCodecs } from './handle.ts';
import { holdsProgram } from './redirect.ts';

/**
 * Values of a type as `btf/` reads and writes them: structs as objects, 64-bit numbers as bigint. The
 * reader and the writer are compiled when they are first used. `label` names the value in errors.
 */
export function btfCodec(types: Btf, id: TypeId, label: string): Codec<unknown> {
  let read: ReturnType<typeof decoder> | undefined;
  let write: ReturnType<typeof encoder> | undefined;
  return {
    size: types.sizeOf(id),
    decode: (view, offset) => {
      read ??= decoder(types, id);
      return read(view, offset);
    },
    encode: (value, view, offset) => {
      write ??= encoder(types, id, { label });
      write(value, view, offset);
    },
  };
}

/** What a map's keys and values are, as far as that is known: its spec, an object's map, or what the kernel tells. */
export interface TypedMap {
  readonly name: string;
  readonly type: number;
  readonly keyType?: TypeId | undefined;
  readonly keySize: number;
  readonly valueType?: TypeId | undefined;
  readonly valueSize: number;
}

/** Codecs for keys and values that have types of the right size; bytes for the rest. */
export function codecsOf(map: TypedMap, types: Btf): HandleCodecs {
  const codec = (what: string, id: TypeId = 0, size: number): Codec<unknown> | undefined =>
    sizeIn(types, id) === size ? btfCodec(types, id, `map "${map.name}" ${what}`) : undefined;
  return {
    key: codec('key', map.keyType, map.keySize),
    value: holdsProgram(map.type, map.valueSize) ? undefined : codec('value', map.valueType, map.valueSize),
  };
}

/** Undefined for void, and for a type without a size or of parts that are not there. */
function sizeIn(types: Btf, id: TypeId): number | undefined {
  try {
    return types.strip(id) === 0 ? undefined : types.sizeOf(id);
  } catch (error) {
    if (error instanceof BtfError) return undefined;
    throw error;
  }
}
