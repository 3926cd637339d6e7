import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { vmlinux } from '../../kernel/vmlinux.ts';
import { buildPackage } from '../../package/build/build.ts';
import { findClang } from '../../package/build/clang.ts';
import { headerFolder } from '../../package/build/headers.ts';
import { writePackage } from '../../package/format/package-json.ts';
import { escapeText } from '../../text/escape.ts';
import { jsonText } from '../../text/json.ts';
import { type Call, type ExitCode, type Io, UsageError } from '../command.ts';

export function run(call: Call, io: Io): ExitCode {
  const [source, header] = call.words;
  if (source === undefined) throw new UsageError('the C source is missing', 'build');
  const clang = findClang(call.value('clang-bin'), io.environment);
  const built = buildPackage(source, {
    clang,
    environment: io.environment,
    ...(header === undefined ? {} : { header }),
    kernelTypes: vmlinux,
    headers: headerFolder(),
    flags: call.values('cflag'),
  });
  for (const warning of built.warnings) for (const line of warning.split('\n')) io.err.line(escapeText(line));
  const folder = call.value('output-path') ?? dirname(source);
  mkdirSync(folder, { recursive: true });
  const write = (name: string, content: string | Uint8Array): { path: string; bytes: number } => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return { path, bytes: content.length };
  };
  const files = [write(`${built.name}.bpf.o`, built.object)];
  files.push(write(`${built.name}.skel.json`, `${JSON.stringify(built.meta)}\n`));
  if (!call.has('no-package')) files.push(write('package.json', writePackage(built)));
  if (call.has('wasm-header')) files.push(write('ewasm-skel.h', wasmHeader(writePackage(built).trimEnd())));
  for (const { path, bytes } of files) {
    io.out.line(call.has('json') ? jsonText({ file: path, bytes }) : `${escapeText(path)}  ${bytes} bytes`);
  }
  return 0;
}

/** The package as a C string, for user sides in WebAssembly that carry it. */
function wasmHeader(content: string): string {
  const quoted = content.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  return `#ifndef EWASM_JSON_INCLUDE_H_\n#define EWASM_JSON_INCLUDE_H_\n\nchar *program_data = "${quoted}";\n\n#endif\n`;
}
