/** Accesses to memory: `watchpoint:address:length:mode`, by the CPU's debug registers. */
import { parseUnsigned } from '../../lex/integer.ts';
import { messages } from '../messages.ts';
import type { ProviderRule } from '../rule.ts';

/** What debug registers can do: arch/x86/kernel/hw_breakpoint.c, arch/arm64/kernel/hw_breakpoint.c. */
const modes: Readonly<Record<string, readonly string[]>> = {
  x64: ['rw', 'w', 'x'],
  arm64: ['r', 'rw', 'w', 'x'],
};

export const watchpointRule: ProviderRule = {
  provider: 'watchpoint',
  aliases: ['w'],
  domain: 'none',
  resolve(request) {
    if (request.parts.length !== 3) return request.wrongCount(3);
    const [place = '', size = '', access = ''] = request.parts;
    const address = parseUnsigned(place);
    if (address.error !== undefined) return request.fail(messages.watchAddress(address.error));
    const length = parseUnsigned(size);
    if (length.error !== undefined) return request.fail(messages.watchLength(length.error));
    if (address.value === 0n) return request.fail(messages.watchNothing());
    const bytes = ([1, 2, 4, 8] as const).find((each) => BigInt(each) === length.value);
    if (bytes === undefined) return request.fail(messages.watchLengths());
    if (!/^[rwx]+$/.test(access)) return request.fail(messages.watchMode());
    const mode = [...access].sort().join('');
    if (new Set(mode).size < mode.length) return request.fail(messages.watchTwice());
    const known = modes[request.environment.arch] ?? [];
    if (known.length === 0) return request.fail(messages.watchUnsupported());
    if (!known.includes(mode))
      return request.fail(messages.watchInvalidMode(mode), messages.watchModes(known));
    const name = `watchpoint:${address.value}:${bytes}:${mode}`;
    return [{ kind: 'watchpoint', address: address.value, length: bytes, mode, pid: request.pid, name }];
  },
};
