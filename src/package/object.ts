/** The object inside a package, taken apart. */
import { parseObject } from '../object/parse.ts';
import type { ObjectSpec } from '../object/spec.ts';
import type { BpfPackage } from './format/package-json.ts';

/** Throws ObjectError. The spec is the caller's to edit. */
export function packageObject({ object, meta }: BpfPackage): ObjectSpec {
  return parseObject(object, { file: `${meta.bpf_skel.obj_name.replace(/_bpf$/, '')}.bpf.o` });
}
