/** From a parsed object and the comments of its source to the description that a package carries. */
import type { Btf } from '../../btf/btf.ts';
import { declarationInC } from '../../btf/format.ts';
import type { TypeId } from '../../btf/types.ts';
import type { ObjectMap, ObjectSpec } from '../../object/spec.ts';
import type { DataSection, ExportType, PackageMap, Skeleton, Variable } from '../format/package-json.ts';
import type { AnnotatedSource, Annotations } from './annotations.ts';
import type { EventTypes } from './event-types.ts';

export function skeletonOf(spec: ObjectSpec, source: AnnotatedSource): Skeleton {
  const { document } = source;
  return {
    obj_name: `${spec.name.replace(/\W/g, '_')}_bpf`,
    data_sections: spec.maps.flatMap((map) => dataSection(spec, map, source) ?? []),
    maps: spec.maps.map((map) => describeMap(map, source)),
    progs: spec.programs.map((program) => ({
      name: program.name,
      attach: `${program.autoload ? '' : '?'}${program.section}`,
      link: true,
      ...source.functions.get(program.function),
    })),
    ...(Object.keys(document).length === 0 ? {} : { doc: document }),
  };
}

/** `.kconfig` is filled from the kernel's configuration: nobody sets it. An arena is more than its variables. */
function isMapped(map: ObjectMap): boolean {
  return map.data !== undefined && map.data.kind !== 'kconfig' && map.data.kind !== 'arena';
}

function describeMap(map: ObjectMap, source: AnnotatedSource): PackageMap {
  const ident =
    map.data && map.data.kind !== 'arena' ? map.data.section.slice(1).replace(/\W/g, '_') : map.name;
  return {
    name: map.name,
    ident,
    ...(isMapped(map) ? { mmaped: true } : {}),
    ...(map.data ? {} : source.variables.get(map.name)),
  };
}

function dataSection(spec: ObjectSpec, map: ObjectMap, source: AnnotatedSource): DataSection | undefined {
  const { data } = map;
  if (!isMapped(map) || !data || !spec.types || data.variables.length === 0) return undefined;
  const variables: Variable[] = [];
  let end = 0;
  for (const variable of [...data.variables].sort((a, b) => a.offset - b.offset)) {
    if (variable.offset > end) variables.push(padding(variable.offset - end));
    end = variable.offset + variable.size;
    if (variable.static) continue;
    const annotations: Annotations = source.variables.get(variable.name) ?? {};
    variables.push({ name: variable.name, type: typeText(spec.types, variable.type), ...annotations });
  }
  return { name: data.section, variables };
}

function padding(size: number): Variable {
  return { name: '__padding', type: 'unsigned char', size };
}

/** As C writes the type without a name: `unsigned int`, `char[16]`, `struct event *`. */
export function typeText(btf: Btf, id: TypeId): string {
  const plain = btf.type(btf.strip(id));
  if ((plain.kind === 'struct' || plain.kind === 'union') && plain.name === '') return 'composite';
  if ((plain.kind === 'enum' || plain.kind === 'enum64') && plain.name === '') return 'enum';
  return declarationInC(btf, id, '')
    .replace(/^(?:(?:const|volatile|restrict) )+/, '')
    .replace(/ \[/g, '[')
    .trimEnd();
}

/** The types of these names, in the order of their ids: what events of the package are made of. */
export function exportTypesOf(btf: Btf, { structs, typedefs }: EventTypes): ExportType[] {
  const found: ExportType[] = [];
  for (let id = 1; id < btf.count; id++) {
    const kind = btf.kind(id);
    const wanted = kind === 'struct' ? structs : kind === 'typedef' ? typedefs : undefined;
    if (!wanted?.has(btf.name(id))) continue;
    const at = btf.strip(id);
    const type = btf.type(at);
    if (type.kind !== 'struct') continue;
    found.push({
      name: btf.name(id),
      size: type.size,
      type_id: at,
      members: type.members.map((member) => ({ name: member.name, type: typeText(btf, member.type) })),
    });
  }
  return found;
}
