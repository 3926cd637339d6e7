/**
 * What the records of a ring or perf buffer are made of: what `export_config` says; else the value type of the map's
 * own definition; else, of the package's export types, the one whose size is the record's or comes nearest. A package
 * without export types has those structs of its object that are called `event`, `data_t` or like it.
 *
 * Differs from the original, which takes the first export type for everything.
 */
import type { Btf } from '../../btf/btf.ts';
import { decoder } from '../../btf/decode.ts';
import { BtfError } from '../../btf/errors.ts';
import type { TypeId } from '../../btf/types.ts';
import type { ObjectMap, ObjectSpec } from '../../object/spec.ts';
import { badPackage } from '../errors.ts';
import type { PackageMap, PackageMeta } from '../format/package-json.ts';
import { list, record, text, whole } from '../format/shape.ts';
import { membersForm, type RecordForm, typeForm } from './form.ts';
import { type StackMembers, stackMembers } from './stacks.ts';

export interface EventExport {
  readonly kind: 'events';
  readonly map: string;
  /** The form of a record of so many bytes; undefined: bytes. */
  formOf(length: number): RecordForm | undefined;
  /** The form to announce in the header; undefined where records say it, having several. */
  readonly announced: RecordForm | undefined;
  /** `intepreter: stack_trace`: a record is a sample with a kernel and a user stack. */
  readonly stacks: StackMembers | undefined;
  /** Pages of each CPU's perf buffer: `perf_buffer_pages`. */
  readonly perfPages: number | undefined;
}

/** Throws PackageError `badPackage` where an annotation says what cannot be. */
export function eventsOf(
  map: ObjectMap,
  annotations: PackageMap | undefined,
  meta: PackageMeta,
  spec: ObjectSpec,
  what: string,
): EventExport {
  const { types } = spec;
  const base = {
    kind: 'events',
    map: map.name,
    stacks: interpreterOf(annotations, what),
    perfPages: pagesOf(meta, what),
  } as const;
  if (!types) return { ...base, announced: undefined, formOf: () => undefined };
  const { forms: candidates, sure } = candidatesOf(map, annotations, meta, types, what);
  if (base.stacks && candidates.length === 0) {
    throw badPackage(what, `map "${map.name}": intepreter: nothing says which type its records have`);
  }
  const outer = candidates.filter((one) => !candidates.some((other) => contains(types, other, one)));
  return {
    ...base,
    announced: outer.length === 1 ? outer[0] : undefined,
    formOf: (length) => formOfLength(candidates, length, sure),
  };
}

interface Candidates {
  readonly forms: readonly RecordForm[];
  /** Named by somebody; else guessed by their names, and only an exact size makes one of them likely. */
  readonly sure: boolean;
}

function candidatesOf(
  map: ObjectMap,
  annotations: PackageMap | undefined,
  meta: PackageMeta,
  types: Btf,
  what: string,
): Candidates {
  const configured = configuredForm(annotations, types, what);
  if (configured) return { forms: [configured], sure: true };
  const own = ownType(map, types);
  if (own !== undefined) return { forms: [typeForm(types, own)], sure: true };
  if (!meta.export_types) {
    const forms = eventStructs(types)
      .filter((id) => hasValues(types, id))
      .map((id) => typeForm(types, id));
    return { forms, sure: forms.length === 1 };
  }
  const forms = meta.export_types.map(({ name }) => {
    const id = types.find(name, 'struct') ?? types.find(name, 'typedef');
    if (id === undefined)
      throw badPackage(what, `export type "${name}" is not among the types of its object`);
    return typeForm(types, id);
  });
  return { forms, sure: true };
}

/**
 * The type whose size is the record's. Records may carry more than the type has, text of variable length at the end,
 * or be cut off after what was filled: then the nearest size.
 */
function formOfLength(forms: readonly RecordForm[], length: number, sure: boolean): RecordForm | undefined {
  const exact =
    forms.find(({ size }) => size === length) ?? forms.find(({ size }) => alignedSize(size) === length);
  if (exact || !sure) return exact;
  const bySize = [...forms].sort((a, b) => a.size - b.size);
  return bySize.findLast(({ size }) => size < length) ?? bySize[0];
}

/** Whether the second is a part of the first: helper structs of the header are no events. */
function contains(types: Btf, { type: outer }: RecordForm, { type: inner }: RecordForm): boolean {
  if (outer === undefined || inner === undefined || outer === inner) return false;
  const wanted = types.strip(inner);
  const seen = new Set<TypeId>();
  const holds = (id: TypeId): boolean => {
    const at = types.strip(id);
    const type = types.type(at);
    if (type.kind === 'array') return holds(type.element);
    if ((type.kind !== 'struct' && type.kind !== 'union') || seen.has(at)) return false;
    seen.add(at);
    return type.members.some((member) => types.strip(member.type) === wanted || holds(member.type));
  };
  return holds(outer);
}

function pagesOf(meta: PackageMeta, what: string): number | undefined {
  const { perf_buffer_pages: pages } = meta as { readonly perf_buffer_pages?: unknown };
  if (pages === undefined || pages === null) return undefined;
  if (
    typeof pages !== 'number' ||
    !Number.isInteger(pages) ||
    pages < 1 ||
    (pages & (pages - 1)) !== 0 ||
    pages > 1 << 16
  ) {
    throw badPackage(what, 'meta.perf_buffer_pages is a power of two from 1 to 65536');
  }
  return pages;
}

/** Perf records are padded to 8 bytes behind a header of 4. */
function alignedSize(size: number): number {
  return Math.ceil((size + 4) / 8) * 8 - 4;
}

/** `export_config`: a type of the object by its id, or members that are placed by hand. */
function configuredForm(
  annotations: PackageMap | undefined,
  types: Btf,
  what: string,
): RecordForm | undefined {
  const config = annotations?.export_config;
  if (config === undefined || config === null || config === 'default') return undefined;
  const path = `map "${annotations!.name}": export_config`;
  if (typeof config === 'string') {
    throw badPackage(what, `${path} is no_export, default, btf_type_id or custom_members, not "${config}"`);
  }
  const { btf_type_id: id, custom_members: members } = record(config, { what, path });
  const typeAt = (value: unknown, at: string): TypeId => {
    const found = whole(value, { what, path: at });
    if (found === 0 || found >= types.count || !hasValues(types, found)) {
      throw badPackage(what, `${at}: type ${found} of its object is none that a record can have`);
    }
    return found;
  };
  if (id !== undefined) return typeForm(types, typeAt(id, `${path}.btf_type_id`));
  const placed = list(members, { what, path: `${path}.custom_members` }, (one, place) => {
    const member = record(one, place);
    return {
      name: text(member.name, { what, path: `${place.path}.name` }),
      offset: whole(member.offset, { what, path: `${place.path}.offset` }),
      type: typeAt(member.btf_type_id, `${place.path}.btf_type_id`),
    };
  });
  if (placed.length === 0) throw badPackage(what, `${path}: btf_type_id or custom_members is wanted`);
  return membersForm(types, placed);
}

/** Functions, declarations without a body and void have no bytes. */
function hasValues(types: Btf, id: TypeId): boolean {
  try {
    decoder(types, id);
    return true;
  } catch (error) {
    if (error instanceof BtfError) return false;
    throw error;
  }
}

/** `__type(value, struct event)` of a ring buffer's definition. */
function ownType(map: ObjectMap, types: Btf): TypeId | undefined {
  if (map.valueType === undefined) return undefined;
  const kind = types.kind(types.strip(map.valueType));
  return kind === 'struct' || kind === 'union' ? map.valueType : undefined;
}

function eventStructs(types: Btf): TypeId[] {
  const found: TypeId[] = [];
  for (let id = 1; id < types.count; id++) {
    if (types.kind(id) !== 'struct') continue;
    if (/^(?:event|evt|data_t|event_t|\w+_event_t|\w+_event)$/.test(types.name(id))) found.push(id);
  }
  return found;
}

/** The format spells it without its r. */
function interpreterOf(annotations: PackageMap | undefined, what: string): StackMembers | undefined {
  const interpreter = annotations?.intepreter ?? annotations?.interpreter;
  if (typeof interpreter !== 'object' || interpreter === null) return undefined;
  const { stack_trace: stacks } = interpreter as Record<string, unknown>;
  return stacks === undefined
    ? undefined
    : stackMembers(stacks, { what, path: `map "${annotations!.name}": intepreter.stack_trace` });
}
