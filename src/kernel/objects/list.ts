/**
 * The BPF objects of the machine: what is loaded, by whom it is held, and where it is pinned. Asks for
 * CAP_SYS_ADMIN. Objects that go away while they are listed are left out.
 */
import { uptime } from 'node:os';
import { bpfFd } from '../../sys/bpf.ts';
import { SysError } from '../../sys/errors.ts';
import type { Fd } from '../../sys/fd.ts';
import type { LinkDescription } from '../link/describe.ts';
import { describeLink } from '../link/describe.ts';
import { linkIds } from '../link/open.ts';
import { placeText } from '../link/place.ts';
import { type MapInfo, mapIds, mapInfo } from '../map/map.ts';
import { type ProgramInfo, programIds, programInfo } from '../program/program.ts';
import { openTypes, type TypesInfo, typesIds, typesInfo } from '../types.ts';
import { functionNames } from './debug.ts';
import { type Holder, Holders, memoryOf, type ObjectKind, ownNumber } from './holders.ts';
import { type Pins, readPins } from './pins.ts';

/** What all kinds have. */
interface Listed {
  readonly holders: readonly Holder[];
  readonly pinned: readonly string[];
}

export interface ListedProgram extends ProgramInfo, Listed {
  /** From its types, without the kernel's limit of 15 characters; the kernel's where it has none. */
  readonly fullName: string;
  readonly loadedTime: Date;
  readonly memory: number | undefined;
}

export interface ListedMap extends MapInfo, Listed {
  /** No more writes by system call. */
  readonly frozen: boolean;
  readonly memory: number | undefined;
}

export interface ListedLink extends Listed {
  readonly link: LinkDescription;
  /** What it is attached to, as text. */
  readonly place: string;
}

export interface ListedTypes extends TypesInfo, Listed {
  /** Programs and maps that were loaded with it. */
  readonly programIds: readonly number[];
  readonly mapIds: readonly number[];
}

/** Who holds and pins what, looked up once for a whole list. */
export interface Surroundings {
  readonly holders: Holders;
  readonly pins: Pins;
}

/** Walks over /proc and the bpf file systems. */
export function surroundings(): Surroundings {
  return { holders: Holders.read(), pins: readPins() };
}

function around({ holders, pins }: Surroundings, kind: ObjectKind, id: number): Listed {
  return { holders: holders.of(kind, id), pinned: pins.get(`${kind} ${id}`) ?? [] };
}

/** Opens each id, and leaves out those that are gone by then. */
function* each<T>(
  ids: Iterable<number>,
  open: (id: number) => Fd,
  look: (fd: Fd, id: number) => T,
): Generator<T, void, undefined> {
  for (const id of ids) {
    let fd: Fd;
    try {
      fd = open(id);
    } catch (error) {
      if (error instanceof SysError && (error.code === 'ENOENT' || error.code === 'EAGAIN')) continue;
      throw error;
    }
    try {
      yield look(fd, id);
    } finally {
      fd.close();
    }
  }
}

const openProgramFd = (id: number): Fd => bpfFd('programGetFdById', { id }, `program with id ${id}`);
const openMapFd = (id: number): Fd => bpfFd('mapGetFdById', { id }, `map with id ${id}`);
const openLinkFd = (id: number): Fd => bpfFd('linkGetFdById', { id }, `link with id ${id}`);

/** All programs, or those with some ids. Throws SysError. */
export function* listPrograms(
  where: Surroundings = surroundings(),
  ids: Iterable<number> = programIds(),
): Generator<ListedProgram, void, undefined> {
  const booted = Date.now() - uptime() * 1000;
  yield* each(ids, openProgramFd, (fd, id) => {
    const info = programInfo(fd.number);
    return {
      ...info,
      fullName: functionNames(fd.number, info)[0] ?? info.name,
      loadedTime: new Date(booted + Number(info.loadedAt / 1_000_000n)),
      memory: memoryOf(fd.number),
      ...around(where, 'program', id),
    };
  });
}

/** All maps, or those with some ids. Throws SysError. */
export function* listMaps(
  where: Surroundings = surroundings(),
  ids: Iterable<number> = mapIds(),
): Generator<ListedMap, void, undefined> {
  yield* each(ids, openMapFd, (fd, id) => ({
    ...mapInfo(fd.number),
    frozen: ownNumber(fd.number, 'frozen') === 1,
    memory: memoryOf(fd.number),
    ...around(where, 'map', id),
  }));
}

/** All links, or those with some ids. Linux 5.8. Throws SysError. */
export function* listLinks(
  where: Surroundings = surroundings(),
  ids: Iterable<number> = linkIds(),
): Generator<ListedLink, void, undefined> {
  yield* each(ids, openLinkFd, (fd, id) => {
    const link = describeLink(fd.number);
    return { link, place: placeText(link), ...around(where, 'link', id) };
  });
}

/** All BTF objects, or those with some ids. Linux 5.1. Throws SysError. */
export function* listTypes(
  where: Surroundings = surroundings(),
  ids: Iterable<number> = typesIds(),
): Generator<ListedTypes, void, undefined> {
  const programs = [...each(programIds(), openProgramFd, (fd) => programInfo(fd.number))];
  const maps = [...each(mapIds(), openMapFd, (fd) => mapInfo(fd.number))];
  const using = <T extends { readonly id: number; readonly btfId: number }>(
    list: T[],
    id: number,
  ): number[] => list.filter(({ btfId }) => btfId === id).map((one) => one.id);
  yield* each(ids, openTypes, (fd, id) => ({
    ...typesInfo(fd.number),
    programIds: using(programs, id),
    mapIds: using(maps, id),
    ...around(where, 'btf', id),
  }));
}
