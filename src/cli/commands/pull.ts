import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { badPackage } from '../../package/errors.ts';
import { largestObject } from '../../package/format/package-json.ts';
import { parseReference } from '../../package/oci/reference.ts';
import { Registry } from '../../package/oci/registry.ts';
import { escapeText } from '../../text/escape.ts';
import { jsonText } from '../../text/json.ts';
import { type Call, type ExitCode, type Io, UsageError } from '../command.ts';
import { registryOptions } from './package-options.ts';

export async function run(call: Call, io: Io): Promise<ExitCode> {
  const [name] = call.words;
  if (name === undefined) throw new UsageError('the name of the package is missing', 'pull');
  const registry = new Registry(parseReference(name), registryOptions(call, io.environment));
  const manifest = await registry.manifest();
  const [layer] = manifest.layers;
  if (!layer) throw badPackage(name, 'it has no layers');
  const content = await registry.blob(layer, 2 * largestObject);
  const path =
    call.value('output') ?? fileName(layer.annotations?.['org.opencontainers.image.title'], layer.mediaType);
  // Not over what is there: the name comes from a stranger.
  writeFileSync(path, content, { flag: call.value('output') === undefined ? 'wx' : 'w' });
  const { digest } = manifest;
  if (call.has('json')) io.out.line(jsonText({ file: path, bytes: content.length, digest }));
  else io.out.line(`${escapeText(path)}  ${content.length} bytes  ${digest}`);
  return 0;
}

/** The title that the package was pushed with, without any folder; else by the kind of content. */
function fileName(title: string | undefined, mediaType: string): string {
  const plain = basename(title ?? '').replace(/[^\w.-]/g, '_');
  if (plain !== '' && !plain.startsWith('.')) return plain;
  return mediaType.includes('wasm') ? 'app.wasm' : 'package.json';
}
