/** `software:event[:count]` and `hardware:event[:count]`: once every so many events. */
import { nearestNames } from '../../../text/nearest.ts';
import { parseUnsigned } from '../../lex/integer.ts';
import { counterEvents, findEvent } from '../events.ts';
import { messages } from '../messages.ts';
import type { ProviderRule } from '../rule.ts';
import { isPattern } from '../wildcard.ts';

function rule(provider: 'software' | 'hardware', alias: string): ProviderRule {
  return {
    provider,
    aliases: [alias],
    domain: 'kernel',
    resolve(request) {
      const [name = '', text] = request.parts;
      if (request.parts.length !== 1 && request.parts.length !== 2) return request.wrongCount(1, 2);
      const written = text === undefined || text === '*' ? { value: 0n } : parseUnsigned(text);
      if (written.error !== undefined) {
        const negative = /^-\d+$/.test(text ?? '');
        return request.fail(
          negative ? messages.positiveCount(provider) : messages.count(provider, written.error),
        );
      }
      if (name === '') return request.fail(messages.noEvent(provider));
      if (isPattern(name)) return request.tolerant ? [] : request.fail(messages.eventWildcard(provider));
      const event = findEvent(provider, name);
      if (!event) {
        if (request.tolerant) return [];
        const known = counterEvents[provider].flatMap((each) => [each.name, each.alias ?? []].flat());
        const near = nearestNames(name, known).map((each) => `${provider}:${each}`);
        return request.fail(
          messages.notAnEvent(name, provider),
          near.length ? messages.near(near) : undefined,
        );
      }
      const count = written.value;
      const shown = count === 0n ? `${provider}:${name}` : `${provider}:${name}:${count}`;
      return [
        {
          kind: 'counter',
          type: provider,
          event: event.name,
          count: count === 0n ? event.defaultCount : count,
          pid: request.pid,
          name: shown,
        },
      ];
    },
  };
}

export const counterRules: readonly ProviderRule[] = [rule('software', 's'), rule('hardware', 'h')];
