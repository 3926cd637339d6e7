/** bpfkit/package: BPF programs as one file, built, shipped and run. */
export { type AnnotatedSource, readAnnotations } from './build/annotations.ts';
export { type BuildOptions, type BuiltPackage, buildPackage } from './build/build.ts';
export { type Clang, findClang } from './build/clang.ts';
export { headerFolder } from './build/headers.ts';
export { vmlinuxHeader } from './build/vmlinux-header.ts';
export { PackageError, type PackageErrorCode } from './errors.ts';
export * from './format/package-json.ts';
export { parseReference, type Reference } from './oci/reference.ts';
export { type Manifest, Registry, type RegistryOptions } from './oci/registry.ts';
export { type Opened, type OpenOptions, openPackage } from './open.ts';
export { optionsOf, type PackageOption } from './run/options.ts';
export { type RunOptions, runPackage } from './run/run.ts';
