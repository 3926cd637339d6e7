/** From a `.bpf.c`, and a header with the types of its events, to one package. */
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { Btf } from '../../btf/btf.ts';
import { stripObject } from '../../elf/strip.ts';
import { parseObject } from '../../object/parse.ts';
import { badPackage, PackageError } from '../errors.ts';
import { type BpfPackage, formatVersion } from '../format/package-json.ts';
import { readAnnotations } from './annotations.ts';
import { type Clang, compileObject } from './clang.ts';
import { type EventTypes, eventTypesOf } from './event-types.ts';
import { exportTypesOf, skeletonOf } from './skeleton.ts';
import { vmlinuxHeader } from './vmlinux-header.ts';

export interface BuildOptions {
  readonly clang: Clang;
  readonly environment: NodeJS.ProcessEnv;
  /** Structs of this header are the package's export types. */
  readonly header?: string;
  /** The types that `vmlinux.h` declares; asked for only if the source includes it. */
  readonly kernelTypes: () => Btf;
  /** Where bpfkit's own BPF headers are: the folder that has `bpf/bpf_helpers.h`. */
  readonly headers: string;
  /** More flags for clang. */
  readonly flags?: readonly string[];
  /** Node's name of the machine's architecture. Default: this one. */
  readonly architecture?: string;
}

export interface BuiltPackage extends BpfPackage {
  /** The file's name up to its first dot. */
  readonly name: string;
  /** What clang and the reader of comments warned about. */
  readonly warnings: readonly string[];
}

/**
 * Compiles, strips and describes. Throws PackageError (`notFound`, `compileFailed` with clang's message) or ObjectError.
 * Works in a private folder that is gone afterwards, also when it fails.
 */
export function buildPackage(sourcePath: string, options: BuildOptions): BuiltPackage {
  const source = readText(sourcePath);
  const header = options.header === undefined ? '' : readText(options.header);
  const annotated = readAnnotations(source);
  const folder = mkdtempSync(join(tmpdir(), 'bpfkit-build-'));
  try {
    const name = basename(sourcePath).split('.')[0]!;
    const exported = eventTypesOf(header);
    const main = join(folder, `${name}.main.c`);
    writeFileSync(main, mainFile(resolve(sourcePath), missingHeader(sourcePath, options.header), exported));
    if (/^\s*#\s*include\s*["<]vmlinux\.h[">]/m.test(source + header)) {
      const own = join(dirname(resolve(sourcePath)), 'vmlinux.h');
      if (!existsSync(own)) writeFileSync(join(folder, 'vmlinux.h'), vmlinuxHeader(options.kernelTypes()));
    }
    const output = join(folder, `${name}.bpf.o`);
    const warnings = compileObject(
      options.clang,
      {
        source: main,
        output,
        architecture: options.architecture ?? process.arch,
        include: [dirname(resolve(sourcePath)), folder, options.headers],
        flags: options.flags ?? [],
      },
      options.environment,
    );
    const object = stripObject(readFileSync(output));
    const spec = parseObject(object, { file: `${name}.bpf.o` });
    if (!spec.types) throw badPackage(`${name}.bpf.o`, 'clang wrote no types (BTF) into the object');
    const exportTypes = exportTypesOf(spec.types, exported);
    return {
      name,
      object,
      meta: {
        bpf_skel: skeletonOf(spec, annotated),
        ...(options.header === undefined ? {} : { export_types: exportTypes }),
        eunomia_version: formatVersion,
      },
      warnings: [
        ...(warnings === '' ? [] : [warnings.trimEnd()]),
        ...annotated.problems.map(({ line, message }) => `${sourcePath}:${line}: ${message}`),
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The source, and a pointer to each exported struct, so that clang keeps their types. */
function mainFile(sourcePath: string, header: string | undefined, { structs, typedefs }: EventTypes): string {
  const names = [
    ...[...structs].map((name) => [`struct ${name}`, name]),
    ...[...typedefs].map((name) => [name, name]),
  ];
  const pointers = names.map(
    ([type, name]) => `const volatile ${type} *__eunomia_dummy_${name}_ptr __attribute__((unused));`,
  );
  const include = header === undefined ? [] : [`#include ${JSON.stringify(resolve(header))}`];
  return `${[`#include ${JSON.stringify(sourcePath)}`, ...include, ...pointers].join('\n')}\n`;
}

/** The header, unless the source has it already: one that is not guarded must not come twice. */
function missingHeader(sourcePath: string, header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const sought = realpathSync(header);
  const seen = new Set<string>();
  const includes = (path: string): boolean => {
    if (seen.has(path)) return false;
    seen.add(path);
    for (const [, name] of readText(path).matchAll(/^[ \t]*#[ \t]*include[ \t]*["<]([^">\n]+)[">]/gm)) {
      // As clang looks: beside the file, then beside the source.
      const found = [dirname(path), dirname(sourcePath)]
        .map((folder) => resolve(folder, name!))
        .find((one) => existsSync(one));
      if (found === undefined) continue;
      const real = realpathSync(found);
      if (real === sought || includes(real)) return true;
    }
    return false;
  };
  return includes(realpathSync(sourcePath)) ? undefined : header;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new PackageError(
      'notFound',
      `${path}: ${code === 'ENOENT' ? 'no such file' : `cannot be read (${code})`}`,
      {
        cause,
      },
    );
  }
}
