/** `vmlinux.h`: all types of a kernel as C, which programs include in the place of kernel headers. */
import type { Btf } from '../../btf/btf.ts';
import { declarationsInC } from '../../btf/format.ts';

const declared: ReadonlySet<string> = new Set(['struct', 'union', 'enum', 'enum64', 'typedef']);

/** About 3 MB for a distribution's kernel. Every type is marked, so that the loader fits accesses to other kernels. */
export function vmlinuxHeader(btf: Btf): string {
  const ids: number[] = [];
  for (let id = 1; id < btf.count; id++) if (declared.has(btf.kind(id))) ids.push(id);
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
