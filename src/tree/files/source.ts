/** The open files of this machine: the kernel's walk, and /proc for what the walk does not show. */
import { inInitialNamespace } from '../procfs.ts';
import type { Row, Snapshot } from '../snapshot.ts';
import { walkFiles } from './kernel-program.ts';
import { FileTable } from './model.ts';
import { filesFromProc } from './procfs.ts';
import { readFileRecords } from './record.ts';

/**
 * The descriptors of these tasks (default: of all) now. Only a task with a table of its own has any: the leader
 * of a process, or a thread that shares the table with nobody. Linux 5.10. Throws what loading a kernel program
 * throws.
 */
export function readFiles(snapshot: Snapshot, rows?: readonly Row[]): FileTable {
  const tids = snapshot.numbers('tid');
  const records = walkFiles(rows?.map((row) => tids[row]!));
  const files = new FileTable(readFileRecords(records));
  const more = hiddenFiles(snapshot, rows ?? snapshot.order, files);
  return more.length === 0 ? files : new FileTable(readFileRecords(Buffer.concat([records, ...more])));
}

/** Leaders without any descriptor: kernel threads have none in /proc either, hidden processes have. */
function hiddenFiles(snapshot: Snapshot, rows: Iterable<Row>, files: FileTable): Uint8Array[] {
  const tids = snapshot.numbers('tid');
  const records: Uint8Array[] = [];
  let allowed: boolean | undefined;
  for (const row of rows) {
    const tid = tids[row]!;
    if (!snapshot.isLeader(row) || files.rowsOf(tid).length > 0) continue;
    allowed ??= inInitialNamespace();
    if (!allowed) break;
    records.push(...filesFromProc(tid));
  }
  return records;
}
