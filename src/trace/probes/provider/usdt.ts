/**
 * Probes that programs declare themselves: `usdt:file:[namespace:]name`. `*` as the file means every running
 * process; with `-p` it may be left out, and libraries that the process has mapped are looked at too.
 */
import { resolve as absolute } from 'node:path';
import type { UsdtNote } from '../../../elf/usdt.ts';
import { splitUsdtArguments } from '../../../elf/usdt-arguments.ts';
import { nearestNames } from '../../../text/nearest.ts';
import { messages } from '../messages.ts';
import type { ProbeTarget } from '../resolved.ts';
import { byName, type ProviderRule, type Request } from '../rule.ts';
import { isPattern, matcher } from '../wildcard.ts';
import { findBinaries } from './uprobe.ts';

export const usdtRule: ProviderRule = {
  provider: 'usdt',
  aliases: ['U'],
  domain: 'user',
  resolve(request) {
    const { user } = request.environment;
    const short = request.pid !== undefined && request.parts.length === 1;
    const parts = short ? ['', ...request.parts] : request.parts;
    if (parts.length !== 2 && parts.length !== 3) return request.wrongCount(2, 3);
    const [target = ''] = parts;
    const namespace = parts.length === 3 ? parts[1]! : '*';
    const probe = parts.at(-1)!;
    if (probe === '') return request.fail(messages.usdtFunction());
    const paths = pathsOf(request, target);
    if (paths === undefined) return [];
    const fitsNamespace = matcher(namespace === '' ? '*' : namespace);
    const fits = matcher(probe);
    const found: ProbeTarget[] = [];
    let unmapped: UsdtNote | undefined;
    for (const path of paths) {
      for (const note of user.usdt(path)) {
        if (!fitsNamespace(note.provider) || !fits(note.name)) continue;
        if (note.fileOffset === undefined) unmapped = note;
        else found.push(targetOf(request, path, note, note.fileOffset));
      }
    }
    if (found.length > 0) return found.sort(byName);
    if (unmapped) return request.fail(messages.usdtUnmapped(`${unmapped.provider}:${unmapped.name}`));
    const near = (): readonly string[] => {
      const names = new Set(paths.flatMap((path) => user.usdt(path).map((note) => note.name)));
      const prefix = target === '' ? 'usdt:' : `usdt:${target}:`;
      return nearestNames(probe, names).map((name) => `${prefix}${name}`);
    };
    const named = target === '' ? probe : `${target}:${probe}`;
    return request.missing(named, near, request.parts.some(isPattern));
  },
};

/** Undefined after the request was told why there are none. */
function pathsOf(request: Request, target: string): readonly string[] | undefined {
  const { user } = request.environment;
  const { pid } = request;
  if (pid !== undefined) {
    const mapped = user.mapped(pid);
    if (target === '' || target === '*') return mapped;
    const fits = matcher(`*${isPattern(target) ? target : absolute(target)}`);
    const chosen = mapped.filter(fits);
    if (chosen.length > 0) return chosen;
  }
  if (target === '') return void request.fail(messages.usdtTarget());
  const paths = findBinaries(request, target);
  return paths.length === 0 && target !== '*' ? undefined : paths;
}

function targetOf(request: Request, path: string, note: UsdtNote, fileOffset: number): ProbeTarget {
  return {
    kind: 'usdt',
    path: request.environment.user.file(path),
    namespace: note.provider,
    probeName: note.name,
    fileOffset: BigInt(fileOffset),
    semaphoreOffset: BigInt(note.semaphoreOffset ?? 0),
    argumentSpecs: splitUsdtArguments(note.arguments),
    pid: request.pid,
    name: `usdt:${path}:${note.provider}:${note.name}`,
  };
}
