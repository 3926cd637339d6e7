/** Stacks as text, in the four modes of section 2.12. */
import { emptyStack, unwindFailed } from '../types/layout.ts';
import type { StackType } from '../types/type.ts';
import type { Place, PrintContext } from './context.ts';
import { hexAddress } from './late.ts';
import { type Memory, readU32, readU64 } from './memory.ts';

const indent = ' '.repeat(8);

/** A kernel stack is its id; a user stack has the process and the probe behind it. */
export function stackText(type: StackType, { view }: Memory, at: number, context: PrintContext): string {
  const id = readU64(view, at);
  if (type.limit === 0) return '\n';
  if (type.kind === 'kstack') return kernelStack(type, id, context);
  return userStack(type, id, readU32(view, at + 8), readU32(view, at + 12), context);
}

/** Says that the kernel could not walk this stack. */
export const unwindFailure = '\n<unwind failure>\n';

function kernelStack(type: StackType, id: bigint, context: PrintContext): string {
  const frames = id === 0n ? undefined : context.stack(type, id);
  if (frames === undefined) return unwindFailure;
  return `\n${frames.map((address) => frameLine(type, address, context.kernelPlace(address))).join('')}`;
}

function userStack(type: StackType, id: bigint, pid: number, probe: number, context: PrintContext): string {
  if (type.mode === 'build_id' && id < emptyStack) {
    const frames = id === 0n ? undefined : context.buildIdStack(type, id);
    if (frames === undefined) return unwindFailure;
    return `\n${frames.map(({ buildId, offset }) => `${buildId === undefined ? '' : `${buildId} `}${hexAddress(offset)}\n`).join('')}`;
  }
  const frames = id === 0n ? undefined : context.stack(type, id);
  if (frames === undefined) return unwindFailure;
  return `\n${frames.map((address, i) => frameLine(type, address, context.userPlace(address, pid, probe, i === 0 ? 'innermost' : 'caller'))).join('')}`;
}

function frameLine(type: StackType, address: bigint, place: Place | undefined): string {
  if (address === unwindFailed) return `${type.mode === 'bpftrace' ? indent : ''}<unwind failure>\n`;
  if (type.mode === 'raw') return `${address.toString(16)}\n`;
  const name = place === undefined ? hexAddress(address) : `${place.name}+${place.offset}`;
  if (type.mode === 'perf') {
    const unknown = type.kind === 'ustack' && place === undefined ? '[unknown]' : undefined;
    const module = place?.module ?? unknown;
    return `\t${address.toString(16)} ${name}${module === undefined ? '' : ` (${module})`}\n`;
  }
  const inlined = (place?.inlined ?? []).map(
    (one) => `${indent}[inlined] ${one.name}${one.source === undefined ? '' : `@${one.source}`}\n`,
  );
  return `${inlined.join('')}${indent}${name}${place?.source === undefined ? '' : `@${place.source}`}\n`;
}
