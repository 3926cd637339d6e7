/** From a word of the command line to a package: a file, a URL, standard input, or a name in a registry. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { parseObject } from '../object/parse.ts';
import { skeletonOf } from './build/skeleton.ts';
import { badPackage, PackageError } from './errors.ts';
import { type BpfPackage, formatVersion, largestObject, readPackage } from './format/package-json.ts';
import type { RegistryOptions } from './oci/registry.ts';

export type Opened =
  | { readonly kind: 'bpf'; readonly package: BpfPackage; readonly name: string }
  | { readonly kind: 'wasm'; readonly module: Uint8Array; readonly name: string };

export type Format = 'json' | 'object' | 'wasm';

export interface OpenOptions extends RegistryOptions {
  /** Asked for by the user; default: what the first bytes say. */
  readonly format?: Format | undefined;
}

/** A package in base64 and JSON is larger than the object in it. */
const largestFile = 2 * largestObject;

/** Throws PackageError (`notFound`, `badPackage`, `network`, `limit`) or ObjectError. */
export async function openPackage(source: string, options: OpenOptions = {}): Promise<Opened> {
  if (source === '-') return recognise(await readAll(process.stdin), 'standard input', options.format);
  if (existsSync(source)) return recognise(readFile(source), basename(source), options.format);
  // Most packages are files: they need no HTTP and no hashes, whose loading takes a fifth of the start.
  if (/^https?:\/\//.test(source)) {
    const { ask } = await import('./oci/transport.ts');
    const { status, body } = await ask(source, { limit: largestFile });
    if (status !== 200) throw new PackageError('notFound', `${source}: the server answered ${status}`);
    return recognise(
      body,
      source
        .replace(/[?#].*$/s, '')
        .split('/')
        .pop() || 'package',
      options.format,
    );
  }
  // What looks like a path is none of a registry, whose first part is a host.
  if (
    !/[:/]/.test(source) ||
    /^\.{0,2}\/|\.o$/.test(source) ||
    !/^(?:[^/]*[.:][^/]*|localhost)\//.test(source)
  )
    throw new PackageError('notFound', `${source}: no such file`);
  const { parseReference } = await import('./oci/reference.ts');
  const { Registry } = await import('./oci/registry.ts');
  const registry = new Registry(parseReference(source), options);
  const { layers } = await registry.manifest();
  const layer = layers[0];
  if (!layer) throw badPackage(source, 'it has no layers');
  return recognise(await registry.blob(layer, largestFile), source, options.format);
}

function readFile(path: string): Buffer {
  const stat = statSync(path);
  if (!stat.isFile()) throw new PackageError('notFound', `${path} is no regular file`);
  if (stat.size > largestFile)
    throw new PackageError(
      'limit',
      `${path}: ${stat.size} bytes are more than a package has (at most ${largestFile})`,
    );
  return readFileSync(path);
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of stream) {
    size += part.length;
    if (size > largestFile) throw new PackageError('limit', `standard input: more than ${largestFile} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** ELF, WebAssembly and JSON begin differently. */
export function recognise(bytes: Uint8Array, name: string, format: Format | undefined): Opened {
  switch (format ?? formatOf(bytes)) {
    case 'wasm':
      return { kind: 'wasm', module: bytes, name };
    case 'object':
      return { kind: 'bpf', package: bareObject(bytes, name), name };
    case 'json':
      return { kind: 'bpf', package: readPackage(Buffer.from(bytes).toString('utf8'), name), name };
    default:
      if (bytes.length === 0) throw badPackage(name, 'it is empty: compile, build or copy it again');
      throw badPackage(name, 'neither a package (JSON), nor a BPF object (ELF), nor a WebAssembly module');
  }
}

function formatOf(bytes: Uint8Array): Format | undefined {
  const head = Buffer.from(bytes.subarray(0, 64));
  if (head.subarray(0, 4).equals(Buffer.from([0x7f, 0x45, 0x4c, 0x46]))) return 'object';
  if (head.subarray(0, 4).equals(Buffer.from([0, 0x61, 0x73, 0x6d]))) return 'wasm';
  return /^\s*\{/.test(head.toString('utf8')) ? 'json' : undefined;
}

/** An object by itself: its description is made from its types, without comments. */
function bareObject(bytes: Uint8Array, name: string): BpfPackage {
  const spec = parseObject(bytes, { file: name });
  const none = { document: {}, variables: new Map(), functions: new Map(), problems: [] };
  return { object: bytes, meta: { bpf_skel: skeletonOf(spec, none), eunomia_version: formatVersion } };
}
