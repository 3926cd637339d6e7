/**
 * Who hangs below whom. bpftree's view has every thread as a child of the real parent of its process; two others
 * are what people know from pstree and htop.
 */
import { orderedFamily } from './family.ts';
import type { Row, Snapshot } from './snapshot.ts';

/**
 * - `tasks`: every thread is a node, below its real parent;
 * - `threads`: a thread hangs below the leader of its process;
 * - `processes`: no threads; what a thread has started hangs below its process.
 */
export type ViewKind = 'tasks' | 'threads' | 'processes';

/** The relations of a view. Each task has one parent at most; children are in the order of their tids. */
export interface Family {
  includes(row: Row): boolean;
  parentOf(row: Row): Row | undefined;
  firstChild(row: Row): Row | undefined;
  nextSibling(row: Row): Row | undefined;
}

export function familyOf(snapshot: Snapshot, kind: ViewKind): Family {
  if (kind === 'tasks') {
    return {
      includes: () => true,
      parentOf: (row) => snapshot.parentOf(row),
      firstChild: (row) => snapshot.firstChild(row),
      nextSibling: (row) => snapshot.nextSibling(row),
    };
  }
  const includes = (row: Row): boolean => kind === 'threads' || hasNoLeader(snapshot, row);
  const parents = new Int32Array(snapshot.count).fill(-1);
  for (const row of snapshot.order) {
    if (includes(row)) parents[row] = parentIn(snapshot, kind, row) ?? -1;
  }
  return { includes, ...orderedFamily(snapshot.order, parents) };
}

/** The leader of a task's process, where it is another task of the snapshot. */
function leaderOf(snapshot: Snapshot, row: Row): Row | undefined {
  const leader = snapshot.isLeader(row) ? undefined : snapshot.rowOf(snapshot.number('pid', row));
  return leader === row ? undefined : leader;
}

/** A thread whose leader is missing stands for its process: it must not vanish. */
function hasNoLeader(snapshot: Snapshot, row: Row): boolean {
  return leaderOf(snapshot, row) === undefined;
}

function parentIn(snapshot: Snapshot, kind: 'threads' | 'processes', row: Row): Row | undefined {
  const leader = leaderOf(snapshot, row);
  if (kind === 'threads' && leader !== undefined) return leader;
  const parent = snapshot.parentOf(row);
  if (parent === undefined || kind === 'threads') return parent;
  return leaderOf(snapshot, parent) ?? parent;
}
