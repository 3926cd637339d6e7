/**
 * Filters of traffic control that somebody left behind: the kernel ties them to the interface, and a process that is
 * killed takes nothing with it.
 */
import { findInterface, hasClsact, listFilters, removeFilter, TcParent } from '../../sys/route.ts';
import { ignoringAbsence, tidy } from './tc.ts';

/** Where filters are going to be, so that another process can remove them. */
export interface KeptFilters {
  readonly interface: number;
  /** Ids of the programs. */
  readonly programs: readonly number[];
  /** Whether the interface had a clsact qdisc already, which then stays. */
  readonly clsact: boolean;
}

/** To be asked before programs are attached to an interface; undefined where there is none of that name. */
export function keptFilters(which: string | number, programs: readonly number[]): KeptFilters | undefined {
  const found = findInterface(which);
  return found && { interface: found.index, programs, clsact: hasClsact(found.index) };
}

/** Removes what is still there of them, and nothing of others. Throws SysError. */
export function removeKeptFilters({ interface: index, programs, clsact }: KeptFilters): void {
  for (const parent of [TcParent.ingress, TcParent.egress]) {
    for (const filter of listFilters(index, parent)) {
      if (programs.includes(filter.programId)) ignoringAbsence(() => removeFilter(index, filter));
    }
  }
  if (!clsact) ignoringAbsence(() => tidy(index));
}
