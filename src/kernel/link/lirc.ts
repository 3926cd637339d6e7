/** Decoders of infrared remote controls (BPF_PROG_TYPE_LIRC_MODE2, Linux 4.18), on a receiver's file. */
import { bpfError, bpfTry } from '../../sys/bpf.ts';
import { SysError } from '../../sys/errors.ts';
import { Open, openPath } from '../../sys/file.ts';
import { AttachType } from '../spec.ts';
import { type Attachment, attachFailed } from './errors.ts';
import { type AttachableProgram, AttachedLink } from './link.ts';

/** Attaches to a receiver such as `/dev/lirc0`. Throws AttachError. */
export function attachLirc(program: AttachableProgram, path: string): AttachedLink {
  const what: Attachment = { kind: 'lirc', program: program.name, target: path };
  const attachType = AttachType.lircMode2;
  try {
    const device = openPath(path, Open.readOnly | Open.nonBlock);
    const own = program.fd.duplicate();
    const close = (): void => {
      own.close();
      device.close();
    };
    const { result } = bpfTry('programAttach', {
      targetFd: device.number,
      attachBpfFd: own.number,
      attachType,
    });
    if (result < 0) {
      close();
      throw bpfError('programAttach', -result);
    }
    return new AttachedLink({
      ...what,
      descriptors: [],
      isLink: false,
      slow: false,
      afterwards: () => {
        bpfTry('programDetach', { targetFd: device.number, attachBpfFd: own.number, attachType });
        close();
      },
    });
  } catch (error) {
    if (error instanceof SysError) throw attachFailed(what, error);
    throw error;
  }
}
