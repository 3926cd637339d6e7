import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectBytes } from '../../test/support/objects.ts';
import type { KeyedMap } from '../kernel/map/keyed.ts';
import { combineObjects } from './combine.ts';
import { ObjectError } from './errors.ts';
import { OpenObject } from './object.ts';
import { parseObject } from './parse.ts';
import type { ObjectSpec } from './spec.ts';

const user = (): ObjectSpec => parseObject(objectBytes('uses-library'), { file: 'uses-library.bpf.o' });
const library = (): ObjectSpec => parseObject(objectBytes('library'), { file: 'library.bpf.o' });

for (const [order, parts] of [
  ['the user first', () => [user(), library()]],
  ['the library first', () => [library(), user()]],
] as const) {
  test(`functions, variables, maps and configuration of two objects meet: ${order}`, () => {
    const spec = combineObjects(parts(), { name: 'both' });
    using object = new OpenObject(spec).load();
    // ((50 + 7) * 2) + 5 + 101: each object's own helper, and the library's counter after its call.
    assert.equal(object.programs.run!.testRun({ data: new Uint8Array(64) }).result, 114 + 5 + 101);
    assert.equal((object.maps.shared as KeyedMap<number, bigint>).get(0), 11n);
    assert.equal(object.variables.library_calls, 101);
    assert.equal(object.variables.own, 5);
    assert.equal(object.variables.before, 9);
    assert.ok(object.maps['both.data']);
  });
}

test('what no object defines is an error when it is loaded, by its name', () => {
  assert.throws(
    () => new OpenObject(user()).load(),
    (error: unknown) =>
      error instanceof ObjectError &&
      /"library_(?:add|calls)" is declared extern and defined nowhere/.test(error.message),
  );
});

test('what two objects define is an error that names both', () => {
  assert.throws(
    () => combineObjects([library(), library()]),
    /library\.bpf\.o: combine: "\w+" is defined in library\.bpf\.o as well/,
  );
  const other = user();
  other.license = 'MIT';
  assert.throws(
    () => combineObjects([library(), other]),
    /its license is "MIT", that of library\.bpf\.o "GPL"/,
  );
});

test('a map that differs is an error that says in what', () => {
  const other = user();
  const shared = other.maps.find(({ name }) => name === 'shared')!;
  shared.maxEntries = 2;
  assert.throws(() => combineObjects([library(), other]), /map "shared" has another maxEntries/);
});
