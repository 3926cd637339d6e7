import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseReference, referenceText } from '../../package/oci/reference.ts';
import { Registry } from '../../package/oci/registry.ts';
import { recognise } from '../../package/open.ts';
import { escapeText } from '../../text/escape.ts';
import { jsonText } from '../../text/json.ts';
import { type Call, type ExitCode, type Io, UsageError } from '../command.ts';
import { registryOptions } from './package-options.ts';

/** Media types of modules are those of the tools before us. */
const mediaTypes = {
  wasm: {
    layer: 'application/vnd.wasm.content.layer.v1+wasm',
    config: 'application/vnd.wasm.config.v1+json',
  },
  bpf: {
    layer: 'application/vnd.bpfkit.package.v1+json',
    config: 'application/vnd.bpfkit.config.v1+json',
  },
} as const;

export async function run(call: Call, io: Io): Promise<ExitCode> {
  const [path, name] = call.words;
  if (path === undefined || name === undefined) {
    throw new UsageError('a file and the name that it gets in the registry are wanted', 'push');
  }
  const reference = parseReference(name);
  const content = readFileSync(path);
  // What is no package does not get out.
  const { kind } = recognise(content, basename(path), undefined);
  const types = mediaTypes[kind];
  const digest = await new Registry(reference, registryOptions(call, io.environment)).push(
    { mediaType: types.config, content: Buffer.from('{}') },
    [{ mediaType: types.layer, content, title: basename(path) }],
    Object.fromEntries(call.values('annotation').map(annotation)),
  );
  const text = referenceText({ ...reference, digest });
  io.out.line(call.has('json') ? jsonText({ pushed: text, digest }) : escapeText(text));
  return 0;
}

function annotation(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new UsageError(`an annotation is KEY=VALUE, not '${text}'`, 'push');
  return [text.slice(0, equals), text.slice(equals + 1)];
}
