import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Btf } from '../../btf/btf.ts';
import { BtfError } from '../../btf/errors.ts';
import { vmlinux } from '../../kernel/vmlinux.ts';
import { minimisedTypes } from '../../object/core/minimise.ts';
import { objectDeclarations } from '../../object/declarations.ts';
import { parseObject } from '../../object/parse.ts';
import type { ObjectSpec } from '../../object/spec.ts';
import { escapeText } from '../../text/escape.ts';
import { OutputError } from '../../text/output.ts';
import { type Call, type ExitCode, type Io, UsageError } from '../command.ts';

/** Writes declarations of an object, or with --btf-for the types that objects need of a kernel. */
export function run(call: Call, io: Io): ExitCode {
  const objects = call.words.map(open);
  const path = call.value('output');
  if (call.has('min-btf')) {
    if (path === undefined || path === '-')
      throw new UsageError('--min-btf writes a file: give --output', 'gen');
    const given = call.value('btf');
    const types = given === undefined ? vmlinux() : typesOf(given);
    write(path, minimisedTypes(objects, types));
    return 0;
  }
  if (call.has('btf')) throw new UsageError('--btf belongs to --min-btf', 'gen');
  const [object, ...more] = objects;
  if (object === undefined || more.length > 0) throw new UsageError('declarations are of one object', 'gen');
  const name = call.value('name');
  if (name !== undefined && !/^[A-Za-z_$][\w$]*$/.test(name)) {
    throw new UsageError(`'${escapeText(name)}' is no name for an interface`, 'gen');
  }
  const text = objectDeclarations(object, name === undefined ? {} : { name });
  if (path === undefined || path === '-') io.out.line(text.replace(/\n$/, ''));
  else write(path, text);
  return 0;
}

function open(path: string): ObjectSpec {
  return parseObject(readFileSync(path), { file: basename(path) });
}

/** Throws BtfError with the file's name in front. */
function typesOf(path: string): Btf {
  const bytes = readFileSync(path);
  try {
    return Btf.parse(bytes);
  } catch (error) {
    if (!(error instanceof BtfError)) throw error;
    throw new BtfError(error.code, `${path}: ${error.message}`, error.type);
  }
}

function write(path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(path, content);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new OutputError(`'${escapeText(path)}'`, code, error);
  }
}
