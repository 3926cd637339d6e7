/** Where snapshots of this machine come from: the kernel's own walk over its tasks. */
import { readFileSync } from 'node:fs';
import { hostname, release } from 'node:os';
import { type WalkAbilities, walkAbilities } from './abilities.ts';
import { wholeArguments } from './arguments.ts';
import { type Field, findField, storageOf } from './fields.ts';
import { walkTasks } from './kernel-program.ts';
import { commandLines, programPaths } from './late.ts';
import { cgroupPaths } from './lookup.ts';
import { inInitialNamespace, missingParents, taskCount } from './procfs.ts';
import { readRecords } from './record.ts';
import { planFields, type ReportPlan } from './report.ts';
import { Snapshot, type SnapshotHost, type TaskColumns } from './snapshot.ts';
import type { TextColumn } from './walk-text.ts';
import type { Test } from './where/check.ts';
import { pushText } from './where/push.ts';

/** All that must be collected for these fields: themselves, and what others are computed from. */
function withSources(wanted: readonly Field[]): Map<string, Field> {
  const all = new Map<string, Field>();
  const add = (field: Field): void => {
    if (all.has(field.long)) return;
    all.set(field.long, field);
    const { source } = field;
    if (source.kind === 'kernel') return;
    for (const name of [source.of].flat()) add(findField(name)!);
  };
  for (const field of wanted) add(field);
  return all;
}

/**
 * All tasks of the machine (of the caller's pid namespace) now, with these fields; those of the fixed columns
 * are always there. Linux 5.8. Throws what loading a kernel program throws.
 *
 * @param test tasks for which this is false may be left out. Default: none is.
 * @param options `filterFrom`: from how many tasks on the kernel leaves them out; default WORTH_FILTERING.
 * `abilities`: default the running kernel's.
 */
export function readFields(
  wanted: readonly Field[],
  test?: Test,
  options: { readonly filterFrom?: number; readonly abilities?: WalkAbilities } = {},
): Snapshot {
  const { filterFrom = WORTH_FILTERING, abilities = walkAbilities() } = options;
  const all = withSources(wanted);
  const kernel = [...all.values()].filter(({ source }) => source.kind === 'kernel');
  const longs = kernel.filter((field) => storageOf(field) === 'long');
  const texts: TextColumn[] = kernel.flatMap(({ long, source, length }) =>
    length === undefined || source.kind !== 'kernel' ? [] : [{ name: long, path: source.path, length }],
  );
  const filter =
    test === undefined || taskCount() < filterFrom ? undefined : filterOf(test, all.values(), longs);
  const host = thisHost();
  const plan = {
    exepath: abilities.paths && all.has('exepath'),
    cmdline: abilities.userMemory && all.has('cmdline'),
    ...{ longs, texts },
  };
  // Paths of users are many; the fields of the table are worth keeping compiled.
  const keep = filter === undefined && kernel.every(({ long }) => findField(long) !== undefined);
  const { records, layout } = walkTasks({ ...plan, keep, ...(filter === undefined ? {} : { filter }) });
  let columns = readRecords(records, undefined, layout);
  if (filter === undefined) {
    const more = missingParents(columns, layout);
    if (more.length > 0) columns = readRecords(Buffer.concat([records, more]), undefined, layout);
  } else if (hidesTasks(columns)) return readFields(wanted, undefined, options);
  return new Snapshot(withLookups(columns, abilities), host, filter !== undefined);
}

/**
 * Whether the walk leaves out process 1, which every filter lets through: then it leaves out others too, which
 * must be looked for among the parents of all.
 */
function hidesTasks(columns: TaskColumns): boolean {
  return inInitialNamespace() && !columns.numbers('tid').includes(1);
}

/**
 * A filter is a program of its own, which takes 50 to 100 ms to compile, while the program without one is kept from
 * the run before. The walk and its records cost some microseconds a task.
 */
const WORTH_FILTERING = 20_000;

/** A long filter costs the kernel more than it saves. */
const LONGEST_FILTER = 4096;

function filterOf(test: Test, wanted: Iterable<Field>, longs: readonly Field[]): string | undefined {
  // A number of another namespace is found at the thread that carries it, which must not be left out.
  for (const { source } of wanted) if (source.kind === 'namespaced') return undefined;
  const text = pushText(test, longs);
  return text === undefined || text.length > LONGEST_FILTER ? undefined : text;
}

/** The tasks that a report is about, with what it looks at; a tree and a lineage are about all. */
export function readForReport(plan: ReportPlan): Snapshot {
  const { kind, condition, view } = plan;
  const lone = kind === 'info' && view !== 'processes' && condition.kind === 'where';
  return readFields(planFields(plan), lone ? condition.test : undefined);
}

/** What is read from /proc once the walk is done. There numbers are the kernel's in the initial namespace only. */
function withLookups(columns: TaskColumns, { paths, userMemory }: WalkAbilities): TaskColumns {
  const comparable = inInitialNamespace();
  return {
    count: columns.count,
    numbers: (field) => columns.numbers(field),
    longs: (field) => columns.longs?.(field),
    bytes(field) {
      if (field === 'cgroup') {
        const ids = columns.longs?.('cgroup_id');
        return comparable && ids !== undefined ? cgroupPaths(columns.numbers('tid'), ids) : undefined;
      }
      if (field === 'exepath' && !paths && comparable) return programPaths(columns.numbers('tid'));
      if (field === 'cmdline' && !userMemory && comparable) return commandLines(columns.numbers('tid'));
      const column = columns.bytes(field);
      if (field !== 'cmdline' || column === undefined || !comparable) return column;
      return wholeArguments(columns.numbers('tid'), column);
    },
  };
}

function thisHost(): SnapshotHost {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  const time = BigInt(Date.now()) * 1_000_000n;
  // Seconds with two digits behind the point, of CLOCK_BOOTTIME.
  const [seconds = '0', hundredths = '0'] = readFileSync('/proc/uptime', 'latin1').split(/[. ]/);
  const uptime = BigInt(seconds) * 1_000_000_000n + BigInt(hundredths) * 10_000_000n;
  return { bootId, hostname: hostname(), kernel: release(), time, uptime };
}
