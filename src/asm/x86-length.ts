/**
 * How long instructions of x86-64 are: as much of a disassembler as is needed to tell whether a place is the
 * start of one. A breakpoint in the middle of an instruction makes another one of it, and whoever runs it crash.
 *
 * An instruction is prefixes, an opcode of one of several maps, for most a ModRM byte that names registers or an
 * address (with up to five bytes more), and for some a constant.
 *
 * Source: Intel's manual, volume 2, chapter 2 and appendix A.
 */

const LONGEST = 15;

/** Operand size, address size, lock, repeats, segments. */
const prefixes: ReadonlySet<number> = new Set([
  0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65,
]);

/** What follows an opcode: `m` a ModRM byte; constants: `b` a byte, `w` two, `z` four (or two), `v` up to eight. */
type Shape = '' | 'b' | 'w' | 'z' | 'v' | 'm' | 'mb' | 'mz' | 'enter' | 'moffs' | 'test' | 'none';

const special: ReadonlyMap<number, Shape> = new Map<number, Shape>([
  [0x63, 'm'],
  [0x68, 'z'],
  [0x69, 'mz'],
  [0x6a, 'b'],
  [0x6b, 'mb'],
  [0x80, 'mb'],
  [0x81, 'mz'],
  [0x82, 'none'],
  [0x83, 'mb'],
  [0x9a, 'none'],
  [0xa8, 'b'],
  [0xa9, 'z'],
  [0xc0, 'mb'],
  [0xc1, 'mb'],
  [0xc2, 'w'],
  [0xc6, 'mb'],
  [0xc7, 'mz'],
  [0xc8, 'enter'],
  [0xca, 'w'],
  [0xcd, 'b'],
  [0xce, 'none'],
  [0xd0, 'm'],
  [0xd1, 'm'],
  [0xd2, 'm'],
  [0xd3, 'm'],
  [0xd4, 'none'],
  [0xd5, 'none'],
  [0xd6, 'none'],
  [0xe8, 'z'],
  [0xe9, 'z'],
  [0xea, 'none'],
  [0xeb, 'b'],
  [0xf6, 'test'],
  [0xf7, 'test'],
  [0xfe, 'm'],
  [0xff, 'm'],
]);

const oneByte: readonly Shape[] = Array.from({ length: 256 }, (_, op): Shape => {
  if (op < 0x40) {
    const low = op & 7;
    return low < 4 ? 'm' : low === 4 ? 'b' : low === 5 ? 'z' : 'none';
  }
  if (op < 0x60) return '';
  if (op < 0x63) return 'none';
  if (op >= 0x70 && op < 0x80) return 'b';
  if (op >= 0x84 && op < 0x90) return 'm';
  if (op >= 0xa0 && op < 0xa4) return 'moffs';
  if (op >= 0xb0 && op < 0xb8) return 'b';
  if (op >= 0xb8 && op < 0xc0) return 'v';
  if (op >= 0xd8 && op < 0xe0) return 'm';
  if (op >= 0xe0 && op < 0xe8) return 'b';
  return special.get(op) ?? '';
});

const twoBytes: readonly Shape[] = Array.from({ length: 256 }, (_, op): Shape => {
  if (op >= 0x80 && op < 0x90) return 'z';
  if (op >= 0xc8 && op < 0xd0) return '';
  if (op >= 0x30 && op < 0x38) return '';
  if ([0x05, 0x06, 0x07, 0x08, 0x09, 0x0b, 0x0e, 0x77, 0xa0, 0xa1, 0xa2, 0xa8, 0xa9, 0xaa].includes(op))
    return '';
  if ([0x04, 0x0a, 0x0c, 0x24, 0x25, 0x26, 0x27, 0x36, 0x39, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f].includes(op))
    return 'none';
  return takesByte(op) || op === 0x0f || op === 0xa4 || op === 0xac || op === 0xba ? 'mb' : 'm';
});

/** Of the second map, in its old form and behind VEX and EVEX. */
function takesByte(op: number): boolean {
  return (op >= 0x70 && op < 0x74) || op === 0xc2 || (op >= 0xc4 && op < 0xc7);
}

/** Bytes of the instruction at `at`; undefined for what is none, or not whole. */
export function x86Length(code: Uint8Array, at: number): number | undefined {
  let next = at;
  let operand16 = false;
  let address32 = false;
  for (; prefixes.has(code[next] ?? 0); next++) {
    operand16 ||= code[next] === 0x66;
    address32 ||= code[next] === 0x67;
  }
  let wide = false;
  if ((code[next]! & 0xf0) === 0x40) wide = (code[next++]! & 8) !== 0;
  const op = code[next++];
  if (op === undefined) return undefined;
  let shape: Shape;
  let opcode = op;
  if (op === 0xc4 || op === 0xc5 || op === 0x62) {
    const extended = vectorMap(code, next, op);
    if (!extended) return undefined;
    next = extended.next;
    shape = extended.shape;
  } else if (op === 0x0f) {
    opcode = code[next++] ?? 0;
    shape = twoBytes[opcode]!;
    if (opcode === 0x38 || opcode === 0x3a) {
      next++;
      shape = opcode === 0x3a ? 'mb' : 'm';
    }
    // Near jumps have four bytes whatever the operand size.
    if (shape === 'z') operand16 = false;
  } else {
    shape = oneByte[op]!;
    if (op === 0xe8 || op === 0xe9) operand16 = false;
  }
  if (shape === 'none') return undefined;
  const word = operand16 && !wide ? 2 : 4;
  if (shape.startsWith('m') && shape !== 'moffs') next = modRm(code, next);
  else if (shape === 'test') {
    // Two of the eight operations of this group have a constant.
    const tests = (code[next]! & 0x30) === 0;
    next = modRm(code, next) + (tests ? (opcode === 0xf6 ? 1 : word) : 0);
  }
  if (shape === 'b' || shape === 'mb') next += 1;
  else if (shape === 'w') next += 2;
  else if (shape === 'z' || shape === 'mz') next += word;
  else if (shape === 'v') next += wide ? 8 : word;
  else if (shape === 'enter') next += 3;
  else if (shape === 'moffs') next += address32 ? 4 : 8;
  const length = next - at;
  return length <= LONGEST && next <= code.length ? length : undefined;
}

/** VEX (two or three bytes) and EVEX (four) say which map the opcode behind them is of. */
function vectorMap(code: Uint8Array, at: number, prefix: number): { next: number; shape: Shape } | undefined {
  const map = prefix === 0xc5 ? 1 : code[at]! & (prefix === 0xc4 ? 0x1f : 7);
  const opcodeAt = at + (prefix === 0xc5 ? 1 : prefix === 0xc4 ? 2 : 3);
  const op = code[opcodeAt];
  if (op === undefined) return undefined;
  const next = opcodeAt + 1;
  if (map === 1) return { next, shape: op === 0x77 ? '' : takesByte(op) ? 'mb' : 'm' };
  if (map === 2 || map === 5 || map === 6) return { next, shape: 'm' };
  return map === 3 ? { next, shape: 'mb' } : undefined;
}

/** Behind the ModRM byte, its SIB byte and its displacement. */
function modRm(code: Uint8Array, at: number): number {
  const byte = code[at] ?? 0;
  const mode = byte >> 6;
  const rm = byte & 7;
  let next = at + 1;
  if (mode === 3) return next;
  if (rm === 4) {
    const base = (code[next++] ?? 0) & 7;
    if (mode === 0 && base === 5) return next + 4;
  } else if (mode === 0 && rm === 5) {
    return next + 4;
  }
  if (mode === 1) next += 1;
  else if (mode === 2) next += 4;
  return next;
}

/**
 * Whether an instruction starts `offset` bytes behind one that does. Undefined where something in between cannot
 * be read as an instruction.
 */
export function startsInstruction(code: Uint8Array, offset: number, arch: string): boolean | undefined {
  if (arch === 'arm64') return offset % 4 === 0;
  if (arch !== 'x64') return undefined;
  let at = 0;
  while (at < offset) {
    const length = x86Length(code, at);
    if (length === undefined) return undefined;
    at += length;
  }
  return at === offset;
}
