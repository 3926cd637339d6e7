/**
 * The package file of eunomia-bpf, which is ours too: one JSON document with the object and what to do with it.
 *
 *     { "bpf_object": base64(zlib(ELF)), "bpf_object_size": bytes of the ELF, "meta": { … } }
 *
 * Whatever is read is checked piece by piece, with the path of the place in the message: `meta.bpf_skel.maps[2].name:
 * a text is wanted`. Keys that are not known are kept. Names are those of the format, including its `intepreter`.
 */
import { deflateSync, inflateSync } from 'node:zlib';
import { badPackage, PackageError } from '../errors.ts';
import { list, optional, type Reader, record, text, tristate, whole } from './shape.ts';

export interface Variable {
  readonly name: string;
  /** As C says it: `unsigned long long`, `char[16]`. */
  readonly type: string;
  /** Only of `__padding`. */
  readonly size?: number;
  readonly [annotation: string]: unknown;
}

export interface DataSection {
  /** `.rodata` */
  readonly name: string;
  readonly variables: readonly Variable[];
}

export interface PackageMap {
  readonly name: string;
  readonly ident: string;
  readonly mmaped?: boolean;
  readonly [annotation: string]: unknown;
}

export interface PackageProgram {
  readonly name: string;
  /** The section: `tracepoint/syscalls/sys_enter_openat`. */
  readonly attach: string;
  readonly link: boolean;
  readonly [annotation: string]: unknown;
}

export interface Skeleton {
  /** `opensnoop_bpf` */
  readonly obj_name: string;
  readonly data_sections: readonly DataSection[];
  readonly maps: readonly PackageMap[];
  readonly progs: readonly PackageProgram[];
  readonly doc?: Readonly<Record<string, unknown>>;
}

export interface ExportType {
  readonly name: string;
  readonly size: number;
  readonly type_id: number;
  readonly members: readonly { readonly name: string; readonly type: string }[];
}

export interface PackageMeta {
  readonly bpf_skel: Skeleton;
  readonly export_types?: readonly ExportType[];
  readonly eunomia_version: string;
  /** Read by the loader, written by hand. */
  readonly perf_buffer_pages?: number;
  readonly poll_timeout_ms?: number;
  readonly print_header?: boolean;
  readonly debug_verbose?: boolean;
  readonly enable_multiple_export_types?: boolean;
  readonly [more: string]: unknown;
}

export interface BpfPackage {
  readonly object: Uint8Array;
  readonly meta: PackageMeta;
}

/** The format that this writes, as the original counts. */
export const formatVersion = '0.3.4';
/** Objects are some tens of kilobytes; what inflates to more than this is no object. */
export const largestObject: number = 64 << 20;

/** One line of JSON with a final line feed. */
export function writePackage({ object, meta }: BpfPackage): string {
  const packed = deflateSync(object, { level: 9 }).toString('base64');
  return `${JSON.stringify({ bpf_object: packed, bpf_object_size: object.length, meta })}\n`;
}

/** Throws PackageError `badPackage` or `limit`. `what` names the source in messages. */
export function readPackage(content: string, what: string): BpfPackage {
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch (cause) {
    throw badPackage(what, `not JSON: ${(cause as Error).message}`, cause);
  }
  const outer = record(parsed, { what, path: '' });
  const object = unpack(
    text(outer.bpf_object, { what, path: 'bpf_object' }),
    whole(outer.bpf_object_size, { what, path: 'bpf_object_size' }),
    what,
  );
  return { object, meta: readMeta(outer.meta, what) };
}

function unpack(encoded: string, size: number, what: string): Uint8Array {
  if (size > largestObject) {
    throw new PackageError('limit', `${what}: an object of ${size} bytes is larger than ${largestObject}`);
  }
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(encoded)) throw badPackage(what, 'bpf_object is not base64');
  let object: Buffer;
  try {
    // One byte more than was promised, so that more shows without being unpacked.
    object = inflateSync(Buffer.from(encoded, 'base64'), { maxOutputLength: size + 1 });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw badPackage(what, `bpf_object unpacks to more than the ${size} bytes that bpf_object_size says`);
    }
    throw badPackage(what, `bpf_object is not zlib data: ${(cause as Error).message}`, cause);
  }
  if (object.length !== size) {
    throw badPackage(what, `bpf_object has ${object.length} bytes, bpf_object_size says ${size}`);
  }
  return object;
}

/** The part without the object: what `NAME.skel.json` holds. */
export function readMeta(value: unknown, what: string): PackageMeta {
  const at = (path: string): Reader => ({ what, path });
  const meta = record(value, at('meta'));
  const skeleton = record(meta.bpf_skel, at('meta.bpf_skel'));
  const path = 'meta.bpf_skel';
  const exportTypes = optional(meta.export_types, (given) => readExportTypes(given, what));
  return {
    ...meta,
    ...(exportTypes === undefined ? {} : { export_types: exportTypes }),
    eunomia_version: optional(meta.eunomia_version, (v) => text(v, at('meta.eunomia_version'))) ?? '',
    bpf_skel: {
      obj_name: text(skeleton.obj_name, at(`${path}.obj_name`)),
      data_sections: list(skeleton.data_sections, at(`${path}.data_sections`), readSection),
      maps: list(skeleton.maps, at(`${path}.maps`), (item, place) => {
        const map = record(item, place);
        return {
          ...map,
          name: text(map.name, { what, path: `${place.path}.name` }),
          ident: text(map.ident, { what, path: `${place.path}.ident` }),
        };
      }),
      progs: list(skeleton.progs, at(`${path}.progs`), (item, place) => {
        const program = record(item, place);
        return {
          ...program,
          name: text(program.name, { what, path: `${place.path}.name` }),
          attach: text(program.attach, { what, path: `${place.path}.attach` }),
          link: tristate(program.link, { what, path: `${place.path}.link` }) ?? true,
        };
      }),
      ...(skeleton.doc === undefined || skeleton.doc === null
        ? {}
        : { doc: record(skeleton.doc, at(`${path}.doc`)) }),
    },
  };
}

function readSection(value: unknown, place: Reader): DataSection {
  const section = record(value, place);
  const { what } = place;
  return {
    name: text(section.name, { what, path: `${place.path}.name` }),
    variables: list(section.variables, { what, path: `${place.path}.variables` }, (item, at) => {
      const variable = record(item, at);
      return {
        ...variable,
        name: text(variable.name, { what, path: `${at.path}.name` }),
        type: optional(variable.type, (type) => text(type, { what, path: `${at.path}.type` })) ?? '',
      };
    }),
  };
}

function readExportTypes(value: unknown, what: string): ExportType[] {
  return list(value, { what, path: 'meta.export_types' }, (item, place) => {
    const type = record(item, place);
    return {
      name: text(type.name, { what, path: `${place.path}.name` }),
      size: whole(type.size, { what, path: `${place.path}.size` }),
      type_id: whole(type.type_id, { what, path: `${place.path}.type_id` }),
      members: list(type.members, { what, path: `${place.path}.members` }, (member, at) => {
        const one = record(member, at);
        return {
          name: text(one.name, { what, path: `${at.path}.name` }),
          type: text(one.type, { what, path: `${at.path}.type` }),
        };
      }),
    };
  });
}
