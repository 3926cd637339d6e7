/**
 * Results that nobody looks at.
 *
 * The kernel ignores what a program on a raw or BTF tracepoint returns (__bpf_trace_run in kernel/trace/bpf_trace.c),
 * and the verifier only wants r0 to hold something (check_return_code in kernel/bpf/verifier.c; programs that may
 * load kernel pointers may return them). So `r0 = 0` before `exit` goes where r0 was written before on every way
 * there.
 */
import { returnsValue } from '../helpers.ts';
import { type MachineBlock, type MachineFunction, type MachineInstruction, writeOf } from './form.ts';

/** Runs on machine registers, after allocation. */
export function dropResult(fn: MachineFunction): void {
  const exits = fn.blocks.filter((block) => block.end.kind === 'exit' && setsResultLast(block));
  if (exits.length === 0) return;
  const known = resultKnown(fn);
  for (const block of exits) {
    let set = known.get(block) ?? false;
    for (const i of block.code.slice(0, -1)) set = after(i, set);
    if (set) block.code.pop();
  }
}

function setsResultLast({ code }: MachineBlock): boolean {
  const last = code[code.length - 1];
  return last?.kind === 'immediate' && last.dst === 0;
}

/** By block: r0 holds something at its start, whichever way was taken. */
function resultKnown(fn: MachineFunction): Map<MachineBlock, boolean> {
  const atStart = new Map(fn.blocks.map((block, i) => [block, i > 0]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of fn.blocks) {
      let set = atStart.get(block)!;
      for (const i of block.code) set = after(i, set);
      if (set) continue;
      for (const next of block.successors) {
        if (!atStart.get(next)) continue;
        atStart.set(next, false);
        changed = true;
      }
    }
  }
  return atStart;
}

function after(i: MachineInstruction, set: boolean): boolean {
  if (i.kind !== 'call') return set || writeOf(i) === 0;
  return i.callee === 'function' || (i.callee === 'helper' && returnsValue(i.target));
}
