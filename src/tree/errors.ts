/** What the process tree says when something is wrong. The first lines are bpftree's, word for word. */
import { escapeText } from '../text/escape.ts';

/** The bytes from the kernel are not whole task records: a defect of the program that wrote them. */
export class TaskRecordError extends Error {
  override readonly name: string = 'TaskRecordError';
  /** Bytes from the start of the iteration to the record. */
  readonly offset: number;
  constructor(offset: number, problem: string) {
    super(`task record at byte ${offset}: ${problem}`);
    this.offset = offset;
  }
}

export function recordTooShort(offset: number, size: number, least: number): TaskRecordError {
  return new TaskRecordError(offset, `its size is ${size}, less than the fixed part of ${least} bytes`);
}

export function recordBeyondEnd(offset: number, size: number, end: number): TaskRecordError {
  return new TaskRecordError(offset, `${size} bytes are needed, but the data ends at byte ${end}`);
}

export function recordLengths(offset: number, size: number, sum: number): TaskRecordError {
  return new TaskRecordError(offset, `its size is ${size}, but its parts are ${sum} bytes`);
}

/** What the user asked for cannot be done; `code` is stable, `nearest` are names that may have been meant. */
export class TreeError extends Error {
  override readonly name: string = 'TreeError';
  readonly code:
    | 'unknown-field'
    | 'unknown-format-field'
    | 'format-syntax'
    | 'format-of-files'
    | 'no-match'
    | 'condition'
    | 'path';
  readonly nearest: readonly string[];
  constructor(code: TreeError['code'], message: string, nearest: readonly string[] = []) {
    super(message);
    this.code = code;
    this.nearest = nearest;
  }
}

export function unknownField(name: string, nearest: readonly string[]): TreeError {
  return new TreeError('unknown-field', `invalid field name '${escapeText(name)}'`, nearest);
}

export function unknownFormatField(name: string, nearest: readonly string[]): TreeError {
  return new TreeError(
    'unknown-format-field',
    `invalid field name in the format fields '${escapeText(name)}'`,
    nearest,
  );
}

export function formatSyntax(value: string): TreeError {
  return new TreeError('format-syntax', `misplaced quote in the format '${escapeText(value)}'`);
}

export function formatOfFiles(): TreeError {
  return new TreeError('format-of-files', "format fields are not yet supported for 'files,fds' command");
}

/** @param advice a second line; default none. */
export function noTasks(condition: string, advice?: string): TreeError {
  const message = `There are no tasks with '${escapeText(condition)}' in the system`;
  return new TreeError('no-match', advice === undefined ? message : `${message}\n${advice}`);
}

/** A number that only is one in a pid namespace, as people in a container know it. */
export function numberOfNamespace(long: string, own: string, value: string, count: number): string {
  const tasks = count === 1 ? 'one task has' : `${count} tasks have`;
  return `'${long}' is the number on the whole machine; in a pid namespace of its own ${tasks} '${own} ${value}'`;
}

export function filesHidden(tid: number): string {
  return `the kernel does not show the open files of the task with tid '${tid}', although it has some`;
}

export function parentMissing(tid: number): string {
  return `Parent with tid '${tid}' not found in the table during children computation`;
}

export function lineageParentMissing(tid: number): string {
  return `cannot find the parent with tid '${tid}' during lineage reconstruction`;
}

export function lineageCycle(tid: number): string {
  return `the parents of the task with tid '${tid}' form a cycle: the lineage ends here`;
}

export function pathSyntax(path: string): TreeError {
  return new TreeError(
    'path',
    `'${escapeText(path)}' is no path of a kernel field, as in mm.total_vm or signal.rlim[7].rlim_cur`,
  );
}

export function pathUnknown(path: string, step: string, of: string, nearest: readonly string[]): TreeError {
  return new TreeError('path', `'${path}': ${of} has no field '${step}' in this kernel`, nearest);
}

export function pathIndex(path: string, index: string, problem: string): TreeError {
  return new TreeError('path', `'${path}': there is no element [${index}]: ${problem}`);
}

/** @param step the step that cannot be taken; empty where the path ends too early. */
export function pathType(path: string, step: string, type: string, members: readonly string[]): TreeError {
  if (step !== '')
    return new TreeError('path', `'${path}': '${step}' stands behind ${type}, which has no fields`);
  const some = members.slice(0, 8).join(', ');
  const advice =
    some === '' ? '' : `; go on with one of its fields: ${some}${members.length > 8 ? ', ...' : ''}`;
  return new TreeError('path', `'${path}' is ${type}, which is no single value${advice}`);
}

export function pathWithoutTypes(path: string): TreeError {
  return new TreeError(
    'path',
    `'${escapeText(path)}' is a field of the kernel, and there are no types of a kernel to look it up in`,
  );
}

/** @param recorded the paths that the capture has. */
export function pathNotRecorded(
  path: string,
  nearest: readonly string[],
  recorded: readonly string[],
): TreeError {
  const some = recorded.slice(0, 8).join(', ');
  const has =
    some === ''
      ? "a capture has fields of the kernel that 'bpfkit dump -f' was asked for, this one none"
      : `of the fields of the kernel it has ${some}${recorded.length > 8 ? ', ...' : ''}`;
  return new TreeError('path', `'${escapeText(path)}' is not in the capture: ${has}`, nearest);
}
