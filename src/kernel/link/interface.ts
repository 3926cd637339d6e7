/** The interface that a program is attached to, by name or number. */

import { findInterface, type Interface, listInterfaces } from '../../sys/route.ts';
import { nearestNames } from '../../text/nearest.ts';
import { type Attachment, noSuchInterface } from './errors.ts';

/** Finds it in this thread's network namespace. Throws AttachError (notFound) with near names. */
export function interfaceFor(what: Attachment, which: string | number): Interface {
  const found = findInterface(which);
  if (found !== undefined) return found;
  const names = listInterfaces().map(({ name }) => name);
  throw noSuchInterface(what, typeof which === 'string' ? nearestNames(which, names) : []);
}
