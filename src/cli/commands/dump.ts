import { resolve } from 'node:path';
import { escapeText } from '../../text/escape.ts';
import { jsonText } from '../../text/json.ts';
import { OutputClosedError, OutputError } from '../../text/output.ts';
import { dumpHost } from '../../tree/capture/host.ts';
import { checkTarget, saveCapture, writeAll } from '../../tree/capture/save.ts';
import { encodeCapture, encodeTasks } from '../../tree/capture/write.ts';
import { fields, findField } from '../../tree/fields.ts';
import { readFilesLater } from '../../tree/files/source.ts';
import { parseFormat } from '../../tree/format.ts';
import { readFields } from '../../tree/source.ts';
import { pictures, plainSymbols } from '../../tree/symbols.ts';
import { type Call, type ExitCode, type Io, UsageError } from '../command.ts';
import { kernelFields, reportFailure, shownTasks } from './report.ts';

/** To standard output, with the errors that all other output has. */
function writeOut(fd: number, bytes: Uint8Array): void {
  try {
    writeAll(fd, bytes);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    if (code === 'EPIPE') throw new OutputClosedError('the reader closed the pipe', { cause: error });
    throw new OutputError('standard output', code, error);
  }
}

export async function run(call: Call, io: Io): Promise<ExitCode> {
  const symbols = call.has('no-pretty') ? plainSymbols : pictures;
  const [name = ''] = call.words;
  const toStdout = name === '-';
  if (toStdout && process.stdout.isTTY) {
    throw new UsageError('a capture is not text: standard output is a terminal', 'dump');
  }
  if (name === '') throw new UsageError('the name of the output file is empty', 'dump');
  try {
    const path = resolve(name);
    // Before the work: nobody wants to wait for this answer.
    if (!toStdout) checkTarget(path);
    const { kernelField } = await kernelFields(call);
    const paths = parseFormat(call.values('format'), kernelField).filter(
      (field, i, all) =>
        findField(field.long) === undefined && all.findIndex(({ long }) => long === field.long) === i,
    );
    const filesOf = readFilesLater();
    const snapshot = shownTasks(call, readFields([...fields, ...paths]));
    const tasks = encodeTasks(snapshot, paths);
    const files = await filesOf(snapshot);
    const bytes = encodeCapture(snapshot, files, dumpHost(snapshot.host), paths, tasks);
    if (toStdout) writeOut(io.out.fd, bytes);
    else saveCapture(path, bytes);
    const counts = { tasks: snapshot.count, files: files.columns.count, bytes: bytes.length };
    // What the reader of standard output gets is the capture, and nothing else.
    const say = (line: string): void => (toStdout ? io.err : io.out).line(line);
    if (call.has('json')) say(jsonText({ capture: toStdout ? '-' : path, ...counts }));
    else if (!toStdout) say(`${symbols.infoLine} Capture correctly dumped: ${escapeText(path)}`);
    return 0;
  } catch (error) {
    return reportFailure(error, symbols.error, io);
  }
}
