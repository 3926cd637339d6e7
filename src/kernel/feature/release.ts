/** The running kernel's version: for messages and for what no probe can find out. */
import { release } from 'node:os';

/** `[6, 18]` of `6.18.44-cloud`; zeros for text that is no version. */
export function versionOf(text: string): readonly [number, number] {
  const match = /^(\d+)\.(\d+)/.exec(text);
  return [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)];
}

/** Whether a version is older than `since` (`5.8`). */
export function isOlder(version: string, since: string): boolean {
  const [major, minor] = versionOf(version);
  const [wantedMajor, wantedMinor] = versionOf(since);
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}

/** Whether the running kernel calls itself older than `since`. Distributions carry features backwards: probe first. */
export function olderThan(since: string): boolean {
  return isOlder(release(), since);
}

/** `5.4` of the running kernel. */
export function runningVersion(): string {
  return versionOf(release()).join('.');
}
