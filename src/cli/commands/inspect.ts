import { packageObject } from '../../package/object.ts';
import { digestOf } from '../../package/oci/registry.ts';
import { openPackage } from '../../package/open.ts';
import { requestLines, requestsOf } from '../../package/requests.ts';
import { optionsOf } from '../../package/run/options.ts';
import { escapeText } from '../../text/escape.ts';
import { jsonText } from '../../text/json.ts';
import { type Call, type ExitCode, type Io, UsageError } from '../command.ts';
import { registryOptions } from './package-options.ts';

export async function run(call: Call, io: Io): Promise<ExitCode> {
  const [source] = call.words;
  if (source === undefined) throw new UsageError('the package is missing', 'inspect');
  const opened = await openPackage(source, registryOptions(call, io.environment));
  const requests = requestsOf(opened);
  const content = opened.kind === 'wasm' ? opened.module : opened.package.object;
  const options = opened.kind === 'wasm' ? [] : optionsOf(opened.package.meta, packageObject(opened.package));
  if (call.has('json')) {
    io.out.line(
      jsonText({
        name: opened.name,
        kind: opened.kind,
        bytes: content.length,
        digest: digestOf(content),
        programs: requests.programs.map(({ name, section, powers }) => ({ name, section, powers })),
        maps: requests.maps.map(({ name, type, bytes }) => ({ name, type, bytes })),
        capabilities: requests.capabilities,
        ...(requests.imports ? { imports: requests.imports } : {}),
        options: options.map(({ long, help }) => ({ option: `--${long}`, help })),
      }),
    );
    return 0;
  }
  const what = opened.kind === 'wasm' ? 'WebAssembly module' : 'BPF package';
  io.out.line(`${escapeText(opened.name)}: ${what}, ${content.length} bytes, ${digestOf(content)}`);
  for (const line of requestLines(requests)) io.out.line(escapeText(line));
  for (const { name, bytes } of requests.maps) io.out.line(`  map ${escapeText(name)}: ${bytes} bytes`);
  for (const { long, help } of options) io.out.line(`  option --${escapeText(long)}: ${escapeText(help)}`);
  return 0;
}
