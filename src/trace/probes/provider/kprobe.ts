/** Kernel functions: `kprobe:[module:]function[+offset]`, an address with --unsafe, `kretprobe:[module:]function`. */
import { nearestNames } from '../../../text/nearest.ts';
import type { KernelProbes } from '../environment.ts';
import { messages } from '../messages.ts';
import type { ProbeTarget } from '../resolved.ts';
import { byName, type ProviderRule, type Request } from '../rule.ts';
import { isPattern, matcher } from '../wildcard.ts';
import { isSplitCopy, parseFunction } from './offset.ts';

function rule(provider: 'kprobe' | 'kretprobe', alias: string): ProviderRule {
  return {
    provider,
    aliases: [alias],
    domain: provider === 'kprobe' ? 'kernel' : 'none',
    resolve(request) {
      const { parts } = request;
      if (parts.length !== 1 && parts.length !== 2) return request.wrongCount(1, 2);
      const module = parts.length === 2 ? parts[0]! : '';
      const entry = provider === 'kprobe';
      const place = parseFunction(request, parts.at(-1)!, { offset: entry, address: entry });
      if (!place) return [];
      if (place.address !== undefined) return atAddress(request, place.address);
      if (place.name === '') return request.fail(messages.noKernelFunction());
      if (isPattern(module) || isPattern(place.name)) return matching(request, module, place.name);
      return [...one(request, module, place.name, Number(place.offset))];
    },
  };
}

export const kprobeRules: readonly ProviderRule[] = [rule('kprobe', 'k'), rule('kretprobe', 'kr')];

function atAddress(request: Request, address: bigint): readonly ProbeTarget[] {
  if (!request.unsafe) return request.fail(messages.addressIsUnsafe());
  const name = `${request.provider}:${address}`;
  return [{ kind: 'kernelFunction', symbol: '', offset: 0, address, name }];
}

function one(request: Request, module: string, symbol: string, offset: number): readonly ProbeTarget[] {
  const { kernel } = request.environment;
  const text = module === '' ? symbol : `${module}:${symbol}`;
  if (module !== '' && module !== 'vmlinux' && !kernel.isModuleLoaded(module)) {
    return request.fail(messages.moduleNotLoaded(module, `${request.provider}:${text}`));
  }
  if (!kernel.hasFunction(symbol, module === '' ? undefined : module)) {
    return request.missing(text, () => near(kernel, request.provider, symbol));
  }
  const name = `${request.provider}:${text}${offset === 0 ? '' : `+${offset}`}`;
  return [{ kind: 'kernelFunction', ...(module === '' ? {} : { module }), symbol, offset, name }];
}

function matching(request: Request, module: string, pattern: string): readonly ProbeTarget[] {
  const { kernel } = request.environment;
  const fits = matcher(pattern);
  const fitsModule = module === '' ? undefined : matcher(module);
  const found = new Map<string, ProbeTarget>();
  for (const each of kernel.functions()) {
    if (fitsModule && !fitsModule(each.module)) continue;
    if (!fits(each.name) || isSplitCopy(each.name)) continue;
    // Without a module the kernel finds the name wherever it is.
    const text = fitsModule ? `${each.module}:${each.name}` : each.name;
    const name = `${request.provider}:${text}`;
    if (found.has(name)) continue;
    const owner = fitsModule ? { module: each.module } : {};
    found.set(name, { kind: 'kernelFunction', ...owner, symbol: each.name, offset: 0, name });
  }
  if (found.size === 0) {
    return request.missing(module === '' ? pattern : `${module}:${pattern}`, () => []);
  }
  return [...found.values()].sort(byName);
}

/** The same function under another name first: `sys_openat` is `__x64_sys_openat` today. */
function near(kernel: KernelProbes, provider: string, wanted: string): readonly string[] {
  const names = new Set<string>();
  for (const { name } of kernel.functions()) names.add(name);
  const wrapped = [...names]
    .filter((name) => name.endsWith(`_${wanted}`) && name.startsWith('__'))
    .slice(0, 2);
  const alike = nearestNames(wanted, names);
  return [...new Set([...wrapped, ...alike])].slice(0, 3).map((name) => `${provider}:${name}`);
}
