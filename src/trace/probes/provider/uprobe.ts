/**
 * Functions of programs and libraries: `uprobe:file:[cpp:]function[+offset]`, `uprobe:file:address`, and
 * `uretprobe:file:[cpp:]function`. The file is a path, a path with `*`, a name from PATH, or `libNAME`.
 */
import { nearestNames } from '../../../text/nearest.ts';
import type { UserFunction } from '../environment.ts';
import { messages } from '../messages.ts';
import type { ProbeTarget } from '../resolved.ts';
import { byName, type ProviderRule, type Request } from '../rule.ts';
import { isPattern, matcher } from '../wildcard.ts';
import { isSplitCopy, parseFunction } from './offset.ts';
import { atSourceLine, splitSource } from './source-line.ts';

const CPP = 'cpp';

function rule(provider: 'uprobe' | 'uretprobe', alias: string): ProviderRule {
  return {
    provider,
    aliases: [alias],
    domain: provider === 'uprobe' ? 'user' : 'none',
    resolve(request) {
      const source = provider === 'uprobe' ? splitSource(request) : undefined;
      if (source) return atSourceLine(request, source);
      const parts = withTarget(request);
      if (parts.length !== 2 && parts.length !== 3) return request.wrongCount(2, 3);
      const [target = ''] = parts;
      const language = parts.length === 3 ? parts[1]! : '';
      const entry = provider === 'uprobe';
      const place = parseFunction(request, parts.at(-1)!, { offset: entry, address: entry });
      if (!place) return [];
      if (place.address !== undefined && isPattern(target)) return request.fail(messages.wildcardAddress());
      if (target === '') return request.fail(messages.userTarget(provider));
      if (language !== '' && language !== CPP) return request.fail(messages.language(language));
      if (place.name === '' && place.address === undefined) {
        return request.fail(messages.userFunction(provider));
      }
      const paths = findBinaries(request, target);
      if (paths.length === 0) return [];
      if (place.address !== undefined) return atAddress(request, paths[0]!, place.address);
      const wanted: Wanted = { name: place.name, offset: place.offset, cpp: language === CPP, target };
      const exact = !wanted.cpp && !isPattern(place.name) && !isPattern(target);
      return exact ? one(request, paths[0]!, wanted) : matching(request, paths, wanted);
    },
  };
}

export const uprobeRules: readonly ProviderRule[] = [rule('uprobe', 'u'), rule('uretprobe', 'ur')];

interface Wanted {
  readonly name: string;
  readonly offset: bigint;
  readonly cpp: boolean;
  readonly target: string;
}

/** A process has an executable: with `-p` it need not be named. */
function withTarget(request: Request): readonly string[] {
  const { parts, pid } = request;
  const left = parts.length === 1 || (parts.length === 2 && parts[0] === CPP);
  if (pid === undefined || !left) return parts;
  return [request.environment.user.executable(pid) ?? '', ...parts];
}

/** Empty after the request was told why. */
export function findBinaries(request: Request, target: string): readonly string[] {
  const { provider, pid } = request;
  const { user } = request.environment;
  if (target === '*') return user.mapped(pid);
  if (!isPattern(target) && target.startsWith('lib') && !target.includes('/')) {
    const library = user.library(target.slice(3), pid);
    if (library !== undefined) return [library];
  }
  const paths = user.binaries(target, pid);
  if (paths.length > 0) {
    if (paths.length === 1 || isPattern(target)) return paths;
    request.warn(messages.severalBinaries(provider, paths[0]!, paths.length));
    return paths.slice(0, 1);
  }
  if (request.tolerant) return request.missing(target, () => []);
  return request.fail(messages.noBinary(provider, target));
}

function atAddress(request: Request, path: string, address: bigint): readonly ProbeTarget[] {
  const fileOffset = request.environment.user.offsetOf(path, address);
  if (fileOffset === undefined) return request.fail(messages.addressOutside(path, address));
  const name = `${request.provider}:${path}:${address}`;
  if (!request.unsafe) {
    const place = `${path}:0x${address.toString(16)}`;
    const holder = holderOf(request.environment.user.functions(path), Number(fileOffset));
    if (!holder) return request.fail(messages.unresolvedAddress(place), messages.useUnsafe());
    const problem = misplaced(request, path, holder, fileOffset - BigInt(holder.fileOffset), place);
    if (problem) return problem;
  }
  const file = request.environment.user.file(path);
  return [{ kind: 'userFunction', path: file, symbol: '', fileOffset, pid: request.pid, name }];
}

function one(request: Request, path: string, wanted: Wanted): readonly ProbeTarget[] {
  const { user } = request.environment;
  const [found] = user.find(path, wanted.name);
  if (found) {
    const place = `${path}:${wanted.name}+${wanted.offset}`;
    const problem =
      outside(request, found, wanted.offset) ?? misplaced(request, path, found, wanted.offset, place);
    return problem ?? [target(request, path, found, wanted)];
  }
  // `ns::f` without `cpp:` can only be meant one way.
  if (wanted.name.includes('::')) return matching(request, [path], { ...wanted, cpp: true });
  return request.missing(`${path}:${wanted.name}`, () => {
    const names = new Set(user.functions(path).map(({ name }) => name));
    return nearestNames(wanted.name, names).map((near) => `${request.provider}:${path}:${near}`);
  });
}

function outside(request: Request, { name, size }: UserFunction, offset: bigint): readonly [] | undefined {
  if (offset === 0n || request.unsafe || size === 0 || offset < BigInt(size)) return undefined;
  return request.fail(messages.offsetOutside(name, offset, size));
}

/** The function that a place of the file lies in. */
function holderOf(functions: readonly UserFunction[], fileOffset: number): UserFunction | undefined {
  return functions.find((each) => each.fileOffset <= fileOffset && fileOffset < each.fileOffset + each.size);
}

/** The kernel puts its breakpoint wherever it is told to, also between the bytes of an instruction. */
function misplaced(
  request: Request,
  path: string,
  { fileOffset }: UserFunction,
  offset: bigint,
  place: string,
): readonly [] | undefined {
  if (offset === 0n || request.unsafe) return undefined;
  const starts = request.environment.user.startsInstruction(path, fileOffset, offset);
  if (starts) return undefined;
  if (starts === false) return request.fail(messages.middleOfInstruction(place));
  return request.fail(messages.unknownInstruction(place), messages.useUnsafe());
}

function matching(request: Request, paths: readonly string[], wanted: Wanted): readonly ProbeTarget[] {
  const { user } = request.environment;
  const fits = matcher(wanted.name);
  const withParameters = wanted.name.includes('(');
  const fitsCpp = (name: string): boolean => {
    if (!name.startsWith('_Z')) return false;
    const plain = user.demangle(name);
    return plain !== undefined && fits(withParameters ? plain : withoutParameters(plain));
  };
  const found = new Map<string, ProbeTarget>();
  for (const path of paths) {
    // Several names of one place would run the program several times.
    const places = new Set<number>();
    for (const each of user.functions(path)) {
      if (isSplitCopy(each.name)) continue;
      if (!fits(each.name) && !(wanted.cpp && fitsCpp(each.name))) continue;
      if (places.has(each.fileOffset)) continue;
      places.add(each.fileOffset);
      const made = target(request, path, each, wanted);
      if (!found.has(made.name)) found.set(made.name, made);
    }
  }
  if (found.size === 0) return request.missing(`${wanted.target}:${wanted.name}`, () => []);
  return [...found.values()].sort(byName);
}

function target(request: Request, path: string, found: UserFunction, wanted: Wanted): ProbeTarget {
  const language = wanted.cpp ? `${CPP}:` : '';
  const offset = wanted.offset === 0n ? '' : `+${wanted.offset}`;
  return {
    kind: 'userFunction',
    path: request.environment.user.file(path),
    symbol: found.name,
    fileOffset: BigInt(found.fileOffset) + wanted.offset,
    pid: request.pid,
    name: `${request.provider}:${path}:${language}${found.name}${offset}`,
  };
}

/** `ns::f<int>(int, char) const` without what follows the name; operators and templates keep theirs. */
export function withoutParameters(name: string): string {
  const end = name.replace(/\s*(const|volatile|&&?|\[clone [^\]]*\])\s*$/, '').trimEnd();
  if (!end.endsWith(')')) return name;
  let depth = 0;
  for (let at = end.length - 1; at >= 0; at--) {
    if (end[at] === ')') depth++;
    else if (end[at] === '(' && --depth === 0) return at === 0 ? name : end.slice(0, at);
  }
  return name;
}
