/**
 * `-l`: the probes that a pattern matches, one line each, by provider and then by name.
 *
 * `kprobe:vfs_*` is a provider and what to look for; `*:read` looks with every provider of the kernel; a word
 * alone is looked for with all of them, unless it is a provider's name. Programs are only looked into where the
 * provider, the file or the process is named, since there is no end of them.
 */
import type { ProbeEnvironment } from '../probes/environment.ts';
import { counterEvents } from '../probes/events.ts';
import { timeUnits } from '../probes/provider/timer.ts';
import { findRule, matchingRules } from '../probes/providers.ts';
import type { Provider } from '../probes/resolved.ts';
import { isPattern, matcher } from '../probes/wildcard.ts';

export interface ListOptions {
  /** `-p` */
  readonly pid?: number | undefined;
  /** What stands below a line with `-v`; default: nothing. */
  readonly parameters?: ((provider: Provider, place: string) => readonly string[]) | undefined;
}

/** The lines; none where nothing matches. Throws the errors of the file system where the kernel's lists are. */
export function listProbes(
  pattern: string,
  environment: ProbeEnvironment,
  options: ListOptions = {},
): string[] {
  const { type, search } = split(pattern);
  const lines: string[] = [];
  for (const provider of providersOf(type, search, environment, options.pid)) {
    for (const place of places(provider, search, environment, options.pid)) {
      lines.push(`${provider}:${place}`);
      for (const parameter of options.parameters?.(provider, place) ?? []) lines.push(`    ${parameter}`);
    }
  }
  return lines;
}

function split(pattern: string): { readonly type: string; readonly search: string } {
  const colon = pattern.indexOf(':');
  if (colon >= 0) return { type: pattern.slice(0, colon) || '*', search: pattern.slice(colon + 1) || '*' };
  if (pattern === '') return { type: '*', search: '*' };
  return findRule(pattern) ? { type: pattern, search: '*' } : { type: '*', search: pattern };
}

function providersOf(
  type: string,
  search: string,
  { user }: ProbeEnvironment,
  pid: number | undefined,
): readonly Provider[] {
  const named = isPattern(type) ? undefined : findRule(type);
  if (!isPattern(type)) return named ? [named.provider] : [];
  const file = search.slice(0, Math.max(0, search.indexOf(':')));
  const inPrograms =
    pid !== undefined || (file !== '' && !isPattern(file) && user.binaries(file, pid).length > 0);
  const kernel = matchingRules(type, 'kernel');
  const found = inPrograms ? [...kernel, ...matchingRules(type, 'user')] : kernel;
  return found.map(({ provider }) => provider).sort();
}

/** What stands behind the provider, in the order of bytes, each once. */
function places(
  provider: Provider,
  search: string,
  { kernel, user }: ProbeEnvironment,
  pid: number | undefined,
): readonly string[] {
  const parts = search.split(':');
  // What the places of a provider begin with is not asked for where people leave it out.
  const whole = parts.length > 1 ? search : `*:${search}`;
  switch (provider) {
    case 'kprobe':
    case 'kretprobe':
      return kernelPlaces(kernel.functions(), search, parts.length > 1);
    case 'fentry':
    case 'fexit':
      if (parts[0] === 'bpf') {
        const inProgram = parts.length > 2 ? search : `bpf:*:${parts[1] ?? '*'}`;
        return sorted(
          map(kernel.programs(), ({ programId, name }) => `bpf:${programId}:${name}`),
          inProgram,
        );
      }
      return kernelPlaces(kernel.typedFunctions(), whole, true);
    case 'tracepoint':
      return sorted(kernel.tracepoints(), whole);
    case 'rawtracepoint':
      return kernelPlaces(kernel.rawTracepoints(), whole, true);
    case 'iter':
      return sorted(kernel.iterators(), search);
    case 'software':
    case 'hardware': {
      const names = counterEvents[provider].flatMap(({ name, alias }) => (alias ? [name, alias] : [name]));
      return once(sorted(names, parts[0]!).map((name) => `${name}:`));
    }
    case 'profile':
    case 'interval':
      return sorted(timeUnits, parts[0]!).map((unit) => `${unit}:`);
    case 'self':
      return sorted(['signal:SIGUSR1'], search);
    case 'uprobe':
    case 'uretprobe': {
      const { files, rest } = filesOf(parts, user, pid);
      const fits = matcher(rest.join(':'));
      return once(
        files.flatMap((path) =>
          user
            .functions(path)
            .filter(({ name }) => fits(name))
            .map(({ name }) => `${path}:${name}`),
        ),
      );
    }
    case 'usdt': {
      const { files, rest } = filesOf(parts, user, pid);
      const fits = matcher(rest.length > 1 ? rest.join(':') : `*:${rest[0] ?? '*'}`);
      return once(
        files.flatMap((path) =>
          user
            .usdt(path)
            .map((note) => `${note.provider}:${note.name}`)
            .filter(fits)
            .map((probe) => `${path}:${probe}`),
        ),
      );
    }
    default:
      return [];
  }
}

function kernelPlaces(
  functions: Iterable<{ readonly module: string; readonly name: string }>,
  search: string,
  withModule: boolean,
): readonly string[] {
  return sorted(
    map(functions, ({ module, name }) => (withModule ? `${module}:${name}` : name)),
    search,
  ).filter((place) => !place.includes('.part.'));
}

/** A file, or what a process has mapped; then what to look for in it. */
function filesOf(
  parts: readonly string[],
  user: ProbeEnvironment['user'],
  pid: number | undefined,
): { readonly files: readonly string[]; readonly rest: readonly string[] } {
  const [file = '*', ...rest] = parts.length > 1 ? parts : ['*', ...parts];
  if (file === '*' || file === '') return { files: user.mapped(pid), rest };
  const library =
    file.startsWith('lib') && !file.includes('/') ? user.library(file.slice(3), pid) : undefined;
  const found = library === undefined ? user.binaries(file, pid) : [library];
  return { files: isPattern(file) ? found : found.slice(0, 1), rest };
}

function* map<T>(values: Iterable<T>, text: (value: T) => string): Generator<string> {
  for (const value of values) yield text(value);
}

function sorted(values: Iterable<string>, pattern: string): readonly string[] {
  const fits = matcher(pattern);
  const found: string[] = [];
  for (const value of values) if (fits(value)) found.push(value);
  return once(found);
}

function once(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
