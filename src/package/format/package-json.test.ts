import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { PackageError } from '../errors.ts';
import { type PackageMeta, readPackage, writePackage } from './package-json.ts';

const object = Uint8Array.from({ length: 300 }, (_, i) => i & 255);
const meta: PackageMeta = {
  bpf_skel: {
    obj_name: 'x_bpf',
    data_sections: [{ name: '.rodata', variables: [{ name: 'pid', type: 'int', cmdarg: { long: 'p' } }] }],
    maps: [{ name: 'rb', ident: 'rb', sample: { interval: 5 } }],
    progs: [{ name: 'f', attach: 'tp/x/y', link: true }],
  },
  export_types: [{ name: 'event', size: 4, type_id: 3, members: [{ name: 'pid', type: 'int' }] }],
  eunomia_version: '0.3.4',
};

const document = (change: (whole: Record<string, unknown>) => void): string => {
  const whole = JSON.parse(writePackage({ object, meta })) as Record<string, unknown>;
  change(whole);
  return JSON.stringify(whole);
};

const refused = (content: string, message: RegExp, code = 'badPackage'): void => {
  assert.throws(
    () => readPackage(content, 'p.json'),
    (error: unknown) => error instanceof PackageError && error.code === code && message.test(error.message),
  );
};

test('what is written is read back, annotations and all', () => {
  const back = readPackage(writePackage({ object, meta }), 'p.json');
  assert.deepEqual(back.object, Buffer.from(object));
  assert.deepEqual(JSON.parse(JSON.stringify(back.meta)), JSON.parse(JSON.stringify(meta)));
});

test('maps and programs that are null are none', () => {
  const content = document((whole) => {
    const { bpf_skel } = whole.meta as { bpf_skel: Record<string, unknown> };
    bpf_skel.maps = null;
    bpf_skel.progs = null;
  });
  const { bpf_skel } = readPackage(content, 'p.json').meta;
  assert.deepEqual([bpf_skel.maps, bpf_skel.progs], [[], []]);
});

test('an object of another size than promised is refused, and is not unpacked beyond it', () => {
  refused(
    document((whole) => {
      whole.bpf_object_size = 301;
    }),
    /bpf_object has 300 bytes, bpf_object_size says 301/,
  );
  refused(
    document((whole) => {
      whole.bpf_object_size = 10;
    }),
    /unpacks to more than the 10 bytes/,
  );
  const bomb = deflateSync(Buffer.alloc(50 << 20)).toString('base64');
  refused(
    document((whole) => {
      whole.bpf_object = bomb;
    }),
    /unpacks to more than the 300 bytes/,
  );
  refused(
    document((whole) => {
      whole.bpf_object_size = 2 ** 40;
    }),
    /larger than/,
    'limit',
  );
});

test('what is not JSON, not base64 or not zlib is refused by name', () => {
  refused('{', /^p\.json: not JSON/);
  refused(
    document((whole) => {
      whole.bpf_object = '%%%';
    }),
    /not base64/,
  );
  refused(
    document((whole) => {
      whole.bpf_object = Buffer.from('hello').toString('base64');
    }),
    /not zlib data/,
  );
});

test('a wrong type names the place and what stands there', () => {
  refused('[]', /the document: an object is wanted, it is a list/);
  refused(
    document((whole) => {
      const { bpf_skel } = whole.meta as { bpf_skel: { maps: { name: unknown }[] } };
      bpf_skel.maps[0]!.name = 7;
    }),
    /meta\.bpf_skel\.maps\[0\]\.name: a text is wanted, it is 7/,
  );
  refused(
    document((whole) => {
      delete whole.meta;
    }),
    /meta: an object is wanted, it is missing/,
  );
});

test('a package cut off at any byte is refused with a sentence', () => {
  const whole = writePackage({ object, meta });
  for (let length = 0; length < whole.length - 1; length += 7) {
    assert.throws(() => readPackage(whole.slice(0, length), 'p.json'), PackageError);
  }
});
