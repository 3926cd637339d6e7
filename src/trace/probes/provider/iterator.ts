/** Walks over kernel objects: `iter:kind[:pin]`. */
import { nearestNames } from '../../../text/nearest.ts';
import { messages } from '../messages.ts';
import { oneEach, type ProviderRule } from '../rule.ts';
import { isPattern } from '../wildcard.ts';

export const iteratorRule: ProviderRule = {
  provider: 'iter',
  aliases: ['it'],
  domain: 'kernel',
  groups: oneEach,
  resolve(request) {
    const [iterator = '', pin] = request.parts;
    if (request.parts.length !== 1 && request.parts.length !== 2) {
      return request.tolerant ? [] : request.fail(messages.iteratorCount());
    }
    if (request.parts.some(isPattern)) {
      return request.tolerant ? [] : request.fail(messages.iteratorWildcard());
    }
    if (iterator === '') return request.fail(messages.iteratorName());
    const { kernel } = request.environment;
    if (!kernel.hasIterator(iterator)) {
      if (request.tolerant) return [];
      const known = kernel.iterators();
      const near = nearestNames(iterator, known).map((each) => `iter:${each}`);
      return request.fail(messages.noIterator(iterator), near.length ? messages.near(near) : undefined);
    }
    return [{ kind: 'iterator', iterator, pin, name: `iter:${iterator}` }];
  },
};
