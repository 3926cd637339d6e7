/** Colour on a terminal only. */
import { fstatSync } from 'node:fs';

export interface Colors {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

/**
 * Terminal devices by major number: 4 virtual consoles and serial lines, 5 /dev/tty and /dev/console, 136 to 143
 * pseudo-terminals (kernel: Documentation/admin-guide/devices.txt). Asking Node's tty module costs a millisecond.
 */
export function isTerminal(fd: number): boolean {
  try {
    const stat = fstatSync(fd);
    if (!stat.isCharacterDevice()) return false;
    // dev_t as glibc packs it: the low 12 bits of the major number are bits 8 to 19.
    const major = (stat.rdev >>> 8) & 0xfff;
    return major === 4 || major === 5 || (major >= 136 && major <= 143);
  } catch {
    return false;
  }
}

/**
 * Whether to colour what goes to a descriptor: it is a terminal that is not `dumb`, and NO_COLOR is not set
 * (no-color.org). FORCE_COLOR overrides both.
 */
export function wantsColor(fd: number, environment: NodeJS.ProcessEnv = process.env): boolean {
  if (environment.FORCE_COLOR) return environment.FORCE_COLOR !== '0';
  if (environment.NO_COLOR) return false;
  return environment.TERM !== 'dumb' && isTerminal(fd);
}

/** The colours of a descriptor; all of them leave text alone where none are wanted. */
export async function colorsFor(fd: number, environment?: NodeJS.ProcessEnv): Promise<Colors> {
  const enabled = wantsColor(fd, environment);
  if (!enabled) {
    const same = (text: string): string => text;
    return { bold: same, dim: same, red: same, green: same, yellow: same };
  }
  const { default: picocolors } = await import('picocolors');
  return picocolors.createColors(true);
}
