/** Probes that user space runs: at the beginning and end, at a signal, as tests and as benchmarks. */
import { messages } from '../messages.ts';
import type { ProviderRule } from '../rule.ts';

/** Signals that a script may wait for. */
const signals: readonly string[] = ['SIGUSR1'];

function edge(provider: 'begin' | 'end'): ProviderRule {
  return {
    provider,
    aliases: [],
    domain: 'none',
    resolve(request) {
      const { parts } = request;
      if (parts.length > 1 || (parts.length === 1 && parts[0] !== '*')) return request.wrongCount(0);
      return [{ kind: 'special', name: provider }];
    },
  };
}

const self: ProviderRule = {
  provider: 'self',
  aliases: [],
  domain: 'none',
  resolve(request) {
    const [trigger = '', signal = ''] = request.parts;
    if (request.parts.length !== 2) return request.wrongCount(2);
    if (trigger !== 'signal') return request.fail(messages.trigger(trigger));
    if (!signals.includes(signal)) return request.fail(messages.signal(signal));
    return [{ kind: 'special', signal, name: `self:signal:${signal}` }];
  },
};

function named(provider: 'test' | 'bench'): ProviderRule {
  return {
    provider,
    aliases: [],
    domain: 'none',
    resolve(request) {
      const [name = ''] = request.parts;
      if (request.parts.length !== 1) return request.wrongCount(1);
      if (name === '') return request.fail(messages.unnamed(provider));
      return [{ kind: 'special', name: `${provider}:${name}` }];
    },
  };
}

export const specialRules: readonly ProviderRule[] = [
  edge('begin'),
  edge('end'),
  self,
  named('test'),
  named('bench'),
];
