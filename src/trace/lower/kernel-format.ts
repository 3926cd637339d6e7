/** Formats that the kernel prints by itself: bpf_seq_printf and bpf_trace_printk. */
import type { Expr } from '../ast/nodes.ts';
import type { Format } from '../print/format-spec.ts';
import type { Lowering } from './state.ts';

/** What the kernel does not take (bpf_bprintf_prepare in kernel/bpf/helpers.c) makes the whole undefined. */
export function kernelFormat(l: Lowering, { parts }: Format, values: readonly Expr[]): string | undefined {
  let text = '';
  let next = 0;
  for (const part of parts) {
    if (typeof part === 'string') {
      text += part.replaceAll('%', '%%');
      continue;
    }
    const value = values[next++];
    if (!value || part.plus || part.alternate) return undefined;
    const { kind } = l.facts.typeOf(value);
    const flags = `${part.left ? '-' : ''}${part.zero ? '0' : ''}${part.width ?? ''}`;
    const number = kind === 'int' || kind === 'enum' || kind === 'bool' || kind === 'pointer';
    switch (part.conversion) {
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X': {
        if (!number) return undefined;
        // Widths below int are the caller's to cut; what it has in a register is exact already.
        const wide =
          part.length === 'l' || part.length === 'll' || part.length === 'j' || part.length === 'z';
        text += `%${flags}${wide ? 'll' : ''}${part.conversion}`;
        break;
      }
      case 'p':
        if (!number || flags !== '') return undefined;
        text += '0x%llx';
        break;
      case 's':
        if (kind === 'string') text += `%${flags}s`;
        else if (kind === 'int') text += `%${flags}lld`;
        else return undefined;
        break;
      default:
        return undefined;
    }
  }
  return text;
}
