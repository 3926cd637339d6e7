/** The code that reads arguments of user statically-defined trace points (elf/usdt-arguments.ts says where they are). */
import type { Value } from '../../compiler/ir.ts';
import type { UsdtArgument, UsdtRegister } from '../../elf/usdt-arguments.ts';
import { loadFrom } from '../../script/emit/memory.ts';
import { registerMember } from '../../script/emit/registers.ts';
import type { Lowering } from './state.ts';

/** The argument's value in 64 bits. */
export function usdtArgument(l: Lowering, argument: UsdtArgument): Value {
  const { b } = l;
  const { size, signed } = argument;
  switch (argument.kind) {
    case 'constant':
      return b.constant(BigInt.asIntN(64, argument.value));
    case 'register': {
      const whole = registerValue(l, argument.register);
      const value = argument.shift === 0 ? whole : b.binary('lshr', whole, b.constant(argument.shift));
      return size === 8 ? value : b.extend(value, (size * 8) as 8 | 16 | 32, signed);
    }
    case 'memory': {
      let address = argument.base === undefined ? b.constant(0) : registerValue(l, argument.base);
      if (argument.index !== undefined) {
        const { indexExtension, scale } = argument;
        const whole = registerValue(l, argument.index);
        const index = indexExtension === 'none' ? whole : b.extend(whole, 32, indexExtension === 'signed32');
        const scaled = scale === 1 ? index : b.binary('mul', index, b.constant(scale));
        address = b.binary('add', address, scaled);
      }
      if (argument.displacement !== 0n) address = b.binary('add', address, b.constant(argument.displacement));
      return loadFrom(l, 'user', address, 0, size, { signed });
    }
  }
}

function registerValue(l: Lowering, name: UsdtRegister): Value {
  const member = registerMember(l.environment, memberOf(name));
  return l.b.load(8, l.context, member?.offset ?? 0, { invariant: true });
}

/** As struct pt_regs calls it: `ax` for rax, `r8`, a number for x3. */
function memberOf(name: UsdtRegister): string | number {
  const numbered = /^x(\d+)$/.exec(name);
  if (numbered) return Number(numbered[1]);
  return /^r(ax|bx|cx|dx|si|di|bp|sp|ip)$/.exec(name)?.[1] ?? name;
}
