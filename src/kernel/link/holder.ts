/** Who holds a place that somebody else wants: best effort, since looking asks for CAP_SYS_ADMIN. */
import { SysError } from '../../sys/errors.ts';
import { openProgram } from '../program/program.ts';
import type { LinkDescription } from './describe.ts';
import { linkDescriptions } from './open.ts';

/** `program 12 "count" (link 3)`, with as much of it as can be found out; '' for no ids. */
export function holdersText(programIds: readonly (number | undefined)[]): string {
  const ids = programIds.filter((id): id is number => id !== undefined && id !== 0);
  return ids.length === 0 ? '' : `it is held by ${ids.map((id) => holderText(id)).join(' and ')}`;
}

/** The same for links that the description of fits. */
export function linkHolders(fits: (link: LinkDescription) => boolean): string {
  const found = quietly(() => [...linkDescriptions()].filter(fits)) ?? [];
  return holdersText(found.map(({ programId }) => programId));
}

function holderText(id: number): string {
  const name = quietly(() => {
    const program = openProgram(id);
    try {
      return program.name;
    } finally {
      program.close();
    }
  });
  const link = quietly(() => [...linkDescriptions()].find(({ programId }) => programId === id)?.id);
  const called = name === undefined || name === '' ? '' : ` "${name}"`;
  return `program ${id}${called}${link === undefined ? '' : ` (link ${link})`}`;
}

function quietly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof SysError) return undefined;
    throw error;
  }
}
