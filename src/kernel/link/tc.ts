/**
 * Classifiers on an interface by netlink (BPF_PROG_TYPE_SCHED_CLS on a clsact qdisc, Linux 4.5): what to do
 * with each packet that comes in or goes out is the program's answer (`TC_ACT_*`).
 *
 * The kernel ties such a filter to the interface, not to its loader: closing the link removes it, but a process
 * that is killed leaves it there. `attachTcx` has no such trouble (Linux 6.6).
 */
import { SysError } from '../../sys/errors.ts';
import {
  addClsact,
  addFilter,
  hasFilters,
  listFilters,
  removeClsact,
  removeFilter,
  type TcFilter,
  TcParent,
} from '../../sys/route.ts';
import { type Attachment, attachFailed, placeTaken } from './errors.ts';
import { holdersText } from './holder.ts';
import { interfaceFor } from './interface.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';

export interface TcOptions {
  readonly direction: 'ingress' | 'egress';
  /** Filters run from the lowest to the highest. Default: chosen by the kernel. */
  readonly priority?: number;
  /** Tells filters of one priority apart. Default: chosen by the kernel. */
  readonly handle?: number;
  /** Whether a filter of the same priority and handle gives way. Default false. */
  readonly replace?: boolean;
}

/** Attaches to an interface by its name or number. Throws AttachError. */
export function attachTc(
  program: AttachableProgram,
  which: string | number,
  options: TcOptions,
): AttachedLink {
  const { direction, priority = 0, handle = 0 } = options;
  const what: Attachment = { kind: 'tc', program: program.name, target: `${which} ${direction}` };
  const { index } = interfaceFor(what, which);
  const subject = `interface ${which}`;
  const parent = TcParent[direction];
  let made = false;
  let filter: TcFilter;
  try {
    made = addClsact(index, subject);
    filter = addFilter(index, {
      parent,
      priority,
      handle,
      name: program.name,
      programFd: program.fd.number,
      replace: options.replace === true,
      subject,
    });
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    if (made) tidy(index);
    if (error.code === 'EEXIST') throw placeTaken(what, error, holdersOf(index, parent, priority));
    throw attachFailed(what, error);
  }
  return new AttachedLink({
    ...what,
    descriptors: [],
    isLink: false,
    slow: false,
    afterwards: () => {
      ignoringAbsence(() => removeFilter(index, filter, subject));
      if (made) ignoringAbsence(() => tidy(index));
    },
  });
}

/** The filter, its qdisc or the interface may have gone away before. */
export function ignoringAbsence(remove: () => void): void {
  try {
    remove();
  } catch (error) {
    if (!(error instanceof SysError) || !/^(ENOENT|ENODEV|EINVAL)$/.test(error.code)) throw error;
  }
}

/** Removes a clsact that was made here, unless it has come to hold filters of others. */
export function tidy(index: number): void {
  if (!hasFilters(index)) removeClsact(index);
}

/** The programs that a priority holds, for messages. */
export function holdersOf(index: number, parent: number, priority: number): string {
  const there = listFilters(index, parent).filter((filter) => filter.priority === priority);
  return holdersText(there.map(({ programId }) => programId));
}
