/**
 * Where arguments of user statically-defined trace points are, in the assembler's words, and their code.
 *
 *     x86-64    -4@%edi   8@$123   8@-8(%rbp)   1@16(%rax,%rbx,8)   8@counter(%rip)
 *     arm64     -4@w0     8@123    8@[sp, 16]   8@[x19]             8@[x0, x1, lsl 3]
 *
 * The number before `@` is the size in bytes, negative for signed ones.
 */
import type { Value } from '../../compiler/ir.ts';
import { loadFrom } from '../../script/emit/memory.ts';
import { registerMember } from '../../script/emit/registers.ts';
import type { Environment } from '../../script/environment.ts';
import type { Lowering } from './state.ts';

export interface UsdtArgument {
  readonly size: 1 | 2 | 4 | 8;
  readonly signed: boolean;
  readonly source:
    | { readonly kind: 'constant'; readonly value: bigint }
    /** As struct pt_regs calls it; a number on arm64. */
    | { readonly kind: 'register'; readonly register: string | number }
    | {
        readonly kind: 'memory';
        readonly base: string | number;
        readonly offset: bigint;
        readonly index?: { readonly register: string | number; readonly scale: number } | undefined;
      };
}

type Architecture = Environment['architecture'];

/** Undefined for what no kernel program can read: vector registers, addresses that only the linker knows. */
export function parseUsdtArgument(architecture: Architecture, text: string): UsdtArgument | undefined {
  const match = /^(-?)(\d+)(f?)@(.+)$/.exec(text.trim());
  const size = Number(match?.[2]);
  if (!match || match[3] === 'f' || ![1, 2, 4, 8].includes(size)) return undefined;
  const where = match[4]!.trim();
  const source = architecture === 'x64' ? x64Source(where) : arm64Source(where);
  return source && { size: size as UsdtArgument['size'], signed: match[1] === '-', source };
}

const number = '[-+]?(?:0x[0-9a-f]+|\\d+)';

function integer(text: string): bigint {
  const negative = text.startsWith('-');
  const value = BigInt(text.replace(/^[-+]/, ''));
  return negative ? -value : value;
}

function x64Source(where: string): UsdtArgument['source'] | undefined {
  const constant = new RegExp(`^\\$(${number})$`, 'i').exec(where);
  if (constant) return { kind: 'constant', value: integer(constant[1]!) };
  const register = /^%(\w+)$/.exec(where);
  if (register) {
    const name = x64Register(register[1]!);
    return name === undefined ? undefined : { kind: 'register', register: name };
  }
  const memory = new RegExp(`^(${number})?\\((?:%(\\w+))?(?:,\\s*%(\\w+)(?:,\\s*([1248]))?)?\\)$`, 'i').exec(
    where,
  );
  if (!memory) return undefined;
  const [, offset = '0', baseName, indexName, scale = '1'] = memory;
  const base = baseName === undefined ? undefined : x64Register(baseName);
  const index = indexName === undefined ? undefined : x64Register(indexName);
  if (base === undefined || (indexName !== undefined && index === undefined)) return undefined;
  return {
    kind: 'memory',
    base,
    offset: integer(offset),
    ...(index === undefined ? {} : { index: { register: index, scale: Number(scale) } }),
  };
}

const x64Legacy: readonly string[] = ['ax', 'bx', 'cx', 'dx', 'si', 'di', 'bp', 'sp', 'ip'];

/** `rax`, `eax`, `ax`, `al`, `r8d` are parts of one register. */
function x64Register(name: string): string | undefined {
  const numbered = /^r(8|9|1[0-5])[dwb]?$/.exec(name);
  if (numbered) return `r${numbered[1]}`;
  const wide = /^[re]?(ax|bx|cx|dx|si|di|bp|sp|ip)$/.exec(name)?.[1];
  if (wide) return wide;
  const byte = /^([abcd])l$|^(si|di|bp|sp)l$/.exec(name);
  const whole = byte ? (byte[1] ? `${byte[1]}x` : byte[2]!) : undefined;
  return whole !== undefined && x64Legacy.includes(whole) ? whole : undefined;
}

function arm64Source(where: string): UsdtArgument['source'] | undefined {
  if (new RegExp(`^${number}$`, 'i').test(where)) return { kind: 'constant', value: integer(where) };
  const plain = arm64Register(where);
  if (plain !== undefined) return { kind: 'register', register: plain };
  const memory = /^\[\s*(\w+)\s*(?:,\s*([^,\]]+?)\s*(?:,\s*lsl\s*#?(\d))?)?\s*\]$/i.exec(where);
  const base = memory ? arm64Register(memory[1]!) : undefined;
  if (!memory || base === undefined) return undefined;
  const second = memory[2];
  if (second === undefined) return { kind: 'memory', base, offset: 0n };
  const offset = second.replace(/^#/, '');
  if (new RegExp(`^${number}$`, 'i').test(offset)) return { kind: 'memory', base, offset: integer(offset) };
  const index = arm64Register(second);
  if (index === undefined) return undefined;
  return { kind: 'memory', base, offset: 0n, index: { register: index, scale: 2 ** Number(memory[3] ?? 0) } };
}

function arm64Register(name: string): string | number | undefined {
  if (name === 'sp' || name === 'pc') return name;
  const index = /^[xw](\d{1,2})$/.exec(name)?.[1];
  return index !== undefined && Number(index) <= 30 ? Number(index) : undefined;
}

/** The argument's value in 64 bits. */
export function usdtArgument(l: Lowering, { size, signed, source }: UsdtArgument): Value {
  const { b } = l;
  const register = (name: string | number): Value =>
    b.load(8, l.context, registerMember(l.environment, name)?.offset ?? 0, { invariant: true });
  const exact = (value: Value): Value => (size === 8 ? value : b.extend(value, (size * 8) as 32, signed));
  switch (source.kind) {
    case 'constant':
      return b.constant(BigInt.asIntN(64, source.value));
    case 'register':
      return exact(register(source.register));
    case 'memory': {
      let address = register(source.base);
      if (source.index) {
        const { scale } = source.index;
        const index = register(source.index.register);
        address = b.binary('add', address, scale === 1 ? index : b.binary('mul', index, b.constant(scale)));
      }
      if (source.offset !== 0n) address = b.binary('add', address, b.constant(source.offset));
      return loadFrom(l, 'user', address, 0, size, { signed });
    }
  }
}
