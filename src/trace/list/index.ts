/**
 * What `bpfkit trace -l` prints, as lines: `listFor` for a pattern, `listResolved` for a script. The machine's own
 * lists are read when they are needed, so that a list of tracepoints is there at once.
 */
import { readFileSync } from 'node:fs';
import { moduleTypes } from '../../kernel/module-types.ts';
import { tracefs } from '../../kernel/mounts.ts';
import { DebugPrograms } from '../../kernel/symbol/debug-info.ts';
import { vmlinux } from '../../kernel/vmlinux.ts';
import type { ProbeEnvironment } from '../probes/environment.ts';
import { machineProbes } from '../probes/machine.ts';
import { userProbes } from '../probes/user.ts';
import { type ListOptions, listProbes } from './list.ts';
import { type ParameterSource, parametersOf } from './parameters.ts';
import { isTypePattern, listTypes } from './structs.ts';
import { userParameters } from './user-parameters.ts';

export { listResolved } from './script.ts';

export interface ListRequest {
  readonly pid?: number | undefined;
  /** `-v`: parameters and definitions. */
  readonly verbose?: boolean | undefined;
  /** Default: the running machine. */
  readonly environment?: ProbeEnvironment | undefined;
}

/**
 * Lines for patterns of probes or types with commas between them, in their order; '' means everything of the kernel.
 * Throws KernelError without BTF for types.
 */
export function listFor(patterns: string, request: ListRequest = {}): string[] {
  const { verbose = false } = request;
  const options = listOptions(request);
  return patterns.split(',').flatMap((part) => {
    const pattern = part.trim();
    if (isTypePattern(pattern)) return listTypes(pattern, vmlinux(), verbose);
    return listProbes(pattern, request.environment ?? machineProbes(), options);
  });
}

/** For `listResolved`. */
export function listOptions({ pid, verbose }: ListRequest): ListOptions {
  return {
    pid,
    ...(verbose ? { parameters: (provider, place) => parametersOf(machineParameters, provider, place) } : {}),
  };
}

let ofPrograms: ReturnType<typeof userParameters> | undefined;

function programParameters(): ReturnType<typeof userParameters> {
  const debug = new DebugPrograms();
  return userParameters(userProbes(debug), debug);
}

/** Of the running machine; what cannot be read is not known. */
export const machineParameters: ParameterSource = {
  types(module) {
    try {
      return moduleTypes(module);
    } catch {
      return undefined; // a kernel without BTF
    }
  },
  userParameters: (path, name) => (ofPrograms ??= programParameters())(path, name),
  tracepointFormat(category, event) {
    if (![category, event].every((part) => /^[\w-][\w.-]*$/.test(part))) return undefined;
    try {
      return readFileSync(`${tracefs()}/events/${category}/${event}/format`, 'latin1');
    } catch {
      return undefined;
    }
  },
};

/** What is said before a list for a word that looks like a path which does not exist. */
export function missingFileWarning(pattern: string): string {
  return `It appears that '${pattern}' is a filename but the file does not exist. Treating '${pattern}' as a search pattern.`;
}

/** Whether somebody probably meant a file: it ends as scripts do, or has a directory, and is no attach point. */
export function looksLikeFile(pattern: string): boolean {
  return (
    !pattern.includes(':') && !pattern.includes('*') && (pattern.includes('/') || /\.(bt|bpf)$/.test(pattern))
  );
}
