/** Lines of the source: `uprobe:file@source.c:12[:7]`. */
import { nearestNames } from '../../../text/nearest.ts';
import { parseUnsigned } from '../../lex/integer.ts';
import type { SourcePlaces } from '../environment.ts';
import { messages } from '../messages.ts';
import type { ProbeTarget } from '../resolved.ts';
import type { Request } from '../rule.ts';
import { isPattern } from '../wildcard.ts';
import { findBinaries } from './uprobe.ts';

export interface SourceRequest {
  readonly target: string;
  readonly file: string;
  /** What follows the file. */
  readonly rest: readonly string[];
}

/** Undefined for an attach point without a source file; a path may have an `@` in its own name. */
export function splitSource({ parts, environment, pid }: Request): SourceRequest | undefined {
  const [whole = '', ...rest] = parts;
  const at = whole.lastIndexOf('@');
  if (at <= 0 || (rest.length > 0 && environment.user.binaries(whole, pid).length > 0)) return undefined;
  return { target: whole.slice(0, at), file: whole.slice(at + 1), rest };
}

export function atSourceLine(
  request: Request,
  { target, file, rest }: SourceRequest,
): readonly ProbeTarget[] {
  if (file === '' || rest.length < 1 || rest.length > 2) return request.fail(messages.sourceFormat());
  const line = numberOf(request, 'line', rest[0]!);
  const column = rest[1] === undefined ? undefined : numberOf(request, 'column', rest[1]);
  if (line === undefined || (rest[1] !== undefined && column === undefined)) return [];
  if (isPattern(target) || isPattern(file)) return request.fail(messages.sourceWildcard());
  const [path] = findBinaries(request, target);
  if (path === undefined) return [];
  const { user } = request.environment;
  const found = user.sourceLine(path, { file, line, column });
  if (found.kind !== 'found') return refused(request, path, [file, ...rest].join(':'), line, found);
  return found.places.map(({ address, fileOffset }) => ({
    kind: 'userFunction',
    path: user.file(path),
    symbol: '',
    fileOffset,
    pid: request.pid,
    name: `${request.provider}:${path}:${address}`,
  }));
}

/** Lines behind this one nobody has. */
const MAX_NUMBER = 0x7fff_ffffn;

function numberOf(request: Request, what: 'line' | 'column', text: string): number | undefined {
  const parsed = parseUnsigned(text);
  if (parsed.error !== undefined) return void request.fail(messages.sourceNumber(what, parsed.error));
  return Number(parsed.value > MAX_NUMBER ? MAX_NUMBER : parsed.value);
}

function refused(
  request: Request,
  path: string,
  place: string,
  line: number,
  found: Exclude<SourcePlaces, { readonly kind: 'found' }>,
): readonly [] {
  switch (found.kind) {
    case 'none':
      return request.fail(messages.sourceNone(path));
    case 'problem':
      return request.fail(messages.sourceProblem(found.message));
    case 'noFile': {
      const near = nearFiles(place.slice(0, place.indexOf(':')), found.files);
      return request.fail(messages.sourceNoFile(place.slice(0, place.indexOf(':'))), near);
    }
    case 'ambiguous':
      return request.fail(messages.sourceAmbiguous(found.files));
    case 'noLine': {
      const below = found.lines.findLast((each) => each < line);
      const above = found.lines.find((each) => each > line);
      const near = [below, above].filter((each) => each !== undefined);
      return request.fail(
        messages.sourceNoLine(place),
        near.length === 0 ? undefined : messages.sourceLines(near),
      );
    }
    case 'noColumn':
      return request.fail(messages.sourceNoLine(place), messages.sourceColumns(line, found.columns));
  }
}

/** Files whose last component is like the one that was asked for. */
function nearFiles(wanted: string, files: readonly string[]): string | undefined {
  const last = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
  const near = nearestNames(last(wanted), new Set(files.map(last)));
  const found = near.map((name) => files.find((file) => last(file) === name)!);
  return found.length === 0 ? undefined : messages.near(found);
}
