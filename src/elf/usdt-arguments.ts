/**
 * Where the arguments of a USDT probe are, in the words of the compiler's assembler, as data.
 *
 * An argument is `SIZE@OPERAND`. The size is 1, 2, 4 or 8, negative for signed values; `f` behind it marks a
 * floating-point value. The operand is what the compiler would write into an instruction there:
 *
 *     x86-64   %edi   $5   -4(%rbp)   (%rax)   8(%rax,%rdx,4)   (,%rdx,8)   16(%rip)
 *     arm64    x1   w2   5   #5   [sp]   [sp, 16]   [x1, x2]   [x1, x2, lsl 3]   [x1, w2, sxtw 2]
 *
 * The size is that of the value; a register may be named by a shorter or longer part of it.
 */

export type UsdtArgument =
  | {
      readonly kind: 'constant';
      readonly value: bigint;
      readonly size: 1 | 2 | 4 | 8;
      readonly signed: boolean;
    }
  | {
      readonly kind: 'register';
      readonly register: UsdtRegister;
      /** Bits below the value: 8 for %ah and its like. */
      readonly shift: 0 | 8;
      readonly size: 1 | 2 | 4 | 8;
      readonly signed: boolean;
    }
  | {
      /** At base + index * scale + displacement in the memory of the process. */
      readonly kind: 'memory';
      readonly base: UsdtRegister | undefined;
      readonly index: UsdtRegister | undefined;
      /** How much of the index counts: the whole register, or its low 32 bits. */
      readonly indexExtension: 'none' | 'unsigned32' | 'signed32';
      readonly scale: 1 | 2 | 4 | 8;
      readonly displacement: bigint;
      readonly size: 1 | 2 | 4 | 8;
      readonly signed: boolean;
    };

/**
 * A whole register: `rax`, `r8`, `rip`, `rsp` of x86-64; `x0` to `x30`, `sp`, `pc` of arm64. `rip` is where the
 * probe is, not behind it.
 */
export type UsdtRegister = string;

export type ParsedArgument =
  | { readonly argument: UsdtArgument; readonly error?: undefined }
  | { readonly argument?: undefined; readonly error: string };

/** More than any probe has; a hostile note may have a million. */
const MAX_ARGUMENTS = 256;
const MAX_OPERAND = 256;

/** The arguments of a note, one text each: operands may have blanks of their own. */
export function splitUsdtArguments(text: string): readonly string[] {
  const trimmed = text.trim();
  if (trimmed === '') return [];
  const pieces = trimmed.includes('@') ? trimmed.split(/\s+(?=-?\d+f?@)/) : trimmed.split(/\s+/);
  return pieces.slice(0, MAX_ARGUMENTS).map((piece) => piece.trim());
}

/** Reads one argument. `arch` is that of the file: `x64` or `arm64`. */
export function parseUsdtArgument(text: string, arch: string): ParsedArgument {
  if (text.length > MAX_OPERAND) return { error: 'the argument is longer than any operand' };
  const match = /^(?:(-?)([1248])(f?)@)?(.+)$/s.exec(text.trim());
  if (!match) return refuse(text);
  const [, sign, digit, floating, operand = ''] = match;
  if (floating) return { error: `${text} is a floating-point value, which kernel programs cannot read` };
  const size = Number(digit ?? 8) as 1 | 2 | 4 | 8;
  const place = { size, signed: sign === '-' };
  const read = arch === 'x64' ? readX64 : arch === 'arm64' ? readArm64 : undefined;
  if (!read) return { error: `arguments of ${arch} are not known` };
  const argument = read(operand.trim(), place);
  return argument ? { argument } : refuse(text);
}

function refuse(text: string): ParsedArgument {
  return { error: `${text} is no operand that is known` };
}

interface Place {
  readonly size: 1 | 2 | 4 | 8;
  readonly signed: boolean;
}

const NUMBER = '[-+]?(?:0x[0-9a-fA-F]+|[0-9]+)';

function readX64(operand: string, place: Place): UsdtArgument | undefined {
  const constant = new RegExp(`^\\$(${NUMBER})$`).exec(operand);
  if (constant) return constantOf(constant[1]!, place);
  if (operand.startsWith('%')) {
    const found = x64Register(operand.slice(1));
    return found && { kind: 'register', ...found, ...place };
  }
  const memory = new RegExp(
    `^(?<sum>(?:${NUMBER})(?:[-+](?:0x[0-9a-fA-F]+|[0-9]+))*)?` +
      '\\(\\s*(?:%(?<base>\\w+))?\\s*(?:,\\s*%(?<index>\\w+)\\s*(?:,\\s*(?<scale>[1248])\\s*)?)?\\)$',
  ).exec(operand)?.groups;
  if (!memory) return undefined;
  const base = memory.base === undefined ? undefined : x64Register(memory.base);
  const index = memory.index === undefined ? undefined : x64Register(memory.index);
  if (memory.base !== undefined && !base) return undefined;
  if (memory.index !== undefined && !index) return undefined;
  if (!base && !index) return undefined;
  return {
    kind: 'memory',
    base: base?.register,
    index: index?.register,
    indexExtension: 'none',
    scale: Number(memory.scale ?? 1) as 1 | 2 | 4 | 8,
    displacement: sumOf(memory.sum ?? '0'),
    ...place,
  };
}

interface RegisterPart {
  readonly register: string;
  readonly shift: 0 | 8;
}

/** Every name of a general register, with the whole one and the bits below it. */
const x64Registers: ReadonlyMap<string, RegisterPart> = new Map(x64RegisterNames());

function* x64RegisterNames(): Generator<readonly [name: string, part: RegisterPart]> {
  for (const letter of 'abcd') {
    const register = `r${letter}x`;
    for (const name of [register, `e${letter}x`, `${letter}x`, `${letter}l`])
      yield [name, { register, shift: 0 }];
    yield [`${letter}h`, { register, shift: 8 }];
  }
  for (const pair of ['si', 'di', 'bp', 'sp']) {
    const register = `r${pair}`;
    for (const name of [register, `e${pair}`, pair, `${pair}l`]) yield [name, { register, shift: 0 }];
  }
  for (let number = 8; number < 16; number++) {
    const register = `r${number}`;
    for (const part of ['', 'd', 'w', 'b']) yield [register + part, { register, shift: 0 }];
  }
  for (const name of ['rip', 'eip']) yield [name, { register: 'rip', shift: 0 }];
}

function x64Register(name: string): RegisterPart | undefined {
  return x64Registers.get(name.toLowerCase());
}

function readArm64(operand: string, place: Place): UsdtArgument | undefined {
  const constant = new RegExp(`^#?(${NUMBER})$`).exec(operand);
  if (constant) return constantOf(constant[1]!, place);
  const register = arm64Register(operand);
  if (register) return { kind: 'register', register: register.name, shift: 0, ...place };
  const memory = /^\[\s*(\w+)\s*(?:,\s*([^,\]]+?)\s*)?(?:,\s*(\w+)(?:\s+#?(\d))?\s*)?\]$/.exec(operand);
  if (!memory) return undefined;
  const [, baseName = '', second, extend, amount] = memory;
  const base = arm64Register(baseName);
  if (!base?.whole) return undefined;
  const common = { kind: 'memory', base: base.name, ...place } as const;
  const plain = { index: undefined, indexExtension: 'none', scale: 1 } as const;
  if (second === undefined) return { ...common, ...plain, displacement: 0n };
  const displacement = new RegExp(`^#?(${NUMBER})$`).exec(second);
  if (displacement) {
    return extend === undefined ? { ...common, ...plain, displacement: sumOf(displacement[1]!) } : undefined;
  }
  const index = arm64Register(second);
  const indexExtension = extensions.get(extend ?? 'lsl');
  const scale = ([1, 2, 4, 8] as const)[Number(amount ?? 0)];
  if (!index || indexExtension === undefined || scale === undefined) return undefined;
  if (index.whole !== (indexExtension === 'none')) return undefined;
  return { ...common, index: index.name, indexExtension, scale, displacement: 0n };
}

const extensions: ReadonlyMap<string, 'none' | 'unsigned32' | 'signed32'> = new Map([
  ['lsl', 'none'],
  ['sxtx', 'none'],
  ['uxtw', 'unsigned32'],
  ['sxtw', 'signed32'],
]);

/** `w3` is the lower half of x3. */
function arm64Register(name: string): { readonly name: string; readonly whole: boolean } | undefined {
  if (name === 'sp' || name === 'pc') return { name, whole: true };
  if (name === 'fp') return { name: 'x29', whole: true };
  if (name === 'lr') return { name: 'x30', whole: true };
  const match = /^([xw])(\d{1,2})$/.exec(name);
  if (!match || Number(match[2]) > 30) return undefined;
  return { name: `x${Number(match[2])}`, whole: match[1] === 'x' };
}

function constantOf(text: string, place: Place): UsdtArgument {
  const bits = place.size * 8;
  const written = sumOf(text);
  const value = place.signed ? BigInt.asIntN(bits, written) : BigInt.asUintN(bits, written);
  return { kind: 'constant', value, ...place };
}

/** `-8+16`: compilers write sums of offsets. Within 64 bits, as the machine adds. */
function sumOf(text: string): bigint {
  let sum = 0n;
  for (const [, sign, digits] of text.matchAll(/([-+]?)(0x[0-9a-fA-F]+|[0-9]+)/g)) {
    sum += BigInt(digits!) * (sign === '-' ? -1n : 1n);
  }
  return BigInt.asIntN(64, sum);
}

/**
 * The arguments of a note with the names of variables resolved: `4@counter(%rip)` reads a variable at its
 * distance from the next instruction, and as the probe's own address is known, so is the distance from there.
 * What is not found stays as it is, and is refused when it is read.
 *
 * @param addressOf the linked address of a symbol
 */
export function relativeToProbe(
  note: { readonly arguments: string; readonly address: bigint },
  addressOf: (symbol: string) => bigint | undefined,
): string {
  return note.arguments.replace(
    /([A-Za-z_.$][\w.$]*)([-+]\d+)?\(%rip\)/g,
    (whole: string, symbol: string, offset: string | undefined) => {
      const address = addressOf(symbol);
      if (address === undefined) return whole;
      return `${address - note.address + BigInt(offset ?? 0)}(%rip)`;
    },
  );
}
