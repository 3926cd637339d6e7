/** Where snapshots of this machine come from: the kernel's own walk over its tasks. */
import { readFileSync } from 'node:fs';
import { hostname, release } from 'node:os';
import type { FieldName } from './fields.ts';
import { walkTasks } from './kernel-program.ts';
import { missingParents } from './procfs.ts';
import { readRecords } from './record.ts';
import type { ReportPlan } from './report.ts';
import { Snapshot, type SnapshotHost } from './snapshot.ts';

/** True if the report shows or tests this field. */
function needs(plan: ReportPlan, name: FieldName): boolean {
  return plan.json || [plan.condition.field, ...plan.format].some((field) => field.long === name);
}

/**
 * All tasks of the machine (of the caller's pid namespace) now. Linux 5.10; command lines 5.18.
 * Throws what loading a kernel program throws.
 */
export function readTasks(plan: ReportPlan): Snapshot {
  const records = walkTasks({ exepath: needs(plan, 'exepath'), cmdline: needs(plan, 'cmdline') });
  const columns = readRecords(records);
  const more = missingParents(columns);
  return new Snapshot(more.length === 0 ? columns : readRecords(Buffer.concat([records, more])), thisHost());
}

function thisHost(): SnapshotHost {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return { bootId, hostname: hostname(), kernel: release(), time: BigInt(Date.now()) * 1_000_000n };
}
