/** `vmlinux.h`: all types of a kernel as C, which programs include in the place of kernel headers. */
import type { Btf } from '../../btf/btf.ts';
import { declarationsInC } from '../../btf/format.ts';
import type { TypeId } from '../../btf/types.ts';

const declared: ReadonlySet<string> = new Set(['struct', 'union', 'enum', 'enum64', 'typedef']);

/** About 3 MB for a distribution's kernel. Every type is marked, so that the loader fits accesses to other kernels. */
export function vmlinuxHeader(btf: Btf): string {
  const inside = nestedEnums(btf);
  const ids: number[] = [];
  for (let id = 1; id < btf.count; id++) if (declared.has(btf.kind(id)) && !inside.has(id)) ids.push(id);
  return `#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

#ifndef __ksym
#define __ksym __attribute__((section(".ksyms")))
#endif
#ifndef __weak
#define __weak __attribute__((weak))
#endif

${declarationsInC(btf, ids)}

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif
`;
}

/** Enumerations without a name that are written where a member or a typedef uses them. */
function nestedEnums(btf: Btf): ReadonlySet<TypeId> {
  const nested = new Set<TypeId>();
  const see = (id: TypeId): void => {
    let at = btf.strip(id);
    for (let type = btf.type(at); type.kind === 'array'; type = btf.type(at)) at = btf.strip(type.element);
    const type = btf.type(at);
    if ((type.kind === 'enum' || type.kind === 'enum64') && type.name === '') nested.add(at);
  };
  for (let id = 1; id < btf.count; id++) {
    const kind = btf.kind(id);
    if (kind !== 'struct' && kind !== 'union' && kind !== 'typedef') continue;
    const type = btf.type(id);
    if (type.kind === 'typedef') see(type.target);
    else if (type.kind === 'struct' || type.kind === 'union')
      for (const member of type.members) see(member.type);
  }
  return nested;
}
