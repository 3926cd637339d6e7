/** Codecs made from the types in a collection's BTF. */
import type { Btf } from '../../btf/btf.ts';
import { decoder } from '../../btf/decode.ts';
import type { TypeId } from '../../btf/types.ts';
import { encoder } from '../../btf/write.ts';
import type { MapSpec } from '../spec.ts';
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

/** Codecs for a map whose spec names types of the right size; bytes for the rest. */
export function codecsOf(spec: MapSpec, types: Btf): HandleCodecs {
  const codec = (what: string, id: TypeId | undefined, size: number): Codec<unknown> | undefined => {
    if (id === undefined || id === 0 || types.sizeOf(id) !== size) return undefined;
    return btfCodec(types, id, `map "${spec.name}" ${what}`);
  };
  return {
    key: codec('key', spec.keyType, spec.keySize),
    value: holdsProgram(spec.type, spec.valueSize)
      ? undefined
      : codec('value', spec.valueType, spec.valueSize),
  };
}
