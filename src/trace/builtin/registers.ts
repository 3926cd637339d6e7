/** Names of registers, as `reg()` has them: those of `struct pt_regs`. */

const x64 = [
  ...['r15', 'r14', 'r13', 'r12', 'bp', 'bx', 'r11', 'r10', 'r9', 'r8'],
  ...['ax', 'cx', 'dx', 'si', 'di', 'orig_ax', 'ip', 'cs', 'flags', 'sp', 'ss'],
];
const arm64 = [...Array.from({ length: 31 }, (_, number) => `r${number}`), 'sp', 'pc', 'pstate'];

/** By `process.arch`. */
const names: Readonly<Record<string, ReadonlySet<string>>> = {
  x64: new Set([...x64, 'pc']),
  arm64: new Set([...arm64, ...Array.from({ length: 31 }, (_, number) => `x${number}`)]),
};

/** On an architecture that is not known every name may be one. */
export const isRegister = (architecture: string, name: string): boolean =>
  names[architecture]?.has(name) ?? true;

/** How many arguments of a function are in registers. */
export const registerArguments = (architecture: string): number => (architecture === 'x64' ? 6 : 8);
