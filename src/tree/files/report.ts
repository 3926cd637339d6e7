/** `files`: from a snapshot and the table of open files to lines of text or of JSON. */
import { escapeBytes, escapeText } from '../../text/escape.ts';
import { type JsonValue, jsonBytes, jsonText } from '../../text/json.ts';
import { filesHidden, formatOfFiles, parentMissing } from '../errors.ts';
import { requireField, splitFormat } from '../format.ts';
import { planReport, type ReportOptions, type ReportPlan, type ReportSinks } from '../report.ts';
import { type Row, type Snapshot, ValueState } from '../snapshot.ts';
import { localUsers } from '../users.ts';
import { valueJson, valueText } from '../value.ts';
import { conditionText, nothingMatches, select } from '../walk.ts';
import { deviceText, filesystemName, fileType, layerNames, openFlagNames } from './kind.ts';
import { type FileColumns, FileLayer, type FileTable } from './model.ts';
import { Sockets } from './socket.ts';

export interface FilesOptions extends ReportOptions {
  /** Type, open flags, position, device and socket too; default false. JSON always has them. */
  readonly long?: boolean;
}

/** A request that was checked before anything is read. */
export interface FilesPlan {
  /** Which tasks, and what is looked at of them. */
  readonly tasks: ReportPlan;
  readonly json: boolean;
  readonly long: boolean;
}

/**
 * Checks what the user asked for. Throws TreeError for what is wrong with the condition, then for a format: a
 * descriptor's line has no fields to choose from.
 */
export function planFiles(fieldName: string, value: string, options: FilesOptions = {}): FilesPlan {
  const { format = [], json = false, long = false, ...rest } = options;
  const tasks = planReport('info', fieldName, value, rest);
  if (format.some((one) => splitFormat(one).length > 0)) throw formatOfFiles();
  return { tasks, json, long };
}

/** The tasks whose files are wanted, by tid. Throws TreeError when no task matches. */
export function selectForFiles({ tasks: { condition } }: FilesPlan, snapshot: Snapshot): Row[] {
  const rows = select(snapshot, condition);
  if (rows.length === 0) throw nothingMatches(snapshot, condition);
  return rows;
}

type FileText = (file: Row) => string;

/** A path as it is shown: NA where there is none, TL where it was too long to be kept. */
function pathText(files: FileColumns): FileText {
  const { data, start, length, state } = files.bytes('path');
  return (file) => {
    if (state[file] === ValueState.absent) return 'NA';
    const shown = escapeBytes(data.subarray(start[file]!, start[file]! + length[file]!));
    if (state[file] !== ValueState.cut) return shown;
    return shown === '' ? 'TL' : `${shown}…`;
  };
}

/** bpftree's line, byte for byte. */
function shortLine(files: FileColumns): FileText {
  const path = pathText(files);
  const [fd, ino] = [files.numbers('fd'), files.numbers('ino')];
  const [layer, mountId] = [files.numbers('layer'), files.numbers('mountId')];
  return (file) =>
    `(${fd[file]}): path: ${path(file)}, ino: ${ino[file]}, ` +
    `flags: (${layerNames(layer[file]!).join(', ')}), mount_id: ${mountId[file]}`;
}

const isDevice = (type: string): boolean => type.endsWith('-device');

/** The same line, and what else is known. */
function longLine(files: FileColumns, architecture?: string): FileText {
  const short = shortLine(files);
  const type = fileType(files);
  const sockets = new Sockets(files);
  const [flags, position, size] = [
    files.numbers('openFlags'),
    files.numbers('position'),
    files.numbers('size'),
  ];
  const [dev, rdev, filesystem] = [files.numbers('dev'), files.numbers('rdev'), files.numbers('filesystem')];
  const [deleted, bpfId] = [files.numbers('deleted'), files.numbers('bpfId')];
  return (file) => {
    const kind = type(file);
    let line = `${short(file)}, type: ${kind}, open: (${openFlagNames(flags[file]!, architecture).join(', ')})`;
    line += `, pos: ${position[file]}, size: ${size[file]}, dev: ${deviceText(dev[file]!)}`;
    line += `, fs: ${filesystemName(filesystem[file]!)}`;
    if (isDevice(kind)) line += `, device: ${deviceText(rdev[file]!)}`;
    if (deleted[file] !== 0) line += ', deleted: true';
    if (bpfId[file] !== 0) line += `, bpf_id: ${bpfId[file]}`;
    if (sockets.isSocket(file)) line += `, socket: ${sockets.text(file)}`;
    return line;
  };
}

/** Remembers what was made for a number: a hundred thousand descriptors have few flags, devices and modes. */
function remembered(make: (value: number) => string): (value: number) => string {
  const known = new Map<number, string>();
  return (value) => {
    let text = known.get(value);
    if (text === undefined) known.set(value, (text = make(value)));
    return text;
  };
}

/** Members of the path of a row. */
function pathJson(files: FileColumns): FileText {
  const { data, start, length, state } = files.bytes('path');
  return (file) => {
    const from = start[file]!;
    const bytes = data.subarray(from, from + length[file]!);
    const cut = state[file] === ValueState.cut ? ',"path_truncated":true' : '';
    if (state[file] === ValueState.absent || (cut !== '' && bytes.length === 0)) return `"path":null${cut}`;
    const { text, base64 } = jsonBytes(bytes);
    return `"path":${jsonText(text)}${base64 === undefined ? '' : `,"path_base64":"${base64}"`}${cut}`;
  };
}

/**
 * The members of a descriptor in a JSON line, after those of its task: without braces. Names are stable. Put
 * together as text, because there may be very many of them.
 */
function jsonMembers(files: FileColumns, architecture?: string): FileText {
  const path = pathJson(files);
  const type = fileType(files);
  const sockets = new Sockets(files);
  const [fd, ino, layer] = [files.numbers('fd'), files.numbers('ino'), files.numbers('layer')];
  const [mountId, flags] = [files.numbers('mountId'), files.numbers('openFlags')];
  const [position, size, mode] = [files.numbers('position'), files.numbers('size'), files.numbers('mode')];
  const [dev, rdev, magic] = [files.numbers('dev'), files.numbers('rdev'), files.numbers('filesystem')];
  const [deleted, bpfId] = [files.numbers('deleted'), files.numbers('bpfId')];
  const device = remembered((value) => jsonText(deviceText(value)));
  const filesystem = remembered((value) => jsonText(filesystemName(value)));
  const flagNames = remembered((value) => jsonText(openFlagNames(value, architecture)));
  const layers = remembered((value) => {
    const name = (value & FileLayer.upper) !== 0 ? 'upper' : (value & FileLayer.lower) !== 0 ? 'lower' : '';
    return `${(value & FileLayer.mountable) !== 0}${name === '' ? '' : `,"layer":"${name}"`}`;
  });
  return (file) => {
    const kind = type(file);
    let line = `"fd":${fd[file]},${path(file)},"deleted":${deleted[file] !== 0},"type":${jsonText(kind)}`;
    line += `,"ino":${ino[file]},"mode":${mode[file]},"size":${size[file]},"dev":${device(dev[file]!)}`;
    if (isDevice(kind)) line += `,"device":${device(rdev[file]!)}`;
    line += `,"filesystem":${filesystem(magic[file]!)},"mount_id":${mountId[file]}`;
    line += `,"mountable":${layers(layer[file]!)},"position":${position[file]}`;
    line += `,"flags":${flags[file]},"flag_names":${flagNames(flags[file]!)}`;
    if (bpfId[file] !== 0) line += `,"bpf_id":${bpfId[file]}`;
    if (sockets.isSocket(file)) line += `,"socket":${jsonText(sockets.json(file))}`;
    return line;
  };
}

/**
 * Writes the files of these tasks. Text has one block a task, also where it has none; JSON has one line a
 * descriptor, with the tid, pid and comm of its task. Warnings about missing parents come first, as bpftree
 * has them.
 */
export function writeFiles(
  plan: FilesPlan,
  snapshot: Snapshot,
  rows: readonly Row[],
  files: FileTable,
  sinks: ReportSinks,
): void {
  const { symbols, condition } = plan.tasks;
  for (const row of snapshot.orphans()) {
    sinks.warn(`${symbols.warning} ${parentMissing(snapshot.number('rptid', row))}`);
  }
  for (const row of rows) {
    const tid = snapshot.number('tid', row);
    if (files.hidden.has(tid)) sinks.warn(`${symbols.warning} ${filesHidden(tid)}`);
  }
  if (plan.json) {
    writeJson(snapshot, rows, files, sinks);
    return;
  }
  sinks.out(`${symbols.filesHeader} Task Files for '${escapeText(conditionText(condition))}'`);
  const line = plan.long ? longLine(files.columns, snapshot.host.architecture) : shortLine(files.columns);
  const comm = valueText(snapshot, requireField('comm'), localUsers());
  for (const row of rows) {
    const [tid, pid] = [snapshot.number('tid', row), snapshot.number('pid', row)];
    const name = tid === pid ? `[${comm(row)}]` : `{${comm(row)}}`;
    const reaper = snapshot.number('reaper', row) === 0 ? '' : symbols.reaper;
    sinks.out(`${symbols.filesLine} Files for task ${name}${reaper}(${tid}-${pid}):`);
    const found = files.rowsOf(tid);
    if (files.hidden.has(tid)) sinks.out('The files of this task are not shown by the kernel.');
    else if (found.length === 0) sinks.out('No files found for this task.');
    for (const file of found) sinks.out(line(file));
    sinks.out('');
  }
}

function writeJson(snapshot: Snapshot, rows: readonly Row[], files: FileTable, sinks: ReportSinks): void {
  const comm = valueJson(snapshot, requireField('comm'), localUsers());
  const membersOf = jsonMembers(files.columns, snapshot.host.architecture);
  for (const row of rows) {
    const tid = snapshot.number('tid', row);
    const task: [string, JsonValue][] = [
      ['tid', tid],
      ['pid', snapshot.number('pid', row)],
    ];
    const head = jsonText(new Map([...task, ...comm(row)])).slice(0, -1);
    for (const file of files.rowsOf(tid)) sinks.out(`${head},${membersOf(file)}}`);
  }
}
