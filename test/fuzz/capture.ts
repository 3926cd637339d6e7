/**
 * Broken captures: whatever the bytes, the answer is tasks and files or a CaptureError, soon, and nothing is kept.
 *
 *     node --import tsx test/fuzz/capture.ts 1000000 7
 *
 * Checksums would refuse nearly all of it at the door, so half of the seeds are tables as they are inside, put into
 * a container after they were broken.
 */
import { pathToFileURL } from 'node:url';
import { encodeContainer, readContainer } from '../../src/tree/capture/container.ts';
import { CaptureError } from '../../src/tree/capture/errors.ts';
import { readCapture } from '../../src/tree/capture/read.ts';
import { encodeCapture } from '../../src/tree/capture/write.ts';
import { fields, storageOf } from '../../src/tree/fields.ts';
import { FileTable, fileBytes, fileNumbers } from '../../src/tree/files/model.ts';
import { encodeFile, readFileRecords } from '../../src/tree/files/record.ts';
import { type PlainTask, snapshotOf } from '../../src/tree/plain.ts';
import { planReport, writeReport } from '../../src/tree/report.ts';
import { type Chance, type FuzzReport, fuzz, fuzzFromCommandLine, withMutation } from './mutate.ts';

export function seedCapture(): Uint8Array {
  const tasks: PlainTask[] = Array.from({ length: 6 }, (_, i) => ({
    ...{ tid: i + 1, pid: i + 1, vtid: i + 1, rptid: i >> 1, comm: `task-${i >> 1}`, exepath: '/bin/x' },
    ...{ cmdline: `x\0${i}\0`, start_time: BigInt(i) << 40n, rss: 4096n },
    ...(i > 2 ? { cgroup_id: 77n, cgroup: '/system.slice' } : {}),
  }));
  const files = [0, 1, 2].map((fd) =>
    encodeFile({ tid: 1 + (fd & 1), fd, ino: 2n ** 60n, path: Buffer.from(`/tmp/${fd}`) }),
  );
  const host = { hostname: 'h', kernel: '6.1', bootId: 'b', time: 1n, uptime: 1n };
  const table = new FileTable(readFileRecords(Buffer.concat(files)), new Set([3]));
  return encodeCapture(snapshotOf(tasks, host), table);
}

/** Captures of bpftree: a header and records without any checksum. */
export function bpftreeSeeds(): Uint8Array[] {
  const newest = Buffer.alloc(40 + 2 * 1097 + 536);
  newest.writeBigUInt64LE(1n, 8);
  newest.writeBigUInt64LE(2n, 24);
  newest.writeBigUInt64LE(1n, 32);
  for (const [i, at] of [40, 40 + 1097].entries()) {
    newest.writeInt32LE(i + 1, at);
    newest.writeInt32LE(i, at + 28);
    newest.write('name', at + 57);
    newest.write('a\0b\0', at + 585);
  }
  const oldest = Buffer.alloc(14 + 2 * 44);
  oldest.writeUInt16BE(0xeb9f, 0);
  oldest.writeUInt32BE(8, 2);
  oldest.writeUInt32BE(44, 10);
  oldest.writeInt32BE(1, 14);
  oldest.writeInt32BE(2, 58);
  return [newest, oldest];
}

function readAll(bytes: Uint8Array): void {
  const { snapshot, files } = readCapture(bytes);
  for (const field of fields) {
    const kind = storageOf(field);
    if (kind === 'number') snapshot.numbers(field.long as 'tid');
    else if (kind === 'long') snapshot.longs(field.long);
    else snapshot.bytesColumn(field.long);
  }
  const table = files();
  for (const { name } of fileNumbers) table.columns.numbers(name);
  for (const name of fileBytes) table.columns.bytes(name);
  table.rowsOf(1);
  if (snapshot.count === 0 || snapshot.count > 100) return;
  for (const kind of ['tree', 'lineage', 'info'] as const) {
    const plan = planReport(kind, 'tid', String(snapshot.number('tid', 0)));
    writeReport(plan, snapshot, { nameOf: () => undefined }, { out: () => {}, warn: () => {} });
  }
}

function look(bytes: Uint8Array): 'accepted' | 'refused' {
  try {
    readAll(bytes);
    return 'accepted';
  } catch (error) {
    if (error instanceof CaptureError) return 'refused';
    throw error;
  }
}

/** Marks the seeds that are the content of a section, and which one: containers do not begin so. */
const INNER = 0xff;

/** Captures out of chance that most of the reader sees: broken inside a container that is whole. */
export function brokenCaptures(): (chance: Chance) => Uint8Array {
  return (chance) => {
    const [type, content] = sections[chance.below(sections.length)]!;
    let capture = new Uint8Array();
    withMutation(Uint8Array.from(content), chance, (broken) => {
      const others = sections.filter(([other]) => other !== type);
      capture = Uint8Array.from(encodeContainer([...others, [type, Uint8Array.from(broken)]]));
    });
    return capture;
  };
}

function lookInside(bytes: Uint8Array): 'accepted' | 'refused' {
  const type = ['HOST', 'TASK', 'FILE', 'HIDE'][bytes[1] ?? 0];
  if (bytes[0] !== INNER || type === undefined) return look(bytes);
  const others = sections.filter(([other]) => other !== type);
  return look(encodeContainer([...others, [type, bytes.subarray(2)]]));
}

const capture = seedCapture();
const sections = readContainer(capture).sections.map(({ type, content }) => [type, content()] as const);

export function fuzzCaptures(iterations: number, seed: number): FuzzReport {
  const inner = sections.map(([, content], i) => Buffer.concat([Uint8Array.of(INNER, i), content]));
  const seeds = [...inner, capture, ...bpftreeSeeds()].map((bytes) => Uint8Array.from(bytes));
  for (const bytes of seeds) {
    if (lookInside(bytes) === 'refused') {
      throw new Error('an unchanged capture is refused: the fuzz would prove nothing');
    }
  }
  return fuzz(seeds, iterations, seed, lookInside);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) fuzzFromCommandLine(fuzzCaptures);
