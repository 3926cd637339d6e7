/**
 * Broken packages, comments of C sources, WebAssembly modules and answers of registries: each is read, or refused by
 * the typed error of its reader, soon.
 *
 *     node --import tsx test/fuzz/package.ts packages|annotations|modules|answers 100000 7
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deflateSync } from 'node:zlib';
import { BtfError } from '../../src/btf/errors.ts';
import { ObjectError } from '../../src/object/errors.ts';
import { readAnnotations } from '../../src/package/build/annotations.ts';
import { exportTypesOf, skeletonOf } from '../../src/package/build/skeleton.ts';
import { PackageError } from '../../src/package/errors.ts';
import { readPackage } from '../../src/package/format/package-json.ts';
import { packageObject } from '../../src/package/object.ts';
import { parseReference } from '../../src/package/oci/reference.ts';
import { Registry } from '../../src/package/oci/registry.ts';
import { objectRequests, requestLines } from '../../src/package/requests.ts';
import { headerLine, rowWriter } from '../../src/package/run/columns.ts';
import { exportsOf } from '../../src/package/run/exports.ts';
import { applyOptions, helpText, optionsOf, parseOptions } from '../../src/package/run/options.ts';
import { ownMessages, printkFormats } from '../../src/package/run/printk-formats.ts';
import { StackNames, stackPrinter } from '../../src/package/run/stacks.ts';
import { engine } from '../../src/package/wasm/engine.ts';
import { readModule } from '../../src/package/wasm/module.ts';
import { jsonText } from '../../src/text/json.ts';
import { objectBytes } from '../support/objects.ts';
import { projectRoot } from '../support/project.ts';
import { Chance, type FuzzReport, fuzz, fuzzFromCommandLine, withMutation } from './mutate.ts';

/** Any of the typed errors is an answer; others go on. */
function refusedOnly(error: unknown): 'refused' {
  if (error instanceof PackageError || error instanceof ObjectError || error instanceof BtfError)
    return 'refused';
  throw error;
}

// Packages

const strange: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  2 ** 53,
  1e300,
  '',
  '__proto__',
  '\u0000\u001b[2J',
  'x'.repeat(5000),
  [],
  {},
  [[]],
  { interval: 1 },
  { btf_type_id: 3 },
  { stack_trace: {} },
];

/** Replaces, drops or doubles something at a place of the document that chance chooses. */
function changed(value: unknown, chance: Chance): unknown {
  if (chance.below(24) === 0 || typeof value !== 'object' || value === null) {
    return strange[chance.below(strange.length)];
  }
  const names = Object.keys(value);
  if (names.length === 0) return strange[chance.below(strange.length)];
  const name = names[chance.below(names.length)]!;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>;
  if (chance.below(12) === 0) delete copy[name];
  else copy[name] = changed(copy[name], chance);
  return copy;
}

function annotated(object: Uint8Array, chance: Chance): unknown {
  const content = { object, meta: { bpf_skel: { obj_name: 'first_bpf' } } };
  const spec = packageObject(content as unknown as Parameters<typeof packageObject>[0]);
  const skeleton = skeletonOf(spec, readAnnotations(''));
  const sample = {
    interval: 1000,
    type: ['log2_hist', 'linear_hist', 'default_kv'][chance.below(3)],
    unit: 'u',
  };
  return {
    bpf_skel: {
      ...skeleton,
      doc: { brief: 'b', details: 'd', version: '1' },
      maps: skeleton.maps.map((map) => ({
        ...map,
        ...(chance.below(3) === 0 ? { sample } : {}),
        ...(chance.below(3) === 0 ? { export_config: { btf_type_id: chance.below(40) } } : {}),
        ...(chance.below(12) === 0 ? { intepreter: { stack_trace: { field_map: { pid: 'pid' } } } } : {}),
      })),
      data_sections: skeleton.data_sections.map(({ name, variables }) => ({
        name,
        variables: variables.map((variable) => ({
          ...variable,
          cmdarg: { long: 'long', short: 'l', help: 'h', default: 1 },
        })),
      })),
    },
    export_types: exportTypesOf(spec.types!, {
      structs: new Set(['event', 'task_struct', 'value']),
      typedefs: new Set(),
    }),
    eunomia_version: '0.3.4',
  };
}

const records = new DataView(new ArrayBuffer(1 << 16));
const names = new StackNames();

/** All that is done with a package before anything is loaded, and with its first record. */
function readWhole(text: string): void {
  const content = readPackage(text, 'fuzz');
  const { meta } = content;
  const spec = packageObject(content);
  requestLines(objectRequests(spec));
  const options = optionsOf(meta, spec);
  helpText(meta, options, 'fuzz');
  for (const { long } of options.slice(0, 3)) {
    try {
      applyOptions(spec, options, parseOptions(options, [`--${long}`, '1']).values);
    } catch (error) {
      if (!(error instanceof PackageError) || error.code !== 'badOption') throw error;
    }
  }
  ownMessages(printkFormats(spec))(Buffer.from('a message 1'));
  const { types } = spec;
  for (const exported of exportsOf(meta, spec, 'fuzz')) {
    if (exported.kind !== 'events' || !types) continue;
    for (const length of [0, 4, 24, 64, 1 << 16]) {
      const form = exported.formOf(length);
      if (!form || form.size > records.byteLength) continue;
      headerLine(form.columns);
      rowWriter(form.columns)('00:00:00', records, 0);
      jsonText(form.json(records, 0));
      if (!exported.stacks || form.type === undefined) continue;
      const place = { json: false, what: 'fuzz', map: exported.map };
      stackPrinter(types, form.type, exported.stacks, names, place)(records, 0);
    }
  }
}

function document(object: Uint8Array, meta: unknown): unknown {
  return {
    bpf_object: deflateSync(object, { level: 1 }).toString('base64'),
    bpf_object_size: object.length,
    meta,
  };
}

/** Makes packages of these objects out of chance, most of them broken somewhere. */
export function brokenPackages(names: readonly string[]): (chance: Chance) => string {
  const objects = names.map(objectBytes);
  const whole = objects.map((object) => document(object, annotated(object, new Chance(5))));
  for (const one of whole) readPackage(JSON.stringify(one), 'fuzz');
  return (chance) => {
    const which = chance.below(objects.length);
    let text = JSON.stringify(whole[which]);
    const how = chance.below(16);
    if (how === 0) {
      // Letters.
      const bytes = Buffer.from(text);
      withMutation(bytes, chance, (broken) => {
        text = Buffer.from(broken).toString();
      });
    } else if (how < 6) {
      // The object inside.
      withMutation(Uint8Array.from(objects[which]!), chance, (broken) => {
        text = JSON.stringify(document(broken, (whole[which] as { meta: unknown }).meta));
      });
    } else {
      let value: unknown = { ...(whole[which] as object), meta: annotated(objects[which]!, chance) };
      for (let i = chance.below(3); i > 0; i--) {
        const { meta } = value as { meta?: unknown };
        value =
          chance.below(8) === 0
            ? changed(value, chance)
            : { ...(value as object), meta: changed(meta, chance) };
        if (typeof value !== 'object' || value === null) break;
      }
      text = JSON.stringify(value) ?? 'null';
    }
    return text;
  };
}

export function fuzzPackages(iterations: number, seed: number): FuzzReport {
  const make = brokenPackages(['first', 'maps', 'externs']);
  // The bytes that are changed are what chance is made of: a document is changed by its members, not by its letters.
  return fuzz([new Uint8Array(64)], iterations, seed, (tape) => {
    const chance = new Chance(createHash('sha1').update(tape).digest().readUInt32LE());
    try {
      readWhole(make(chance));
      return 'accepted';
    } catch (error) {
      return refusedOnly(error);
    }
  });
}

// Comments

/** "Refused" is a comment that the reader complains of. */
export function fuzzAnnotations(iterations: number, seed: number): FuzzReport {
  const sources = ['runqlat', 'tc', 'profile', 'memleak'].map((name) =>
    Uint8Array.from(readFileSync(join(projectRoot, 'examples/c', `${name}.bpf.c`))),
  );
  sources.push(
    Uint8Array.from(
      Buffer.from(
        '/** @brief a\n * b\n *\n * @cmdarg {"a": [1, {"b": "c"}]}\n */\nint x[3] = {1, 2};\n'.repeat(20) +
          '/// @a {"x": "\\" // /* */"}\nSEC("?x/y") int BPF_PROG(f, int a) { if (a) { return \'}\'; } }\n'.repeat(
            20,
          ),
      ),
    ),
  );
  return fuzz(sources, iterations, seed, (bytes) => {
    const { problems } = readAnnotations(Buffer.from(bytes).toString('latin1'));
    return problems.length > 0 ? 'refused' : 'accepted';
  });
}

// Modules

const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
const section = (id: number, content: readonly number[]): number[] => [id, content.length, ...content];

/** Imports of all kinds that may be, a memory, a table, a global, an export and a function. */
export const wasm: Uint8Array = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, [2, 0x60, 0, 0, 0x60, 1, 0x7f, 1, 0x7f]),
  ...section(2, [
    3,
    ...text('wasm_bpf'),
    ...text('f'),
    0,
    1,
    ...text('e'),
    ...text('t'),
    1,
    0x70,
    1,
    1,
    2,
    ...text('e'),
    ...text('g'),
    3,
    0x7f,
    0,
  ]),
  ...section(3, [1, 0]),
  ...section(4, [1, 0x70, 0, 1]),
  ...section(5, [1, 0, 2]),
  ...section(6, [1, 0x7f, 0, 0x41, 7, 0x0b]),
  ...section(7, [2, ...text('memory'), 2, 0, ...text('_start'), 0, 1]),
  ...section(10, [1, 2, 0, 0x0b]),
  ...section(11, [1, 0, 0x41, 0, 0x0b, 3, 1, 2, 3]),
]);

export function fuzzModules(iterations: number, seed: number): FuzzReport {
  if (!engine.validate(Uint8Array.from(wasm))) throw new Error('the unchanged module is none');
  const limit = 16 << 20;
  return fuzz([Uint8Array.from(wasm)], iterations, seed, (bytes) => {
    const valid = engine.validate(Uint8Array.from(bytes));
    try {
      const module = readModule(bytes, 'fuzz', limit);
      if (valid && !engine.validate(module.bytes)) throw new Error('the limit made a valid module invalid');
      if (engine.validate(module.bytes) && module.memory > limit)
        throw new Error('more memory than the limit');
      return 'accepted';
    } catch (error) {
      // What the engine takes and we refuse has a memory that is too large or another's, or is of 64 bits.
      if (
        valid &&
        error instanceof PackageError &&
        error.code !== 'limit' &&
        !/memory|64 bits/.test(error.message)
      )
        throw new Error(`a valid module is refused: ${error.message}`);
      return refusedOnly(error);
    }
  });
}

// Answers of registries

const blob = Buffer.from('the content of a layer');
const digest = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const manifest = {
  schemaVersion: 2,
  config: { mediaType: 'application/vnd.wasm.config.v1+json', digest: digest(blob), size: blob.length },
  layers: [
    {
      mediaType: 'application/vnd.wasm.content.layer.v1+wasm',
      digest: digest(blob),
      size: blob.length,
      annotations: { a: 'b' },
    },
  ],
  annotations: { 'org.opencontainers.image.title': 'x' },
};
const locations = [
  '/v2/x',
  'http://[',
  'file:///etc/passwd',
  '//other.example/',
  'http://127.0.0.1:1/x',
  '\u00e9',
  '?',
  'http://r.example:99999/',
];
const challenges = [
  'Bearer realm="http://r.example/token",service="s"',
  'Bearer realm="x"',
  'Bearer realm="file:///x"',
  'Basic',
  'Negotiate',
  'Bearer realm="http://["',
  '',
];

/** What a registry should say, half of the time. */
export function answer(url: string, method: string, chance: Chance): Response {
  if (chance.below(2) === 0) {
    if (method === 'PUT') return new Response('', { status: 201 });
    if (method === 'POST')
      return new Response('', { status: 202, headers: { location: '/v2/a/blobs/uploads/1' } });
    if (url.includes('/manifests/')) return new Response(JSON.stringify(manifest));
    if (url.includes('/blobs/')) return new Response(method === 'HEAD' ? null : blob);
    return new Response('{"token":"secret"}');
  }
  const pick = <T>(from: readonly T[]): T => from[chance.below(from.length)]!;
  const statuses = [200, 200, 200, 200, 201, 202, 301, 307, 401, 404, 500];
  const status = pick(statuses);
  const documents: readonly unknown[] = [
    manifest,
    changed(manifest, chance),
    { token: 'secret' },
    { token: pick(strange) },
    { errors: [{ code: 'DENIED', message: 'no' }] },
    { errors: pick(strange) },
    pick(strange),
  ];
  let body = chance.below(6) === 0 ? blob : Buffer.from(JSON.stringify(pick(documents)) ?? '');
  if (chance.below(6) === 0) {
    withMutation(Uint8Array.from(Buffer.concat([body, Buffer.alloc(1)])), chance, (broken) => {
      body = Buffer.from(broken);
    });
  }
  const headers = new Headers();
  if (chance.below(2) === 0) headers.set('www-authenticate', pick(challenges));
  if (chance.below(2) === 0 || status >= 300) headers.set('location', pick(locations));
  if (chance.below(4) === 0) headers.set('docker-content-digest', pick([digest(body), 'x', digest(blob)]));
  if (chance.below(8) === 0) headers.set('content-length', pick(['-1', 'x', '99999999999', '0']));
  return new Response(status === 204 ? null : body, { status, headers });
}

/** Each input is a whole talk with a registry: a manifest and a layer are asked for, or something is pushed. */
export async function fuzzAnswers(iterations: number, seed: number): Promise<FuzzReport> {
  const chance = new Chance(seed);
  const real = globalThis.fetch;
  const started = performance.now();
  let refused = 0;
  let slowest = 0;
  let input = 0;
  globalThis.fetch = (url, { method = 'GET' } = {}) => {
    const response = answer(String(url), method, chance);
    // A real answer has an address.
    Object.defineProperty(response, 'url', { value: String(url) });
    return Promise.resolve(response);
  };
  try {
    for (; input < iterations; input++) {
      const before = performance.now();
      try {
        const registry = new Registry(parseReference('r.example/a:1'), {
          plainHttp: true,
          timeout: 1000,
          ...(chance.below(2) === 0 ? { credentials: { user: 'u', password: 'p' } } : {}),
        });
        if (chance.below(3) === 0) {
          const part = { mediaType: 'x', content: blob };
          await registry.push(part, [{ ...part, title: 't' }], {});
        } else {
          const { layers } = await registry.manifest();
          for (const layer of layers.slice(0, 2)) await registry.blob(layer, 1000);
        }
      } catch (error) {
        refusedOnly(error);
        refused++;
      }
      slowest = Math.max(slowest, performance.now() - before);
    }
  } catch (error) {
    throw new Error(`input ${input} of seed ${seed}: ${error instanceof Error ? error.stack : error}`);
  } finally {
    globalThis.fetch = real;
  }
  return {
    inputs: iterations,
    refused,
    seconds: (performance.now() - started) / 1000,
    slowest,
    heapGrowth: 0,
  };
}

const fuzzes = { packages: fuzzPackages, annotations: fuzzAnnotations, modules: fuzzModules } as const;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [what = ''] = process.argv.splice(2, 1);
  if (what === 'answers') {
    const [iterations = '10000', seed = '1'] = process.argv.slice(2);
    const { inputs, refused, seconds } = await fuzzAnswers(Number(iterations), Number(seed));
    process.stdout.write(`${inputs} inputs (${refused} refused) in ${seconds.toFixed(1)} s\n`);
  } else fuzzFromCommandLine(fuzzes[what as keyof typeof fuzzes]);
}
