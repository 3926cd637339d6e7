/** Names and source lines of a loaded program: func_info and line_info, as BPF_OBJ_GET_INFO_BY_FD gives them back. */
import { Btf } from '../../btf/btf.ts';
import { objectInfo, programInfoFields } from '../../sys/bpf-info.ts';
import { SysError } from '../../sys/errors.ts';
import { littleEndian } from '../../sys/layout.ts';
import { functionRecordSize, lineRecordSize } from '../program/debug-info.ts';
import { openTypes, typesBytes } from '../types.ts';

export interface LoadedFunction {
  /** First slot. */
  readonly slot: number;
  readonly name: string;
}

export interface LoadedLine {
  readonly slot: number;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

export interface DebugInfo {
  readonly functions: readonly LoadedFunction[];
  readonly lines: readonly LoadedLine[];
}

const none: DebugInfo = { functions: [], lines: [] };

/** What the program was loaded with; nothing where it has no types or may not be looked into. */
export function debugInfo(programFd: number, btfId: number): DebugInfo {
  if (btfId === 0) return none;
  const bytes = quietly(() => bytesOf(btfId));
  if (bytes === undefined) return none;
  const first = objectInfo(programFd, programInfoFields);
  const [functionCount, lineCount] = [first.number('nrFuncInfo'), first.number('nrLineInfo')];
  const funcInfo = new Uint32Array((functionCount * functionRecordSize) / 4);
  const lineInfo = new Uint32Array((lineCount * lineRecordSize) / 4);
  objectInfo(programFd, programInfoFields, {
    ...(functionCount === 0
      ? {}
      : { funcInfo, nrFuncInfo: functionCount, funcInfoRecSize: functionRecordSize }),
    ...(lineCount === 0 ? {} : { lineInfo, nrLineInfo: lineCount, lineInfoRecSize: lineRecordSize }),
  });
  const types = Btf.parse(bytes);
  const functions = Array.from({ length: functionCount }, (_, i) => {
    const type = types.type(funcInfo[i * 2 + 1]!);
    return { slot: funcInfo[i * 2]!, name: type.kind === 'function' ? type.name : '' };
  });
  const text = stringsOf(bytes);
  const lines = Array.from({ length: lineCount }, (_, i) => {
    const [slot, file, line, place] = lineInfo.subarray(i * 4, i * 4 + 4) as unknown as number[];
    // The line in the upper 22 bits, the column in the lower 10.
    return { slot: slot!, file: text(file!), text: text(line!), line: place! >>> 10, column: place! & 0x3ff };
  });
  return { functions, lines };
}

/** Names of a program's functions, the entry first. */
export function functionNames(programFd: number, info: { readonly btfId: number }): string[] {
  return debugInfo(programFd, info.btfId).functions.map(({ name }) => name);
}

function bytesOf(btfId: number): Uint8Array {
  const fd = openTypes(btfId);
  try {
    return typesBytes(fd.number);
  } finally {
    fd.close();
  }
}

function quietly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof SysError) return undefined;
    throw error;
  }
}

/** Strings of encoded BTF by their offset: Documentation/bpf/btf.rst. */
function stringsOf(bytes: Uint8Array): (offset: number) => string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = view.getUint32(4, littleEndian);
  const start = header + view.getUint32(16, littleEndian);
  const strings = bytes.subarray(start, start + view.getUint32(20, littleEndian));
  return (offset) => {
    if (offset >= strings.length) return '';
    const end = strings.indexOf(0, offset);
    return Buffer.from(strings.subarray(offset, end < 0 ? strings.length : end)).toString('utf8');
  };
}
