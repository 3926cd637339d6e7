/** Tracepoints with their own arguments, by BTF: `rawtracepoint:[module:]event`. */
import { nearestNames } from '../../../text/nearest.ts';
import { messages } from '../messages.ts';
import type { ProbeTarget } from '../resolved.ts';
import { byName, type ProviderRule } from '../rule.ts';
import { isPattern, matcher } from '../wildcard.ts';

export const rawTracepointRule: ProviderRule = {
  provider: 'rawtracepoint',
  aliases: ['rt'],
  domain: 'kernel',
  resolve(request) {
    const { parts } = request;
    const { kernel } = request.environment;
    if (parts.length !== 1 && parts.length !== 2) return request.wrongCount(2, 1);
    const module = parts.length === 2 ? parts[0]! : '*';
    const event = parts.at(-1)!;
    if (event === '') return request.fail(messages.rawTracepointFunction());
    if (!kernel.hasTypes) return request.tolerant ? [] : request.fail(messages.rawTracepointTypes());
    const fitsModule = matcher(module);
    const found: ProbeTarget[] = [];
    if (isPattern(event)) {
      const fits = matcher(event);
      for (const each of kernel.rawTracepoints()) {
        if (fitsModule(each.module) && fits(each.name)) found.push(target(each.module, each.name));
      }
    } else {
      for (const each of kernel.rawTracepointModules(event)) {
        if (fitsModule(each)) found.push(target(each, event));
      }
    }
    if (found.length > 0) return found.sort(byName);
    return request.missing(parts.join(':'), () => {
      const names = new Set<string>();
      for (const { name } of kernel.rawTracepoints()) names.add(name);
      return nearestNames(event, names).map((near) => `rawtracepoint:${near}`);
    });
  },
};

function target(module: string, event: string): ProbeTarget {
  return { kind: 'rawtracepoint', module, event, name: `rawtracepoint:${module}:${event}` };
}
