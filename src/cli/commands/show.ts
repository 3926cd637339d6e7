import { KernelError } from '../../kernel/errors.ts';
import { mapKind } from '../../kernel/map/kind.ts';
import { machineCode, translatedCode } from '../../kernel/objects/code.ts';
import { listsEntries, mapEntries, whyNoEntries } from '../../kernel/objects/entries.ts';
import { findObjects } from '../../kernel/objects/find.ts';
import type { ObjectKind } from '../../kernel/objects/holders.ts';
import { listLinks, listMaps, listPrograms, listTypes, surroundings } from '../../kernel/objects/list.ts';
import { openProgram } from '../../kernel/program/program.ts';
import { readTypes } from '../../kernel/types.ts';
import { escapeText } from '../../text/escape.ts';
import { jsonText } from '../../text/json.ts';
import { type Call, type ExitCode, type Io, UsageError } from '../command.ts';
import { entryText, memberLines } from '../objects/columns.ts';
import { linkMembers, type Members, mapMembers, programMembers, typesMembers } from '../objects/members.ts';
import { inspectType } from '../objects/types.ts';
import { jsonOf } from '../objects/values.ts';

const kinds: Readonly<Record<string, ObjectKind>> = {
  program: 'program',
  prog: 'program',
  map: 'map',
  link: 'link',
  btf: 'btf',
};

/** Which switch belongs to which kind. */
const contents: Readonly<Record<string, ObjectKind>> = {
  code: 'program',
  machine: 'program',
  entries: 'map',
  types: 'btf',
};

export function run(call: Call, io: Io): ExitCode {
  const [word = '', ...words] = call.words;
  const kind = Object.hasOwn(kinds, word) ? kinds[word]! : undefined;
  if (kind === undefined) {
    throw new UsageError(`'${word}' is no kind of object: program, map, link or btf`, 'show');
  }
  // `pinned PATH` as bpftool has it; a path alone is understood too.
  const reference = words[0] === 'pinned' || words[0] === 'id' || words[0] === 'name' ? words[1] : words[0];
  if (reference === undefined) throw new UsageError('which one? give an id, a name or a path', 'show');
  for (const [option, of] of Object.entries(contents)) {
    if (call.has(option) && of !== kind) throw new UsageError(`--${option} is for a ${of}`, 'show');
  }
  const json = call.has('json');
  const ids = findObjects(kind, reference);
  const print = contentPrinter(call, kind, io, json);
  let first = true;
  for (const id of ids) {
    if (!first && !json) io.out.line('');
    first = false;
    if (print !== undefined) print(id);
    else showMembers(membersOf(kind, id), io, json);
  }
  return 0;
}

function showMembers(members: Members | undefined, io: Io, json: boolean): void {
  if (members === undefined) throw new KernelError('badSpec', 'there is no object with this id (any more)');
  if (json) io.out.line(jsonText(members));
  else for (const line of memberLines(members)) io.out.line(line);
}

function membersOf(kind: ObjectKind, id: number): Members | undefined {
  const where = surroundings();
  switch (kind) {
    case 'program':
      return [...listPrograms(where, [id])].map(programMembers)[0];
    case 'map':
      return [...listMaps(where, [id])].map(mapMembers)[0];
    case 'link':
      return [...listLinks(where, [id])].map(linkMembers)[0];
    case 'btf':
      return [...listTypes(where, [id])].map(typesMembers)[0];
  }
}

function contentPrinter(
  call: Call,
  kind: ObjectKind,
  io: Io,
  json: boolean,
): ((id: number) => void) | undefined {
  if (kind === 'program' && call.has('machine')) return (id) => showMachine(id, io, json);
  if (kind === 'program' && call.has('code')) return (id) => showCode(id, io, json);
  if (kind === 'map' && call.has('entries')) return (id) => showEntries(id, io, json);
  if (kind === 'btf' && call.has('types')) return (id) => showTypes(id, io, json);
  return undefined;
}

function withProgram<T>(id: number, use: (fd: number) => T): T {
  const program = openProgram(id);
  try {
    return use(program.fd.number);
  } finally {
    program.close();
  }
}

function hidden(what: string): KernelError {
  return new KernelError('refused', `the kernel hides the ${what} of this program`, {
    hint: 'it asks for CAP_SYS_ADMIN and a net.core.bpf_jit_harden below 2',
  });
}

function showCode(id: number, io: Io, json: boolean): void {
  const lines = withProgram(id, translatedCode);
  if (lines.length === 0) throw hidden('instructions');
  for (const { slot, text, function: name, source } of lines) {
    if (json) {
      const at =
        source === undefined
          ? {}
          : { file: source.file, line: source.line, column: source.column, source: source.text };
      io.out.line(
        jsonText({ prog_id: id, slot, text, ...(name === undefined ? {} : { function: name }), ...at }),
      );
      continue;
    }
    if (name !== undefined) io.out.line(`${escapeText(name)}:`);
    if (source !== undefined && source.text.trim() !== '') {
      io.out.line(`; ${escapeText(source.text.trim())} @ ${escapeText(source.file)}:${source.line}`);
    }
    io.out.line(`${String(slot).padStart(5)}: ${escapeText(text)}`);
  }
}

function showMachine(id: number, io: Io, json: boolean): void {
  const functions = withProgram(id, machineCode);
  if (functions.length === 0) throw hidden('machine code');
  for (const { name, address, bytes } of functions) {
    if (json) {
      io.out.line(
        jsonText({ prog_id: id, function: name, address, code: Buffer.from(bytes).toString('hex') }),
      );
      continue;
    }
    io.out.line(`${escapeText(name)} at 0x${address.toString(16)}, ${bytes.length} bytes:`);
    for (let at = 0; at < bytes.length; at += 16) {
      const part = [...bytes.subarray(at, at + 16)].map((byte) => byte.toString(16).padStart(2, '0'));
      io.out.line(`${at.toString(16).padStart(6)}: ${part.join(' ')}`);
    }
  }
}

function showEntries(id: number, io: Io, json: boolean): void {
  const [map] = listMaps(surroundings(), [id]);
  if (map === undefined) throw new KernelError('badSpec', `there is no map with id ${id}`);
  if (!listsEntries(map.type)) throw new KernelError('badSpec', whyNoEntries(mapKind(map.type).name));
  let count = 0;
  for (const { key, value } of mapEntries(id)) {
    count++;
    const shown = key === undefined ? {} : { key: jsonOf(key) };
    const entry = { ...shown, value: jsonOf(value) };
    if (json) io.out.line(jsonText({ map_id: id, ...entry }));
    else {
      const before = key === undefined ? '' : `${entryText(entry.key)}: `;
      io.out.line(`${before}${entryText(entry.value)}`);
    }
  }
  if (!json) io.err.line(`${count} ${count === 1 ? 'entry' : 'entries'}`);
}

function showTypes(id: number, io: Io, json: boolean): void {
  const types = readTypes(id);
  // A module's own types begin after those of the kernel.
  for (let type = types.base?.count ?? 1; type < types.count; type++) {
    io.out.line(
      json
        ? jsonText({ id: type, ...inspectType(types.type(type)) })
        : typeLine(type, inspectType(types.type(type))),
    );
  }
}

function typeLine(id: number, { kind, name, ...rest }: Members): string {
  const called = typeof name === 'string' && name !== '' ? ` ${escapeText(name)}` : '';
  const members = Object.entries(rest).map(([member, value]) => ` ${member}=${escapeText(jsonText(value))}`);
  return `[${id}] ${String(kind)}${called}${members.join('')}`;
}
