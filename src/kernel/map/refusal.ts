/** Why the kernel did not make a map, in a sentence. */

import type { SysError } from '../../sys/errors.ts';
import { type KernelError, refused } from '../errors.ts';
import { whyNotPermitted } from '../feature/privilege.ts';
import { olderThan } from '../feature/release.ts';
import { isKnownMapType, mapKind } from './kind.ts';
import type { MapShape } from './map.ts';

/** The error of a refused map: the hint names what was found, and nothing that was not. */
export function refusedMap(shape: MapShape, error: SysError): KernelError {
  return refused(`make map "${shape.name}" (${mapKind(shape.type).name})`, error, hint(shape, error));
}

function hint(shape: MapShape, error: SysError): string | undefined {
  const { name, since } = mapKind(shape.type);
  if (error.code === 'EINVAL' && !isKnownMapType(shape.type))
    return `this kernel has no map type ${shape.type}`;
  if (error.code === 'EPERM') return whyNotPermitted();
  if (error.code === 'EINVAL' && olderThan(since)) {
    return `this kernel has no ${name} maps: Linux ${since} brought them`;
  }
  if (error.code === 'E2BIG' || error.code === 'ENOMEM') {
    return `${shape.maxEntries} entries of ${shape.keySize} + ${shape.valueSize} bytes are more than the kernel allots`;
  }
  if (error.code === 'EINVAL' && shape.flags !== 0) {
    return `this kernel may not know all of its flags (0x${shape.flags.toString(16)}) for a ${name}`;
  }
  return undefined;
}
