/** Clocks: `profile` on every CPU, `interval` on one. `hz|s|ms|us:N`, a duration (`1s`), or nanoseconds. */
import { parseUnsigned } from '../../lex/integer.ts';
import { messages } from '../messages.ts';
import type { ProviderRule, Request } from '../rule.ts';

/** Nanoseconds of the units that are periods. */
const periods: ReadonlyMap<string, bigint> = new Map([
  ['s', 1_000_000_000n],
  ['ms', 1_000_000n],
  ['us', 1000n],
]);

export const timeUnits: readonly string[] = ['hz', ...periods.keys()];

function rule(provider: 'profile' | 'interval', alias: string): ProviderRule {
  return {
    provider,
    aliases: [alias],
    domain: 'none',
    resolve(request) {
      const read = request.parts.length === 1 ? asDuration(request) : asUnit(request);
      if (!read) return [];
      const { unit, count } = read;
      const rate = unit === 'hz' ? { frequency: Number(count) } : { period: count * periods.get(unit)! };
      const name = `${provider}:${unit}:${count}`;
      const everyCpu = provider === 'profile';
      return [{ kind: 'timer', everyCpu, ...rate, ...(everyCpu ? { pid: request.pid } : {}), name }];
    },
  };
}

export const timerRules: readonly ProviderRule[] = [rule('profile', 'p'), rule('interval', 'i')];

interface Rate {
  readonly unit: string;
  readonly count: bigint;
}

function asDuration(request: Request): Rate | undefined {
  const { provider } = request;
  const { value, error } = parseUnsigned(request.parts[0]!);
  if (error !== undefined) return void request.fail(messages.rate(provider, error));
  if (value < 1000n) return void request.fail(messages.rateTooSmall(provider, value));
  return { unit: 'us', count: value / 1000n };
}

function asUnit(request: Request): Rate | undefined {
  const { provider } = request;
  if (request.parts.length !== 2) return void request.wrongCount(1, 2);
  const [unit = '', text = ''] = request.parts;
  const { value, error } = parseUnsigned(text);
  if (/^-\d+$/.test(text)) return void request.fail(messages.positiveFrequency(provider));
  if (error !== undefined) return void request.fail(messages.rate(provider, error));
  if (unit === '') return void request.fail(messages.noTimeUnit(provider));
  if (!timeUnits.includes(unit)) return void request.fail(messages.timeUnit(unit));
  if (value === 0n) return void request.fail(messages.positiveFrequency(provider));
  // Neither has more in the kernel: a frequency is an int, a period 63 bits of nanoseconds.
  const greatest = unit === 'hz' ? 0x7fff_ffffn : (2n ** 63n - 1n) / periods.get(unit)!;
  if (value > greatest)
    return void request.fail(messages.rate(provider, `the maximum is ${greatest}: ${text}`));
  return { unit, count: value };
}
