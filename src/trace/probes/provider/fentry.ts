/**
 * Kernel functions by trampoline: `fentry:[module:]function`, and functions of BPF programs:
 * `fentry:bpf[:id]:function`. The program is loaded for its place, so there is one for each.
 */
import { nearestNames } from '../../../text/nearest.ts';
import { parseUnsigned } from '../../lex/integer.ts';
import { messages } from '../messages.ts';
import type { ProbeTarget } from '../resolved.ts';
import { byName, oneEach, type ProviderRule, type Request } from '../rule.ts';
import { isPattern, matcher } from '../wildcard.ts';
import { isSplitCopy } from './offset.ts';

function rule(provider: 'fentry' | 'fexit', aliases: readonly string[]): ProviderRule {
  return {
    provider,
    aliases,
    domain: provider === 'fentry' ? 'kernel' : 'none',
    groups: oneEach,
    resolve(request) {
      const { parts } = request;
      if (parts.length < 1 || parts.length > 3) return request.wrongCount(1, 3);
      if (parts[0] === 'bpf') return ofProgram(request);
      if (parts.length === 3) return request.fail(messages.onlyBpf());
      const module = parts.length === 2 ? parts[0]! : '';
      const name = parts.at(-1)!;
      if (name === '') return request.fail(messages.fentryFunction());
      if (!request.environment.kernel.hasTypes) {
        return request.tolerant ? [] : request.fail(messages.fentryTypes());
      }
      if (isPattern(module) || isPattern(name)) return matching(request, module, name);
      return one(request, module, name);
    },
  };
}

export const fentryRules: readonly ProviderRule[] = [
  rule('fentry', ['f', 'kfunc']),
  rule('fexit', ['fr', 'kretfunc']),
];

function one(request: Request, module: string, name: string): readonly ProbeTarget[] {
  const { kernel } = request.environment;
  const modules = kernel.typedFunctionModules(name).filter((each) => module === '' || each === module);
  const [found] = modules;
  if (found === undefined) {
    return request.missing(module === '' ? name : `${module}:${name}`, () => {
      const names = new Set<string>();
      for (const each of kernel.typedFunctions()) names.add(each.name);
      return nearestNames(name, names).map((near) => `${request.provider}:${near}`);
    });
  }
  if (modules.length > 1) return request.fail(messages.fentryAmbiguous(name));
  return [target(request, found, name)];
}

function matching(request: Request, module: string, pattern: string): readonly ProbeTarget[] {
  const fits = matcher(pattern);
  const fitsModule = matcher(module === '' ? '*' : module);
  const found = new Map<string, ProbeTarget>();
  for (const each of request.environment.kernel.typedFunctions()) {
    if (!fitsModule(each.module) || !fits(each.name) || isSplitCopy(each.name)) continue;
    const made = target(request, each.module, each.name);
    found.set(made.name, made);
  }
  if (found.size === 0) return request.missing(module === '' ? pattern : `${module}:${pattern}`, () => []);
  return [...found.values()].sort(byName);
}

function target(request: Request, module: string, symbol: string): ProbeTarget {
  const name = `${request.provider}:${module}:${symbol}`;
  return { kind: 'kernelFunction', module, symbol, offset: 0, name };
}

function ofProgram(request: Request): readonly ProbeTarget[] {
  const { parts, provider } = request;
  if (parts.length === 1) return request.fail(messages.bpfName());
  const wanted = parts.length === 3 ? parts[1]! : '*';
  const id = wanted === '*' ? undefined : parseUnsigned(wanted).value;
  if (wanted !== '*' && id === undefined) return request.fail(messages.bpfId());
  const pattern = parts.at(-1)!;
  if (pattern === '') return request.fail(messages.fentryFunction());
  const fits = matcher(pattern);
  const programs = request.environment.kernel.programs();
  const found = programs
    .filter(({ programId, name }) => fits(name) && (id === undefined || BigInt(programId) === id))
    .map(({ programId, name, btfId, parameters }): ProbeTarget => {
      return {
        kind: 'bpfProgram',
        programId,
        function: name,
        btfId,
        parameters,
        name: `${provider}:bpf:${programId}:${name}`,
      };
    });
  if (found.length > 0) return found;
  return request.missing(parts.join(':'), () =>
    nearestNames(pattern, new Set(programs.map(({ name }) => name))).map((near) => `${provider}:bpf:${near}`),
  );
}
