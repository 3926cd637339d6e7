/** Ownership of one descriptor. */
import { SysError, usedAfterClose } from './errors.ts';
import { sysTry } from './syscall.ts';

const F_DUPFD_CLOEXEC = 1030;

/**
 * Owns a descriptor until close(). Nothing closes it behind the program's back: no finaliser, since
 * a probe that detaches when the collector runs is worse than one that stays until the process ends.
 */
export class Fd {
  #number: number;
  readonly #what: string;

  private constructor(number: number, what: string) {
    this.#number = number;
    this.#what = what;
  }

  /**
   * Takes ownership of `number`; `what` names it in errors.
   *
   * Descriptors 0 to 2 are moved up: in a process that was started with stdin closed the kernel
   * gives 0 to the first map, and 0 means "none" in half of bpf(2)'s fields.
   */
  static own(number: number, what: string): Fd {
    if (number > 2) return new Fd(number, what);
    const moved = sysTry('fcntl', number, F_DUPFD_CLOEXEC, 3);
    sysTry('close', number);
    if (moved < 0) throw new SysError('fcntl', -moved, what);
    return new Fd(moved, what);
  }

  /** A second descriptor for the same object, with a life of its own. Throws SysError. */
  duplicate(): Fd {
    const second = sysTry('fcntl', this.number, F_DUPFD_CLOEXEC, 3);
    if (second < 0) throw new SysError('fcntl', -second, this.#what);
    return new Fd(second, this.#what);
  }

  /** The descriptor's number. Throws ClosedError after close(). */
  get number(): number {
    if (this.#number < 0) throw usedAfterClose(this.#what);
    return this.#number;
  }

  get closed(): boolean {
    return this.#number < 0;
  }

  /** Closes the descriptor; again and again without effect. */
  close(): void {
    const number = this.#number;
    if (number < 0) return;
    this.#number = -1;
    // Whatever close(2) answers, the descriptor is gone; a retry could close somebody else's.
    sysTry('close', number);
  }

  /** Gives the number away: closing it is the caller's business from now on. */
  release(): number {
    const number = this.number;
    this.#number = -1;
    return number;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
