/** An object by what people call it: its id, its name, a program's tag, or the path that it is pinned at. */
import { didYouMean, nearestNames } from '../../text/nearest.ts';
import { KernelError } from '../errors.ts';
import { linkIds } from '../link/open.ts';
import { mapIds, mapInfo, openMapById } from '../map/map.ts';
import { openProgram, programIds } from '../program/program.ts';
import { openTypes, typesIds, typesInfo } from '../types.ts';
import { functionNames } from './debug.ts';
import type { ObjectKind } from './holders.ts';
import { pinnedObject } from './pins.ts';

const words: Readonly<Record<ObjectKind, string>> = {
  program: 'program',
  map: 'map',
  link: 'link',
  btf: 'BTF',
};

/**
 * Ids of the objects that are meant: one for an id or a path, all of them for a name or a tag. Throws KernelError
 * (badSpec) when there is none, with near names.
 */
export function findObjects(kind: ObjectKind, reference: string): number[] {
  if (/^\d+$/.test(reference)) return [Number(reference)];
  if (reference.includes('/')) return [pinned(kind, reference)];
  const known: string[] = [];
  const found: number[] = [];
  for (const id of ids(kind)) {
    const names = namesOf(kind, id);
    if (names.includes(reference)) found.push(id);
    known.push(...names);
  }
  if (found.length > 0) return found;
  const near = nearestNames(reference, new Set(known));
  throw new KernelError('badSpec', `there is no ${words[kind]} called "${reference}"`, {
    hint: didYouMean(near),
  });
}

function pinned(kind: ObjectKind, path: string): number {
  const object = pinnedObject(path);
  if (object === undefined) {
    throw new KernelError('badSpec', `nothing is pinned at ${path}, or it may not be opened`);
  }
  if (object.kind !== kind) {
    throw new KernelError('badSpec', `a ${words[object.kind]} is pinned at ${path}, not a ${words[kind]}`);
  }
  return object.id;
}

function ids(kind: ObjectKind): Iterable<number> {
  switch (kind) {
    case 'program':
      return programIds();
    case 'map':
      return mapIds();
    case 'link':
      return linkIds();
    case 'btf':
      return typesIds();
  }
}

/** Names of an object, none for those that are gone. Links have none: they are found by their program's. */
function namesOf(kind: ObjectKind, id: number): string[] {
  try {
    switch (kind) {
      case 'program': {
        const program = openProgram(id);
        try {
          const info = program.info();
          return [info.name, info.tag, ...functionNames(program.fd.number, info).slice(0, 1)];
        } finally {
          program.close();
        }
      }
      case 'map': {
        const fd = openMapById(id);
        try {
          return [mapInfo(fd.number).name];
        } finally {
          fd.close();
        }
      }
      case 'btf': {
        const fd = openTypes(id);
        try {
          return [typesInfo(fd.number).name];
        } finally {
          fd.close();
        }
      }
      case 'link':
        return [];
    }
  } catch {
    return [];
  }
}
