import { cgroupHooks, type HookedProgram, networkHooks } from '../../kernel/objects/hooks.ts';
import { listLinks, listMaps, listPrograms, listTypes } from '../../kernel/objects/list.ts';
import { jsonText } from '../../text/json.ts';
import { nearestNames } from '../../text/nearest.ts';
import { type Call, type ExitCode, type Io, UsageError } from '../command.ts';
import { type Column, column, tableLines } from '../objects/columns.ts';
import { linkMembers, type Members, mapMembers, programMembers, typesMembers } from '../objects/members.ts';

function hookMembers({ place, hook, programId, name, linkId }: HookedProgram): Members {
  return { place, hook, prog_id: programId, name, link_id: linkId };
}

interface Kind {
  readonly rows: () => Members[];
  readonly columns: readonly Column[];
}

const holders: Column = column('HELD BY', 'pids');
const pinned: Column = column('PINNED', 'pinned');

const kinds: Readonly<Record<'programs' | 'maps' | 'links' | 'btf' | 'network' | 'cgroups', Kind>> = {
  programs: {
    rows: () => [...listPrograms()].map(programMembers),
    columns: [
      column('ID', 'id', true),
      column('TYPE', 'type'),
      column('NAME', 'name'),
      column('TAG', 'tag'),
      column('BYTES', 'bytes_xlated', true),
      column('RUNS', 'run_cnt', true),
      column('NS', 'run_time_ns', true),
      column('MAPS', 'map_ids'),
      pinned,
      holders,
    ],
  },
  maps: {
    rows: () => [...listMaps()].map(mapMembers),
    columns: [
      column('ID', 'id', true),
      column('TYPE', 'type'),
      column('NAME', 'name'),
      column('KEY', 'bytes_key', true),
      column('VALUE', 'bytes_value', true),
      column('ENTRIES', 'max_entries', true),
      column('MEMORY', 'bytes_memlock', true),
      pinned,
      holders,
    ],
  },
  links: {
    rows: () => [...listLinks()].map(linkMembers),
    columns: [
      column('ID', 'id', true),
      column('TYPE', 'type'),
      column('PROGRAM', 'prog_id', true),
      column('PLACE', 'place'),
      pinned,
      holders,
    ],
  },
  network: {
    rows: () => [...networkHooks()].map(hookMembers),
    columns: [
      column('INTERFACE', 'place'),
      column('HOOK', 'hook'),
      column('PROGRAM', 'prog_id', true),
      column('LINK', 'link_id', true),
      column('NAME', 'name'),
    ],
  },
  cgroups: {
    rows: () => [...cgroupHooks()].map(hookMembers),
    columns: [
      column('GROUP', 'place'),
      column('HOOK', 'hook'),
      column('PROGRAM', 'prog_id', true),
      column('NAME', 'name'),
    ],
  },
  btf: {
    rows: () => [...listTypes()].map(typesMembers),
    columns: [
      column('ID', 'id', true),
      column('NAME', 'name'),
      column('BYTES', 'size', true),
      column('PROGRAMS', 'prog_ids'),
      column('MAPS', 'map_ids'),
      holders,
    ],
  },
};

/** `program`, `prog` and so on are understood too. */
const aliases: Readonly<Record<string, keyof typeof kinds>> = {
  program: 'programs',
  prog: 'programs',
  progs: 'programs',
  map: 'maps',
  link: 'links',
};

export function run(call: Call, io: Io): ExitCode {
  const word = call.words[0] ?? '';
  const name = Object.hasOwn(aliases, word) ? aliases[word]! : word;
  if (!Object.hasOwn(kinds, name)) {
    const near = nearestNames(word, [...Object.keys(kinds), ...Object.keys(aliases)]);
    const hint = near.length === 0 ? `one of ${Object.keys(kinds).join(', ')}` : `did you mean ${near[0]}?`;
    throw new UsageError(`there is no kind of object called '${word}': ${hint}`, 'list');
  }
  const { rows, columns } = kinds[name as keyof typeof kinds];
  const found = rows();
  if (call.has('json')) for (const row of found) io.out.line(jsonText(row));
  else for (const line of tableLines(columns, found)) io.out.line(line);
  return 0;
}
