/** What the runtime has to say to people. */
import type { AttachError } from '../../kernel/link/errors.ts';

/** The script did not begin; what failed has been said already, or is the message. */
export class ScriptFailure extends Error {
  override readonly name: string = 'ScriptFailure';
  /** Whether the message has been shown. */
  readonly said: boolean;

  constructor(message: string, options: { readonly said?: boolean; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.said = options.said ?? false;
  }
}

export function probeNotAttached(name: string, error: AttachError): string {
  const hint = "If this is expected, set the 'missing_probes' config variable to 'warn'.";
  return `Unable to attach probe: ${name}. ${hint}\n${error.message}`;
}

export function probeSkipped(name: string, error: AttachError): string {
  return `Unable to attach probe: ${name}. Skipping.\n${error.message}`;
}

export const nothingAttached = 'Attachment failed for all probes.';

export function onlyTests(provider: 'test' | 'bench'): string {
  const what = provider === 'test' ? 'test' : 'benchmark';
  return `No probes attached; use --${provider} to run ${what} probes.`;
}

export function probesMissing(errors: readonly AttachError[]): ScriptFailure {
  const [first] = errors;
  return new ScriptFailure(first?.message ?? 'a probe could not be attached', { said: true, cause: first });
}

/** `status` is undefined or null for a command that a signal ended, or that could not be started. */
export function commandFailed(status: number | null | undefined, error: Error | undefined): string {
  if (error !== undefined) return `command could not be run: ${error.message}`;
  return typeof status === 'number'
    ? `command exited with code ${status}`
    : 'child process did not exit normally';
}

export const lostInAll = (count: bigint): string => `Total lost event count: ${count}`;

export function mapFull(map: string, count: bigint): string {
  const updates = count === 1n ? '1 update' : `${count} updates`;
  return (
    `Map full; ${updates} of ${map} found no room. Try increasing max_map_keys config or manually setting the max ` +
    `entries in a map declaration e.g. \`let ${map} = hash(5000)\``
  );
}
