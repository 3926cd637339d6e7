/** Rows of an iterator: a struct for one run, written whole by `k.write`. */

import { zero } from '../emit/memory.ts';
import { fromShape, sizeOf } from '../lower/data-type.ts';
import { stackPlace } from '../lower/memory.ts';
import type { MapOperation } from './map-operation.ts';

export const rows: Readonly<Record<string, MapOperation>> = {
  begin: {
    arity: () => [0, 0],
    lower(l, subject) {
      const type = fromShape(subject.map.value ?? { kind: 'bool' });
      const place = stackPlace(l, subject.name, type);
      // Zeros first: what the body leaves out must not be what the run before left behind.
      zero(l, place.base, 0, sizeOf(type));
      return { kind: 'place', place };
    },
  },
};
