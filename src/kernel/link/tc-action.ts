/**
 * Actions of traffic control (BPF_PROG_TYPE_SCHED_ACT, act_bpf, Linux 4.1): what is done with a packet that a filter
 * has chosen. The filter here chooses all of them, so an action is attached as a classifier is: to an interface, for
 * what comes in or goes out. Its answer (`TC_ACT_*`) decides about the packet.
 */
import { SysError } from '../../sys/errors.ts';
import { addActionFilter, addClsact, removeFilter, type TcFilter, TcParent } from '../../sys/route.ts';
import { type Attachment, attachFailed, placeTaken } from './errors.ts';
import { interfaceFor } from './interface.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';
import { holdersOf, ignoringAbsence, type TcOptions, tidy } from './tc.ts';

/** Attaches an action to all packets of an interface, by its name or number. Throws AttachError. */
export function attachTcAction(
  program: AttachableProgram,
  which: string | number,
  options: TcOptions,
): AttachedLink {
  const { direction, priority = 0, handle = 0 } = options;
  const what: Attachment = { kind: 'tcAction', program: program.name, target: `${which} ${direction}` };
  const { index } = interfaceFor(what, which);
  const subject = `interface ${which}`;
  const parent = TcParent[direction];
  let made = false;
  let filter: TcFilter;
  try {
    made = addClsact(index, subject);
    filter = addActionFilter(index, {
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
