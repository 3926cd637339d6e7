import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Btf } from '../../btf/btf.ts';
import { BtfBuilder } from '../../btf/build.ts';
import type { TypeId } from '../../btf/types.ts';
import { MapType } from '../../kernel/spec.ts';
import type { ObjectMap, ObjectSpec } from '../../object/spec.ts';
import { PackageError } from '../errors.ts';
import type { PackageMeta } from '../format/package-json.ts';
import type { EventExport } from './events.ts';
import { exportsOf } from './exports.ts';

const build = new BtfBuilder();
const u32 = build.int('unsigned int', 4, 'unsigned');
const u64 = build.int('unsigned long long', 8, 'unsigned');
const part = build.struct('part', 8, [{ name: 'x', type: u64, bitOffset: 0 }]);
const small = build.struct('small', 12, [
  { name: 'pid', type: u32, bitOffset: 0 },
  { name: 'parts', type: build.array(part, 1), bitOffset: 32 },
]);
const large = build.struct('large', 24, [{ name: 'values', type: build.array(u64, 3), bitOffset: 0 }]);
const prototype = build.prototype(u32, []);
const types = Btf.parse(build.encode());

function map(name: string, type: MapType, valueType?: TypeId): ObjectMap {
  return { name, type, valueType } as ObjectMap;
}

const spec = {
  types,
  maps: [
    map('ring', MapType.ringBuffer),
    map('perf', MapType.perfEventArray),
    map('own', MapType.ringBuffer, large),
  ],
} as unknown as ObjectSpec;

function meta(maps: Record<string, object> = {}, more: object = {}): PackageMeta {
  return {
    bpf_skel: {
      obj_name: 'x_bpf',
      data_sections: [],
      maps: Object.entries(maps).map(([name, annotations]) => ({ name, ident: name, ...annotations })),
      progs: [],
    },
    eunomia_version: '',
    ...more,
  };
}

const exportTypes = {
  export_types: ['part', 'small', 'large'].map((name) => ({ name, size: 0, type_id: 0, members: [] })),
};

function events(given: PackageMeta): Map<string, EventExport> {
  return new Map(exportsOf(given, spec, 'p').map((one) => [one.map, one as EventExport]));
}

test('a record has the type of its size, or the nearest one where it is longer or cut off', () => {
  const { formOf, announced } = events(meta({}, exportTypes)).get('ring')!;
  // `part` lies in `small`; two are left, so nothing is announced before a record comes.
  assert.equal(announced, undefined);
  assert.deepEqual(
    [8, 12, 24, 30, 4, 20].map((length) => formOf(length)?.type),
    [part, small, large, large, part, small],
  );
  assert.equal(events(meta({}, exportTypes)).get('own')!.announced!.type, large);
});

test('without export types nothing but bytes is promised', () => {
  assert.equal(events(meta()).get('ring')!.formOf(12), undefined);
  assert.equal(events(meta()).get('own')!.formOf(3)!.type, large);
});

test('a type by its id, and members that are placed by hand', () => {
  const found = events(
    meta({
      ring: { export_config: { btf_type_id: small } },
      perf: {
        export_config: {
          custom_members: [
            { name: 'low', offset: 4, btf_type_id: u32 },
            { name: 'high', offset: 8, btf_type_id: u64 },
          ],
        },
      },
    }),
  );
  assert.equal(found.get('ring')!.announced!.type, small);
  const form = found.get('perf')!.announced!;
  assert.equal(form.size, 16);
  const view = new DataView(new ArrayBuffer(16));
  view.setUint32(4, 7, true);
  view.setBigUint64(8, 2n ** 60n, true);
  assert.deepEqual(
    [...(form.json(view, 0) as Map<string, unknown>)],
    [
      ['low', 7],
      ['high', 2n ** 60n],
    ],
  );
  assert.deepEqual(
    form.columns.map(({ name, text }) => [name, text(view, 0)]),
    [
      ['low', '7'],
      ['high', '1152921504606846976'],
    ],
  );
});

test('maps that are not to speak do not', () => {
  assert.deepEqual([...events(meta({ ring: { export_config: 'no_export' } })).keys()], ['perf', 'own']);
  const several = { enable_multiple_export_types: true };
  assert.deepEqual(
    [
      ...events(
        meta(
          { ring: { export_config: 'no_export' }, perf: { export_config: { btf_type_id: small } } },
          several,
        ),
      ).keys(),
    ],
    ['perf'],
  );
});

test('what an annotation cannot say is refused with its place', () => {
  for (const [given, message] of [
    [
      meta({ ring: { export_config: { btf_type_id: 999 } } }),
      /map "ring": export_config\.btf_type_id: type 999 of its object/,
    ],
    [meta({ ring: { export_config: { btf_type_id: prototype } } }), /none that a record can have/],
    [
      meta({ ring: { export_config: 'all' } }),
      /no_export, default, btf_type_id or custom_members, not "all"/,
    ],
    [meta({ ring: { export_config: {} } }), /btf_type_id or custom_members is wanted/],
    [
      meta({ ring: { export_config: { custom_members: [{ name: 'a', offset: -1, btf_type_id: 1 }] } } }),
      /custom_members\[0\]\.offset: a whole number/,
    ],
    [meta({ gone: { sample: { interval: 5 } } }), /map "gone" is described, but its object has no such map/],
    [meta({ ring: { intepreter: { stack_trace: {} } } }), /nothing says which type its records have/],
    [
      meta({ ring: { sample: { interval: 2 ** 31 } } }),
      /interval is a number of milliseconds from 1 to 2147483647/,
    ],
    [meta({}, { perf_buffer_pages: 3 }), /perf_buffer_pages is a power of two/],
    [
      meta({}, { export_types: [{ name: 'lost', size: 1, type_id: 1, members: [] }] }),
      /export type "lost" is not among/,
    ],
  ] as const) {
    assert.throws(
      () => exportsOf(given, spec, 'p'),
      (error: unknown) =>
        error instanceof PackageError && error.code === 'badPackage' && message.test(error.message),
      String(message),
    );
  }
});
