/** The tracepoints of the running kernel, as tracefs shows them. All functions take tracefs' mount point. */
import { readFileSync } from 'node:fs';
import { nearestNames } from '../../text/nearest.ts';
import { parseTracepointFormat, type TracepointFormat } from './format.ts';

/** All tracepoints as `CATEGORY:NAME`, in the kernel's order. Throws the error of node:fs. */
export function listTracepoints(tracefs: string): string[] {
  const text = readFileSync(`${tracefs}/available_events`, 'latin1');
  return text.split('\n').filter((line) => line !== '');
}

/** The number that perf_event_open wants, or undefined when there is no such tracepoint. */
export function tracepointId(tracefs: string, category: string, name: string): number | undefined {
  const text = readEventFile(tracefs, category, name, 'id');
  return text === undefined ? undefined : Number(text);
}

/** Fields of a tracepoint's record, or undefined when there is no such tracepoint. */
export function tracepointFormat(
  tracefs: string,
  category: string,
  name: string,
): TracepointFormat | undefined {
  const text = readEventFile(tracefs, category, name, 'format');
  return text === undefined ? undefined : parseTracepointFormat(text);
}

/** Names near one that does not exist: by name in any category first, then by the whole. */
export function suggestTracepoints(tracefs: string): (wanted: string) => readonly string[] {
  return (wanted) => {
    const known = listTracepoints(tracefs);
    const name = wanted.slice(wanted.indexOf(':') + 1);
    const sameName = known.filter((each) => each.slice(each.indexOf(':') + 1) === name);
    return sameName.length > 0 ? sameName.slice(0, 3) : nearestNames(wanted, known);
  };
}

function readEventFile(tracefs: string, category: string, name: string, file: string): string | undefined {
  // These come from what people type: no other directory may be reached.
  if (![category, name].every((part) => /^[\w.-]+$/.test(part) && !part.startsWith('.'))) return undefined;
  try {
    return readFileSync(`${tracefs}/events/${category}/${name}/${file}`, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
