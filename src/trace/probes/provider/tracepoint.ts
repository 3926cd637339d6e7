/** Tracepoints: `tracepoint:category:event`. */
import { nearestNames } from '../../../text/nearest.ts';
import type { KernelProbes } from '../environment.ts';
import { messages } from '../messages.ts';
import type { ProbeTarget } from '../resolved.ts';
import { byName, type ProviderRule } from '../rule.ts';
import { isPattern, matcher } from '../wildcard.ts';

export const tracepointRule: ProviderRule = {
  provider: 'tracepoint',
  aliases: ['t'],
  domain: 'kernel',
  resolve(request) {
    const { kernel } = request.environment;
    // An event is better known than its category.
    const only = request.parts.length === 1 && isPattern(request.parts[0]!);
    const [category = '', event = ''] = only ? ['*', request.parts[0]] : request.parts;
    if (!only && request.parts.length !== 2) return request.wrongCount(2);
    if (category === '' || event === '') return request.fail(messages.tracepointTarget());
    if (!isPattern(category) && !isPattern(event)) {
      if (kernel.hasTracepoint(category, event)) return [target(category, event)];
      return request.missing(`${category}:${event}`, () => near(kernel, category, event));
    }
    const fits = matcher(`${category}:${event}`);
    const found: ProbeTarget[] = [];
    for (const each of kernel.tracepoints()) {
      const colon = each.indexOf(':');
      if (fits(each)) found.push(target(each.slice(0, colon), each.slice(colon + 1)));
    }
    if (found.length === 0) return request.missing(`${category}:${event}`, () => []);
    return found.sort(byName);
  },
};

function target(category: string, event: string): ProbeTarget {
  return { kind: 'tracepoint', category, event, name: `tracepoint:${category}:${event}` };
}

/** The event in another category first. */
function near(kernel: KernelProbes, category: string, event: string): readonly string[] {
  const all = [...kernel.tracepoints()];
  const elsewhere = all.filter((each) => each.endsWith(`:${event}`)).slice(0, 3);
  const found = elsewhere.length > 0 ? elsewhere : nearestNames(`${category}:${event}`, all);
  return found.map((each) => `tracepoint:${each}`);
}
